"""Where inside its bin does a value fall?

Nothing is copied from a patient. The density inside a bin is a straight line
whose slope follows the neighbouring bins' heights, as in the reconstruction
step of finite-volume methods (van Leer 1979, with the minmod limiter), and
falls off towards the variable's hard limits. Only opened counts are used, so
it costs no privacy. On the logarithm where the dictionary says so.
"""

from __future__ import annotations

import numpy as np

from .tails import NormalTail

_SMALLEST = 1e-3


class BinShape:
    """The density of one binned variable.

    Parameters
    ----------
    edges : sequence of float, length bins + 1
        Public bin edges, increasing.
    counts : sequence of float, length bins, optional
        Opened (noisy) counts; negative ones count as 0. Without them the
        density is level inside every bin.
    log : bool
        Work on the logarithm; a first bin that starts at 0 stays linear.
    log_tail : bool, optional
        Whether the last, wide bins follow the normal curve of the logarithm
        (see `tails`); as `log` without it.

    Examples
    --------
    >>> shape = BinShape([0, 10, 20, 30], counts=[10, 30, 10])
    >>> drawn = shape.draw(np.array([0, 0, 2]), np.random.default_rng(0))
    >>> ((drawn >= [0, 0, 20]) & (drawn <= [10, 10, 30])).tolist()
    [True, True, True]
    """

    def __init__(self, edges, counts=None, log: bool = False, log_tail: bool | None = None) -> None:
        edges = np.asarray(edges, dtype=float)
        self.tail = None
        if counts is not None:
            self.tail = NormalTail(edges, counts, log if log_tail is None else log_tail)
        self.linear_first = bool(log and edges[0] <= 0)
        self.log = log
        self.first = edges[:2].copy()
        if log:
            edges = np.log(np.maximum(edges, min(edges[1] / 2, _SMALLEST)))
            if self.linear_first:
                # Its width on the logarithm would be arbitrary: as wide as its neighbour.
                edges[0] = edges[1] - (edges[2] - edges[1] if edges.size > 2 else 1.0)
        self.edges = edges
        width = np.diff(edges)
        if counts is None:
            self.tilt = np.zeros(width.size)
            return
        height = np.maximum(np.asarray(counts, dtype=float), 0) / width
        # Beyond the hard limits there is nobody: a mirror bin of height zero on both sides.
        around = np.concatenate([[0.0], height, [0.0]])
        wide = np.concatenate([width[:1], width, width[-1:]])
        rise = np.diff(around) / ((wide[:-1] + wide[1:]) / 2)
        before, after = rise[:-1], rise[1:]
        slope = np.where(
            before * after > 0, np.sign(before) * np.minimum(abs(before), abs(after)), 0.0
        )
        safe = np.where(height > 0, height, 1.0)
        # Difference of the density between the bin's ends, relative to its mean; at most 2,
        # where the density reaches zero at one end.
        self.tilt = np.clip(np.where(height > 0, slope * width / safe, 0.0), -2.0, 2.0)

    def draw(self, bins: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Values in the given bins.

        Parameters
        ----------
        bins : numpy.ndarray of int, shape (rows,)
        rng : numpy.random.Generator

        Returns
        -------
        numpy.ndarray of float, shape (rows,)
        """
        share = rng.random(bins.size)
        tilt = self.tilt[bins]
        # Invert the cumulative of a density 1 + tilt * (x - 1/2) on the unit interval.
        level = np.abs(tilt) < 1e-9
        steep = np.where(level, 1.0, tilt)
        start = 1 - steep / 2
        root = np.sqrt(np.maximum(start**2 + 2 * steep * share, 0.0))
        place = np.where(level, share, (root - start) / steep)
        low, high = self.edges[bins], self.edges[bins + 1]
        values = low + np.clip(place, 0.0, 1.0) * (high - low)
        if self.log:
            values = np.exp(values)
        if self.linear_first:
            inside = self.first[0] + share * (self.first[1] - self.first[0])
            values = np.where(bins == 0, inside, values)
        if self.tail is not None and self.tail.bins:
            those = np.isin(bins, self.tail.bins)
            values[those] = self.tail.draw(bins[those], share[those])
        return values
