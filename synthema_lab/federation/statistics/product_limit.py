"""What is survival after each interval, and how sure is it?

The product-limit estimator of Kaplan and Meier (1958), with Greenwood's
variance on the log-log scale (Kalbfleisch and Prentice 2002).
"""

from __future__ import annotations

import numpy as np

from .exits import at_risk

_Z = 1.959963984540054


def product_limit(events: np.ndarray, censored: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Survival after each interval, and Greenwood\'s variance of its logarithm.

    Parameters
    ----------
    events, censored : numpy.ndarray of int64, shape (intervals,)

    Examples
    --------
    >>> survival, variance = product_limit(np.array([2, 4]), np.array([2, 0]))
    >>> survival.tolist(), variance.round(4).tolist()
    ([0.75, 0.0], [0.0417, inf])
    """
    risk = at_risk(events, censored).astype(float)
    alive = np.divide(risk - events, risk, out=np.ones_like(risk), where=risk > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(events > 0, events / (risk * (risk - events)), 0.0)
    return np.cumprod(alive), np.cumsum(terms)


def log_log_interval(survival: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The 95% interval of survival, symmetric on the scale of ``log(-log)``.

    Parameters
    ----------
    survival, variance : numpy.ndarray, shape (intervals,)
        Survival and the variance of its logarithm.

    Examples
    --------
    >>> low, high = log_log_interval(np.array([0.75]), np.array([0.0417]))
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.315], [0.931])
    """
    inner = (survival > 0) & (survival < 1)
    logarithm = np.log(np.where(inner, survival, 0.5))
    factor = np.exp(_Z * np.sqrt(np.where(inner, variance, 0.0)) / np.abs(logarithm))
    low = np.where(inner, np.exp(logarithm * factor), np.nan)
    return low, np.where(inner, np.exp(logarithm / factor), np.nan)


def noise_variance(events: np.ndarray, censored: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Variance of log survival that comes from noise of given variances, shape (2, intervals)."""
    risk = np.maximum(at_risk(events, censored), 1).astype(float)
    left = np.maximum(risk - events, 1.0)
    place = np.arange(len(events))
    # A patient who leaves in m was at risk in every interval up to m.
    through_risk = np.cumsum(events / (risk * left))[np.minimum.outer(place, place)]
    by_event = through_risk - np.tri(len(events)) / left
    return by_event**2 @ noise[0] + through_risk**2 @ noise[1]
