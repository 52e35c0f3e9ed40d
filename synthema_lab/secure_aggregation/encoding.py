"""How does a vector become whole numbers that can be masked, and a sum become a vector again?

Fixed point in two's complement: a value is multiplied by the scale (a power of
two, so exactly) and rounded to the nearest step. The error of a coordinate is
at most ``1 / (2 scale)`` and that of a sum over n sites at most
``n / (2 scale)``. With scale 1 vectors are whole numbers and the sum is exact.
Nothing is clipped: a value beyond the clip, NaN, infinity, another type or
another length is an error, raised before any mask is made.
"""

from __future__ import annotations

import numpy as np

from .errors import (
    NoiseBeyondBound,
    SettingsRefused,
    SumOutOfRange,
    ValueBeyondClip,
    ValueNotFinite,
    VectorRefused,
)
from .settings import RoundSettings

_BLOCK = 1 << 15


def default_scale(sites: int, clip: float) -> int:
    """The finest power of two that suits a clip.

    The finest with which sums stay in 32 bits, if that leaves at least
    ``2**16`` steps in a unit; otherwise the finest with which sums in 64 bits
    remain exact in double precision.

    Parameters
    ----------
    sites : int
        Number of sites.
    clip : float
        Largest absolute value of a coordinate.

    Raises
    ------
    SettingsRefused
        If no scale suits the clip.

    Examples
    --------
    >>> default_scale(sites=5, clip=8.0) == 2**25
    True
    """
    if 2.0**-52 <= clip <= 2.0**52:
        for room, exponents in ((2**31, range(30, 15, -1)), (2**53, range(52, 0, -1))):
            for exponent in exponents:
                steps = clip * 2**exponent
                if steps >= 1 and sites * round(steps) < room:
                    return 2**exponent
    raise SettingsRefused(
        "The clip is no number, or too large or too small to be encoded.",
        "A clip between 2**-52 and 2**52 divided by the number of sites, such as 8.0.",
        "Express the values in another unit.",
    )


def encode(
    vector: np.ndarray,
    settings: RoundSettings,
    noise: np.ndarray | None = None,
    out: np.ndarray | None = None,
) -> np.ndarray:
    """Encode a site's vector.

    Parameters
    ----------
    vector : numpy.ndarray, shape (length,)
        Floating (at most 64 bits) where the scale is above 1, integer where it is 1.
    settings : RoundSettings
        Length, clip and scale.
    noise : numpy.ndarray of integers, shape (length,), optional
        The site's share of privacy noise in encoded steps.
    out : numpy.ndarray of settings.dtype, shape (length,), optional
        Where to write; a fresh array if not given.

    Returns
    -------
    numpy.ndarray of settings.dtype, shape (length,)
        `out`, or the fresh array.

    Raises
    ------
    VectorRefused, ValueNotFinite, ValueBeyondClip, NoiseBeyondBound

    Examples
    --------
    >>> from synthema_lab.secure_aggregation import Identity, Roster
    >>> roster = Roster.of(Identity.new(name).member() for name in "abc")
    >>> settings = RoundSettings(roster, "r", 3, 2.0, 4, bytes(32), bytes(32))
    >>> encode(np.array([0.5, -0.25, 2.0]), settings).view("<i4").tolist()
    [2, -1, 8]
    """
    vector = _of_shape(vector, settings, "vector")
    encoded = np.empty(settings.length, dtype=settings.dtype) if out is None else out
    (_whole if settings.scale == 1 else _fixed_point)(vector, settings, encoded)
    if noise is not None:
        noise = _of_shape(noise, settings, "noise")
        if noise.dtype.kind not in "iu":
            raise _wrong_type("noise", "whole numbers")
        bound = settings.noise_bound
        if int(noise.max()) > bound or int(noise.min()) < -bound:
            raise NoiseBeyondBound(
                "This site's noise exceeds the room made for it.",
                f"At most {bound} encoded steps in a coordinate.",
                "Open a round whose noise_bound is seven standard deviations of the summed noise.",
            )
        encoded += noise.astype(settings.dtype)
    return encoded


