"""How does one variable change with several others?

Least squares on complete rows; as in `measures`, each function makes a measure
that gives a value and its standard error.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np
import pandas as pd

from synthema_lab.cohorts.simulators.calibration import Measure
from synthema_lab.cohorts.simulators.measures import holds


def _fitted(
    patients: pd.DataFrame, outcome: str, predictors: Sequence[str], where: str | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Coefficients, their covariance, residuals and outcome; the outcome by its logarithm."""
    group = patients.loc[holds(patients, where)]
    group = group[[name for name in group if name == outcome or name in " ".join(predictors)]]
    design = [np.ones(len(group))]
    for predictor in predictors:
        column = group.eval(predictor, engine="python")
        design.append(np.asarray(column.astype("float64")))
    x = np.column_stack(design)
    y = np.log(group[outcome].to_numpy("float64"))
    complete = np.isfinite(x).all(axis=1) & np.isfinite(y)
    x, y = x[complete], y[complete]
    inverse = np.linalg.inv(x.T @ x)
    coefficients = inverse @ (x.T @ y)
    rest = y - x @ coefficients
    variance = (rest @ rest) / (len(y) - x.shape[1])
    return coefficients, inverse * variance, rest, y


def explained(outcome: str, predictors: Sequence[str], where: str | None = None) -> Measure:
    """Percentage of the variance of ln `outcome` that the predictors explain together.

    Examples
    --------
    >>> patients = pd.DataFrame({"hbf": [2.0, 4.0, 8.0, 16.0], "alleles": [0, 1, 2, 3]})
    >>> round(explained("hbf", ["alleles"])(patients)[0], 6)
    100.0
    """

    def measure(patients: pd.DataFrame) -> tuple[float, float]:
        _, _, rest, y = _fitted(patients, outcome, predictors, where)
        portion = 1 - rest.var() / y.var()
        return 100 * float(portion), 200 * sqrt(max(portion, 0)) * float(1 - portion) / sqrt(len(y))

    return measure


def coefficient(
    outcome: str, of: str, beside: Sequence[str] = (), where: str | None = None, ratio: bool = False
) -> Measure:
    """What one more of a predictor adds to ln `outcome`, others held; its exponential if a ratio.

    Examples
    --------
    >>> patients = pd.DataFrame({"hbf": [2.0, 4.1, 8.0, 16.3], "alleles": [0, 1, 2, 3]})
    >>> round(coefficient("hbf", "alleles", ratio=True)(patients)[0], 2)
    2.01
    """

    def measure(patients: pd.DataFrame) -> tuple[float, float]:
        found, covariance, _, _ = _fitted(patients, outcome, (of, *beside), where)
        value, error = float(found[1]), sqrt(covariance[1, 1])
        return (float(np.exp(value)), float(np.exp(value)) * error) if ratio else (value, error)

    return measure
