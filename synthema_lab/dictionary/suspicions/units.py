"""Is a column recorded in another unit than the one that is due?

A conversion is named only where it explains the column: values that cannot or
hardly ever occur become usual ones. Values beyond the hard limits are looked at
one by one, so that one centre's rows are found; a whole column inside them is
named when it lies outside what is usual before and inside after. Where two
conversions explain it, both are named.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np

from synthema_lab.dictionary.cells import Cells
from synthema_lab.dictionary.findings import Finding, where_true
from synthema_lab.dictionary.suspicions.conversions import Conversion, conversions
from synthema_lab.dictionary.variable import Variable

EXPLAINED, SURELY_POSSIBLE, USUAL_BEFORE, FEWEST, FEWEST_BINS = 0.8, 0.95, 0.2, 10, 6
NEAR = 20.0  # two conversions no farther apart than this are told from each other with care
# Numbers that registers write for "not known"; they are in no unit.
NOT_KNOWN = (88, 99, 888, 999, 8888, 9999, 88888, 99999, 999999)


def units_mixed_up(cells: Cells, but: Collection[str] = ()) -> Iterator[Finding]:
    """An error for each column that another unit explains.

    Parameters
    ----------
    cells : Cells
    but : collection of str
        Columns that are not looked at.

    Yields
    ------
    Finding
        With the rows that the likeliest conversion explains.
    """
    for variable in cells.declared:
        if variable.name in but:
            continue
        candidates, usual = conversions(variable), _usual(variable)
        if not candidates or usual is None:
            continue
        values = cells.numbers(variable.name).values
        odd = _odd(values, variable, usual)
        if odd is None or not odd.any():
            continue
        likely = _likely(values, odd, candidates, variable, usual)
        if not likely:
            continue
        # Of one centre's rows, all that the conversion makes usual and that are not so now.
        rows = odd & _within(values * likely[0].factor, usual)
        message = (
            f"{variable.name} looks as if it were in {' or '.join(c.called for c in likely)} in "
            f"{int(rows.sum())} of {int((~np.isnan(values)).sum())} values; {variable.unit} is "
            f"due: {' or '.join(c.advice for c in likely)}."
        )
        yield from where_true("unit_mixed_up", variable.name, rows, message)


def _usual(variable: Variable) -> tuple[float, float] | None:
    """What is usual: the plausible limits, else the bins but the outermost, else the range."""
    if variable.plausible is not None and variable.plausible != variable.range:
        return variable.plausible
    # The first bin of a time may hold all of a cohort that died early, and a share may be any.
    if len(variable.bins) >= FEWEST_BINS and variable.unit not in ("%", "1", "d", "mo", "a"):
        return variable.bins[1], variable.bins[-2]
    return variable.plausible or variable.range


def _within(values: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    slack = 1e-9 * max(map(abs, limits))
    return (values >= limits[0] - slack) & (values <= limits[1] + slack)


def _odd(values: np.ndarray, variable: Variable, usual: tuple[float, float]) -> np.ndarray | None:
    """The values that ask for an explanation; None where there is nothing to explain."""
    present = ~np.isnan(values) & ~np.isin(values, NOT_KNOWN)
    if variable.range is not None:
        impossible = present & ~_within(values, variable.range)
        if impossible.any():
            return impossible
    count = int(present.sum())
    if count < FEWEST:
        return None
    if variable.unit == "%" and usual[1] >= 5 and _shares(values[present]):
        return present & (values != 0)
    few_usual = _within(values[present], usual).mean() <= USUAL_BEFORE
    if not few_usual or _within(np.median(values[present]), usual):
        return None
    return present & ~_within(values, usual) & (values != 0)


def _shares(values: np.ndarray) -> bool:
    """Whether values are shares of 1: none above 1, and most of them strictly between."""
    between = (values > 0) & (values < 1)
    return bool(values.min() >= 0 and values.max() <= 1 and between.mean() > 0.5)


def _likely(
    values: np.ndarray,
    odd: np.ndarray,
    candidates: tuple[Conversion, ...],
    variable: Variable,
    usual: tuple[float, float],
) -> list[Conversion]:
    """The conversions that explain the odd values, likeliest first; at most two."""
    unexplained = values[odd]
    shares = [float(_within(unexplained * c.factor, usual).mean()) for c in candidates]
    order = sorted(range(len(candidates)), key=lambda at: -shares[at])
    if shares[order[0]] < EXPLAINED:
        return []
    best = candidates[order[0]]
    possible = variable.range or usual

    def rivals(at: int) -> bool:
        near = max(best.factor, candidates[at].factor) <= NEAR * min(
            best.factor, candidates[at].factor
        )
        could_be = _within(unexplained * candidates[at].factor, possible).mean()
        return shares[at] >= EXPLAINED or (near and could_be >= SURELY_POSSIBLE)

    return [best, *(candidates[at] for at in order[1:] if rivals(at))][:2]
