"""How are the values of each variable shared out over public bins?

Bins and categories come from the dictionary. A count of real patients below
ten is not shown, and every other is rounded to five, so that a hidden count
cannot be worked out from the others.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from synthema_lab.dictionary import DataDictionary

from .columns import Columns, level_names
from .units import readable_unit

FEWEST = 10
ROUND_TO = 5
BINS = 10


def marginal_shares(
    real: Columns, synthetic: Columns, floor: Columns, dictionary: DataDictionary
) -> pd.DataFrame:
    """Shares of real and synthetic patients by variable and bin.

    Returns
    -------
    DataFrame
        Columns variable, label, unit, numeric, position, bin, low_edge,
        high_edge, real, synthetic, floor, hidden. Shares are of all rows;
        `real` is not a number where hidden.
    """
    tables = []
    for name in real.variables:
        variable = dictionary.variables[name]
        if name in real.numeric:
            edges = public_edges(variable)
            if edges is None:
                continue
            counts = [_binned(table.numeric[name], edges) for table in (real, synthetic, floor)]
            said = [f"{low:g} to {high:g}" for low, high in pairwise(edges)]
            lows, highs = [*edges[:-1], np.nan], [*edges[1:], np.nan]
        else:
            size = len(real.levels[name])
            counts = [
                np.bincount(np.where(codes < 0, size, codes), minlength=size + 1)
                for codes in (t.coded[name] for t in (real, synthetic, floor))
            ]
            said = level_names(variable, real.levels[name])
            lows = highs = [np.nan] * (size + 1)
        hidden = counts[0] < FEWEST
        rounded = np.where(hidden, np.nan, ROUND_TO * np.round(counts[0] / ROUND_TO))
        table = pd.DataFrame(
            {
                "variable": name,
                "label": variable.label,
                "unit": readable_unit(variable.unit),
                "numeric": name in real.numeric,
                "position": np.arange(len(said) + 1),
                "bin": [*said, "missing"],
                "low_edge": lows,
                "high_edge": highs,
                "real": (rounded / real.rows).round(3),
                "synthetic": (counts[1] / synthetic.rows).round(4),
                "floor": (counts[2] / floor.rows).round(4),
                "hidden": hidden,
            }
        )
        if not any(count[-1] for count in counts):
            table = table.iloc[:-1]
        tables.append(table)
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def public_edges(variable) -> tuple[float, ...] | None:
    """Edges of the dictionary, or ten equal bins of its hard limits, or none."""
    if variable.bins:
        return tuple(float(edge) for edge in variable.bins)
    if variable.range is None:
        return None
    return tuple(np.linspace(*variable.range, BINS + 1))


def _binned(values: np.ndarray, edges: tuple[float, ...]) -> np.ndarray:
    """Counts by bin, and then those missing or outside."""
    inside = np.histogram(values[np.isfinite(values)], edges)[0]
    return np.r_[inside, len(values) - inside.sum()]