def decode(total: np.ndarray, settings: RoundSettings, survivors: int) -> np.ndarray:
    """Decode an unmasked sum.

    Parameters
    ----------
    total : numpy.ndarray of settings.dtype, shape (length,)
        Sum of encoded vectors, modulo ``2**modulus_bits``.
    settings : RoundSettings
    survivors : int
        Number of vectors in the sum.

    Returns
    -------
    numpy.ndarray, shape (length,)
        int64 where the scale is 1, else float64.

    Raises
    ------
    SumOutOfRange
        If the sum is larger than that many vectors within their clip can reach.
    """
    signed = total.view(total.dtype.str.replace("u", "i"))
    limit = survivors * settings.largest + settings.noise_bound
    if int(signed.max()) > limit or int(signed.min()) < -limit:
        raise SumOutOfRange(
            "The opened sum is larger than vectors within the clip can add up to.",
            f"{survivors} vectors within the clip, and noise within its bound.",
            "Discard the round; a site sent a vector beyond its clip, or another than its masks.",
        )
    if settings.scale == 1:
        return signed.astype(np.int64)
    return signed / float(settings.scale)


def _of_shape(vector: np.ndarray, settings: RoundSettings, what: str) -> np.ndarray:
    if isinstance(vector, np.ma.MaskedArray):
        raise _wrong_type(what, "a plain array: masked entries would be read as values")
    vector = np.asarray(vector)
    if vector.shape != (settings.length,):
        raise VectorRefused(
            f"The {what} has shape {vector.shape}.",
            f"One dimension of {settings.length} coordinates, as the round's settings say.",
            f"Build the {what} from the same model and dictionary as the other sites.",
        )
    return vector


def _whole(vector: np.ndarray, settings: RoundSettings, encoded: np.ndarray) -> None:
    if vector.dtype.kind not in "iu":
        raise _wrong_type("vector", "whole numbers, since the scale is 1")
    if int(vector.max()) > settings.largest or int(vector.min()) < -settings.largest:
        raise _beyond(vector > settings.largest, vector < -settings.largest)
    np.copyto(encoded, vector, casting="unsafe")


def _fixed_point(vector: np.ndarray, settings: RoundSettings, encoded: np.ndarray) -> None:
    if vector.dtype.kind != "f" or vector.dtype.itemsize > 8:
        raise _wrong_type("vector", "floating-point numbers of at most 64 bits")
    clip = settings.clip
    # NaN makes both comparisons false, so that it is caught here as well.
    if not (float(vector.max()) <= clip and float(vector.min()) >= -clip):
        unusable = int(np.count_nonzero(~np.isfinite(vector)))
        if unusable:
            raise ValueNotFinite(
                f"The vector holds {unusable} values that are NaN or infinite.",
                "Finite numbers.",
                "Find where they arise at this site; nothing has left it.",
            )
        wide = vector.astype(np.float64)
        raise _beyond(wide > clip, wide < -clip)
    for start in range(0, settings.length, _BLOCK):
        steps = vector[start : start + _BLOCK].astype(np.float64)
        steps *= settings.scale
        np.rint(steps, out=steps)
        encoded[start : start + _BLOCK] = steps.astype(np.int64).astype(settings.dtype)


def _beyond(above: np.ndarray, below: np.ndarray) -> ValueBeyondClip:
    return ValueBeyondClip(
        f"The vector holds {int(above.sum() + below.sum())} values beyond the clip.",
        "Every absolute value at most the clip; nothing is altered in silence.",
        "Scale the vector at the site, or agree on a larger clip in the study.",
    )


def _wrong_type(what: str, expected: str) -> VectorRefused:
    return VectorRefused(
        f"The {what} has the wrong type.", f"{expected.capitalize()}.", f"Convert the {what}."
    )
