"""Does the synthetic table repeat real values or whole patients?

The share of continuous values that equal a training patient's value at full
precision, and the share of rows that equal a training row. Both stand beside
what chance gives: the same shares among real patients who were held out.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .admission import listed
from .bootstrap import clopper_pearson, percentile_interval
from .columns import Columns, groups_of_copies
from .metric import Estimate, Measure
from .reference import Reference

WIDE = 1000


def continuous_variables(reference: Reference) -> tuple[str, ...]:
    """Numbers, and integers whose public range holds at least 1000 values."""
    names = []
    for name in reference.train.numeric:
        variable = reference.dictionary.variables[name]
        wide = variable.range is not None and variable.range[1] - variable.range[0] >= WIDE
        if variable.type == "number" or wide:
            names.append(name)
    return tuple(names)


def verbatim_values(candidate: Columns, reference: Reference) -> Estimate:
    """Share of continuous values that equal a training value at full precision."""
    names = continuous_variables(reference)
    if not names:
        return Estimate.absent("no variable is continuous")
    same = np.column_stack(
        [
            np.isin(candidate.numeric[name], _present(reference.train.numeric[name]))
            for name in names
        ]
    )
    there = np.column_stack([np.isfinite(candidate.numeric[name]) for name in names])
    if not there.any():
        return Estimate.absent("no continuous value is there")
    value = float(same.sum() / there.sum())
    # Rows with as many values, and as many of them repeated, are drawn together.
    kinds, held = np.unique(
        np.column_stack([same.sum(axis=1), there.sum(axis=1)]), axis=0, return_counts=True
    )
    counts = reference.rng(f"values repeated, {candidate.role}").multinomial(
        candidate.rows, held / candidate.rows, size=reference.draws
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = (counts @ kinds[:, 0]) / (counts @ kinds[:, 1])
        shares = same.sum(axis=0) / there.sum(axis=0)
    low, high = percentile_interval(drawn)
    table = pd.DataFrame({"variable": names, "share": shares.round(4)})
    note = f"over {listed(names, 6)}; the ceiling is the same share among held-out patients"
    return Estimate(value, low, high, candidate.rows, note, curves={"verbatim": table})


def row_copies(candidate: Columns, reference: Reference) -> Estimate:
    """Share of rows equal to a training row in every modelled variable."""
    real, other = groups_of_copies(reference.train.matrix(), candidate.matrix())
    hits = int(np.isin(other, real).sum())
    low, high = clopper_pearson(hits, candidate.rows)
    note = f"{hits} of {candidate.rows} rows; Clopper-Pearson interval"
    return Estimate(hits / candidate.rows, low, high, candidate.rows, note)


def _present(values: np.ndarray) -> np.ndarray:
    return np.unique(values[np.isfinite(values)])


MEASURES = (
    Measure(
        "verbatim_values",
        "Continuous values repeated verbatim",
        "privacy",
        "minimise",
        (0.0, 1.0),
        "Share of continuous values that equal some training patient's at full precision.",
        frozenset(),
        "holdout",
        verbatim_values,
        rows="all",
    ),
    Measure(
        "row_copies",
        "Rows equal to a training patient",
        "privacy",
        "minimise",
        (0.0, 1.0),
        "Share of rows that repeat a training patient in every modelled variable.",
        frozenset(),
        "holdout",
        row_copies,
        rows="all",
    ),
)
