"""How sure is a share of patients?"""

from __future__ import annotations

import numpy as np

_Z = 1.959963984540054


def wilson(
    counts: np.ndarray, n: float, noise_variance: float = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shares with the 95% interval of Wilson (1927).

    Parameters
    ----------
    counts : numpy.ndarray, shape (cells,)
    n : float
        Of how many patients.
    noise_variance : float
        Of each count; it counts like fewer patients.

    Returns
    -------
    share, low, high : numpy.ndarray of float64, shape (cells,)
        Between 0 and 1; NaN of nobody.

    Examples
    --------
    >>> share, low, high = wilson(np.array([20]), 100)
    >>> share.tolist(), low.round(3).tolist(), high.round(3).tolist()
    ([0.2], [0.133], [0.289])
    """
    if n <= 0:
        nobody = np.full(len(counts), np.nan)
        return nobody, nobody, nobody
    share = np.clip(counts / n, 0.0, 1.0)
    sampling = np.maximum(share * (1 - share), 1 / n) / n
    fewer = n * sampling / (sampling + noise_variance / n**2)
    spread = _Z**2 / fewer
    middle = (share + spread / 2) / (1 + spread)
    half = _Z * np.sqrt(share * (1 - share) / fewer + spread / (4 * fewer)) / (1 + spread)
    return share, np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)
