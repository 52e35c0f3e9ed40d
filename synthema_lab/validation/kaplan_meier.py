"""How do survival curves of real and synthetic patients differ?

Curves are read on a public grid that depends on the dictionary alone. A curve
of real patients ends where fewer than ten are still at risk.
"""

from __future__ import annotations

import numpy as np

STEPS = 60
AT_RISK = 10


def public_grid(horizon: float, edges: tuple[float, ...] = (), steps: int = STEPS) -> np.ndarray:
    """Times at which curves are read: equal steps, and the public bins of the time.

    Parameters
    ----------
    horizon : float
        The last time, in the unit of the survival time.
    edges : tuple of float
        The dictionary's bins of the survival time; those inside are added, so
        that early times are read as finely as clinicians bin them.

    Examples
    --------
    >>> public_grid(4.0, (1.0, 1.5, 9.0), steps=2)
    array([0. , 1. , 1.5, 2. , 4. ])
    """
    inside = [edge for edge in edges if 0 < edge < horizon]
    return np.unique(np.r_[np.linspace(0.0, float(horizon), steps + 1), inside])


def survival_on_grid(
    time: np.ndarray, event: np.ndarray, grid: np.ndarray, counts: np.ndarray | None = None
) -> np.ndarray:
    """Kaplan-Meier survival at each time of a grid, for many resamples at once.

    Parameters
    ----------
    time, event : ndarray, shape (rows,)
        Follow-up time and 1 for an observed event; rows that lack one are left out.
    grid : ndarray, shape (times,)
        Ascending times.
    counts : ndarray, shape (draws, rows), optional
        How often each patient is drawn; every patient once by default.

    Returns
    -------
    ndarray, shape (draws, times)
        Carried forward after the last follow-up time. Not a number for a
        resample without patients.

    Examples
    --------
    >>> survival_on_grid(np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0, 1.0]),
    ...                  np.array([0.0, 1.0, 2.5])).round(3)
    array([[1.   , 0.667, 0.667]])
    """
    counts = np.ones((1, len(time))) if counts is None else counts
    known = np.isfinite(time) & np.isfinite(event)
    time, event, counts = time[known], event[known], counts[:, known]
    if not len(time):
        return np.full((len(counts), len(grid)), np.nan)
    order = np.argsort(time, kind="stable")
    time, event, counts = time[order], event[order], counts[:, order]
    times, first = np.unique(time, return_index=True)
    at_risk = np.cumsum(counts[:, ::-1], axis=1)[:, ::-1][:, first]
    deaths = np.add.reduceat(counts * event, first, axis=1)
    hazard = np.divide(deaths, at_risk, out=np.zeros_like(deaths), where=at_risk > 0)
    survival = np.cumprod(1.0 - hazard, axis=1)
    position = np.searchsorted(times, grid, side="right")
    curve = np.hstack([np.ones((len(counts), 1)), survival])[:, position]
    return np.where(counts.sum(axis=1, keepdims=True) > 0, curve, np.nan)


def at_risk_on_grid(time: np.ndarray, event: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Number of patients still followed at each time of a grid.

    Examples
    --------
    >>> at_risk_on_grid(np.array([1.0, 2.0]), np.array([1.0, 1.0]), np.array([0.0, 1.0, 1.5]))
    array([2, 2, 1])
    """
    known = np.sort(time[np.isfinite(time) & np.isfinite(event)])
    return len(known) - np.searchsorted(known, grid, side="left")


def published_steps(time: np.ndarray, event: np.ndarray, grid: np.ndarray) -> int:
    """How many grid times may be published: those with at least ten at risk."""
    return int((at_risk_on_grid(time, event, grid) >= AT_RISK).sum())
