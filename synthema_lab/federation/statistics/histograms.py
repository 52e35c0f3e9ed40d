"""How many patients are in each bin of a variable, over all sites?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...dictionary.variable import plain
from ...errors import ArgumentRefused
from .disclosure import DisclosureRefused, hidden_entries, named_unless_shown, shown_count
from .display import Shown, span, text, with_holes
from .grid import DAYS, finest_interval
from .levels import numeric
from .noise import Sensitivity
from .shares import wilson

if TYPE_CHECKING:
    from .consortium import Consortium


@dataclass(frozen=True, eq=False, repr=False)
class Histogram(Shown):
    """Patients in each bin of a variable.

    Attributes
    ----------
    variable : str
    unit : str
    edges : numpy.ndarray of float64, shape (bins + 1,)
        Bins ``[e0, e1), ..., [ek-1, ek]``.
    counts : pandas IntegerArray, shape (bins,)
        Missing where hidden.
    n, outside, unused : int or None
        Patients in the bins, outside of them, and without a value.
    share, low, high : numpy.ndarray of float64, shape (bins,)
        Share of the patients in the bins with Wilson's 95% interval; NaN where hidden.
    suppressed : tuple of str
    noise_sd : float
    """

    variable: str
    unit: str
    edges: np.ndarray
    counts: pd.arrays.IntegerArray
    n: int | None
    outside: int | None
    unused: int | None
    share: np.ndarray
    low: np.ndarray
    high: np.ndarray
    suppressed: tuple[str, ...] = ()
    noise_sd: float = 0.0

    @property
    def bins(self) -> tuple[str, ...]:
        """The bins in words."""
        return bins_in_words(self.edges)

    def table(self) -> pd.DataFrame:
        """The histogram, one bin a line."""
        return pd.DataFrame(
            {
                "from": self.edges[:-1],
                "to": self.edges[1:],
                "patients": self.counts,
                "share": self.share,
                "low": self.low,
                "high": self.high,
            }
        )

    def _title(self) -> str:
        return f"{self.variable}{self.unit}: {text(self.n)} patients" + (
            f", noise with standard deviation {text(self.noise_sd)}" if self.noise_sd else ""
        )

    def _shown(self) -> pd.DataFrame:
        holes = np.isnan(self.share)
        return pd.DataFrame(
            {
                "patients": [text(None if pd.isna(value) else value) for value in self.counts],
                "share": [text(None if h else s) for s, h in zip(self.share, holes, strict=True)],
                "95% interval": [
                    span(None if hole else low, high)
                    for low, high, hole in zip(self.low, self.high, holes, strict=True)
                ],
            },
            index=list(self.bins),
        )

    def _notes(self) -> tuple[str, ...]:
        return (
            *super()._notes(),
            f"Outside the bins: {text(self.outside)}. Missing: {text(self.unused)}.",
        )


def histogram(
    consortium: Consortium,
    variable: str,
    bins: Sequence[float] | None = None,
    *,
    where: str | None = None,
) -> Histogram:
    """Count patients in public bins of a variable, over all sites.

    Parameters
    ----------
    consortium : Consortium
    variable : str
        A number or an integer. For categories see `contingency`.
    bins : sequence of float, optional
        Increasing edges; the dictionary's if not given.
    where : str, optional
        A condition in the dictionary's rule language.

    Returns
    -------
    Histogram

    Raises
    ------
    ArgumentRefused
        If the variable is not numeric or there are no bins.
    DisclosureRefused
        If given bins of a time are narrower than the finest interval of a time grid.
    DataMismatch, BudgetExhausted

    Notes
    -----
    A patient is in one bin, outside, or without a value: the sensitivity is
    one in one cell. The number in the bins is treated as shown, so that a
    single small bin hides another one.

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> from synthema_lab.federation.statistics import Consortium
    >>> cohort = load_cohort("leuksurv")
    >>> consortium = Consortium(cohort.sites(), cohort.dictionary)
    >>> histogram(consortium, "age_years", bins=[14, 41, 61, 71, 105]).counts.tolist()
    [167, 259, 235, 382]
    """
    asked = numeric(consortium.variable(variable))
    edges = _edges(asked.bins if bins is None else bins, variable)
    if bins is not None and asked.unit in DAYS:
        finest = finest_interval(consortium, asked)
        if np.diff(edges).min() < finest * (1 - 1e-9):
            raise DisclosureRefused(
                f"The bins of {variable} are so narrow that they show single patients.",
                f"Bins of at least {plain(finest)} {asked.unit}.",
                "Leave out bins= to use those of the dictionary, or use wider ones.",
            )
    opened = consortium.sum(
        f"histogram of {variable}" + (f" where {where}" if where else ""),
        partial(local_histogram, variable=variable, edges=edges),
        variables=(variable,),
        where=where,
        sensitivity=Sensitivity(),
        unused=True,
        table=True,
        key=("histogram", variable, tuple(edges.tolist()), where),
    )
    opened = np.maximum(opened, 0)
    counts = opened[:-2]
    hidden = hidden_entries(counts, consortium.smallest_cell)
    if consortium.zeroed:
        hidden[:-1] |= counts == 0
        hidden[-1] |= bool((counts == 0).any())
    share, low, high = wilson(counts, float(counts.sum()), consortium.noise_variance())
    gone = hidden[:-1] | hidden[-1]
    rule = consortium.smallest_cell, consortium.zeroed
    outside, unused = (shown_count(int(number), *rule) for number in opened[-2:])
    names = zip(bins_in_words(edges), hidden[:-1], strict=True)
    suppressed = tuple(name for name, off in names if off)
    return Histogram(
        variable,
        f" ({asked.unit})" if asked.unit else "",
        edges,
        with_holes(counts, hidden[:-1]),
        None if hidden[-1] else int(counts.sum()),
        outside,
        unused,
        *(np.where(gone, np.nan, values) for values in (share, low, high)),
        suppressed + named_unless_shown(outside=outside, missing=unused),
        consortium.noise_variance() ** 0.5,
    )


def local_histogram(patients: pd.DataFrame, variable: str, edges: np.ndarray) -> np.ndarray:
    """The local part: patients in each bin, and outside all of them.

    Returns
    -------
    numpy.ndarray of int64, shape (bins + 1,)

    Examples
    --------
    >>> site = pd.DataFrame({"age": [14, 40, 41, 105, 3]})
    >>> local_histogram(site, "age", np.array([14.0, 41.0, 105.0])).tolist()
    [2, 2, 1]
    """
    values = patients[variable].to_numpy(dtype=np.float64)
    bins = len(edges) - 1
    place = np.searchsorted(edges, values, side="right") - 1
    place = np.where(values == edges[-1], bins - 1, place)
    outside = (values < edges[0]) | (values > edges[-1])
    return np.bincount(np.where(outside, bins, place), minlength=bins + 1)


def bins_in_words(edges: np.ndarray) -> tuple[str, ...]:
    """``"14 to 41"`` and so on; the upper edge belongs to the next bin but for the last.

    Examples
    --------
    >>> bins_in_words(np.array([14.0, 41.0, 105.0]))
    ('14 to <41', '41 to 105')
    """
    last = len(edges) - 2
    return tuple(
        f"{plain(edges[at])} to {'' if at == last else '<'}{plain(edges[at + 1])}"
        for at in range(last + 1)
    )


def _edges(bins: Sequence[float], variable: str) -> np.ndarray:
    try:
        edges = np.asarray(bins, dtype=np.float64)
    except (TypeError, ValueError):
        edges = np.array([np.nan])
    if edges.ndim != 1 or len(edges) < 2 or not np.all(np.diff(edges) > 0):
        raise ArgumentRefused(
            f"There are no bins for {variable}.",
            "At least two edges, increasing, from the dictionary or given.",
            f'Use histogram(consortium, "{variable}", bins=[0, 10, 20]).',
        )
    return edges
