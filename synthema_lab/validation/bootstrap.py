"""How sure is a number, when the patients could have been others?

Patients are drawn again with replacement by giving each a multinomial count,
so that one matrix product replaces a loop over tables. Two kinds of interval
are used, and each measure says which.

A smooth number (an area under a curve, a concordance, a share) takes the
percentile interval. A distance (a largest gap, a mean absolute difference)
cannot go below 0 and is biased upwards when drawn again, so that percentiles
would often miss the truth. Being a norm of a difference vector, it moves at
most by the norm of what that vector moves: its interval is the value plus or
minus the 95th percentile of the norm of the centred bootstrap differences. By
the triangle inequality this covers at least as often as it claims.
"""

from __future__ import annotations

import numpy as np

LEVEL = 0.95


def patient_counts(rng: np.random.Generator, rows: int, draws: int) -> np.ndarray:
    """How often each patient is drawn.

    Returns
    -------
    ndarray of float, shape (draws, rows)
        Each row sums to `rows`.

    Examples
    --------
    >>> patient_counts(np.random.default_rng(0), 5, 2).sum(axis=1)
    array([5., 5.])
    """
    return rng.multinomial(rows, np.full(rows, 1.0 / rows), size=draws).astype(float)


def percentile_interval(draws: np.ndarray, level: float = LEVEL) -> tuple[float, float]:
    """The central share of bootstrap draws; not-a-number draws are left out."""
    draws = np.asarray(draws, dtype=float)
    draws = draws[np.isfinite(draws)]
    if not len(draws):
        return float("nan"), float("nan")
    tail = (1 - level) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    return float(low), float(high)


def distance_interval(
    value: float, norms: np.ndarray, limits: tuple[float, float] = (0.0, 1.0), level: float = LEVEL
) -> tuple[float, float]:
    """Interval of a distance from the norms of its centred bootstrap differences.

    Parameters
    ----------
    value : float
        The distance found.
    norms : ndarray, shape (draws,)
        The same norm, of (bootstrap difference minus the difference found).
    limits : tuple of float
        The smallest and largest possible distance.

    Examples
    --------
    >>> distance_interval(0.02, np.array([0.03, 0.03, 0.03]))
    (0.0, 0.05)
    """
    norms = np.asarray(norms, dtype=float)
    norms = norms[np.isfinite(norms)]
    if not len(norms) or not np.isfinite(value):
        return float("nan"), float("nan")
    reach = float(np.quantile(norms, level))
    return max(limits[0], value - reach), min(limits[1], value + reach)


def clopper_pearson(hits: int, trials: int, level: float = LEVEL) -> tuple[float, float]:
    """Exact binomial interval (Clopper and Pearson 1934).

    Examples
    --------
    >>> low, high = clopper_pearson(0, 300)
    >>> low, round(high, 4)
    (0.0, 0.0122)
    """
    from scipy.stats import beta

    if trials <= 0:
        return float("nan"), float("nan")
    tail = (1 - level) / 2
    low = 0.0 if hits == 0 else float(beta.ppf(tail, hits, trials - hits + 1))
    high = 1.0 if hits == trials else float(beta.ppf(1 - tail, hits + 1, trials - hits))
    return low, high


def newcombe(one, trials_one, other, trials_other, level: float = LEVEL):
    """Interval of a difference of two shares (Newcombe 1998, method 10, from Wilson's limits).

    Parameters
    ----------
    one, other : float or ndarray
        The shares.
    trials_one, trials_other : float or ndarray
        Trials behind each; the effective number where they are weighted.

    Returns
    -------
    tuple of float or ndarray

    Examples
    --------
    The first example of Newcombe's paper:

    >>> [round(float(limit), 4) for limit in newcombe(56 / 70, 70, 48 / 80, 80)]
    [0.0524, 0.3339]
    """
    low_one, high_one = wilson(one, trials_one, level)
    low_other, high_other = wilson(other, trials_other, level)
    apart = np.asarray(one, dtype=float) - other
    return (
        np.maximum(apart - np.sqrt((one - low_one) ** 2 + (high_other - other) ** 2), -1.0),
        np.minimum(apart + np.sqrt((high_one - one) ** 2 + (other - low_other) ** 2), 1.0),
    )


def wilson(share, trials, level: float = LEVEL):
    """Wilson's limits of a share (1927); arguments and result as in `newcombe`."""
    from scipy.special import ndtri

    z = ndtri((1 + level) / 2)
    middle = share + z**2 / (2 * trials)
    reach = z * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    return (middle - reach) / (1 + z**2 / trials), (middle + reach) / (1 + z**2 / trials)


def weighted_auc(
    positive: np.ndarray,
    negative: np.ndarray,
    positive_counts: np.ndarray,
    negative_counts: np.ndarray,
) -> np.ndarray:
    """Area under the ROC curve for many resamples at once; ties count half.

    Parameters
    ----------
    positive, negative : ndarray, shapes (p,) and (n,)
        Scores; a higher score says "positive".
    positive_counts, negative_counts : ndarray, shapes (draws, p) and (draws, n)
        How often each row is drawn.

    Returns
    -------
    ndarray, shape (draws,)

    Examples
    --------
    >>> ones = np.ones((1, 2))
    >>> weighted_auc(np.array([2.0, 3.0]), np.array([1.0, 2.0]), ones, ones)
    array([0.875])
    """
    scores, code = np.unique(np.r_[positive, negative], return_inverse=True)
    code = code.reshape(-1)
    share_p = _by_score(positive_counts, code[: len(positive)], len(scores))
    share_n = _by_score(negative_counts, code[len(positive) :], len(scores))
    below = np.cumsum(share_n, axis=1) - share_n / 2
    area = (share_p * below).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return area / (share_p.sum(axis=1) * share_n.sum(axis=1))


def _by_score(counts: np.ndarray, code: np.ndarray, scores: int) -> np.ndarray:
    """Sum counts (draws, rows) into (draws, scores)."""
    order = np.argsort(code, kind="stable")
    summed = np.zeros((len(counts), scores))
    if not len(code):
        return summed
    present, first = np.unique(code[order], return_index=True)
    summed[:, present] = np.add.reduceat(counts[:, order], first, axis=1)
    return summed
