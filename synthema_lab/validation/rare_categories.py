"""Are rare categories kept, at about the share that real patients have?

Rare is a level, or the lack of a value, that at least ten training patients
and at most 5% of them have. It is kept if its share in the synthetic table is
at least half and at most twice the real one. What fewer than ten patients have
is not asked about: a table that protects them may lose it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .bootstrap import percentile_interval
from .columns import Columns, level_names
from .marginals import FEWEST, ROUND_TO
from .metric import Estimate, Measure
from .reference import Reference

MOST = 0.05
FACTOR = 2.0


def rare_coverage(candidate: Columns, reference: Reference) -> Estimate:
    """Share of the rare levels that the table holds at a share within a factor of 2.

    The interval is of percentiles over patients drawn again. A rare level drawn
    twice strays further than one drawn once, so that the draws are moved until
    their mean is the value.
    """
    train = reference.train
    rare = reference.once(("rare levels", "train"), lambda: _rare(train))
    if not rare:
        return Estimate.absent(
            f"no category, and no missing value, is found in at least {FEWEST} and at most "
            f"{MOST:.0%} of the training patients"
        )
    real_has, other_has = _holders(train, rare), _holders(candidate, rare)
    real, other = real_has.mean(axis=0), other_has.mean(axis=0)
    kept = _kept(real, other)
    value = float(kept.mean())
    drawn = _kept(
        reference.counts(train) @ real_has / train.rows,
        reference.counts(candidate) @ other_has / candidate.rows,
    ).mean(axis=1)
    low, high = percentile_interval(np.clip(drawn - drawn.mean() + value, 0.0, 1.0))
    low, high = min(low, value), max(high, value)
    lost = int((other == 0).sum())
    note = (
        f"{int(kept.sum())} of {len(rare)} levels that {FEWEST} or more and at most {MOST:.0%} of "
        "training patients have, missing values included"
    )
    if lost:
        note += f"; {lost} not found at all"
    if candidate.rows * real.min() < FEWEST:
        note += f"; {candidate.rows} rows are few for levels this rare, and chance alone loses some"
    table = _table(reference, rare, real, other, kept)
    if candidate.role in ("train", "holdout"):
        few = other_has.sum(axis=0) < FEWEST
        table.loc[few, "candidate"] = np.nan
        table["kept"] = table["kept"].mask(few)
    return Estimate(value, low, high, candidate.rows, note, curves={"rare_categories": table})


def _rare(train: Columns) -> list[tuple[str, int]]:
    """Variables with a level's code, or -1 for a missing value."""
    found = []
    for name in train.variables:
        counts = {-1: int(train.missing(name).sum())}
        if name in train.coded:
            levels = range(len(train.levels[name]))
            counts |= {code: int((train.coded[name] == code).sum()) for code in levels}
        found += [
            (name, code) for code, count in counts.items() if FEWEST <= count <= MOST * train.rows
        ]
    return found


def _holders(columns: Columns, rare: list[tuple[str, int]]) -> np.ndarray:
    """Who has each rare level, shape (rows, levels)."""
    return np.column_stack(
        [columns.missing(name) if code < 0 else columns.coded[name] == code for name, code in rare]
    ).astype(float)


def _kept(real: np.ndarray, other: np.ndarray) -> np.ndarray:
    return (other > 0) & (other >= real / FACTOR) & (other <= real * FACTOR)


def _table(reference, rare, real, other, kept) -> pd.DataFrame:
    """One row a rare level; the real share from a count rounded to five."""
    variables = reference.dictionary.variables
    said = []
    for name, code in rare:
        levels = reference.train.levels.get(name, ())
        said.append("missing" if code < 0 else level_names(variables[name], levels)[code])
    rows = reference.train.rows
    return pd.DataFrame(
        {
            "variable": [name for name, _ in rare],
            "label": [variables[name].label for name, _ in rare],
            "level": said,
            "real": (ROUND_TO * np.round(real * rows / ROUND_TO) / rows).round(3),
            "candidate": other.round(4),
            "kept": kept.astype(object),
        }
    )


MEASURES = (
    Measure(
        "rare_coverage",
        "Rare categories kept",
        "fidelity",
        "maximise",
        (0.0, 1.0),
        "Share of the categories that few patients have, 10 or more and at most 5%, which the "
        "table holds at between half and twice the real share.",
        frozenset(),
        "holdout",
        rare_coverage,
    ),
)
