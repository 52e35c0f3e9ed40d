"""What must every party of a round agree on?

All of it is in `RoundSettings`, whose digest is in the header of every
message, under every signature and in every key derivation. A party with other
settings therefore cannot take part, and its masks would not cancel.
"""

from __future__ import annotations

import hashlib
import math
import numbers
import operator
import re
import struct
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from . import graph
from .errors import SettingsRefused, TooFewSites
from .roster import Roster

FEWEST_SITES = 3
LONGEST_VECTOR = 2**27
_ROUND_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}")
_TAG = b"synthema-lab secure aggregation 1 settings\x00"


def default_threshold(sites: int) -> int:
    """The smallest whole number strictly above two thirds of the sites.

    With it a coordinator that breaks the protocol together with fewer than a
    third of the sites cannot have two survivor sets signed (Bonawitz et al.
    2017, malicious variant).

    Examples
    --------
    >>> [default_threshold(n) for n in (3, 4, 5, 10)]
    [3, 3, 4, 7]
    """
    return 2 * sites // 3 + 1


@dataclass(frozen=True)
class RoundSettings:
    """Everything the sites and the coordinator of one round agree on.

    Parameters
    ----------
    roster : Roster
        The enrolled sites; at least three.
    round_id : str
        Used once at every site: 1 to 128 letters, digits and ``._:/-``.
    length : int
        Number of coordinates, at most ``2**27``.
    clip : float
        Largest absolute value of a coordinate. Beyond it is an error.
    scale : int
        Fixed-point steps in a unit: a power of two, so that scaling is exact.
        1 means whole numbers: vectors and sum are integers.
    model_digest, study_digest : bytes
        SHA-256 of the model the vectors belong to and of the approved study. A
        model digest of None says that the model is named when the vectors are,
        so that keys and shares can be exchanged before it exists.
    threshold : int, optional
        Sites needed at every stage; above two thirds of them.
        `default_threshold` if not given.
    noise_bound : int
        Room for the sum of all sites' noise, in encoded steps (seven standard
        deviations of that sum); 0 without noise.
    neighbours : int, optional
        With how many others a site shares its secrets: all of them up to 100
        sites, and `graph.default_neighbours` above, if not given.

    Raises
    ------
    TooFewSites
        With fewer than three sites.
    SettingsRefused
        If a field is out of its range or the sum could wrap.

    Examples
    --------
    >>> from synthema_lab.secure_aggregation import Identity
    >>> roster = Roster.of(Identity.new(name).member() for name in ("east", "north", "south"))
    >>> settings = RoundSettings(roster, "round-1", 4, 8.0, 2**20, bytes(32), bytes(32))
    >>> settings.threshold, settings.modulus_bits
    (3, 32)
    """

    roster: Roster
    round_id: str
    length: int
    clip: float
    scale: int
    model_digest: bytes | None
    study_digest: bytes
    threshold: int | None = None
    noise_bound: int = 0
    neighbours: int | None = None

    def __post_init__(self) -> None:
        if len(self.roster) < FEWEST_SITES:
            raise TooFewSites(
                f"A sum over {len(self.roster)} sites was asked for.",
                f"At least {FEWEST_SITES}: with two, each learns the other's vector.",
                "Add sites, or compute at each site alone.",
            )
        sites = len(self.roster)
        if self.threshold is None:
            object.__setattr__(self, "threshold", default_threshold(sites))
        if self.neighbours is None:
            object.__setattr__(self, "neighbours", _default_neighbours(sites))
        for name in ("length", "scale", "threshold", "noise_bound", "neighbours"):
            object.__setattr__(self, name, _whole(name, getattr(self, name)))
        object.__setattr__(self, "clip", _real(self.clip))
        if not isinstance(self.round_id, str) or not _ROUND_ID.fullmatch(self.round_id):
            _refuse("The round id cannot be used", "1 to 128 letters, digits and ._:/-")
        if not 1 <= self.length <= LONGEST_VECTOR:
            _refuse(f"The vector length is {self.length}", f"1 to {LONGEST_VECTOR} coordinates")
        if not default_threshold(sites) <= self.threshold <= sites:
            _refuse(
                f"The threshold is {self.threshold} of {sites} sites",
                f"{default_threshold(sites)} to {sites}: more than two thirds",
            )
        if not 1 <= self.scale <= 2**52 or self.scale & (self.scale - 1):
            _refuse(f"The scale is {self.scale}", "A power of two, 1 to 2**52, such as 2**20")
        if not math.isfinite(self.clip) or not 1 <= self.clip * self.scale <= 2.0**62:
            _refuse("The clip cannot be encoded", "A finite clip of at least one step, 1 / scale")
        if self.scale == 1 and not self.clip.is_integer():
            _refuse("Whole numbers are summed with a fractional clip", "A whole clip")
        if self.noise_bound < 0:
            _refuse(f"The noise bound is {self.noise_bound}", "0 or more encoded steps")
        if not self.largest_sum < (2**63 if self.scale == 1 else 2**53):
            _refuse(
                "The sum could grow beyond what is exact",
                "sites * clip * scale + noise_bound below 2**53, or 2**63 for whole numbers",
            )
        if not _safe_neighbours(sites, self.neighbours):
            _refuse(
                f"A site is to share with {self.neighbours} of {sites - 1} others",
                f"All of them, or a number for which graph.exposure is small, such as "
                f"{_default_neighbours(sites)}",
            )
        for name in ("model_digest", "study_digest"):
            digest = getattr(self, name)
            later = name == "model_digest" and digest is None
            if not later and (not isinstance(digest, bytes) or len(digest) != 32):
                _refuse(f"{name} is not a SHA-256 digest", "32 bytes")

    @property
    def sites(self) -> int:
        """Number of enrolled sites."""
        return len(self.roster)

    @property
    def complete(self) -> bool:
        """Whether every site shares with every other."""
        return self.neighbours == self.sites - 1

    @property
    def shares_needed(self) -> int:
        """Shares that rebuild a secret: the threshold, or more than two thirds of neighbours."""
        return self.threshold if self.complete else graph.shares_needed(self.neighbours)

    @property
    def largest(self) -> int:
        """Largest absolute encoded value of a coordinate, in steps."""
        return round(self.clip * self.scale)

    @property
    def largest_sum(self) -> int:
        """Largest absolute encoded sum of all sites, noise included, in steps."""
        return self.sites * self.largest + self.noise_bound

    @property
    def modulus_bits(self) -> int:
        """32 where every sum stays below ``2**31``, else 64."""
        return 32 if self.largest_sum < 2**31 else 64

    @property
    def dtype(self) -> np.dtype:
        """Type of a masked coordinate: little-endian, unsigned."""
        return np.dtype("<u4" if self.modulus_bits == 32 else "<u8")

    @cached_property
    def canonical(self) -> bytes:
        """The one byte form of these settings."""
        name = self.round_id.encode("ascii")
        return b"".join(
            [
                _TAG,
                self.roster.canonical(),
                len(name).to_bytes(1, "big"),
                name,
                struct.pack(
                    ">QdQHQBHB",
                    self.length,
                    self.clip,
                    self.scale,
                    self.threshold,
                    self.noise_bound,
                    self.modulus_bits,
                    self.neighbours,
                    self.model_digest is not None,
                ),
                self.model_digest or b"",
                self.study_digest,
            ]
        )

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the canonical form, 32 bytes."""
        return hashlib.sha256(self.canonical).digest()


def named_model(settings: RoundSettings, digest: object, late: bool) -> bytes:
    """A model's digest, where the settings leave it for later and it may be named now.

    Raises
    ------
    SettingsRefused
    """
    if settings.model_digest is not None:
        _refuse("A model is named that the settings name already", "Settings without a model")
    if late:
        _refuse("The model is named too late, or twice", "Once, before the shares are delivered")
    if not isinstance(digest, bytes) or len(digest) != 32:
        _refuse("The model is not named by a SHA-256 digest", "32 bytes")
    return digest


@cache
def _safe_neighbours(sites: int, neighbours: int) -> bool:
    if neighbours == sites - 1:
        return True
    chance = graph.exposure(default_threshold(sites), neighbours, sites // graph.TOLERATED)
    enough = _default_neighbours(sites) <= neighbours < sites
    return enough and chance <= -graph.FAILURE_BITS


@cache
def _default_neighbours(sites: int) -> int:
    return graph.default_neighbours(sites)


def _whole(name: str, value: object) -> int:
    if isinstance(value, (bool, np.bool_)):
        _refuse(f"{name} is not a whole number", "A whole number")
    try:
        return operator.index(value)
    except TypeError:
        _refuse(f"{name} is not a whole number", "A whole number")


def _real(value: object) -> float:
    """`value` as a float; NaN, which is refused later, if it is not a real number."""
    try:
        return float(value) if isinstance(value, numbers.Real) else math.nan
    except OverflowError:
        return math.inf


def _refuse(happened: str, expected: str) -> None:
    raise SettingsRefused(
        f"{happened}.", f"{expected}.", "Correct the settings that the study names for its rounds."
    )
