"""At what age do patients die, when each is seen from one age to another?

Kaplan and Meier's estimate over age with delayed entry: a patient counts as at
risk from the age at the visit on, so that nobody is thought immortal before it.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
import pandas as pd

from synthema_lab.cohorts.simulators.calibration import Measure
from synthema_lab.cohorts.simulators.measures import holds


def _curve(
    patients: pd.DataFrame, entry: str, years: str, died: str, where: str | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ages at which somebody died, the share alive after each, Greenwood's sum."""
    group = patients.loc[holds(patients, where), [entry, years, died]].astype("float64").dropna()
    begins = np.sort(group[entry].to_numpy())
    leaves = (group[entry] + group[years]).round(6).to_numpy()
    ages, counts = np.unique(leaves[group[died].to_numpy() == 1], return_counts=True)
    at_risk = np.searchsorted(begins, ages, side="left") - np.searchsorted(
        np.sort(leaves), ages, side="left"
    )
    alive = np.cumprod(1 - counts / at_risk)
    return ages, alive, np.cumsum(counts / np.maximum(at_risk * (at_risk - counts), 1))


def alive_at(age: float, entry: str, years: str, died: str, where: str | None = None) -> Measure:
    """Percentage alive at an age of those alive at the youngest age seen.

    Examples
    --------
    >>> seen = pd.DataFrame({"age": [1.0, 2.0, 30.0], "years": [9.0, 5.0, 5.0], "died": [0, 1, 1]})
    >>> alive_at(18, "age", "years", "died")(seen)[0]
    50.0
    """

    def measure(patients: pd.DataFrame) -> tuple[float, float]:
        ages, alive, spread = _curve(patients, entry, years, died, where)
        by_then = np.searchsorted(ages, age, side="right") - 1
        if by_then < 0:
            return 100.0, 0.0
        return 100 * float(alive[by_then]), 100 * float(alive[by_then]) * sqrt(spread[by_then])

    return measure


def median_age(entry: str, years: str, died: str, where: str | None = None) -> Measure:
    """Age that half of the patients reach; its error from the slope of the curve there."""

    def measure(patients: pd.DataFrame) -> tuple[float, float]:
        ages, alive, spread = _curve(patients, entry, years, died, where)
        half = int(np.argmax(alive <= 0.5)) if (alive <= 0.5).any() else len(ages) - 1
        near = (alive < 0.6) & (alive > 0.4)
        slope = np.polyfit(ages[near], alive[near], 1)[0] if near.sum() > 2 else -np.inf
        return float(ages[half]), float(abs(0.5 * sqrt(spread[half]) / slope))

    return measure
