"""How is a site's vector of a statistic written in whole steps?

Whole numbers are summed as they are. A real coordinate is divided by a public
step and rounded, so that the sum over n sites is off by at most n half steps.
Without noise the step is the finest power of two with which a sum of clips fits
into 64 bits; with noise it is a fraction of the coordinate's sensitivity.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...secure_aggregation.errors import ValueBeyondClip, ValueNotFinite, VectorRefused


@dataclass(frozen=True, eq=False)
class Steps:
    """A public agreement on how a vector is encoded.

    Parameters
    ----------
    bound : int
        Largest absolute value of an encoded coordinate.
    step : numpy.ndarray or None
        Size of a step of each coordinate, shape (length,) or (); None for whole numbers.
    clip : numpy.ndarray or None
        Largest absolute value of each coordinate at a site; None for whole numbers.

    Examples
    --------
    >>> steps = Steps.of_clip(np.array([8.0, 1000.0]), sites=3)
    >>> vector = np.array([0.1, -999.0])
    >>> bool(np.all(abs(steps.decode(steps.encode("north", vector)) - vector) <= steps.error(1)))
    True
    """

    bound: int
    step: np.ndarray | None = None
    clip: np.ndarray | None = None

    @classmethod
    def of_clip(cls, clip: np.ndarray, sites: int) -> Steps:
        """The finest steps for a clip and a number of sites."""
        bound = 2 ** (62 - (sites - 1).bit_length())
        return cls(bound, np.exp2(np.ceil(np.log2(clip))) / bound, clip)

    @classmethod
    def of_size(cls, step: np.ndarray, clip: np.ndarray) -> Steps:
        """Steps of a given size, for a clip."""
        return cls(int(np.ceil(np.max(clip / step))) + 1, step, clip)

    def encode(self, site: str, vector: np.ndarray) -> np.ndarray:
        """A site's vector in whole steps, int64; refused where it does not fit."""
        if not isinstance(vector, np.ndarray) or vector.ndim != 1 or vector.size == 0:
            raise VectorRefused(
                f"What {site} computed is not a vector.",
                "A numpy array with one dimension and at least one coordinate.",
                "Return np.array([...]) from the local part of the statistic.",
            )
        if self.step is None:
            return self._whole(site, vector)
        if vector.dtype.kind not in "fiu":
            raise VectorRefused(
                f"What {site} computed is not a vector of real numbers.",
                "Floating-point numbers.",
                "Convert it: vector.astype(float).",
            )
        if self.clip.shape not in ((), vector.shape):
            raise VectorRefused(
                f"The clip has {self.clip.size} numbers and the vector {vector.size}.",
                "One clip for all coordinates, or one for each.",
                "Build both from the same variables.",
            )
        vector = vector.astype(np.float64)
        unusable = int(np.count_nonzero(~np.isfinite(vector)))
        if unusable:
            raise ValueNotFinite(
                f"The vector of {site} holds {unusable} values that are NaN or infinite.",
                "Finite numbers.",
                "Find where they arise at this site; nothing has left it.",
            )
        if np.any(np.abs(vector) > self.clip):
            raise self._beyond(site)
        return np.rint(vector / self.step).astype(np.int64)

    def decode(self, total: np.ndarray) -> np.ndarray:
        """The opened sum in the statistic's own unit."""
        return total if self.step is None else total * self.step

    def error(self, sites: int) -> np.ndarray:
        """Bound on the absolute error of a sum over `sites` sites, for each coordinate.

        The rounding of double precision, in a site's own sums and in this
        one, comes on top.
        """
        return np.float64(0) if self.step is None else self.step * (sites / 2)

    def _whole(self, site: str, vector: np.ndarray) -> np.ndarray:
        if vector.dtype.kind not in "iu":
            raise VectorRefused(
                f"What {site} computed is not a vector of whole numbers.",
                "Whole numbers, since no clip was stated.",
                "State a clip for real numbers, or count with an integer type.",
            )
        if int(vector.max()) > self.bound or int(vector.min()) < -self.bound:
            raise self._beyond(site)
        return vector.astype(np.int64)

    def _beyond(self, site: str) -> ValueBeyondClip:
        return ValueBeyondClip(
            f"The vector of {site} holds a value beyond what was agreed.",
            "Every absolute value at most the clip or bound; nothing is altered in silence.",
            "Check the site's units, or agree on wider limits or on a larger `largest_site`.",
        )
