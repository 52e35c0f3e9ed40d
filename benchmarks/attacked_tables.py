"""Which tables are attacked, from one that gives everybody away to one that knows nobody?"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from synthema_lab import generators
from synthema_lab.dictionary import DataDictionary
from synthema_lab.generators import floor_table

COPY, HALF, FLOOR = "copy", "half copy", "floor"
Generated = Mapping[str, tuple[str, float | None]]
"""Name and epsilon of a generator by its label."""


def tables_of(
    train: pd.DataFrame, dictionary: DataDictionary, seed: int, generated: Generated
) -> dict[str, pd.DataFrame]:
    """A copy, a half copy, what generators draw, and the floor.

    Returns
    -------
    dict of str to pandas.DataFrame
        Each with as many rows as `train`.
    """
    rows = len(train)
    fresh = floor_table(dictionary.conform(train), dictionary, rows, seed + 1)
    made = {
        label: generators.get(name).fit([train], dictionary, epsilon=epsilon, seed=seed)
        for label, (name, epsilon) in generated.items()
    }
    return {
        COPY: train.copy(),
        HALF: half_copy(train, fresh, seed),
        **{label: model.sample(rows, seed) for label, model in made.items()},
        FLOOR: fresh,
    }


def half_copy(train: pd.DataFrame, fresh: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Half of the patients, and independent rows for the others."""
    half = train.sample(frac=0.5, random_state=seed)
    return pd.concat([half, fresh[: len(train) - len(half)]], ignore_index=True)
