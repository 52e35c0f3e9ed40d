"""What does a site add up over its patients at risk?

Pure functions of one site's coded patients and public numbers. With weights
``exp(x'beta - shift)``: S0 and S1, the sums of the weights and of weighted
covariates over who is at risk in each interval (Cox 1972, with the ties of
Breslow 1974); and, given public weights of the intervals, the one matrix
``sum_k w_k S2_k``, so that S2 of an interval is never opened.
"""

from __future__ import annotations

import numpy as np


def interval_of(time: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The interval in which each time is rounded up, ``(edge_k, edge_k+1]``.

    Times beyond the last edge get the number of intervals: they are censored there.

    Parameters
    ----------
    time : numpy.ndarray, shape (patients,)
    edges : numpy.ndarray, shape (intervals + 1,)
        Increasing; what lies at or below the second edge is in the first interval.

    Examples
    --------
    >>> interval_of(np.array([0.0, 30.0, 31.0, 99.0]), np.array([0.0, 30.0, 60.0])).tolist()
    [0, 0, 1, 2]
    """
    return np.searchsorted(edges[1:], time, side="left")


def risk_sums(
    covariates: np.ndarray, interval: np.ndarray, beta: np.ndarray, shift: float, intervals: int
) -> tuple[np.ndarray, np.ndarray]:
    """S0, shape (intervals,), and S1, shape (intervals, columns), over who is at risk.

    Parameters
    ----------
    covariates : numpy.ndarray, shape (patients, columns)
    interval : numpy.ndarray, shape (patients,)
        The last interval in which a patient is at risk.
    beta : numpy.ndarray, shape (columns,)
    shift : float
        Public; taken from every linear predictor. The fit does not depend on it.

    Examples
    --------
    >>> s0, s1 = risk_sums(np.array([[1.0], [3.0]]), np.array([0, 1]), np.zeros(1), 0.0, 2)
    >>> s0.tolist(), s1.ravel().tolist()
    ([2.0, 1.0], [4.0, 3.0])
    """
    weight = np.exp(covariates @ beta - shift)
    parts = np.column_stack([weight, covariates * weight[:, None]])
    leaving = np.zeros((intervals, parts.shape[1]))
    np.add.at(leaving, interval, parts)
    at_risk = leaving[::-1].cumsum(axis=0)[::-1]
    return at_risk[:, 0], at_risk[:, 1:]


def weighted_second_moment(
    covariates: np.ndarray,
    interval: np.ndarray,
    beta: np.ndarray,
    shift: float,
    weights: np.ndarray,
) -> np.ndarray:
    """``sum_k w_k S2_k``, shape (columns, columns), for public weights of the intervals.

    A patient is in every risk set up to the interval in which it leaves, so that
    its outer product counts as often as the weights up to there add up to.

    Examples
    --------
    >>> weighted_second_moment(
    ...     np.array([[1.0], [3.0]]), np.array([0, 1]), np.zeros(1), 0.0, np.array([0.5, 2.0])
    ... ).tolist()
    [[23.0]]
    """
    weight = np.exp(covariates @ beta - shift) * np.cumsum(weights)[interval]
    return (covariates * weight[:, None]).T @ covariates


def stratum_likelihood(
    covariates: np.ndarray, time: np.ndarray, event: np.ndarray, beta: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Log partial likelihood, gradient and information of one site's own risk sets.

    Parameters
    ----------
    covariates : numpy.ndarray, shape (patients, columns)
    time : numpy.ndarray, shape (patients,)
        Exact, or the number of an interval.
    event : numpy.ndarray of bool, shape (patients,)
    beta : numpy.ndarray, shape (columns,)

    Examples
    --------
    >>> value, gradient, information = stratum_likelihood(
    ...     np.array([[0.0], [1.0]]), np.array([1.0, 2.0]), np.array([True, True]), np.zeros(1)
    ... )
    >>> round(value, 3), gradient.tolist(), information.tolist()
    (-0.693, [-0.5], [[0.25]])
    """
    size = covariates.shape[1]
    if not event.any():
        return 0.0, np.zeros(size), np.zeros((size, size))
    moments, interval = np.unique(time, return_inverse=True)
    linear = covariates @ beta
    shift = float(linear.max())
    deaths = np.bincount(interval[event], minlength=len(moments))
    s0, s1 = risk_sums(covariates, interval, beta, shift, len(moments))
    safe = np.where(deaths > 0, s0, 1.0)
    mean = s1 / safe[:, None]
    value = float(linear[event].sum() - deaths @ (np.log(safe) + shift))
    gradient = covariates[event].sum(axis=0) - deaths @ mean
    second = weighted_second_moment(covariates, interval, beta, shift, deaths / safe)
    return value, gradient, second - (mean * deaths[:, None]).T @ mean
