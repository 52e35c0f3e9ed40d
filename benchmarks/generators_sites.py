"""What does it cost in fidelity that the patients stay at their sites?

With the noise off a federated fit must equal the pooled one; with noise it is
compared with the pooled fit at the same epsilon, over several draws of the noise,
and with what each site would reach alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from .generators_cohorts import COHORTS, CohortAbsent
from .generators_kept import Kept
from .generators_table import cell

EPSILON, MOST_LOSS = 3.0, 3.0
FEWEST_DRAWS, MOST_ALONE = 5, 5
PARTITIONS = ("even", "uneven", "centre")
SITES = (3, 5, 8, 17)
HOW = """\
Fidelity: mean of 2(1 - C2ST AUC), 1 - KM gap, 1 - log HR error and the C-index over that of the \
real training patients, each between 0 and 1. Loss: in per cent of the median fidelity of the \
pooled fit at the same epsilon; negative is a gain. One split; a fit's figures are means of so \
many samples as are named, which costs no privacy, and ranges are over draws of the noise.
Equal: with the noise off, the opened sums and a sample of 1,000 rows agree bit for bit.
c: sites whose share of the noise is not counted on. Alone: each site fits its own patients at the \
same epsilon; median and range over at most five sites, evenly taken in their order.
Uneven: each site holds 0.7 of the one before. By centre: whole centres stay together."""


@dataclass(frozen=True)
class Grid:
    """What is asked of the federated grid.

    Attributes
    ----------
    partitions : sequence of {"even", "uneven", "centre"}
    sites : sequence of int
    draws : int
        Draws of the noise, of the pooled fit and of each cell.
    samples : int
        Samples of every fit.
    seed : int
    """

    partitions: Sequence[str] = PARTITIONS
    sites: Sequence[int] = SITES
    draws: int = FEWEST_DRAWS
    samples: int = 3
    seed: int = 1


def fidelity(figures: Mapping[str, float]) -> float:
    """One number from 0 to 1 that a loss can be said of.

    Figures that are not there are left out of the mean.

    Examples
    --------
    >>> fidelity({"c2st_auc": 0.75, "km_gap": 0.0, "log_hr_error": 0.5,
    ...           "c_index": 0.6, "c_index_real": 0.6})
    0.75
    """
    parts = [
        2 * (1 - figures["c2st_auc"]),
        1 - figures["km_gap"],
        1 - figures["log_hr_error"],
        figures["c_index"] / figures["c_index_real"],
    ]
    return float(np.nanmean(np.clip(parts, 0.0, 1.0)))


def sites_table(kept: Kept, data: str, grid: Grid) -> list[str]:
    """Lines of the grid of one cohort."""
    try:
        COHORTS[data]()
    except CohortAbsent as reason:
        return [f"marginal over sites, {data}: left out, {reason}", ""]
    pooled_off = _figures(kept, data, grid, "pooled", 1, None)
    pooled = [
        _figures(kept, data, grid, "pooled", 1, EPSILON, draw=draw) for draw in range(grid.draws)
    ]
    reached = [fidelity(one) for one in pooled if one]
    lines = [
        f"marginal over sites, {data}; {grid.draws} draws of the noise, {grid.samples} samples",
        f"  pooled at eps {EPSILON:g}: fidelity {cell(reached)}, "
        f"C2ST {cell([one['c2st_auc'] for one in pooled if one])}",
        f"  {'partition':<10}{'sites':>5}  {'equal':<7}{'loss %, c = 0':<22}{'met':<5}"
        f"{'C2ST, c = 0':<17}{'loss %, c = 1':<22}loss %, alone",
    ]
    if not reached:
        return [*lines, "  not measured", ""]
    for partition in grid.partitions:
        for sites in grid.sites:
            lines.append(_cell(kept, data, grid, partition, sites, pooled_off, median(reached)))
    return [*lines, ""]


def _cell(
    kept: Kept, data: str, grid: Grid, partition: str, sites: int,
    pooled_off: dict | None, reached: float,
) -> str:  # fmt: skip
    """One line of the grid."""
    off = _figures(kept, data, grid, partition, sites, None)
    equal = "-"
    if off and pooled_off:
        same = all(off[what] == pooled_off[what] for what in ("sums", "sample"))
        equal = "yes" if same else "NO"
    by_colluding = []
    for colluding in (0, 1):
        drawn = [
            _figures(kept, data, grid, partition, sites, EPSILON, colluding, draw)
            for draw in range(grid.draws)
        ]
        by_colluding.append([one for one in drawn if one])
    chosen = np.unique(np.linspace(0, sites - 1, min(sites, MOST_ALONE)).round().astype(int))
    alone = [
        _figures(kept, data, grid, partition, sites, EPSILON, alone=int(site)) for site in chosen
    ]
    lost = [
        [100 * (reached - fidelity(one)) / reached for one in some if one]
        for some in (*by_colluding, alone)
    ]
    met = "-" if not lost[0] else "yes" if median(lost[0]) <= MOST_LOSS else "NO"
    return (
        f"  {partition:<10}{sites:>5}  {equal:<7}{_signed(lost[0]):<22}{met:<5}"
        f"{cell([one['c2st_auc'] for one in by_colluding[0]]):<17}{_signed(lost[1]):<22}"
        f"{_signed(lost[2])}"
    ).rstrip()


def _figures(
    kept: Kept, data: str, grid: Grid, partition: str, sites: int, epsilon: float | None,
    colluding: int = 0, draw: int = 0, alone: int | None = None,
) -> dict | None:  # fmt: skip
    """Figures of one fit; None where it failed or is not there."""
    record = kept.run(
        {"kind": "federated", "data": data, "method": "marginal", "partition": partition,
         "sites": sites, "colluding": colluding, "epsilon": epsilon, "seed": grid.seed,
         "draw": draw, "alone": alone, "samples": 0 if epsilon is None else grid.samples}
    )  # fmt: skip
    return None if record is None else record.get("figures")


def _signed(values: Sequence[float]) -> str:
    """Median and range of numbers of either sign."""
    if not values:
        return "-"
    return f"{median(values):.1f} ({min(values):.1f} to {max(values):.1f})"
