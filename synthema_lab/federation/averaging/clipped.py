"""How large may a site's change of the model be?"""

from __future__ import annotations

import numpy as np

from ...errors import ArgumentRefused


def clipped_change(change: np.ndarray, clip: float, coordinate_clip: float) -> np.ndarray:
    """Scale a change down to an L2 norm, then cut its coordinates.

    Parameters
    ----------
    change : numpy.ndarray, shape (length,)
        Parameters after a site's steps less those before.
    clip : float
        Largest L2 norm.
    coordinate_clip : float
        Largest absolute value of a coordinate.

    Returns
    -------
    numpy.ndarray of float64, shape (length,)

    Raises
    ------
    ArgumentRefused
        If the change is not finite: the site's training diverged.

    Examples
    --------
    >>> clipped_change(np.array([3.0, -4.0]), clip=1.0, coordinate_clip=0.7).round(3).tolist()
    [0.6, -0.7]
    """
    change = np.asarray(change, dtype=np.float64)
    if not np.isfinite(change).all():
        raise ArgumentRefused(
            "Training at this site did not converge: parameters became infinite or NaN.",
            "A change of the model in finite numbers; nothing has left the site.",
            "Use a smaller learning rate or fewer local steps.",
        )
    largest = np.abs(change).max(initial=0.0)
    # Divided by the largest first, so that squares stay within range.
    norm = largest * np.linalg.norm(change / largest) if largest > 0 else 0.0
    scaled = change * (clip / norm) if norm > clip else change
    return np.clip(scaled, -coordinate_clip, coordinate_clip)
