"""What does a row tell beside its values: what was examined, and what was rounded?

Two kinds of public pattern that a dictionary declares. Variables of a panel are
missing together, which pairs of them would need many counts to say and one
further variable says with three. A number that people like to round keeps its
heaps. A model learns the patterns as it learns variables; no column holds them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..dictionary import DataDictionary, Variable

_WHOLE = 1e-6


@dataclass(frozen=True)
class Panel:
    """Whether all, some or none of the variables of an examination are there.

    Parameters
    ----------
    name : str
    members : tuple of str

    Examples
    --------
    >>> karyotype = Panel("karyotype", ("inv16", "t_8_21"))
    >>> found = pd.DataFrame({"inv16": [1, None, None], "t_8_21": [0, 0, None]})
    >>> karyotype.encode(found).tolist()
    [0, 1, 2]
    """

    name: str
    members: tuple[str, ...]

    @property
    def present(self) -> int:
        """Number of codes; none of them means missing."""
        return 3

    size = present

    def encode(self, patients: pd.DataFrame) -> np.ndarray:
        """0 where all are there, 1 where some are, 2 where none is; shape (patients,)."""
        gone = patients[list(self.members)].isna().to_numpy().sum(axis=1)
        return np.where(gone == 0, 0, np.where(gone == len(self.members), 2, 1))


@dataclass(frozen=True)
class Digits:
    """To which of its steps of digit preference a number was rounded.

    Parameters
    ----------
    variable : Variable
        With ``digits``.

    Examples
    --------
    >>> blasts = DataDictionary.load("aml").variables.bm_blasts_pct
    >>> Digits(blasts).encode(pd.DataFrame({"bm_blasts_pct": [37, 35, 40, None]})).tolist()
    [0, 1, 2, 0]
    """

    variable: Variable

    @property
    def name(self) -> str:
        """What the pattern is called in a model."""
        return f"{self.variable.name} (digits)"

    @property
    def present(self) -> int:
        """Number of codes; none of them means missing."""
        return len(self.variable.digits) + 1

    size = present

    def encode(self, patients: pd.DataFrame) -> np.ndarray:
        """How many of the steps a value is a multiple of; 0 where there is none."""
        return self._code(patients[self.variable.name].astype(float).to_numpy())

    def rounded(
        self, values: np.ndarray, codes: np.ndarray, low: np.ndarray, high: np.ndarray
    ) -> np.ndarray:
        """Values moved to the nearest one of their bin that has their code, if there is one.

        Parameters
        ----------
        values : numpy.ndarray of float, shape (rows,)
        codes : numpy.ndarray of int, shape (rows,)
        low, high : numpy.ndarray of float, shape (rows,)
            Smallest and largest value of each value's bin.
        """
        moved = values.copy()
        groups, which = np.unique(np.column_stack([low, high, codes]), axis=0, return_inverse=True)
        for number, (first, last, code) in enumerate(groups):
            those = which.ravel() == number
            may = self._recorded(first, last)
            may = may[self._code(may) == code]
            if len(may):
                between = (may[1:] + may[:-1]) / 2
                moved[those] = may[np.searchsorted(between, values[those])]
        return moved

    def possible(self, low: float, high: float) -> list[bool]:
        """For each code, whether a value from `low` to `high` can have it.

        Examples
        --------
        >>> blasts = DataDictionary.load("aml").variables.bm_blasts_pct
        >>> Digits(blasts).possible(5, 9)
        [True, True, False]
        """
        codes = self._code(self._recorded(low, high))
        return [code in codes for code in range(self.size)]

    def _recorded(self, low: float, high: float) -> np.ndarray:
        """Every value that can be recorded from `low` to `high`."""
        step = self.variable.resolution or 1.0
        return np.round(np.arange(np.round(low / step), np.round(high / step) + 1) * step, 9)

    def _code(self, values: np.ndarray) -> np.ndarray:
        multiples = values[:, None] / np.asarray(self.variable.digits)
        return (np.abs(multiples - np.round(multiples)) < _WHOLE).sum(axis=1)


def patterns_of(dictionary: DataDictionary, columns: tuple[str, ...]) -> tuple[Panel | Digits, ...]:
    """The patterns that a table with these columns can have."""
    panels = [
        Panel(name, here)
        for name, members in dictionary.panels.items()
        if len(here := tuple(member for member in members if member in columns)) > 1
    ]
    rounded = [dictionary.variables[name] for name in columns]
    return (*panels, *(Digits(variable) for variable in rounded if variable.digits))
