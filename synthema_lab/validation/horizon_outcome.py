"""Who had the event by the horizon, and what may predict it?

Patients who left before the horizon without the event are of unknown outcome
and are left out. A model sees the dictionary's prognostic factors, which are known at the
beginning; where it names none, every modelled variable but the survival time and the event.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .columns import Columns
from .reference import Reference

FEWEST = 10
"""Patients with the event, and without it, that a model is learnt from or judged by."""


@dataclass(frozen=True)
class HorizonOutcome:
    """The patients of known outcome.

    Attributes
    ----------
    predictors : ndarray of float, shape (patients, predictors)
        Missing is not a number; a category is its code.
    outcome : ndarray of bool, shape (patients,)
        Whether the event came by the horizon.
    rows : ndarray of int, shape (patients,)
        Their positions in the table.
    categorical : ndarray of bool, shape (predictors,)
    """

    predictors: np.ndarray
    outcome: np.ndarray
    rows: np.ndarray
    categorical: np.ndarray

    @property
    def enough(self) -> bool:
        """Whether there are enough patients of either outcome."""
        return min(self.outcome.sum(), (~self.outcome).sum()) >= FEWEST


def horizon_outcome(columns: Columns, reference: Reference) -> HorizonOutcome:
    """The outcome at the dictionary's horizon, and its predictors."""
    survival = reference.dictionary.survival
    time, event = columns.time, columns.event
    seen = np.isfinite(time) & np.isfinite(event)
    by_then = seen & (event > 0) & (time <= survival.horizon)
    later = seen & (time > survival.horizon)
    rows = np.flatnonzero(by_then | later)
    used = survival.covariates or columns.variables
    outcome = (survival.time, survival.event)
    kept = np.array([name in used and name not in outcome for name in columns.variables], bool)
    coded = np.array([name in columns.coded for name in columns.variables], dtype=bool)
    return HorizonOutcome(columns.matrix()[rows][:, kept], by_then[rows], rows, coded[kept])


def too_few(*outcomes: HorizonOutcome) -> str:
    """Why no model can be learnt or judged; empty if one can."""
    if not outcomes[0].predictors.shape[1]:
        return "there is nothing to predict from"
    if not all(one.enough for one in outcomes):
        return f"a table has fewer than {FEWEST} patients with the event by the horizon, or without"
    return ""
