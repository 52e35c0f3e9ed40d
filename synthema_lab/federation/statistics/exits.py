"""How many patients left follow-up in each interval of the grid, and how?

The table that survival curves and the log-rank test rest on. Every patient is
in one cell: a group, an interval, and either the event or censoring; or a group
and "followed beyond the grid". One patient added or removed changes one
cell by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...errors import DataMismatch
from .grid import survival_variables, time_grid
from .levels import codes, levels
from .noise import Sensitivity

if TYPE_CHECKING:
    from .consortium import Consortium


@dataclass(frozen=True, eq=False)
class Exits:
    """The opened table; it has not been through the disclosure rule.

    Attributes
    ----------
    time, event : str
    groups : tuple of str
        One empty name without groups.
    edges : numpy.ndarray, shape (intervals + 1,)
    events, censored : numpy.ndarray of int64, shape (groups, intervals)
        Who is followed beyond the grid is censored in its last interval.
    unused : int
        Patients that miss a value.
    noise_variance : float
        Of each cell; 0 without noise.
    """

    time: str
    event: str
    groups: tuple[str, ...]
    edges: np.ndarray
    events: np.ndarray
    censored: np.ndarray
    unused: int
    noise_variance: float

    @property
    def at_risk(self) -> np.ndarray:
        """Patients at risk in each interval, shape (groups, intervals)."""
        return at_risk(self.events, self.censored)


def at_risk(events: np.ndarray, censored: np.ndarray) -> np.ndarray:
    """Patients who have not left before each interval, along the last axis.

    Examples
    --------
    >>> at_risk(np.array([2, 1]), np.array([0, 7])).tolist()
    [10, 8]
    """
    leaving = events + censored
    return np.flip(np.cumsum(np.flip(leaving, -1), axis=-1), -1)


def open_exits(
    consortium: Consortium,
    by: str | None,
    grid: float | Sequence[float] | None,
    time: str | None,
    event: str | None,
    where: str | None,
) -> Exits:
    """Open the table, or take it from what was opened for the same question.

    Noisy counts are brought to 0 or above, see `without_negatives`.

    Raises
    ------
    ArgumentRefused, DataMismatch, DisclosureRefused, BudgetExhausted
    """
    time, event = survival_variables(consortium, time, event)
    groups = ("",) if by is None else levels(consortium.variable(by))
    variables = (time, event) if by is None else (time, event, by)
    edges = time_grid(consortium, time, grid)
    opened = consortium.sum(
        f"{event} by {time}" + (f" and {by}" if by else "") + (f" where {where}" if where else ""),
        partial(local_exits, time=time, event=event, by=by, groups=len(groups), edges=edges),
        variables=variables,
        where=where,
        sensitivity=Sensitivity(),
        unused=True,
        key=("exits", variables, tuple(edges.tolist()), where),
    )
    kept = opened[:-1].reshape(len(groups), 2, len(edges) - 1)
    if consortium.noise is not None:
        kept = np.apply_along_axis(without_negatives, -1, kept)
    return Exits(
        time,
        event,
        groups,
        edges,
        kept[:, 0],
        kept[:, 1],
        max(int(opened[-1]), 0),
        consortium.noise_variance(),
    )


def local_exits(
    patients: pd.DataFrame, time: str, event: str, by: str | None, groups: int, edges: np.ndarray
) -> np.ndarray:
    """The local part: one site's table, group by group, events before censorings.

    Returns
    -------
    numpy.ndarray of int64, shape (groups * 2 * intervals,)

    Examples
    --------
    >>> site = pd.DataFrame({"days": [10, 30, 31, 99], "dead": [1, 0, 1, 1]})
    >>> local_exits(site, "days", "dead", None, 1, np.array([0.0, 30.0, 60.0])).tolist()
    [1, 1, 1, 1]
    """
    times = patients[time].to_numpy(dtype=np.float64)
    early = int((times < edges[0]).sum())
    if early:
        raise DataMismatch(
            f"{time} is below {edges[0]:g} in {early} rows.",
            "Times from 0.",
            "Correct them at the site, or leave them out with where=.",
        )
    intervals = len(edges) - 1
    interval = np.searchsorted(edges[1:], times, side="left")
    censored = (patients[event].to_numpy(dtype=np.int64) == 0) | (interval >= intervals)
    group = codes(patients, [by] if by else [], [groups] if by else [])
    cell = (group * 2 + censored) * intervals + np.minimum(interval, intervals - 1)
    return np.bincount(cell, minlength=groups * 2 * intervals)


def without_negatives(counts: np.ndarray) -> np.ndarray:
    """The nearest counts that are not negative and keep their total.

    Setting negative counts to 0 one by one would add patients. Instead the
    excess is taken evenly from the others (projection onto a simplex), and
    what rounding leaves goes to the largest remainders.

    Parameters
    ----------
    counts : numpy.ndarray of int64, shape (cells,)

    Returns
    -------
    numpy.ndarray of int64, shape (cells,)
        All 0 where the total is negative.

    Examples
    --------
    >>> without_negatives(np.array([10, -3, 0, 5])).tolist()
    [9, 0, 0, 3]
    """
    total = max(int(counts.sum()), 0)
    descending = np.sort(counts)[::-1].astype(float)
    taken = (np.cumsum(descending) - total) / np.arange(1, len(counts) + 1)
    last = int(np.flatnonzero(descending - taken > 0).max(initial=0))
    exact = np.maximum(counts - taken[last], 0.0) if total else np.zeros(len(counts))
    whole = np.floor(exact).astype(np.int64)
    remainders = np.argsort(whole - exact, kind="stable")
    whole[remainders[: total - int(whole.sum())]] += 1
    return whole
