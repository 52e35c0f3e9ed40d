"""Which covariates enter a Cox model, and on which scale?

The dictionary names the prognostic factors; where it names none, every
variable is one. The plan is made once, from the real training patients, and
used for every table: numbers are centred and divided by their standard deviation there, a
category becomes one indicator for each level but the commonest, and a level
with fewer than ten training patients joins the commonest, since its hazard
ratio cannot be learnt and should not be published. Where ten or more lack a
value, an indicator adjusts for it; its own hazard ratio means nothing and is
neither compared nor shown.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthema_lab.dictionary import DataDictionary

from .columns import MISSING, Columns, level_names
from .units import readable_unit

FEWEST = 10


@dataclass(frozen=True)
class Covariate:
    """One column of the design.

    Parameters
    ----------
    variable : str
        The variable it comes from.
    label : str
        What is printed in a forest plot, unit and contrast included.
    kind : {"number", "level", "missing"}
        A standardised number, an indicator of a level, or of a missing value.
    level : int
        Code of the level, for an indicator.
    centre, scale, fill : float
        For a number: mean, standard deviation, and the median that fills a gap.
    """

    variable: str
    label: str
    kind: str
    level: int = MISSING
    centre: float = 0.0
    scale: float = 1.0
    fill: float = 0.0


@dataclass(frozen=True)
class CovariatePlan:
    """The covariates of a Cox model and what was left out of it."""

    covariates: tuple[Covariate, ...]
    left_out: tuple[str, ...]

    def design(self, columns: Columns) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Covariates, time and event of the patients with known survival.

        Returns
        -------
        tuple of ndarray
            Shapes (patients, covariates), (patients,), (patients,).
        """
        known = self.known(columns)
        parts = [self._column(covariate, columns)[known] for covariate in self.covariates]
        design = np.column_stack(parts) if parts else np.empty((int(known.sum()), 0))
        return design, columns.time[known], columns.event[known]

    @property
    def compared(self) -> np.ndarray:
        """Which covariates are compared and shown: all but indicators of a gap."""
        return np.array([covariate.kind != "missing" for covariate in self.covariates], dtype=bool)

    @staticmethod
    def known(columns: Columns) -> np.ndarray:
        """Which patients have a known survival time and event."""
        return np.isfinite(columns.time) & np.isfinite(columns.event)

    @staticmethod
    def _column(covariate: Covariate, columns: Columns) -> np.ndarray:
        if covariate.kind == "level":
            return (columns.coded[covariate.variable] == covariate.level).astype(float)
        if covariate.kind == "missing":
            return columns.missing(covariate.variable).astype(float)
        values = columns.numeric[covariate.variable]
        filled = np.where(np.isnan(values), covariate.fill, values)
        return (filled - covariate.centre) / covariate.scale


def plan_covariates(train: Columns, dictionary: DataDictionary) -> CovariatePlan:
    """Plan the design from the real training patients.

    Parameters
    ----------
    train : Columns
        Real training patients.
    dictionary : DataDictionary
        Labels, units, and the names of survival time and event.
    """
    survival = dictionary.survival
    covariates: list[Covariate] = []
    left_out: list[str] = []
    for name in train.variables:
        if name in (survival.time, survival.event):
            continue
        if survival.covariates and name not in survival.covariates:
            continue
        variable = dictionary.variables[name]
        if name in train.numeric:
            found = _number(name, variable, train.numeric[name])
        else:
            found = _levels(name, variable, train.coded[name], train.levels[name])
        if found:
            covariates.extend(found)
        else:
            left_out.append(name)
    return CovariatePlan(tuple(covariates), tuple(left_out))


def _number(name, variable, values: np.ndarray) -> list[Covariate]:
    present = values[np.isfinite(values)]
    if len(present) < FEWEST or present.std() == 0:
        return []
    centre, scale = float(present.mean()), float(present.std())
    label = f"{variable.label}, per {scale:.3g} {readable_unit(variable.unit)}".rstrip()
    found = [Covariate(name, label, "number", MISSING, centre, scale, float(np.median(present)))]
    gaps = len(values) - len(present)
    if gaps >= FEWEST:
        found.append(Covariate(name, f"{variable.label}, missing", "missing"))
    return found


def _levels(name, variable, codes: np.ndarray, levels: tuple[str, ...]) -> list[Covariate]:
    counts = np.bincount(codes[codes != MISSING], minlength=len(levels))
    commonest = int(counts.argmax())
    said = level_names(variable, levels)
    found = [
        Covariate(name, f"{variable.label}: {said[code]} vs {said[commonest]}", "level", code)
        for code, count in enumerate(counts)
        if code != commonest and count >= FEWEST
    ]
    if (codes == MISSING).sum() >= FEWEST:
        found.append(Covariate(name, f"{variable.label}, missing", "missing"))
    return found
