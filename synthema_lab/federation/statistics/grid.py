"""On which public times is survival looked at?

A table of events by exact day shows single patients. So times are rounded up
to the edges of a grid that is declared before anything is counted, with
intervals no narrower than agreed (four weeks if nothing else was). Grids that
are shifted against each other would show what lies between their edges;
so the edges of all grids of a consortium are held to that width together, and
with them the times that conditions name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...dictionary import Variable
from ...dictionary.variable import plain
from ...errors import ArgumentRefused
from .disclosure import DisclosureRefused

if TYPE_CHECKING:
    from .consortium import Consortium

DAYS = {"d": 1.0, "wk": 7.0, "mo": 30.4375, "a": 365.25}
"""Days in a unit of time, by its UCUM code."""
FINEST_DAYS = 28.0
QUARTER_DAYS = 91.3125
_CLOSE = 1e-9


def survival_variables(
    consortium: Consortium, time: str | None, event: str | None
) -> tuple[str, str]:
    """Names of the time and of the event: as given, or the dictionary's outcome.

    Raises
    ------
    ArgumentRefused
        If there is no outcome, the time is no number, or the event no boolean.
    """
    outcome = consortium.dictionary.survival
    if (time is None or event is None) and outcome is None:
        raise ArgumentRefused(
            "The dictionary declares no survival outcome.",
            "The names of a time and of an event.",
            'Use time="...", event="...".',
        )
    time, event = time or outcome.time, event or outcome.event
    if not consortium.variable(time).numeric or consortium.variable(event).type != "boolean":
        raise ArgumentRefused(
            f"{time} and {event} are not a time and an event.",
            "A number, and a boolean that is 1 where the event was seen.",
            "Name them the right way round, as in the dictionary's survival section.",
        )
    return time, event


def finest_interval(consortium: Consortium, time: Variable) -> float:
    """The narrowest interval that may be asked for, in the unit of `time`.

    What the consortium agreed on is in the unit of the outcome's time, and is
    converted for another one.
    """
    agreed, outcome = consortium.finest_interval, consortium.dictionary.survival
    if agreed is None:
        return FINEST_DAYS / _days(time)
    if outcome is None or outcome.time == time.name:
        return float(agreed)
    return agreed * _days(consortium.dictionary.variables[outcome.time]) / _days(time)


def time_grid(
    consortium: Consortium, time: str, grid: float | Sequence[float] | None = None
) -> np.ndarray:
    """The edges of the grid, once it is found to be coarse enough.

    Parameters
    ----------
    consortium : Consortium
        Remembers the edges; see the module.
    time : str
        The time variable.
    grid : float or sequence of float, optional
        Width of the intervals, or all edges from 0, in the unit of `time`;
        quarters of a year up to the dictionary's horizon if not given.

    Returns
    -------
    numpy.ndarray of float64, shape (intervals + 1,)
        From 0, increasing. Interval k holds the times above edge k up to edge
        k + 1; a time of 0 is in the first; times beyond the last edge are
        censored there.

    Raises
    ------
    DisclosureRefused
        If an interval is narrower than agreed, by itself or together with the
        grids asked before.
    ArgumentRefused
        If it is no grid.

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> from synthema_lab.federation.statistics import Consortium
    >>> cohort = load_cohort("leuksurv")
    >>> consortium = Consortium(cohort.sites(), cohort.dictionary)
    >>> edges = time_grid(consortium, "os_days")
    >>> edges[:3].tolist(), float(edges[-1])
    ([0.0, 91.25, 182.5], 1825.0)
    """
    variable = consortium.variable(time)
    finest = finest_interval(consortium, variable)
    edges = _edges(consortium, variable, grid, finest)
    narrowest = float(np.diff(edges).min())
    if narrowest < finest * (1 - _CLOSE):
        raise DisclosureRefused(
            f"The time grid has an interval of {plain(narrowest)}{_unit(variable)}; tables so "
            "fine show single patients.",
            f"Intervals of at least {plain(finest)}{_unit(variable)}.",
            f"Use grid={plain(max(finest, QUARTER_DAYS / DAYS.get(variable.unit, 1.0)))}, or have "
            "the sites agree on another finest_interval.",
        )
    keep_apart(consortium, variable, edges)
    return edges


def keep_apart(consortium: Consortium, time: Variable, edges: np.ndarray) -> None:
    """Remember edges, if no interval between them and earlier ones is narrower than agreed.

    Parameters
    ----------
    consortium : Consortium
    time : Variable
    edges : numpy.ndarray, shape (edges,)
        Of a grid, or times at which a condition cuts.

    Raises
    ------
    DisclosureRefused
        If they are too near each other, or to edges asked before.
    """
    finest = finest_interval(consortium, time)
    together = np.unique(np.concatenate([*consortium.edges.get(time.name, []), edges, [0.0]]))
    gaps = np.diff(together)
    if np.any((gaps < finest * (1 - _CLOSE)) & (gaps > _CLOSE * together[-1])):
        raise DisclosureRefused(
            "Edges of a time grid or of a condition lie close to each other, or to those asked "
            f"before; their difference would show less than {plain(finest)}{_unit(time)}.",
            "Edges on those of the earlier grids, or far enough from them.",
            "Keep to one grid, or take edges from it: see consortium.edges.",
        )
    consortium.edges.setdefault(time.name, []).append(edges)


def _edges(
    consortium: Consortium, time: Variable, grid: float | Sequence[float] | None, finest: float
) -> np.ndarray:
    outcome = consortium.dictionary.survival
    horizon = time.range[1] if time.range else None
    if outcome is not None and outcome.time == time.name:
        horizon = outcome.horizon
    if (grid is None or np.ndim(grid) == 0) and horizon is None:
        raise _no_grid("There is neither a horizon nor a limit of the time in the dictionary")
    if grid is None:
        quarters = max(1, round(horizon * _days(time) / QUARTER_DAYS))
        return np.linspace(0.0, horizon, quarters + 1)
    try:
        grid = np.asarray(grid, dtype=np.float64)
    except (TypeError, ValueError):
        grid = np.array([np.nan])
    if grid.ndim > 1 or not np.isfinite(grid).all():
        raise _no_grid("The time grid does not hold numbers")
    if grid.ndim == 0:
        if not 0 < grid <= horizon or horizon / grid > 10_000:
            raise _no_grid("The width of the time grid is not between 0 and the horizon")
        edges = np.append(np.arange(0.0, horizon * (1 - _CLOSE), grid), horizon)
        if len(edges) > 2 and edges[-1] - edges[-2] < finest * (1 - _CLOSE):
            edges = np.delete(edges, -2)
        return edges
    if len(grid) < 2 or grid[0] != 0 or np.any(np.diff(grid) <= 0):
        raise _no_grid("The time grid does not start at 0 and increase")
    return grid


def _days(time: Variable) -> float:
    if time.unit not in DAYS:
        raise ArgumentRefused(
            f"{time.name} has no unit of time that is known here.",
            f"One of: {', '.join(DAYS)}, or a finest_interval of the consortium and a grid.",
            "Use Consortium(..., finest_interval=...) and state grid=.",
        )
    return DAYS[time.unit]


def _unit(time: Variable) -> str:
    return f" {time.unit}" if time.unit else ""


def _no_grid(happened: str) -> ArgumentRefused:
    return ArgumentRefused(
        f"{happened}.",
        "A width, or edges that start at 0 and increase.",
        "Use grid=91.25, or grid=[0, 180, 365, 730].",
    )
