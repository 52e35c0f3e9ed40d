"""Which variables does the decoder tell together, and with which likelihood?

Each variable has a head of its own, but for the outcome: the survival head
tells the time and whether it ended in the event or in censoring as one pair,
the density of a right-censored time with censoring modelled beside it. All of
it follows from the public dictionary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...dictionary import DataDictionary
from ..encoder import Encoder
from .cells import Cells, cells_of

_IMPLAUSIBLE = -3.0
_USUALLY_MISSING = 0.05
_LEAST_MISSING, _MOST_MISSING = 0.01, 0.9


@dataclass(frozen=True, eq=False)
class Head:
    """What the decoder tells at once.

    Attributes
    ----------
    variables : tuple of str
        One variable, or the time and the event of the outcome.
    likelihood : {"categorical", "quantile", "zero-inflated", "survival"}
    basis : numpy.ndarray, shape (cells, knots)
        Of a pair, the cells are all pairs, the second variable's codes running fastest.
    log_width : numpy.ndarray, shape (cells,)
    level : numpy.ndarray, shape (cells,)
        What the dictionary says of the chances beforehand, as logarithms: how
        often a value is missing, and which values are implausible.
    """

    variables: tuple[str, ...]
    likelihood: str
    basis: np.ndarray
    log_width: np.ndarray
    level: np.ndarray


class Heads(Encoder):
    """Public cells and heads for the modelled variables of a table.

    Parameters
    ----------
    dictionary : DataDictionary
    columns : sequence of str
        As of an `Encoder`.

    Attributes
    ----------
    cells : dict of str to Cells
    heads : tuple of Head
        The outcome's last.

    Examples
    --------
    >>> heads = Heads(DataDictionary.load("leuksurv"), ["sex", "os_days", "os_event"])
    >>> heads.likelihoods
    {'sex': 'categorical', 'os_days': 'survival', 'os_event': 'survival'}
    """

    def __init__(self, dictionary: DataDictionary, columns: Sequence[str]) -> None:
        super().__init__(dictionary, columns)
        self.cells = {name: cells_of(self.coded[name]) for name in self.columns}
        outcome = dictionary.survival
        pair = () if outcome is None else (outcome.time, outcome.event)
        if not pair or not set(pair) <= set(self.columns):
            pair = ()
        alone = [(name,) for name in self.columns if name not in pair]
        self.heads = tuple(self._head(names) for names in [*alone, *([pair] if pair else [])])

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of cells of each head."""
        return tuple(len(head.basis) for head in self.heads)

    @property
    def likelihoods(self) -> dict[str, str]:
        """By variable, the likelihood that it is told with."""
        return {name: head.likelihood for head in self.heads for name in head.variables}

    @property
    def offset(self) -> np.ndarray:
        """What is added to the logits of all cells, shape (cells,)."""
        return np.concatenate([head.log_width + head.level for head in self.heads])

    def encode(self, patients: pd.DataFrame) -> np.ndarray:
        """Cells of a table, shape (patients, heads); see `Encoder.encode`."""
        super().encode(patients)  # refuses what the dictionary has no code for
        codes = np.empty((len(patients), len(self.heads)), dtype=np.int64)
        for place, head in enumerate(self.heads):
            cell = np.zeros(len(patients), dtype=np.int64)
            for name in head.variables:
                one = self.cells[name]
                cell = cell * one.size + one.coded.encode(patients[name])
            codes[:, place] = cell
        return codes

    def decode(
        self,
        codes: np.ndarray,
        rng: np.random.Generator,
        counts: Mapping[str, np.ndarray] | None = None,
    ) -> pd.DataFrame:
        """A table from cells, shape (rows, heads); values are drawn inside them."""
        columns = {}
        for place, head in enumerate(self.heads):
            cell = codes[:, place]
            for name in reversed(head.variables):
                size = self.cells[name].size
                columns[name] = self.cells[name].coded.decode(cell % size, rng)
                cell = cell // size
        table = pd.DataFrame({name: columns[name] for name in self.columns})
        return self.dictionary.derive(self.dictionary.conform(table))

    def _head(self, names: tuple[str, ...]) -> Head:
        parts = [self.cells[name] for name in names]
        basis, widths = np.ones((1, 1)), np.zeros(1)
        levels = np.zeros(1)
        for one in parts:
            basis = np.kron(basis, one.basis)
            widths = np.add.outer(widths, one.log_width).ravel()
            levels = np.add.outer(levels, _level(one)).ravel()
        kind = "survival" if len(parts) > 1 else parts[0].likelihood
        return Head(names, kind, basis, widths, levels)


def _level(cells: Cells) -> np.ndarray:
    """Log chances beforehand: even within what is plausible, and the share usually missing."""
    level = np.zeros(cells.size)
    variable = cells.coded.variable
    if variable.plausible is not None and cells.coded.edges:
        edges = np.asarray(cells.coded.edges)
        low, high = variable.plausible
        outside = (edges[1:] <= low) | (edges[:-1] >= high)
        level[: cells.coded.present][outside] = _IMPLAUSIBLE
    if variable.missing:
        share = variable.expected_missing
        share = _USUALLY_MISSING if share is None else share
        share = min(max(share, _LEAST_MISSING), _MOST_MISSING)
        present = np.exp(cells.log_width[:-1] + level[:-1]).sum()
        level[-1] = np.log(share / (1 - share) * present)
    return level
