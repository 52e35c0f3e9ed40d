"""Which few quasi-identifiers are already enough to single patients out?

A patient may hide in the full table and yet be the only one with two of the
values. All subsets of up to three quasi-identifiers are counted, and for each
patient the smallest sets that make it unique (minimal sample uniques, the
quantity behind SUDA: Elliot, Manning and Ford 2002). Nothing names a value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import combinations

import numpy as np
import pandas as pd

from synthema_lab.deidentify.classes import group, require_columns, subsets, value_codes


@dataclass(frozen=True, eq=False)
class Combinations:
    """Unique and rare combinations, by subset of the quasi-identifiers.

    Attributes
    ----------
    table : DataFrame
        Columns combination, size, classes, unique_patients, rare_patients
        (in a class of fewer than k), minimal_uniques, smallest_class.
    scores : ndarray of float64, shape (rows,)
        SUDA score of each patient: each minimal sample unique of size s counts
        as the product of (m - i) for i from s to `largest` - 1, with m
        quasi-identifiers; the smaller the set, the more it counts.
    contribution : DataFrame
        Columns variable, share: of the minimal sample uniques, how many need it.
    k, rows : int
    """

    table: pd.DataFrame = field(repr=False)
    scores: np.ndarray = field(repr=False)
    contribution: pd.DataFrame = field(repr=False)
    k: int
    rows: int

    @property
    def singled_out(self) -> int:
        """Patients with at least one minimal sample unique."""
        return int((self.scores > 0).sum())

    def __str__(self) -> str:
        worst = self.table.sort_values(["unique_patients", "size"], ascending=[False, True]).head(1)
        most = "".join(
            f"; the most by {row.combination} ({row.unique_patients})"
            for row in worst.itertuples()
            if row.unique_patients
        )
        return f"{self.singled_out} of {self.rows} patients are unique on some subset{most}."

    def _repr_html_(self) -> str:
        return f"<p>{escape(str(self))}</p>{self.table.to_html(index=False, border=0)}"


def unique_combinations(
    patients: pd.DataFrame, quasi_identifiers: Sequence[str], k: int = 5, largest: int = 3
) -> Combinations:
    """Count unique and rare patients for every subset of 1 to `largest` quasi-identifiers.

    Parameters
    ----------
    patients : DataFrame
    quasi_identifiers : sequence of str
    k : int
        Fewer patients than this in a class are rare.
    largest : int
        Size of the largest subset.

    Examples
    --------
    >>> patients = pd.DataFrame({"sex": ["F", "F", "M", "M"], "age": [40, 61, 40, 40]})
    >>> found = unique_combinations(patients, ["sex", "age"], k=2)
    >>> found.table["unique_patients"].tolist(), found.table["minimal_uniques"].tolist()
    ([0, 1, 2], [0, 1, 1])
    """
    require_columns(patients, quasi_identifiers)
    names, rows = list(dict.fromkeys(quasi_identifiers)), len(patients)
    codes = {name: value_codes(patients[name]) for name in names}
    largest = min(largest, len(names))
    unique: dict[tuple[str, ...], np.ndarray] = {(): np.full(rows, rows == 1)}
    scores = np.zeros(rows)
    needed = dict.fromkeys(names, 0)
    table = []
    for chosen in subsets(names, largest):
        classes = group([codes[name] for name in chosen], rows)
        sizes = classes.row_sizes
        alone = sizes == 1
        below = np.zeros(rows, dtype=bool)
        for part in combinations(chosen, len(chosen) - 1):
            below |= unique[part]
        minimal = alone & ~below
        unique[chosen] = alone | below
        weight = math.prod(len(names) - size for size in range(len(chosen), largest))
        scores += minimal * max(1, weight)
        count = int(minimal.sum())
        for name in chosen:
            needed[name] += count
        table.append(
            (" x ".join(chosen), len(chosen), classes.sizes.size, int(alone.sum()),
             int((sizes < k).sum()), count, classes.smallest)
        )  # fmt: skip
    columns = ["combination", "size", "classes", "unique_patients", "rare_patients",
               "minimal_uniques", "smallest_class"]  # fmt: skip
    found = pd.DataFrame(table, columns=columns)
    total = max(1, int(found["minimal_uniques"].sum()))
    shares = pd.DataFrame(
        [(name, count / total) for name, count in needed.items()], columns=["variable", "share"]
    )
    return Combinations(found, scores, shares, k, rows)
