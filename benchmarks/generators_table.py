"""How do the generators compare, on each cohort, over several seeds and splits?"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import numpy as np

from .generators_cohorts import COHORTS, CohortAbsent
from .generators_kept import Kept
from .generators_methods import CEILINGS, GOALS, Method, why_not_here

FAITHFUL = (("c2st_auc", "C2ST AUC"), ("km_gap", "KM gap"), ("log_hr_error", "log HR error"),
            ("c_index", "C-index"))  # fmt: skip
GREATER_IS_BETTER = {"c_index"}
_LABEL, _CELL = 22, 18


def cell(values: Sequence[float], digits: int = 3) -> str:
    """Median and range; a dash without numbers.

    Examples
    --------
    >>> cell([0.1, 0.2, 0.4]), cell([0.5]), cell([float("nan")])
    ('0.200 0.10-0.40', '0.500', '-')
    """
    known = sorted(value for value in values if value is not None and value == value)
    if not known:
        return "-"
    middle = f"{median(known):.{digits}f}"
    if len(known) == 1:
        return middle
    fewer = max(0, digits - 1)
    return f"{middle} {known[0]:.{fewer}f}-{known[-1]:.{fewer}f}"


def runs_of(
    kept: Kept, row: Method, data: str, seeds: Sequence[int], checked: int
) -> list[dict]:  # fmt: skip
    """The records of one row on one cohort; a method that failed once is not tried again."""
    found = []
    for seed in list(seeds)[: row.most_seeds]:
        record = kept.run(
            {"kind": "method", "data": data, "method": row.name, "epsilon": row.epsilon,
             "seed": seed, "checked": checked, "settings": dict(row.settings)}
        )  # fmt: skip
        found += [] if record is None else [record]
        if record is not None and "failed" in record:
            break
    return found


def methods_table(
    kept: Kept, rows: Sequence[Method], data: str, seeds: Sequence[int], checked: int
) -> list[str]:
    """Lines of the table of one cohort.

    Parameters
    ----------
    kept : Kept
    rows : sequence of Method
    data : str
        One of `COHORTS`.
    seeds : sequence of int
        Each is a split, a fit and a sample.
    checked : int
        Rows drawn of every fit to look for broken rules.
    """
    try:
        cohort = COHORTS[data]()
    except CohortAbsent as reason:
        return [f"{data}: left out, {reason}", ""]
    variables = [name for name in cohort.patients if name in cohort.dictionary.modelled]
    head = f"{data}: {len(cohort.patients)} patients, {len(variables)} columns"
    faithful, safe, told = [], [], {}
    for row in rows:
        absent = why_not_here(row.name)
        if absent is not None:
            faithful.append(f"  {row.label:<{_LABEL}}not here: {absent}")
            continue
        records = runs_of(kept, row, data, seeds, checked)
        figures = [record["figures"] for record in records if "figures" in record]
        failed = [record["failed"] for record in records if "failed" in record]
        if failed or not figures:
            told_why = f"failed: {failed[0]}" if failed else "not measured"
            faithful.append(f"  {row.label:<{_LABEL}}{told_why}")
        if not figures:
            continue
        faithful.append(_line(row.label, figures, FAITHFUL))
        safe.append(_safe_line(row, figures))
        told[row.label] = figures
    lines = [head, _head(FAITHFUL), *faithful, "", _safe_head(), *safe]
    if data == "amlsg":
        lines += ["", *goals(told)]
    return [*lines, ""]


def goals(told: dict[str, list[dict]]) -> list[str]:
    """Which goals the medians meet."""
    titles = dict(FAITHFUL)
    lines = []
    for label, limits in GOALS.items():
        for name, limit in limits.items() if label in told else ():
            value = median(one[name] for one in told[label])
            least = name in GREATER_IS_BETTER
            met = value >= limit if least else value <= limit
            lines.append(
                f"  {label:<{_LABEL}}{titles[name]:<16}{value:.3f}   goal "
                f"{'at least' if least else 'at most'} {limit:g}   {'yes' if met else 'NO'}"
            )
    return ["  goals", *lines] if lines else []


def _head(columns: Sequence[tuple[str, str]]) -> str:
    titles = "".join(f"{title:<{_CELL}}" for _, title in columns)
    return f"  {'':<{_LABEL}}{titles}".rstrip()


def _line(label: str, figures: list[dict], columns: Sequence[tuple[str, str]]) -> str:
    cells = [cell([one.get(name) for one in figures]) for name, _ in columns]
    return f"  {label:<{_LABEL}}{''.join(f'{one:<{_CELL}}' for one in cells)}".rstrip()


def _safe_head() -> str:
    return (
        f"  {'':<{_LABEL}}{'TPR at 1% FPR':<17}{'chance':<8}{'seen':<6}{'verbatim':<17}"
        f"{'chance':<8}{'rules broken':<14}{'fit, s':<14}GB"
    )


def _safe_line(row: Method, figures: list[dict]) -> str:
    def of(name: str) -> list[float]:
        return [one.get(name, float("nan")) for one in figures]

    seen = f"{sum(p < 0.05 for p in of('membership_p'))}/{len(figures)}"
    checked = int(np.nansum(of("rows_checked")))
    rules = f"{int(np.nansum(of('rows_broken')))}/{checked}" if checked else "-"
    return (
        f"  {row.label:<{_LABEL}}{cell(of('membership_tpr')):<17}"
        f"{cell([median(of('membership_chance'))]):<8}{'-' if row.name in CEILINGS else seen:<6}"
        f"{cell(of('verbatim_values')):<17}{cell([median(of('verbatim_chance'))]):<8}"
        f"{rules:<14}{cell(of('seconds'), 1):<14}{cell([max(of('gigabytes'))], 2)}"
    )
