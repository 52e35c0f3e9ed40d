"""How many rows of a table fall into each public cell?

The same for patients at a site, for the synthetic cohort, and for the floor,
so that all are compared on the same bins.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...generators.counts import marginal_counts, split_marginals
from ...validation.co_occurrence import carriers
from ...validation.columns import Columns, read_columns
from ...validation.rules import BROKEN
from .cells import Layout


def row_counts(layout: Layout, table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Counts of a table by name, without the axis of sides.

    Parameters
    ----------
    layout : Layout
    table : pandas.DataFrame
        Conformed; may be empty.

    Returns
    -------
    dict of str to numpy.ndarray of int64
        The tables ``one ...``, ``pair ...``, ``survival``, ``rules``, ``grouped ...`` and
        ``carried``.

    Raises
    ------
    DataMismatch
        If a value lies outside the dictionary's limits.
    """
    encoder, names = layout.encoder, list(layout.columns)
    codes = encoder.encode(table)
    cliques = [(place,) for place in range(len(names))]
    cliques += [(names.index(one), names.index(other)) for one, other in layout.pairs]
    titles = [f"one {name}" for name in names]
    titles += [f"pair {one} {other}" for one, other in layout.pairs]
    marginals = split_marginals(
        marginal_counts(codes, encoder.sizes, cliques), encoder.sizes, cliques
    )
    counts = dict(zip(titles, marginals, strict=True))
    columns = read_columns(table, layout.dictionary, layout.columns)
    if "survival" in layout:
        counts["survival"] = _survival(layout, columns)
    if layout.grouped and not layout.private:
        groups = layout.table(f"grouped {names[0]}").shape[1]
        group = np.where(columns.risk_group < 0, groups - 1, columns.risk_group)
        for place, (name, size) in enumerate(zip(names, encoder.sizes, strict=True)):
            counts[f"grouped {name}"] = np.bincount(
                group * size + codes[:, place], minlength=groups * size
            )
    if "carried" in layout:
        counts["carried"] = carriers(columns, layout.carried).sum(axis=1).T
    if "rules" in layout:
        broken = np.zeros(columns.rows, dtype=bool)
        for rule in layout.rules:
            broken |= np.asarray(rule.holds(columns.table)) == BROKEN
        counts["rules"] = np.bincount(broken.astype(int), minlength=2)
    shaped = {name: layout.table(name).shape[1:] for name in counts}
    return {name: np.asarray(part, np.int64).reshape(shaped[name]) for name, part in counts.items()}


def _survival(layout: Layout, columns: Columns) -> np.ndarray:
    """Counts by risk group, interval and event; times are rounded up to an edge.

    The last interval holds those followed beyond the horizon, the last group those
    without one. Who lacks time or event is in no cell.
    """
    shape = layout.table("survival").shape[1:]
    known = np.isfinite(columns.time) & np.isfinite(columns.event)
    time, event = columns.time[known], columns.event[known].astype(int)
    interval = np.maximum(np.searchsorted(layout.edges, time, "left") - 1, 0)
    group = np.zeros(len(time), dtype=int)
    if layout.grouped:
        codes = columns.risk_group[known]
        group = np.where(codes < 0, shape[0] - 1, codes)
    cells = np.ravel_multi_index((group, interval, event), shape)
    return np.bincount(cells, minlength=int(np.prod(shape)))
