"""Which values are told apart, and what is drawn for a code?

A category is a code. A number that many patients share, such as a rounded
percentage, is a code of its own. All other numbers lie in intervals that hold at
least as many patients; a value is drawn evenly inside one, on the logarithm where
the dictionary says so. So a value that few patients have is never copied: that one
is met again has the probability that the resolution gives.

Unlike the public codes of `encoder`, these are learnt from patients.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...dictionary import Variable

_SMALL_RANGE = 32


@dataclass(frozen=True, eq=False)
class Intervals:
    """The codes of one variable: one for each category or interval, the last for missing.

    Attributes
    ----------
    variable : Variable
    low, high : numpy.ndarray of float, shape (codes without missing,)
        Ends of the intervals in steps of the variable's resolution, the upper one
        not included; equal where the code is one value. Empty for categories.

    Examples
    --------
    >>> variable = Variable("hb", "Haemoglobin", "number", range=(2, 20), resolution=0.1)
    >>> values = np.repeat([7.0, 8.1, 8.2, 9.0], [12, 4, 6, 15])
    >>> learnt = learn_intervals(variable, pd.Series(values), smooth_over=10)
    >>> learnt.values(np.array([0, 2, 3]), np.random.default_rng(0)).tolist()
    [7.0, 9.0, nan]
    >>> bool(8 < learnt.values(np.array([1]), np.random.default_rng(0))[0] < 8.4)
    True
    """

    variable: Variable
    low: np.ndarray
    high: np.ndarray

    @property
    def levels(self) -> tuple[str, ...]:
        """Categories in order; empty for numbers."""
        if self.variable.type == "boolean":
            return ("0", "1")
        return tuple(self.variable.categories) if self.variable.type == "category" else ()

    @property
    def missing(self) -> int:
        """The code for missing, which is the last."""
        return len(self.levels) or self.low.size

    @property
    def ordered(self) -> bool:
        """Whether the order of the codes means something."""
        return len(self.levels) <= 2

    def codes(self, column: pd.Series) -> np.ndarray:
        """Codes of the patients it was learnt from, shape (patients,)."""
        if self.variable.type == "category":
            found = column.cat.codes.to_numpy().astype(np.int64)
            return np.where(found < 0, self.missing, found)
        values = column.to_numpy(dtype=float, na_value=np.nan)
        if self.variable.type == "boolean":
            return np.where(np.isnan(values), 2, np.nan_to_num(values)).astype(np.int64)
        codes = np.full(len(values), self.missing, dtype=np.int64)
        there = ~np.isnan(values)
        if there.any():
            codes[there] = self._nearest(_steps(values[there], _step(self.variable)))
        return codes

    def values(self, codes: np.ndarray, rng: np.random.Generator) -> pd.Series:
        """Values drawn for codes, in the dictionary's type.

        Parameters
        ----------
        codes : numpy.ndarray of int, shape (rows,)
        rng : numpy.random.Generator

        Returns
        -------
        pandas.Series
        """
        gone = codes == self.missing
        if self.variable.type == "category":
            return pd.Series(
                pd.Categorical.from_codes(np.where(gone, -1, codes), categories=list(self.levels))
            )
        if self.variable.type == "boolean":
            return pd.Series(pd.arrays.IntegerArray(np.where(gone, 0, codes), gone))
        share = rng.random(len(codes))
        if self.missing == 0:
            drawn = np.full(len(codes), np.nan)
        else:
            known = np.where(gone, 0, codes)
            drawn = self._inside(self.low[known], self.high[known], share)
        if self.variable.type == "integer":
            whole = np.where(gone, 0, drawn).astype(np.int64)
            return pd.Series(pd.arrays.IntegerArray(whole, gone))
        return pd.Series(np.where(gone, np.nan, drawn))

    def _inside(self, low: np.ndarray, high: np.ndarray, share: np.ndarray) -> np.ndarray:
        drawn = low + share * (high - low)
        if self.variable.within_bin == "log":
            safe = np.where(low > 0, low, 1.0)
            curved = safe * (np.where(low > 0, high, 1.0) / safe) ** share
            drawn = np.where(low > 0, curved, drawn)
        step = _step(self.variable)
        if step is None:
            return drawn
        drawn = np.where(high > low, np.clip(np.floor(drawn), low, high - 1), low)
        return np.round(drawn * step, 9)

    def _nearest(self, steps: np.ndarray) -> np.ndarray:
        """The code of one value where there is one, else of the interval that it lies in."""
        single = np.flatnonzero(self.high == self.low)
        wide = np.flatnonzero(self.high > self.low)
        codes = np.zeros(len(steps), dtype=np.int64)
        if wide.size:
            place = np.searchsorted(self.low[wide], steps, side="right") - 1
            codes = wide[np.clip(place, 0, wide.size - 1)]
        if single.size:
            values = self.low[single]
            place = np.clip(np.searchsorted(values, steps), 0, single.size - 1)
            before = np.maximum(place - 1, 0)
            closer = np.abs(values[before] - steps) < np.abs(values[place] - steps)
            nearest = np.where(closer, before, place)
            chosen = (values[nearest] == steps) | (wide.size == 0)
            codes = np.where(chosen, single[nearest], codes)
        return codes


def learn_intervals(variable: Variable, column: pd.Series, smooth_over: int) -> Intervals:
    """Intervals with at least `smooth_over` patients each.

    Parameters
    ----------
    variable : Variable
    column : pandas.Series
        Conformed, of the patients.
    smooth_over : int

    Returns
    -------
    Intervals
    """
    nothing = np.empty(0)
    if not variable.numeric:
        return Intervals(variable, nothing, nothing)
    if variable.type == "integer" and variable.range and np.ptp(variable.range) < _SMALL_RANGE:
        whole = np.arange(variable.range[0], variable.range[1] + 1, dtype=float)
        return Intervals(variable, whole, whole)
    values = column.to_numpy(dtype=float, na_value=np.nan)
    steps, counts = np.unique(
        _steps(values[~np.isnan(values)], _step(variable)), return_counts=True
    )
    common = counts >= smooth_over
    low, high = _grouped(variable, steps[~common], counts[~common], smooth_over, common.any())
    low, high = np.r_[low, steps[common]], np.r_[high, steps[common]]
    order = np.argsort((low + high) / 2, kind="stable")
    return Intervals(variable, low[order], high[order])


def _grouped(
    variable: Variable, steps: np.ndarray, counts: np.ndarray, smooth_over: int, others: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Ends of intervals over values that few share; none where a common value takes them."""
    groups = int(counts.sum() // smooth_over)
    if steps.size == 0 or (groups == 0 and others):
        return np.empty(0), np.empty(0)
    # The first value of each group: cut where enough patients have been passed.
    starts, passed = [0], 0
    for place, count in enumerate(counts):
        if passed >= smooth_over:
            starts.append(place)
            passed = 0
        passed += int(count)
    if passed < smooth_over and len(starts) > 1:
        starts.pop()  # the last would hold too few: it joins the one before
    log = variable.within_bin == "log" and bool(steps[0] > 0)
    scale = np.log(steps) if log else steps
    cuts = np.array([(steps[start - 1] + steps[start]) / 2 for start in starts[1:]])
    last = len(starts) - 1
    ends = []
    for group, upward in ((0, False), (last, True)):
        inside = slice(starts[group], starts[group + 1] if group < last else None)
        mean = np.average(scale[inside], weights=counts[inside])
        if last:
            # The end that gives the interval the mean of its patients: no patient's own value.
            known = cuts[-1 if upward else 0]
            end = 2 * mean - (np.log(known) if log else known)
        else:
            spread = np.sqrt(3 * np.average((scale - mean) ** 2, weights=counts))
            end = mean + spread if upward else mean - spread
        ends.append(float(np.exp(end) if log else end))
    low, high = np.r_[ends[0], cuts], np.r_[cuts, ends[1]]
    step = _step(variable)
    floor, top = variable.range or (-np.inf, np.inf)
    if step is None:
        low, high = np.clip(low, floor, top), np.clip(high, floor, top)
        return low, np.maximum(high, np.nextafter(low, np.inf))
    low, high = np.ceil(low), np.ceil(high)
    low = np.clip(low, np.ceil(floor / step - 1e-9), np.floor(top / step + 1e-9))
    high = np.minimum(high, np.floor(top / step + 1e-9) + 1)
    return low, np.maximum(high, low + 1)


def _step(variable: Variable) -> float | None:
    return 1.0 if variable.type == "integer" else variable.resolution


def _steps(values: np.ndarray, step: float | None) -> np.ndarray:
    return values if step is None else np.rint(values / step)
