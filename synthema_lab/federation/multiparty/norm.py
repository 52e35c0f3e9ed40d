"""Is each site's vector short enough, without showing it or its length?

A site commits to its vector; then the parties draw directions together; then
each site shares its vector's products with them, and only whether their sum of
squares is within the limit is opened, one yes or no a site. The directions
come after the commitment, since a vector of any length can be made to vanish
along directions that are known beforehand.

What this is worth: it catches a site whose vector is too long, by fault or by
design, as long as the site runs this protocol on that vector. A site that runs
something else can share products of another vector; its commitment then shows
it, if the site is ever asked to open it (`opens`).
"""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...errors import ArgumentRefused
from ...secure_aggregation.errors import ValueNotFinite, VectorRefused
from .answers import Cost
from .asking import equal_length, session_for
from .parties import Parties
from .projections import LONGEST_SUM, wrongly_accepted, wrongly_refused
from .protocols import commitment

DIRECTIONS = 256
SLACK = 0.55
_COARSENESS = 1e-3  # of the bound, at most, by rounding to whole steps
_FAR = 4.0  # times the bound: a coordinate beyond counts as this, and is refused either way


@dataclass(frozen=True)
class NormCheck:
    """Which sites' vectors are within the bound.

    Parameters
    ----------
    within : mapping of str to bool
        By site, over all sites.
    bound : float
    wrongly_refused : float
        Bound on the chance that a vector of at most the bound is refused.
    wrongly_accepted : float
        Bound on the chance that a vector of at least twice the bound is accepted.
    commitments : mapping of str to bytes
        SHA-256 by site, to which it can be held later.
    salts : mapping of str to bytes
        Of the sites of this caller; not shown when printed.
    seed : bytes
        Of the directions.
    cost : Cost
    """

    within: Mapping[str, bool]
    bound: float
    wrongly_refused: float
    wrongly_accepted: float
    commitments: Mapping[str, bytes] = field(repr=False)
    salts: Mapping[str, bytes] = field(repr=False)
    seed: bytes = field(repr=False)
    cost: Cost

    @property
    def opened(self) -> str:
        """What was opened, in words."""
        return f"one yes or no for each of {len(self.within)} sites"

    def opens(self, site: str, vector: np.ndarray, salt: bytes) -> bool:
        """Whether `vector` under `salt` is what the site committed to."""
        vector = _real(site, vector)
        return commitment(_steps(vector, self.bound), salt) == self.commitments[site]

    def __str__(self) -> str:
        beyond = [site for site, within in self.within.items() if not within]
        return (
            f"Longer than {self.bound:g}: {', '.join(beyond) or 'no site'}. "
            f"Opened: {self.opened}. Wrong with chance {self.wrongly_refused:.1g} within the "
            f"bound and {self.wrongly_accepted:.1g} from twice the bound. {self.cost}"
        )

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(str(self))}</p>"


def norm_check(
    vectors: Mapping[str, Any],
    bound: float,
    group: Parties | None = None,
    timeout: float = 30.0,
) -> NormCheck:
    """Tell for each site whether its vector's Euclidean norm is within a bound.

    256 directions with a slack of 0.55 on the square: a vector within the bound
    is refused with chance at most ``1e-6``, one of twice the bound is accepted
    with chance at most ``1e-8``. In between either may happen; 1.5 times the bound
    is accepted with chance at most 0.5 % (see `projections` for the bounds).

    Parameters
    ----------
    vectors : mapping of str to array-like of float, shape (length,)
        By site, of the sites that this caller speaks for.
    bound : float
        Public; above 0.
    group : Parties, optional
        An open session; otherwise one is started for this check.
    timeout : float
        In seconds, where a session is started.

    Returns
    -------
    NormCheck

    Raises
    ------
    VectorRefused, ValueNotFinite, ArgumentRefused, TooFewSites
        Before anything is sent.
    PartyLost, PartiesDisagree
        If the computation ends without a result.

    Examples
    --------
    >>> check = norm_check({"east": [3.0, 4.0], "north": [60.0, 80.0], "south": [0.0, 1.0]}, 5.0)
    >>> check.within
    {'east': True, 'north': False, 'south': True}
    >>> check.opened
    'one yes or no for each of 3 sites'
    """
    if isinstance(bound, bool) or not (0 < bound < math.inf):
        raise ArgumentRefused(
            "The bound of the norm is not a number above 0.",
            "A finite number, such as 8.0.",
            "Take the clip of the study.",
        )
    vectors = {site: _real(site, vector) for site, vector in vectors.items()}
    length = equal_length(vectors)
    reach = length * math.ceil(_FAR * bound * _scale(length, bound))
    if reach > LONGEST_SUM:
        raise VectorRefused(
            f"Vectors of {length} coordinates are too long for exact projections.",
            "At most about 25 million coordinates.",
            "Check parts of the vector, each against the bound.",
        )
    longest = bound * _scale(length, bound) * (1 + _COARSENESS)
    largest = math.floor((1 + SLACK) * DIRECTIONS / 2 * longest**2)
    job = {
        "kind": "norm",
        "length": length,
        "bound": float(bound),
        "projections": DIRECTIONS,
        "largest": largest,
        "bits": (DIRECTIONS * reach**2 + largest).bit_length() + 1,
    }
    with session_for(vectors, group, timeout) as session:
        answer = session.ask(job, {n: _steps(v, bound) for n, v in vectors.items()})
    names = answer.cost.parties
    stated = map(bytes.fromhex, answer.told["commitments"])
    return NormCheck(
        dict(zip(names, (answer.opened == 1).tolist(), strict=True)),
        float(bound),
        wrongly_refused(DIRECTIONS, SLACK),
        wrongly_accepted(DIRECTIONS, (1 + SLACK) * (1 + 3 * _COARSENESS) - 1, 2 - _COARSENESS),
        dict(zip(names, stated, strict=True)),
        {site: bytes.fromhex(own["salt"]) for site, own in answer.own.items()},
        bytes.fromhex(answer.told["seed"]),
        answer.cost,
    )


def _scale(length: int, bound: float) -> float:
    """Steps in a unit, so that rounding moves the norm by at most `_COARSENESS` bounds."""
    return math.sqrt(length) / (2 * _COARSENESS * bound)


def _steps(vector: np.ndarray, bound: float) -> np.ndarray:
    far = _FAR * bound
    return np.rint(np.clip(vector, -far, far) * _scale(vector.size, bound)).astype(np.int64)


def _real(site: str, vector: Any) -> np.ndarray:
    masked = isinstance(vector, np.ma.MaskedArray)
    try:
        vector = np.asarray(vector)
    except ValueError:  # ragged; its text is not passed on
        vector = np.zeros((0, 0))
    if masked or vector.ndim != 1 or vector.dtype.kind not in "fiu":
        raise VectorRefused(
            f"The vector of {site} is no plain vector of real numbers.",
            "One dimension, floating-point or whole numbers, nothing masked.",
            "Flatten it and convert it with .astype(float).",
        )
    unusable = int(np.count_nonzero(~np.isfinite(vector)))
    if unusable:
        raise ValueNotFinite(
            f"The vector of {site} holds {unusable} values that are NaN or infinite.",
            "Finite numbers.",
            "Find where they arise at the site; nothing has left it.",
        )
    return vector.astype(np.float64)
