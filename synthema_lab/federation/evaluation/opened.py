"""Which patients could have given the sums that were opened?

Sums over public cells are written out again as one row a patient, with a value
that stands for its bin, so that the pooled suite's own measures can be computed
on them. Variables are written out one by one and belong together only where they
were counted together (the survival time, its event and the risk group). Counts
with noise are first made whole: none below 0, and no table with more than one total.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...validation.columns import MISSING, Columns
from ...validation.membership import FEWEST
from .cells import HELD, SIDES, TRAIN, Layout

Tables = dict[str, np.ndarray]


def settled(layout: Layout, tables: Tables) -> Tables:
    """Noisy tables made consistent: counts of 0 or more, and one total a side.

    Parameters
    ----------
    layout : Layout
    tables : dict of str to numpy.ndarray
        With the axis of sides.

    Returns
    -------
    dict of str to numpy.ndarray of int64

    Examples
    --------
    >>> from synthema_lab.dictionary import DataDictionary
    >>> layout = Layout(DataDictionary.load("leuksurv"), ["sex"], True)
    >>> noisy = {table.name: np.zeros(table.shape) for table in layout.tables}
    >>> noisy["one sex"] = np.array([[-1, 9], [4, 4]])
    >>> settled(layout, noisy)["one sex"].tolist()
    [[0, 8], [4, 4]]
    """
    names = [name for name in tables if name.startswith("one ")]
    totals = [
        max(1, round(float(np.mean([tables[name][side].sum() for name in names]))))
        for side in range(SIDES)
    ]
    exhaustive = {name for name in tables if name.split()[0] in ("one", "pair", "rules")}
    return {
        name: np.stack(
            [_whole(part[side], totals[side], name in exhaustive) for side in range(SIDES)]
        )
        for name, part in tables.items()
    }


def _whole(counts: np.ndarray, total: int, exhaustive: bool) -> np.ndarray:
    """Counts of 0 or more, rounded by largest remainders, with this total or at most it."""
    positive = np.maximum(counts.astype(float), 0.0).ravel()
    if not exhaustive:
        total = min(total, max(0, int(counts.sum())))
    if positive.sum() == 0:
        positive[:] = 1.0
    exact = positive * total / positive.sum()
    rounded = np.floor(exact).astype(np.int64)
    left = total - int(rounded.sum())
    rounded[np.argsort(rounded - exact, kind="stable")[:left]] += 1
    return rounded.reshape(counts.shape)


def rows_of(tables: Tables, side: int = 0) -> int:
    """How many rows were counted on a side."""
    return int(next(part[side].sum() for name, part in tables.items() if name.startswith("one ")))


def columns_of(layout: Layout, tables: Tables, side: int, role: str) -> Columns:
    """One row a patient, as the measures of the pooled suite read them.

    Parameters
    ----------
    layout : Layout
    tables : dict of str to numpy.ndarray of int64
        Counts of 0 or more, with the axis of sides.
    side : int
    role : {"train", "holdout", "floor", "candidate"}

    Returns
    -------
    Columns
        A number is the lower edge of its bin, a survival time the upper edge of its
        interval.
    """
    rows = rows_of(tables, side)
    numeric: dict[str, np.ndarray] = {}
    coded: dict[str, np.ndarray] = {}
    levels: dict[str, tuple[str, ...]] = {}
    for name in layout.columns:
        one = layout.encoder.coded[name]
        counts = tables[f"one {name}"][side]
        codes = np.repeat(np.arange(len(counts)), counts)
        gone = codes >= one.present
        if one.variable.numeric:
            stands = np.array(one.levels or one.edges, dtype=float)
            numeric[name] = np.where(gone, np.nan, stands[np.where(gone, 0, codes)])
        else:
            coded[name] = np.where(gone, MISSING, codes)
            levels[name] = tuple(str(level) for level in one.levels)
    time, event, group, group_levels = _survival(layout, tables, side, rows)
    return Columns(
        rows, numeric, coded, levels, time, event, group, group_levels, pd.DataFrame(), role
    )


def _survival(layout: Layout, tables: Tables, side: int, rows: int) -> tuple:
    """Time, event, risk group and its levels."""
    if "survival" not in layout:
        return None, None, None, ()
    counts = tables["survival"][side]
    cells = np.repeat(np.arange(counts.size), counts.ravel())[:rows]
    group, interval, event = np.unravel_index(cells, counts.shape)
    upper = np.append(layout.edges[1:], 2 * layout.edges[-1])
    lacking = np.full(rows - len(cells), np.nan)
    time = np.r_[upper[interval], lacking]
    seen = np.r_[event.astype(float), lacking]
    if not layout.grouped:
        return time, seen, None, ()
    levels = tuple(layout.dictionary.variables[layout.dictionary.risk_group].categories)
    group = np.where(group == len(levels), MISSING, group)
    return time, seen, np.r_[group, np.full(len(lacking), MISSING)].astype(int), levels


def sides_of(layout: Layout, tables: Tables) -> tuple[Columns, Columns | None]:
    """Patients learnt from, and patients held out where there are any.

    With noise a few patients held out cannot be told from none.
    """
    some = rows_of(tables, HELD) >= (FEWEST if layout.private else 1)
    held = columns_of(layout, tables, HELD, "holdout") if some else None
    return columns_of(layout, tables, TRAIN, "train"), held
