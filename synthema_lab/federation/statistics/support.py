"""Do enough patients and events stand behind each column of a regression?

Counts of patients (and events) at each level are summed first, as a table.
A level of fewer patients than the smallest cell, on either side, would put
those patients' sums into the open, and is refused by name; so is a level
without an event, whose hazard ratio is 0 or without bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .coding import coded
from .consortium import Consortium
from .design import Design
from .unfitted import GroupTooSmall, MonotoneLikelihood


@dataclass(frozen=True, eq=False)
class Support:
    """How many patients a model rests on.

    Parameters
    ----------
    patients, left_out : int
        Complete cases, and those who lack a value.
    events : int
        Of the complete cases; 0 where there is no event.
    at_level, events_at_level : numpy.ndarray of int, shape (columns,)
        Where an indicator is 1; all patients (events) for a number.
    """

    patients: int
    left_out: int
    events: int
    at_level: np.ndarray
    events_at_level: np.ndarray


def count_support(
    consortium: Consortium,
    design: Design,
    others: tuple[str, ...],
    where: str | None,
    purpose: str,
    event: str | None = None,
    horizon: tuple[str, float] | None = None,
) -> Support:
    """Open the counts behind each column.

    Parameters
    ----------
    consortium : Consortium
    design : Design
    others : tuple of str
        Outcome, or time and event: variables that must be known too.
    where : str or None
    purpose : str
    event : str, optional
        The 0/1 variable whose ones are counted as events.
    horizon : (str, float), optional
        Time variable and last time: events beyond it are not counted.
    """
    numeric = ~design.indicators

    def local(patients: pd.DataFrame) -> np.ndarray:
        counted = coded(patients, design)
        counted[:, numeric] = 1.0
        died = np.zeros(len(patients), dtype=bool)
        if event is not None:
            died = observed(patients, event, horizon)
        counts = [[len(patients), died.sum()], counted.sum(axis=0), counted[died].sum(axis=0)]
        return np.rint(np.concatenate(counts)).astype(np.int64)

    opened = consortium.sum(
        f"{purpose}: patients{' and events' if event else ''} at each level",
        local,
        variables=(*design.variables, *others),
        where=where,
        unused=True,
        table=True,
    )
    at_level, events_at_level = np.split(opened[2:-1], 2)
    return Support(int(opened[0]), int(opened[-1]), int(opened[1]), at_level, events_at_level)


def observed(
    patients: pd.DataFrame, event: str, horizon: tuple[str, float] | None = None
) -> np.ndarray:
    """Which patients had the event, up to the last time where there is one.

    Examples
    --------
    >>> site = pd.DataFrame({"days": [10, 20, 30], "died": [1, 0, 1]})
    >>> observed(site, "died", ("days", 25.0)).tolist()
    [True, False, False]
    """
    died = patients[event].to_numpy() == 1
    if horizon is None:
        return died
    time, last = horizon
    return died & (patients[time].to_numpy(dtype=float) <= last)


def refuse_small_levels(support: Support, design: Design, smallest_cell: int) -> None:
    """Refuse a level at which, or beside which, fewer patients are than may be shown.

    Raises
    ------
    GroupTooSmall
    """
    fewer = np.minimum(support.at_level, support.patients - support.at_level)
    named = _named(design, fewer < smallest_cell)
    if named:
        raise GroupTooSmall(
            f"Fewer than {smallest_cell} patients are at, or not at: {named}.",
            f"At least {smallest_cell} patients on each side of every indicator.",
            "Leave the variable out, or use one with coarser levels.",
        )


def refuse_levels_without_events(support: Support, design: Design, smallest_cell: int) -> None:
    """Refuse a level that has no event, or all of them, or fewer than may be shown.

    Raises
    ------
    MonotoneLikelihood
        If no event is on one side.
    GroupTooSmall
        If there are some, and fewer than the smallest cell.
    """
    fewer = np.minimum(support.events_at_level, support.events - support.events_at_level)
    separating = _named(design, fewer == 0)
    if separating:
        raise MonotoneLikelihood(
            f"No event is on one side of: {separating}.",
            "Events on both sides of every indicator; otherwise its hazard ratio has no bound.",
            "Leave the variable out, or use one with coarser levels.",
        )
    small = _named(design, fewer < smallest_cell)
    if small:
        raise GroupTooSmall(
            f"Fewer than {smallest_cell} events are on one side of: {small}.",
            f"At least {smallest_cell} events on each side of every indicator.",
            "Leave the variable out, or use one with coarser levels.",
        )


def _named(design: Design, which: np.ndarray) -> str:
    chosen = design.indicators & which
    return ", ".join(name for name, named in zip(design.names, chosen, strict=True) if named)
