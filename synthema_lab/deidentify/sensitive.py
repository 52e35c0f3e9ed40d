"""What does belonging to a class give away about a sensitive value?

l-diversity (Machanavajjhala et al. 2007): how many different sensitive values a
class holds, counted (distinct) or weighed (the exponential of the entropy).
t-closeness (Li, Li and Venkatasubramanian 2007): how far the values of a class
lie from those of all, as earth mover's distance, with equal distances between
categories and rank distances between numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from synthema_lab.deidentify.classes import EquivalenceClasses, value_codes
from synthema_lab.dictionary import DataDictionary

CELLS_AT_ONCE = 4_000_000


@dataclass(frozen=True, eq=False)
class Sensitive:
    """A sensitive variable as codes.

    Attributes
    ----------
    name : str
    codes : ndarray of int64, shape (rows,)
        From 0; for numbers in increasing order.
    ordered : bool
        Whether distances between codes count (numbers) or not (categories).
    """

    name: str
    codes: np.ndarray = field(repr=False)
    ordered: bool


@dataclass(frozen=True, eq=False)
class Diversity:
    """What each class gives away about one sensitive variable.

    Attributes
    ----------
    name : str
    distinct : ndarray of int64, shape (classes,)
        Different values in each class.
    entropy : ndarray of float64, shape (classes,)
        Effective number of values: the exponential of the entropy in nats.
    distance : ndarray of float64, shape (classes,)
        Earth mover's distance from all patients, 0 to 1.
    """

    name: str
    distinct: np.ndarray = field(repr=False)
    entropy: np.ndarray = field(repr=False)
    distance: np.ndarray = field(repr=False)

    @property
    def l(self) -> int:  # noqa: E743
        """The least number of different values in a class."""
        return int(self.distinct.min()) if self.distinct.size else 0

    @property
    def entropy_l(self) -> float:
        """The least effective number of values in a class."""
        return float(self.entropy.min()) if self.entropy.size else 0.0

    @property
    def t(self) -> float:
        """The largest distance of a class from all patients."""
        return float(self.distance.max()) if self.distance.size else 0.0


def sensitive_codes(column: pd.Series, dictionary: DataDictionary | None = None) -> Sensitive:
    """Code a sensitive column; numbers fall into the dictionary's public bins if it has any.

    Without bins each distinct number is a value, and then nearly every class is
    diverse by accident: 71.2 and 71.3 count as two.

    Examples
    --------
    >>> sensitive_codes(pd.Series([3.0, 1.0, 3.0], name="x")).codes.tolist()
    [1, 0, 1]
    """
    name = str(column.name)
    variable = None if dictionary is None else dictionary.variables.get(name)
    numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if not numeric:
        return Sensitive(name, value_codes(column), ordered=False)
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    missing = np.isnan(values)
    if variable is not None and len(variable.bins) > 2:
        codes = np.searchsorted(np.array(variable.bins[1:-1]), values, side="right")
        width = len(variable.bins) - 1
    else:
        distinct = np.unique(values[~missing])
        codes, width = np.searchsorted(distinct, values), len(distinct)
    return Sensitive(name, np.where(missing, width, codes).astype(np.int64), ordered=True)


def diversity(classes: EquivalenceClasses, sensitive: Sensitive) -> Diversity:
    """l-diversity and t-closeness of every class for one sensitive variable.

    Examples
    --------
    >>> from synthema_lab.deidentify.classes import group
    >>> classes = group([np.array([0, 0, 1, 1])], 4)
    >>> found = diversity(classes, Sensitive("genotype", np.array([0, 1, 0, 0]), ordered=False))
    >>> found.l, round(found.entropy_l, 2), found.t
    (1, 1.0, 0.25)
    """
    values, codes = np.unique(sensitive.codes, return_inverse=True)
    width, count = max(1, values.size), classes.sizes.size
    pairs, held = np.unique(classes.of_row * width + codes, return_counts=True)
    of_class, value = pairs // width, pairs % width
    distinct = np.bincount(of_class, minlength=count)
    weighed = np.bincount(of_class, weights=held * np.log(held), minlength=count)
    entropy = np.exp(np.log(np.maximum(classes.sizes, 1)) - weighed / np.maximum(classes.sizes, 1))
    overall = np.bincount(codes, minlength=width) / max(1, len(codes))
    shares = held / classes.sizes[of_class]
    if sensitive.ordered:
        distance = _rank_distance(of_class, value, shares, overall, count)
    else:
        unseen = 1.0 - np.bincount(of_class, weights=overall[value], minlength=count)
        apart = np.bincount(of_class, weights=np.abs(shares - overall[value]), minlength=count)
        distance = 0.5 * (apart + unseen)
    return Diversity(sensitive.name, distinct, entropy, np.clip(distance, 0.0, 1.0))


def _rank_distance(
    of_class: np.ndarray, value: np.ndarray, shares: np.ndarray, overall: np.ndarray, count: int
) -> np.ndarray:
    """Sum of the gaps between cumulated shares, divided by the number of steps."""
    width = overall.size
    if width < 2:
        return np.zeros(count)
    distance = np.empty(count)
    step = max(1, CELLS_AT_ONCE // width)
    for start in range(0, count, step):
        stop = min(count, start + step)
        low, high = np.searchsorted(of_class, [start, stop])
        dense = np.zeros((stop - start, width))
        dense[of_class[low:high] - start, value[low:high]] = shares[low:high]
        gaps = np.abs(np.cumsum(dense - overall, axis=1))
        distance[start:stop] = gaps.sum(axis=1) / (width - 1)
    return distance


def all_diversities(
    patients: pd.DataFrame,
    classes: EquivalenceClasses,
    names: tuple[str, ...],
    dictionary: DataDictionary | None,
) -> Mapping[str, Diversity]:
    """`diversity` for several sensitive variables, by name."""
    return {name: diversity(classes, sensitive_codes(patients[name], dictionary)) for name in names}
