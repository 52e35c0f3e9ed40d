"""How long do small statistics on shares take, with one process a site?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from synthema_lab.federation.multiparty import (
    Parties,
    norm_check,
    parties,
    quantile,
    suppressed_table,
)

from .machine import described

REPEATS = 5
GOALS = {("table", 1000, 3): 1.0}


def names(sites: int) -> list[str]:
    """Names of that many sites."""
    return [f"site-{number}" for number in range(sites)]


def table(cells: int, group: Parties) -> object:
    """A table whose cells are mostly small, checked against the pooled one."""
    rng = np.random.default_rng(cells)
    tables = {name: rng.integers(0, 6, cells) for name in group.here}
    pooled = sum(tables.values())
    opened = suppressed_table(tables, group=group)
    assert np.array_equal(opened.counts, np.where(pooled < 5, 0, pooled))
    return opened


def norm(length: int, group: Parties) -> object:
    """One vector three times too long."""
    rng = np.random.default_rng(length)
    vectors = {name: rng.normal(size=length) for name in group.here}
    vectors[group.here[0]] *= 3
    opened = norm_check(vectors, 1.1 * np.sqrt(length), group)
    assert list(opened.within.values()) == [False] + [True] * (len(group.here) - 1)
    return opened


def quartiles(points: int, group: Parties) -> object:
    """Three quartiles of 300 patients a site on a grid."""
    rng = np.random.default_rng(points)
    grid = np.linspace(0, 1, points)
    values = {name: rng.choice(grid, 300) for name in group.here}
    opened = quantile(values, [0.25, 0.5, 0.75], grid, group=group)
    pooled = np.concatenate(list(values.values()))
    expected = np.quantile(pooled, [0.25, 0.5, 0.75], method="inverted_cdf")
    assert np.array_equal(opened.values, expected)
    return opened


WORK: list[tuple[str, Callable[[int, Parties], object], list[int]]] = [
    ("table", table, [100, 1000, 10_000]),
    ("norm", norm, [1000, 100_000]),
    ("quartiles", quartiles, [100]),
]


def measured(sites: int, encrypted: bool) -> list[str]:
    """Rows for one session of that many sites."""
    wire = "TLS" if encrypted else "plain"
    with parties(names(sites), timeout=60.0, encrypted=encrypted) as group:
        rows = [row("start of the processes", "", sites, wire, [group.startup_seconds], None)]
        for what, work, sizes in WORK:
            for size in sizes:
                costs = [work(size, group).cost for _ in range(REPEATS)]
                times = [cost.seconds for cost in costs]
                sent = max(costs[0].sent.values())
                rows.append(row(what, f"{size}", sites, wire, times, sent, (what, size, sites)))
    return rows


def row(
    what: str,
    size: str,
    sites: int,
    wire: str,
    times: list[float],
    sent: int | None,
    goal: tuple[str, int, int] | None = None,
) -> str:
    """One line of the table; seconds are the median and the worst."""
    aim = f"{GOALS[goal]:g}" if goal in GOALS else ""
    kilobytes = "" if sent is None else f"{sent / 1000:.0f}"
    return (
        f"  {what:<24}{size:>8}{sites:>7}{wire:>7}{np.median(times):>9.2f}{max(times):>8.2f}"
        f"{aim:>7}{kilobytes:>10}"
    )


def run() -> str:
    """Measure and return the table."""
    head = (
        f"  {'work':<24}{'size':>8}{'sites':>7}{'wire':>7}{'median s':>9}{'worst s':>8}"
        f"{'goal s':>7}{'kB sent':>10}"
    )
    rows = [line for sites in (3, 5) for line in measured(sites, encrypted=True)]
    rows += measured(3, encrypted=False)[:4]
    return "\n".join(
        [
            f"Statistics on shares, one process a site, {REPEATS} runs each; size is cells, "
            "coordinates or grid points; kB sent by one site",
            head,
            *rows,
            described(("mpyc", "numpy", "cryptography")),
        ]
    )
