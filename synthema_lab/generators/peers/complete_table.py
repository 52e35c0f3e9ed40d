"""How does a table with missing values become one that any plug-in takes, and back?

Most plug-ins refuse a gap, some read a wide category as a number, and constant
columns break several. So: a missing category is one more level; a missing
number becomes a column that says so beside the value, and the gap is filled
from the other patients, which is discarded again wherever that column says
missing. Variables that are missing in the same patients, such as the findings
of one test, share the column. Few levels are counted from 0. A variable that
the dictionary calls logarithmic is learnt on the logarithm. What never varies
is set aside and put back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...dictionary import DataDictionary, Variable

_FEW = 15
"""The library turns fewer distinct values than this into levels of its own."""


@dataclass(frozen=True)
class _Coded:
    """How one variable was given to the plug-in."""

    variable: Variable
    levels: np.ndarray | None  # of a variable with few values, NaN last for missing
    offset: float | None  # added before the logarithm
    gaps: str  # the column that says where it is missing, if one does
    learnt: bool  # its value varies


class CompleteTable:
    """A table without gaps, made from one with gaps.

    Parameters
    ----------
    numbers : numpy.ndarray, shape (patients, columns)
        As `plain_numbers.to_numbers` gives them.
    columns : sequence of str
    dictionary : DataDictionary
    rng : numpy.random.Generator
        Chooses what fills a gap.
    plain : sequence of str
        Variables that are given as they are: without gaps, not on the
        logarithm, not as levels.

    Attributes
    ----------
    table : pandas.DataFrame
        Columns named by place, ``v0`` for a value and ``m0`` for a gap.
    """

    def __init__(
        self,
        numbers: np.ndarray,
        columns: Sequence[str],
        dictionary: DataDictionary,
        rng: np.random.Generator,
        plain: Sequence[str] = (),
    ) -> None:
        self.columns = tuple(columns)
        self._coded: list[_Coded] = []
        missing = np.isnan(numbers)
        first, times = _patterns(missing)
        given = {}
        for place, name in enumerate(self.columns):
            variable, values, gone = (
                dictionary.variables[name],
                numbers[:, place],
                missing[:, place],
            )
            known = np.unique(values[~gone])
            few = not variable.numeric or (known.size < _FEW and name not in plain)
            level = few and (times[place] == 1 or known.size == 0)  # missing is one of the levels
            levels = np.append(known, np.nan) if level and gone.any() else known
            gaps = f"m{first[place]}" if gone.any() and not level else ""
            offset = None if name in plain or few else _offset(variable)
            coded = _Coded(variable, levels if few else None, offset, gaps, len(levels) > 1)
            self._coded.append(coded)
            if gaps:
                values = values.copy()
                values[gone] = rng.choice(values[~gone], gone.sum())
                given[gaps] = gone.astype(int)
            if few and coded.learnt:
                codes = np.where(np.isnan(values), len(known), np.searchsorted(known, values))
                given[f"v{place}"] = codes.astype(int)
            elif coded.learnt:
                whole = variable.type == "integer" and offset is None
                given[f"v{place}"] = (
                    values.astype(int) if whole else _transformed(values, variable, offset)
                )
        self.table = pd.DataFrame(given)

    def restored(self, drawn: pd.DataFrame) -> np.ndarray:
        """Numbers in the table's own units, gaps put back.

        Parameters
        ----------
        drawn : pandas.DataFrame
            With the columns of `table`; further ones are ignored.

        Returns
        -------
        numpy.ndarray of float64, shape (rows, columns)
            Rounded to each variable's resolution. Infinite where a value was
            drawn that stands for nothing; limits are not looked at.
        """
        numbers = np.empty((len(drawn), len(self.columns)))
        for place, coded in enumerate(self._coded):
            if not coded.learnt:
                numbers[:, place] = coded.levels[0]
            elif coded.levels is not None:
                values = drawn[f"v{place}"].to_numpy(dtype=float)
                codes = np.rint(np.where(np.isfinite(values), values, -1))
                known = (codes >= 0) & (codes < len(coded.levels))
                levels = coded.levels[np.where(known, codes, 0).astype(int)]
                numbers[:, place] = np.where(known, levels, np.inf)
            else:
                numbers[:, place] = _rounded(drawn[f"v{place}"].to_numpy(dtype=float), coded)
            if coded.gaps:
                numbers[drawn[coded.gaps].to_numpy(dtype=float) > 0.5, place] = np.nan
        return numbers


def _patterns(missing: np.ndarray) -> tuple[list[int], list[int]]:
    """For each column the first that is missing in the same rows, and how many are."""
    same = [column.tobytes() for column in missing.T]
    return [same.index(one) for one in same], [same.count(one) for one in same]


def _offset(variable: Variable) -> float | None:
    """Half the first bin's width for a variable on the logarithm: public, as its bins are."""
    if variable.within_bin != "log" or len(variable.bins) < 2:
        return None
    return (variable.bins[1] - variable.bins[0]) / 2


def _transformed(values: np.ndarray, variable: Variable, offset: float | None) -> np.ndarray:
    return values if offset is None else np.log(values - variable.bins[0] + offset)


def _rounded(values: np.ndarray, coded: _Coded) -> np.ndarray:
    variable = coded.variable
    values = np.where(np.isfinite(values), values, np.inf)
    if coded.offset is not None:
        values = np.exp(np.minimum(values, 700.0)) - coded.offset + variable.bins[0]
    step = 1.0 if variable.type == "integer" else variable.resolution
    return np.round(np.round(values / step) * step, 9) if step else values
