"""Which patients could have given the sums that were opened?

Sums over public cells are written out again as one row a patient, with a value
that stands for its bin, so that the pooled suite's own measures can be computed
on them. Variables are written out one by one and belong together only where they
were counted together: the survival time and its event, and every variable with the
risk group, in whose order the rows stand. Counts
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
    numeric: dict[str, np.ndarray] = {}
    coded: dict[str, np.ndarray] = {}
    levels: dict[str, tuple[str, ...]] = {}
    for name in layout.columns:
        one = layout.encoder.coded[name]
        codes = _codes(layout, tables, side, name)
        gone = codes >= one.present
        if one.variable.numeric:
            stands = np.array(one.levels or one.edges, dtype=float)
            numeric[name] = np.where(gone, np.nan, stands[np.where(gone, 0, codes)])
        else:
            coded[name] = np.where(gone, MISSING, codes)
            levels[name] = tuple(str(level) for level in one.levels)
    rows = rows_of(tables, side)
    time, event, group = _survival(layout, tables, side, rows)
    group_levels: tuple[str, ...] = ()
    if layout.grouped:
        group_levels = tuple(layout.dictionary.variables[layout.dictionary.risk_group].categories)
        if _by_group(layout):
            group = _numbered(tables[f"grouped {layout.columns[0]}"][side].sum(axis=1))
    if group is not None:
        group = np.where(group == len(group_levels), MISSING, group)
    return Columns(
        rows, numeric, coded, levels, time, event, group, group_levels, pd.DataFrame(), role
    )


def _by_group(layout: Layout) -> bool:
    """Whether every variable was counted with the risk group."""
    return layout.grouped and not layout.private


def _numbered(counts: np.ndarray) -> np.ndarray:
    """The number of each cell, as often as it was counted."""
    return np.repeat(np.arange(counts.size), counts.ravel().astype(int))


def _codes(layout: Layout, tables: Tables, side: int, name: str) -> np.ndarray:
    """Codes of a variable, in order of the risk group where it was counted with it."""
    if _by_group(layout):
        counts = tables[f"grouped {name}"][side]
        return _numbered(counts) % counts.shape[1]
    return _numbered(tables[f"one {name}"][side])


def _survival(
    layout: Layout, tables: Tables, side: int, rows: int
) -> tuple[np.ndarray | None, np.ndarray | None, np.ndarray | None]:
    """Time, event and number of the risk group; times are upper edges."""
    if "survival" not in layout:
        return None, None, None
    counts = tables["survival"][side]
    upper = np.append(layout.edges[1:], 2 * layout.edges[-1])
    parts = [(counts, rows)]
    if _by_group(layout):
        sizes = tables[f"grouped {layout.columns[0]}"][side].sum(axis=1)
        parts = list(zip(counts[:, None], sizes, strict=True))
    found = []
    for part, size in parts:
        group, interval, event = np.unravel_index(_numbered(part)[:size], part.shape)
        lacking = np.full(size - len(group), np.nan)
        none = np.full(len(lacking), len(counts) - 1)
        found.append((np.r_[upper[interval], lacking], np.r_[event, lacking], np.r_[group, none]))
    time, event, group = (np.concatenate(each) for each in zip(*found, strict=True))
    return time, event, group if layout.grouped else None


def sides_of(layout: Layout, tables: Tables) -> tuple[Columns, Columns | None]:
    """Patients learnt from, and patients held out where there are any.

    With noise a few patients held out cannot be told from none.
    """
    some = rows_of(tables, HELD) >= (FEWEST if layout.private else 1)
    held = columns_of(layout, tables, HELD, "holdout") if some else None
    return columns_of(layout, tables, TRAIN, "train"), held
