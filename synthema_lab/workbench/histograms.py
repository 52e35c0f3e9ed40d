"""Which bars of a histogram can be shown for every hospital?

The bins are the dictionary's, which are public. Where a hospital has few
patients in one, the bin is joined with its neighbour for all hospitals, so
that no bar stands for fewer than ten patients. That looks at all hospitals at
once and is for public cohorts, in pictures of how a method works.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..cohorts import Cohort
from ..errors import ArgumentRefused
from ..validation.units import readable_unit
from .disclosure import SMALL_COUNT
from .display import cells, html_table, text_table


def hospitals_of(cohort: Cohort, number: int = 3) -> dict[str, pd.DataFrame]:
    """A cohort's sites, the smallest joined until so many are left.

    Parameters
    ----------
    cohort : Cohort
    number : int
        At least three.

    Returns
    -------
    dict of str to DataFrame
        Patients by hospital; joined sites are named together.

    Raises
    ------
    ArgumentRefused
        If fewer than three are asked for, or the cohort has fewer sites.

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> {name: len(rows) for name, rows in hospitals_of(load_cohort("leuksurv")).items()}
    {'north west': 244, 'north east and south west': 378, 'south east': 421}
    """
    parts = [([name.replace("_", " ")], rows) for name, rows in cohort.sites().items()]
    if not 3 <= number <= len(parts):
        raise ArgumentRefused(
            f"{number} hospitals were asked for; the cohort has {len(parts)} sites.",
            f"3 to {len(parts)} hospitals.",
            "Choose another number, or another cohort.",
        )
    while len(parts) > number:
        second, first = sorted(sorted(range(len(parts)), key=lambda at: len(parts[at][1]))[:2])[
            ::-1
        ]
        names, rows = parts.pop(second)
        parts[first] = (parts[first][0] + names, pd.concat([parts[first][1], rows]))
    return {" and ".join(names): rows for names, rows in parts}


@dataclass(frozen=True, eq=False, repr=False)
class Histogram:
    """One variable's histogram at several hospitals.

    Parameters
    ----------
    label : str
        What is counted, with its unit.
    by_hospital : DataFrame of int64
        One row a bin, in order, one column a hospital.
    pooled : numpy.ndarray of int64, shape (bins,)
        Counted over one table that holds all patients.
    """

    label: str
    by_hospital: pd.DataFrame
    pooled: np.ndarray

    @property
    def bins(self) -> list[str]:
        """Names of the bins."""
        return list(self.by_hospital.index)

    @property
    def counts(self) -> dict[str, np.ndarray]:
        """Each hospital's counts, as it would put them into a sum."""
        return {name: column.to_numpy() for name, column in self.by_hospital.items()}

    def __str__(self) -> str:
        header, rows = cells(self.by_hospital)
        return f"{self.label}\n{text_table(header, rows)}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        header, rows = cells(self.by_hospital)
        return html_table(header, rows, f"{self.label}: patients by hospital")


def histogram(cohort: Cohort, variable: str, hospitals: int = 3) -> Histogram:
    """Patients by bin at each of several hospitals; no count from 1 to 9.

    Parameters
    ----------
    cohort : Cohort
        A public one: counts of all hospitals are looked at together.
    variable : str
        A number with bins. Missing values are left out.
    hospitals : int
        At least three; see `hospitals_of`.

    Returns
    -------
    Histogram

    Raises
    ------
    ArgumentRefused
        If the variable has no bins, or too few patients for two bars.

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> counted = histogram(load_cohort("leuksurv"), "age_years")
    >>> counted.bins[:2], int(counted.pooled.sum())
    (['14 to 29', '30 to 50'], 1043)
    """
    parts, described = hospitals_of(cohort, hospitals), cohort.dictionary.variables.get(variable)
    if described is None or not described.bins:
        binned = [name for name, one in cohort.dictionary.variables.items() if one.bins]
        raise ArgumentRefused(
            f"'{variable}' has no bins.",
            f"One of: {', '.join(binned)}.",
            'Choose one, such as: variable = "age_years".',
        )
    edges = np.asarray(described.bins, dtype=float)
    counts = np.array([_counted(rows[variable], edges) for rows in parts.values()])
    starts = _starts(counts)
    if len(starts) < 2:
        raise ArgumentRefused(
            f"There are too few patients for a histogram of '{variable}' at every hospital.",
            f"At least two bars with {SMALL_COUNT} patients or none at each hospital.",
            "Choose another variable, or fewer hospitals.",
        )
    limits = [*edges[starts], edges[-1]]
    unit = readable_unit(described.unit)
    return Histogram(
        f"{described.label} ({unit})" if unit else described.label,
        pd.DataFrame(
            np.add.reduceat(counts, starts, axis=1).T,
            index=pd.Index(_labels(limits, described.type == "integer"), name="bin"),
            columns=list(parts),
        ),
        _counted(cohort.patients[variable], np.asarray(limits)),
    )


def _counted(values: pd.Series, edges: np.ndarray) -> np.ndarray:
    return np.histogram(values.dropna().astype(float), edges)[0].astype(np.int64)


def _starts(counts: np.ndarray) -> list[int]:
    """Where each joined bin begins, so that every hospital has ten in it or none."""
    starts, at = [], 0
    for place in range(counts.shape[1]):
        held = counts[:, at : place + 1].sum(axis=1)
        if held.any() and not ((held > 0) & (held < SMALL_COUNT)).any():
            starts.append(at)
            at = place + 1
    while at < counts.shape[1] and starts:  # what is left over joins the bars before it
        held = counts[:, starts[-1] :].sum(axis=1)
        if not ((held > 0) & (held < SMALL_COUNT)).any():
            break
        starts.pop()
    return starts


def _labels(limits: list[float], whole: bool) -> list[str]:
    names = []
    for number, (low, high) in enumerate(itertools.pairwise(limits)):
        last = number == len(limits) - 2
        if whole:
            names.append(f"{low:g} to {high if last else high - 1:g}")
        else:
            names.append(f"{low:g} to {'' if last else '<'}{high:g}")
    return names
