"""How long does the flagship take, and how much memory, as tables grow and sites join?"""

from __future__ import annotations

from statistics import median

from .generators_kept import Kept
from .generators_table import cell

EPSILON = 3.0
ROWS, COLUMNS, MANY_ROWS, MANY_COLUMNS, SITES = 1540, 30, 100_000, 60, 8
LIMITS = {"seconds": 45.0, "gigabytes": 2.0, "columns": 150.0, "growth": 1.5, "pass": 60.0,
          "megabytes": 1.0}  # fmt: skip
HOW = """\
marginal at epsilon 3 on simulated patients with acute myeloid leukaemia, the columns those of \
AMLSG above and then the dictionary's next. A fit's seconds hold its imports; memory is that of \
the whole process. With more patients the noise is smaller beside the counts, so that the model \
holds more and is fitted more closely: not only counting grows.
Eight sites, even: the state machines of all in one process, where what a site sends is counted in \
messages, before they are sealed; and one process a site with workers, books and sealed folders \
on this machine, from the start of an approved study until the model is estimated, with one site \
taken to collude."""


def costs_table(kept: Kept, repeats: int) -> list[str]:
    """Lines of the table, each a median and range over so many fits."""
    usual = _figures(kept, ROWS, COLUMNS, 1, repeats)
    wide = _figures(kept, ROWS, MANY_COLUMNS, 1, repeats)
    long = _figures(kept, MANY_ROWS, COLUMNS, 1, repeats)
    sites = _figures(kept, ROWS, COLUMNS, SITES, repeats)
    growth = []
    if usual and long:
        before = median(one["seconds"] for one in usual)
        growth = [one["seconds"] / before for one in long]
    processes = _figures(kept, ROWS, COLUMNS, SITES, repeats, "loopback")
    sent = [one["bytes"] / 1e6 for one in sites]
    what = f"{ROWS} x {COLUMNS}"
    lines = [
        "marginal, time and memory",
        f"  {'what':<40}{'measured':<22}{'limit':>6}  met",
        _line(f"{what}, s", [one["seconds"] for one in usual], LIMITS["seconds"]),
        _line(f"{what}, s of processor time", [one["processor"] for one in usual], None),
        _line(f"{what}, GB", [one["gigabytes"] for one in usual], LIMITS["gigabytes"]),
        _line(f"{ROWS} x {MANY_COLUMNS}, s", [one["seconds"] for one in wide], LIMITS["columns"]),
        _line(f"{ROWS} x {MANY_COLUMNS}, GB", [one["gigabytes"] for one in wide], None),
        _line(f"{MANY_ROWS:,} x {COLUMNS}, s", [one["seconds"] for one in long], None),
        _line(f"{MANY_ROWS:,} x {COLUMNS}, times {ROWS} x {COLUMNS}", growth, LIMITS["growth"]),
        _line(f"{MANY_ROWS:,} x {COLUMNS}, GB", [one["gigabytes"] for one in long], None),
        _line(f"{SITES} sites in one process, s", [one["seconds"] for one in sites], None),
        _line("  sent by a site, MB", sent, LIMITS["megabytes"], 3),
        _line("  rounds of the secure sum", [one["rounds"] for one in sites], None),
        _line(f"{SITES} site processes, s", [one["seconds"] for one in processes], LIMITS["pass"]),
        _line("  until the sums are open, s", [one["opened_seconds"] for one in processes], None),
    ]
    return [*lines, ""]


def _figures(
    kept: Kept, patients: int, columns: int, sites: int, repeats: int, kind: str = "cost"
) -> list[dict]:
    """Figures of the fits that succeeded."""
    found = []
    for draw in range(repeats):
        record = kept.run(
            {"kind": kind, "method": "marginal", "patients": patients, "columns": columns,
             "sites": sites, "epsilon": EPSILON, "colluding": 0, "draw": draw}
        )  # fmt: skip
        if record is not None and "figures" in record:
            found.append(record["figures"])
    return found


def _line(what: str, values: list[float], limit: float | None, digits: int = 2) -> str:
    """The median is held against the limit."""
    verdict = ""
    if limit is not None and values:
        verdict = f"{limit:>6g}  {'yes' if median(values) <= limit else 'NO'}"
    return f"  {what:<40}{cell(values, digits):<22}{verdict}".rstrip()
