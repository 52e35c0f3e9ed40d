"""How does a patient become a row of public categories, and back?

The encoder is built from the data dictionary and never from data: bins,
categories and limits learnt from patients would leak. A variable becomes a
code from 0; a variable that may be missing has one more code for that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..dictionary import DataDictionary, Variable
from ..errors import DataMismatch
from .patterns import Digits, Panel, patterns_of
from .within_bins import BinShape

_OF_TIME = ("d", "wk", "mo", "a")
"""Units of UCUM in which times are recorded."""
_SMALL_RANGE = 32


@dataclass(frozen=True)
class CodedVariable:
    """One variable and its public codes.

    Attributes
    ----------
    variable : Variable
    edges : tuple of float
        Bin edges of a number or integer, ``()`` for categories.
    levels : tuple
        Categories (or 0 and 1) in order, ``()`` for binned variables.
    """

    variable: Variable
    edges: tuple[float, ...]
    levels: tuple[object, ...]

    @property
    def present(self) -> int:
        """Number of codes that stand for a value."""
        return len(self.levels) or len(self.edges) - 1

    @property
    def size(self) -> int:
        """Number of codes, the one for missing included."""
        return self.present + int(self.variable.missing)

    def encode(self, values: pd.Series) -> np.ndarray:
        """Codes of a conformed column, shape (patients,); -1 where it has none."""
        gone = values.isna().to_numpy()
        codes = np.full(len(values), -1, dtype=np.int64)
        if self.levels:
            position = {level: code for code, level in enumerate(self.levels)}
            codes[~gone] = [position.get(level, -1) for level in values[~gone]]
        else:
            numbers = values[~gone].to_numpy(dtype=float)
            inside = (numbers >= self.edges[0]) & (numbers <= self.edges[-1])
            found = np.searchsorted(self.edges, numbers, side="right") - 1
            codes[~gone] = np.where(inside, np.minimum(found, self.present - 1), -1)
        if self.variable.missing:
            codes[gone] = self.present
        return codes

    def decode(
        self, codes: np.ndarray, rng: np.random.Generator, counts: np.ndarray | None = None,
        digits: tuple[Digits, np.ndarray] | None = None,
    ) -> pd.Series:  # fmt: skip
        """Values drawn inside each code's bin; never a value of a patient.

        Parameters
        ----------
        codes : numpy.ndarray of int, shape (rows,)
        rng : numpy.random.Generator
        counts : numpy.ndarray, shape (present codes,), optional
            Opened counts that give the density inside the bins its slope.
        digits : (Digits, numpy.ndarray of int, shape (rows,)), optional
            To which step each value is rounded.
        """
        gone = codes == self.present
        known = np.where(gone, 0, codes)
        if self.levels:
            values = pd.Series(np.asarray(self.levels, dtype=object)[known], dtype=object)
            values[gone] = None
            return values
        # A recorded value owns the step that starts at it: the closed last edge is a step wider.
        edges = np.asarray(self.edges)
        step = 1.0 if self.variable.type == "integer" else self.variable.resolution
        wide = np.append(edges[:-1], edges[-1] + (step or 0.0))
        log = self.variable.within_bin == "log"
        # Who is followed for long is censored, so that times fall off faster than their logarithm.
        log_tail = log and self.variable.unit not in _OF_TIME
        drawn = BinShape(wide, counts, log, log_tail).draw(known, rng)
        if step:
            drawn = np.round(np.floor(drawn / step + 1e-9) * step, 9)
        top = edges[known + 1]
        if step:
            # Bins exclude their upper edge, except the last.
            top = np.where(known == self.present - 1, top, top - step)
        top = np.maximum(top, edges[known])
        drawn = np.clip(drawn, edges[known], top)
        if digits is not None:
            drawn = digits[0].rounded(drawn, digits[1], edges[known], top)
        values = pd.Series(drawn, dtype=float)
        values[gone] = np.nan
        return values


class Encoder:
    """Public codes for the modelled variables of a table.

    Parameters
    ----------
    dictionary : DataDictionary
    columns : sequence of str
        Variables of the table; those the dictionary models are encoded, in the
        dictionary's order.
    patterns : bool
        Whether codes follow for the dictionary's patterns (see `patterns`).

    Attributes
    ----------
    columns : tuple of str
        The table's variables that are encoded.
    coded : dict of str to CodedVariable, Panel or Digits
        By name, the variables first.
    """

    def __init__(
        self, dictionary: DataDictionary, columns: Sequence[str], patterns: bool = False
    ) -> None:
        self.dictionary = dictionary
        self.columns = tuple(name for name in dictionary.modelled if name in set(columns))
        self.coded: dict[str, CodedVariable | Panel | Digits] = {
            name: _coded(dictionary.variables[name]) for name in self.columns
        }
        self.patterns = patterns_of(dictionary, self.columns) if patterns else ()
        self.coded |= {pattern.name: pattern for pattern in self.patterns}
        if not self.columns:
            raise DataMismatch(
                "The table has no variable that can be modelled.",
                f"At least one of: {', '.join(dictionary.modelled)}.",
                f"Check the column names: synthema data check FILE --dictionary {dictionary.name}",
            )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of what has codes, the variables first, then the patterns."""
        return tuple(self.coded)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of codes of each."""
        return tuple(one.size for one in self.coded.values())

    def encode(self, patients: pd.DataFrame) -> np.ndarray:
        """Codes of a table.

        Parameters
        ----------
        patients : pandas.DataFrame
            Conformed to the dictionary.

        Returns
        -------
        numpy.ndarray of int64, shape (patients, variables and patterns)

        Raises
        ------
        DataMismatch
            If a value has no code: outside its range, an unknown category, or
            missing where the dictionary does not allow it.
        """
        codes = np.empty((len(patients), len(self.coded)), dtype=np.int64)
        for place, name in enumerate(self.columns):
            codes[:, place] = self.coded[name].encode(patients[name])
            outside = np.flatnonzero(codes[:, place] < 0)
            if outside.size:
                rows = ", ".join(str(row + 1) for row in outside[:5])
                raise DataMismatch(
                    f"'{name}' has {outside.size} value(s) without a code (rows {rows}"
                    f"{', ...' if outside.size > 5 else ''}).",
                    "Values inside the dictionary's range or categories, missing only where "
                    "it allows that.",
                    "See every finding: synthema data check FILE --dictionary "
                    f"{self.dictionary.name}",
                )
        for place, pattern in enumerate(self.patterns, start=len(self.columns)):
            codes[:, place] = pattern.encode(patients)
        return codes

    def decode(
        self,
        codes: np.ndarray,
        rng: np.random.Generator,
        counts: Mapping[str, np.ndarray] | None = None,
    ) -> pd.DataFrame:
        """A table in the dictionary's types, derived variables recomputed.

        Parameters
        ----------
        codes : numpy.ndarray of int, shape (rows, variables and patterns)
        rng : numpy.random.Generator
            Decides where inside a bin a value falls.
        counts : mapping of str to numpy.ndarray, optional
            Opened one-way counts a variable; see `BinShape`.
        """
        given = counts or {}
        digits = {
            pattern.variable.name: (pattern, codes[:, place])
            for place, pattern in enumerate(self.patterns, start=len(self.columns))
            if isinstance(pattern, Digits)
        }
        columns = {
            name: self.coded[name].decode(codes[:, place], rng, given.get(name), digits.get(name))
            for place, name in enumerate(self.columns)
        }
        return self.dictionary.derive(self.dictionary.conform(pd.DataFrame(columns)))


def _coded(variable: Variable) -> CodedVariable:
    if variable.type == "boolean":
        return CodedVariable(variable, (), (0, 1))
    if variable.type == "category":
        return CodedVariable(variable, (), tuple(variable.categories))
    if variable.bins:
        return CodedVariable(variable, tuple(float(edge) for edge in variable.bins), ())
    low, high = variable.range or (0.0, float("inf"))
    if variable.type == "integer" and high - low < _SMALL_RANGE:
        return CodedVariable(variable, (), tuple(range(int(low), int(high) + 1)))
    raise DataMismatch(
        f"'{variable.name}' has no bins in the dictionary.",
        "Public bin edges for every number, and for whole numbers with more than "
        f"{_SMALL_RANGE} values.",
        f"Add bins: [...] to '{variable.name}' in the dictionary.",
    )
