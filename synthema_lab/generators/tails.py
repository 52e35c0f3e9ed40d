"""How do values thin out beyond the bins that a dictionary keeps narrow?

The last bins of a dictionary are wide, to hold whatever a laboratory reports or
however long somebody is followed. A level density would put patients where
nobody is. There the values follow the normal curve, on the logarithm for a
laboratory value, through the shares that lie above the two edges before: two
opened counts, so it costs no privacy.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtr, ndtri

_WIDER = 2.5
"""One of the last two bins, this many times as wide as the one before it, begins the tail."""


class NormalTail:
    """The density in the last, wide bins of a variable.

    Parameters
    ----------
    edges : sequence of float, length bins + 1
    counts : sequence of float, length bins
        Opened (noisy) counts; negative ones count as 0.
    log : bool
        Whether the curve is that of the logarithm.

    Attributes
    ----------
    bins : tuple of int
        Where it holds; empty without such bins, or where the counts show no fall.

    Examples
    --------
    >>> tail = NormalTail([0, 10, 20, 30, 200], [500, 340, 130, 30])
    >>> tail.bins
    (3,)
    >>> drawn = tail.draw(np.full(1000, 3), np.random.default_rng(0).random(1000))
    >>> bool((drawn >= 30).all()), bool(np.quantile(drawn, 0.99) < 60)
    (True, True)
    """

    def __init__(self, edges: Sequence[float], counts: Sequence[float], log: bool = False) -> None:
        self._log = log
        self._edges = np.asarray(edges, dtype=float)
        width = np.diff(self._edges)
        last = range(max(2, len(width) - 2), len(width))
        wide = [place for place in last if width[place] >= _WIDER * width[place - 1]]
        first = min(wide, default=len(width))
        known = np.maximum(np.asarray(counts, dtype=float), 0.0)
        above = np.maximum(known[::-1].cumsum()[::-1], 0.5)
        self._lines: dict[int, tuple[float, float, float]] = {}
        for place in range(first, len(width)):
            before, here = self._edges[place - 1 : place + 1]
            if (log and before <= 0) or above[0] <= above[place - 1]:
                continue
            low, high = -ndtri(above[place - 1 : place + 1] / above[0])
            rise = (high - low) / (self._scaled(here) - self._scaled(before))
            if rise > 0:
                self._lines[place] = (self._scaled(here), high, rise)
        self.bins = tuple(self._lines)

    def draw(self, bins: np.ndarray, share: np.ndarray) -> np.ndarray:
        """Values in tail bins.

        Parameters
        ----------
        bins : numpy.ndarray of int, shape (rows,)
            Of `bins` only.
        share : numpy.ndarray of float, shape (rows,)
            Uniform draws.
        """
        drawn = np.empty(len(bins))
        for place, (start, level, rise) in self._lines.items():
            those = bins == place
            end = level + rise * (self._scaled(self._edges[place + 1]) - start)
            top, bottom = ndtr(-level), ndtr(-end)
            reached = -ndtri(top - share[those] * (top - bottom))
            value = start + (reached - level) / rise
            drawn[those] = np.exp(value) if self._log else value
        return np.clip(drawn, self._edges[bins], self._edges[bins + 1])

    def _scaled(self, value: float) -> float:
        return float(np.log(value)) if self._log else float(value)
