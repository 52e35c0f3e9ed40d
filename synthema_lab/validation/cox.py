"""Which hazard ratios does a table imply?

A Cox model with Efron's handling of ties and a small ridge, fitted by
Newton's method on arrays. It is ours because a resample must cost a
millisecond; a test holds it against lifelines.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class CoxFit:
    """A fitted Cox model.

    Parameters
    ----------
    log_hazard_ratios : ndarray, shape (covariates,)
    covariance : ndarray, shape (covariates, covariates)
        Inverse of the observed information.
    converged : bool
    events : int
    """

    log_hazard_ratios: np.ndarray
    covariance: np.ndarray
    converged: bool
    events: int

    @property
    def half_widths(self) -> np.ndarray:
        """Half the length of each 95% interval."""
        from scipy.special import ndtri

        return ndtri(0.975) * np.sqrt(np.maximum(np.diag(self.covariance), 1e-12))


def fit_cox(
    covariates: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    ridge: float = 0.0,
    start: np.ndarray | None = None,
    iterations: int = 40,
    tolerance: float = 1e-8,
) -> CoxFit:
    """Fit a Cox model (Cox 1972; ties after Efron 1977).

    Parameters
    ----------
    covariates : ndarray, shape (rows, covariates)
        Without missing values, on comparable scales.
    time, event : ndarray, shape (rows,)
        Follow-up time and 1 for an observed event.
    ridge : float
        The log partial likelihood divided by the rows, less ``ridge / 2``
        times the squared length of the coefficients, is maximised.
    start : ndarray, optional
        Coefficients to start from.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> marker = rng.normal(size=(400, 1))
    >>> time = rng.exponential(np.exp(-0.5 * marker[:, 0]))
    >>> fit_cox(marker, time, np.ones(400)).log_hazard_ratios.round(1)
    array([0.5])
    """
    order = np.argsort(time, kind="stable")
    beta, information, converged = _fit_sorted(
        covariates[order], time[order], event[order], ridge, start, iterations, tolerance
    )
    return CoxFit(beta, np.linalg.pinv(information), converged, int(event.sum()))


def cox_draws(
    covariates: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    counts: np.ndarray,
    start: np.ndarray,
    ridge: float,
) -> np.ndarray:
    """Refit on resampled patients, from the coefficients of all patients.

    Parameters
    ----------
    counts : ndarray, shape (draws, rows)
        How often each patient is drawn.

    Returns
    -------
    ndarray, shape (draws, covariates)
        Not a number where a resample holds no event.
    """
    order = np.argsort(time, kind="stable")
    covariates, time, event = covariates[order], time[order], event[order]
    fits = np.full((len(counts), covariates.shape[1]), np.nan)
    for draw, count in enumerate(counts):
        rows = np.repeat(np.arange(len(time)), count[order].astype(int))
        if event[rows].sum() > 0:
            fits[draw], _, _ = _fit_sorted(
                covariates[rows], time[rows], event[rows], ridge, start, 6, tolerance=1e-4
            )
    return fits


def _fit_sorted(
    covariates: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    ridge: float,
    start: np.ndarray | None,
    iterations: int,
    tolerance: float,
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Coefficients, information and convergence for rows in the order of their times."""
    rows, width = covariates.shape
    ties = _Ties.of(time, event)
    beta = np.zeros(width) if start is None else np.asarray(start, dtype=float).copy()
    value, gradient, information = _likelihood(beta, covariates, ties, ridge * rows)
    converged = False
    for _ in range(iterations):
        step = _step(information, gradient)
        for _ in range(12):
            trial = _likelihood(beta + step, covariates, ties, ridge * rows)
            if trial[0] >= value - 1e-9 * abs(value):
                break
            step = step / 2
        beta, (value, gradient, information) = beta + step, trial
        if np.abs(step).max(initial=0.0) < tolerance:
            converged = True
            break
    return beta, information, converged


def _step(information: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """Newton's step; the shortest one where covariates are collinear."""
    try:
        return np.linalg.solve(information, gradient)
    except np.linalg.LinAlgError:
        return np.linalg.lstsq(information, gradient, rcond=None)[0]


@dataclass(frozen=True)
class _Ties:
    """Where events lie in a table sorted by time, and which share a time."""

    deaths: np.ndarray  # positions of events
    moment: np.ndarray  # for each event, number of its event time
    starts: np.ndarray  # for each event time, position of the first event in `deaths`
    risk: np.ndarray  # for each event time, position of the first row still at risk
    fraction: np.ndarray  # Efron's fraction for each event
    reached: np.ndarray  # for each row, how many events have happened up to its time

    @classmethod
    def of(cls, time: np.ndarray, event: np.ndarray) -> _Ties:
        deaths = np.flatnonzero(event > 0)
        moments, starts, moment, sizes = np.unique(
            time[deaths], return_index=True, return_inverse=True, return_counts=True
        )
        moment = moment.reshape(-1)
        risk = np.searchsorted(time, moments, side="left")
        fraction = (np.arange(len(deaths)) - starts[moment]) / sizes[moment]
        reached = np.searchsorted(time[deaths], time, side="right")
        return cls(deaths, moment, starts, risk, fraction, reached)


def _likelihood(
    beta: np.ndarray, covariates: np.ndarray, ties: _Ties, penalty: float
) -> tuple[float, np.ndarray, np.ndarray]:
    """Penalised log partial likelihood, its gradient and the observed information."""
    linear = covariates @ beta
    shift = linear.max(initial=-np.inf)
    weight = np.exp(linear - shift)
    weighted = covariates * weight[:, None]
    dead, moment, fraction = ties.deaths, ties.moment, ties.fraction
    total = np.cumsum(weight[::-1])[::-1][ties.risk]
    summed = np.cumsum(weighted[::-1], axis=0)[::-1][ties.risk]
    tied = np.add.reduceat(weight[dead], ties.starts)
    tied_summed = np.add.reduceat(weighted[dead], ties.starts, axis=0)
    at_risk = total[moment] - fraction * tied[moment]
    mean = (summed[moment] - fraction[:, None] * tied_summed[moment]) / at_risk[:, None]
    value = float((linear[dead] - shift - np.log(at_risk)).sum()) - penalty / 2 * float(beta @ beta)
    gradient = covariates[dead].sum(axis=0) - mean.sum(axis=0) - penalty * beta
    # A row is counted once for every event up to its time, and an event's own
    # row loses Efron's fraction for the events tied with it.
    passed = np.r_[0.0, np.cumsum(1.0 / at_risk)][ties.reached]
    passed[dead] -= np.add.reduceat(fraction / at_risk, ties.starts)[moment]
    information = (weighted * passed[:, None]).T @ covariates - mean.T @ mean
    return value, gradient, information + penalty * np.eye(len(beta))
