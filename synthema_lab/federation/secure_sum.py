"""How do sites sum their vectors, or their counts, without showing them?

`secure_sum` is one round for floating-point vectors; `secure_total` gives the
``total(counts)`` that a generator asks for its sums. Both run the whole
protocol of `secure_aggregation` in one process over `MemoryChannel`. In one
process the sites trust that process; across hospitals the same state machines
run apart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from .. import randomness
from ..secure_aggregation import Identity, Roster, RoundSettings, default_scale
from ..secure_aggregation.errors import SettingsRefused, TooFewSites, VectorRefused
from .memory import MemoryChannel, Transcript

_NO_MODEL = hashlib.sha256(b"").digest()


def secure_sum(
    vectors: Sequence[np.ndarray],
    clip: float = 8.0,
    scale: int | None = None,
    threshold: int | None = None,
) -> np.ndarray:
    """Sum one vector a site; nobody sees more than the sum.

    Parameters
    ----------
    vectors : sequence of at least three array-likes, shape (length,)
        One a site, of equal length, real and finite.
    clip : float
        Largest absolute value of a coordinate. Beyond it is an error.
    scale : int, optional
        Fixed-point steps in a unit, a power of two above 1; the finest that suits
        the clip if not given (``2**25`` for five sites and a clip of 8).
    threshold : int, optional
        Sites needed; the smallest number above two thirds if not given.

    Returns
    -------
    numpy.ndarray of float64, shape (length,)
        Within ``sites / (2 * scale)`` of the exact sum.

    Raises
    ------
    TooFewSites
        With fewer than three vectors.
    VectorRefused
        With NaN, infinity, unequal lengths, another type, or a value beyond the clip.
    SettingsRefused
        If clip, scale or threshold cannot be used.

    Examples
    --------
    >>> secure_sum([[1.0, 2.0], [0.5, -2.0], [0.25, 8.0]]).tolist()
    [1.75, 8.0]
    """
    vectors = [_real(vector) for vector in vectors]
    _require_sites(len(vectors))
    length = _common_length(vectors)
    scale = default_scale(len(vectors), clip) if scale is None else scale
    if scale == 1:
        raise SettingsRefused(
            "The scale is 1, which is for whole numbers.",
            "A power of two above 1.",
            "Use scale=2**20, or secure_total for counts.",
        )
    identities, roster = _enrolled(_numbered(len(vectors)))
    settings = RoundSettings(
        roster,
        f"sum/{randomness.random_bytes(8).hex()}",
        length,
        clip,
        scale,
        _NO_MODEL,
        _NO_MODEL,
        threshold,
    )
    channel = MemoryChannel(settings, identities)
    return channel.run(dict(zip(roster.names, vectors, strict=True))).total


def secure_total(
    sites: int | Sequence[str],
    bound: int = 2**31,
    noise_bound: int = 0,
    threshold: int | None = None,
    model_digest: bytes = _NO_MODEL,
    study_digest: bytes = _NO_MODEL,
    keep_messages: bool = False,
) -> SecureTotal:
    """A callable ``total(counts)`` that sums whole numbers of sites over the protocol.

    Parameters
    ----------
    sites : int or sequence of str
        How many sites, or their names; at least three.
    bound : int
        Largest absolute value of a site's count (with its noise, where the noise
        is already in the counts). Beyond it is an error. Where sites times
        bound, plus `noise_bound`, stays below ``2**31``, messages are half as long.
    noise_bound : int
        Room for the sum of the noise given apart from the counts.
    threshold : int, optional
        Sites needed; the smallest number above two thirds if not given.
    model_digest, study_digest : bytes
        SHA-256 of the model and of the study, which bind every round.
    keep_messages : bool
        Whether the transcript keeps what the coordinator saw.

    Returns
    -------
    SecureTotal

    Examples
    --------
    >>> total = secure_total(sites=3, bound=10_000)
    >>> total([np.array([1, 2]), np.array([10, 0]), np.array([100, 3])]).tolist()
    [111, 5]
    >>> total.transcript.rounds
    1
    """
    names = _numbered(sites) if isinstance(sites, (int, np.integer)) else tuple(sites)
    return SecureTotal(
        names, bound, noise_bound, threshold, model_digest, study_digest, keep_messages
    )


class SecureTotal:
    """Sums whole numbers of the same sites, a new round with new keys at each call.

    See `secure_total` for the parameters. Identities are enrolled once; every
    site keeps the ids of the rounds it has run.
    """

    def __init__(
        self,
        sites: Sequence[str],
        bound: int,
        noise_bound: int = 0,
        threshold: int | None = None,
        model_digest: bytes = _NO_MODEL,
        study_digest: bytes = _NO_MODEL,
        keep_messages: bool = False,
    ) -> None:
        _require_sites(len(sites))
        self.sites = tuple(sites)
        self.transcript = Transcript()
        self._identities, self._roster = _enrolled(self.sites)
        self._used_rounds: dict[str, set[str]] = {name: set() for name in self.sites}
        self._series = randomness.random_bytes(8).hex()
        self._calls = 0
        self._keep_messages = keep_messages
        self._agreed = {
            "clip": bound,
            "scale": 1,
            "threshold": threshold,
            "noise_bound": noise_bound,
            "model_digest": model_digest,
            "study_digest": study_digest,
        }
        self._settings("check", 1)

    def __repr__(self) -> str:
        return f"SecureTotal({len(self.sites)} sites; {self.transcript})"

    def __call__(
        self, counts: Sequence[np.ndarray], noise: Sequence[np.ndarray] | None = None
    ) -> np.ndarray:
        """Sum one integer vector a site, exactly.

        Parameters
        ----------
        counts : sequence of numpy.ndarray of int64, shape (cells,)
            One a site, in the order of `sites`.
        noise : sequence of numpy.ndarray of int64, shape (cells,), optional
            Each site's share of noise, where it is not already in the counts.

        Returns
        -------
        numpy.ndarray of int64, shape (cells,)

        Raises
        ------
        VectorRefused
            If a vector is missing, is not of whole numbers, has another length or
            goes beyond the bound.
        """
        counts = [_plain(vector) for vector in counts]
        self._require_one_each(counts)
        if noise is not None:
            self._require_one_each(noise)
        self._calls += 1
        settings = self._settings(f"total/{self._series}/{self._calls}", _common_length(counts))
        channel = MemoryChannel(
            settings, self._identities, self._used_rounds, keep_messages=self._keep_messages
        )
        try:
            opened = channel.run(
                dict(zip(self.sites, counts, strict=True)),
                None if noise is None else dict(zip(self.sites, noise, strict=True)),
            )
        finally:
            self.transcript += channel.transcript
        return opened.total

    def _settings(self, round_id: str, length: int) -> RoundSettings:
        return RoundSettings(self._roster, round_id, length, **self._agreed)

    def _require_one_each(self, vectors: Sequence[np.ndarray]) -> None:
        if len(vectors) != len(self.sites):
            raise VectorRefused(
                f"{len(vectors)} vectors were given for {len(self.sites)} sites.",
                "One vector a site.",
                "Give a list with one integer vector for each site.",
            )


def _enrolled(names: Sequence[str]) -> tuple[list[Identity], Roster]:
    identities = [Identity.new(name) for name in names]
    return identities, Roster.of(identity.member() for identity in identities)


def _numbered(sites: int) -> tuple[str, ...]:
    return tuple(f"site-{number:04d}" for number in range(1, int(sites) + 1))


def _require_sites(sites: int) -> None:
    if sites < 3:
        raise TooFewSites(
            f"A sum over {sites} sites was asked for.",
            "At least three: with two, each learns the other's vector.",
            "Give one vector for each of three sites or more.",
        )


def _common_length(vectors: Sequence[np.ndarray]) -> int:
    lengths = {vector.size if vector.ndim == 1 else -1 for vector in vectors}
    if len(lengths) != 1 or not lengths.isdisjoint({-1, 0}):
        raise VectorRefused(
            "The sites' vectors differ in length, are empty, or have more than one dimension.",
            "One dimension and the same length at every site.",
            "Build every vector from the same dictionary.",
        )
    return lengths.pop()


def _plain(vector: np.ndarray) -> np.ndarray:
    """`vector` as a plain array; a masked one would be read behind its mask."""
    if isinstance(vector, np.ma.MaskedArray):
        raise VectorRefused(
            "A site's vector is a masked array.",
            "A plain array.",
            "Fill the masked entries: vector.filled(0).",
        )
    try:
        return np.asarray(vector)
    except ValueError as error:
        raise VectorRefused(
            "A site's vector is not an array of numbers.",
            "One dimension of numbers.",
            "Give a list or an array of numbers for each site.",
        ) from error


def _real(vector: np.ndarray) -> np.ndarray:
    vector = _plain(vector)
    if vector.dtype.kind in "iu":
        return vector.astype(np.float64)
    if vector.dtype.kind != "f":
        raise VectorRefused(
            "A site's vector does not hold real numbers.",
            "An array of floating-point numbers.",
            "Convert it: vector.astype(float).",
        )
    return vector
