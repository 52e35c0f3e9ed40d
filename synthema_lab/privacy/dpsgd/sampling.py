"""Which patients take part in a step of DP-SGD?

Every patient is drawn on its own, with the same public probability, by bits of
the operating system: Poisson sampling, which is what the accounting assumes.
Shuffled batches of a fixed size are something else and are not offered. How
many were drawn is nobody's business but the site's: nothing divides by it.
"""

from __future__ import annotations

import numpy as np

from ... import randomness


def poisson_rows(patients: int, rate: float) -> np.ndarray:
    """Draw the patients of one step.

    Parameters
    ----------
    patients : int
        How many the site holds; stays at the site.
    rate : float
        Probability for each, above 0 and at most 1.

    Returns
    -------
    numpy.ndarray of int64
        Row numbers in order; empty when nobody is drawn, which is a step too.

    Notes
    -----
    The probability is `rate` rounded down to a multiple of ``2**-64``.

    Examples
    --------
    >>> poisson_rows(3, rate=1.0).tolist()
    [0, 1, 2]
    """
    threshold = int(rate * 2**64)
    if threshold >= 2**64:
        return np.arange(patients)
    return np.flatnonzero(randomness.random_uint64(patients) < np.uint64(threshold))
