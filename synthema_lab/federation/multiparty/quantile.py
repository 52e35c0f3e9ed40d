"""Which value do a given share of all patients stay at or below?

Every site counts its patients at or below each point of a public grid. The
running counts are summed on shares, and only the grid point at which they
reach the share asked for is opened, never a count. The result is the smallest
grid point at or above the pooled quantile (Hyndman and Fan's type 1, which
numpy calls ``inverted_cdf``).

Extremes are single patients, so a minimum number of patients must lie on
either side; whether that is so is opened first.
"""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from ...errors import ArgumentRefused, DataMismatch
from ...secure_aggregation.errors import ValueBeyondClip, ValueNotFinite, VectorRefused
from .answers import Cost
from .asking import session_for
from .errors import TailTooSmall
from .parties import Parties

_FINEST = 10**6
_MOST_PATIENTS = 10**9


@dataclass(frozen=True)
class GridQuantile:
    """Quantiles over all sites, on a grid.

    Parameters
    ----------
    q : tuple of float
        The shares asked for.
    values : tuple of float
        For each, the smallest grid point at or above the pooled quantile.
    smallest_tail : int
        Patients that lie on either side, at least.
    cost : Cost
    """

    q: tuple[float, ...]
    values: tuple[float, ...]
    smallest_tail: int
    cost: Cost = field(repr=False)

    @property
    def opened(self) -> str:
        """What was opened, in words."""
        return (
            f"that both tails hold at least {self.smallest_tail} patients, and the place on the "
            f"grid of {len(self.q)} quantile{'' if len(self.q) == 1 else 's'}"
        )

    def __str__(self) -> str:
        pairs = ", ".join(f"{q:g}: {v:g}" for q, v in zip(self.q, self.values, strict=True))
        return f"Quantiles {pairs}. Opened: {self.opened}. {self.cost}"

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(str(self))}</p>"


def quantile(
    values: Mapping[str, Any],
    q: float | Fraction | Sequence[float | Fraction],
    grid: Sequence[float],
    smallest_tail: int = 5,
    bound: int = 10**6,
    group: Parties | None = None,
    timeout: float = 30.0,
) -> GridQuantile:
    """Quantiles of the pooled values, rounded up to a public grid.

    Parameters
    ----------
    values : mapping of str to array-like of float, shape (patients,)
        By site, of the sites that this caller speaks for; none above the last
        grid point. A site may have none.
    q : float, Fraction or sequence of them
        Public; above 0 and below 1, read as decimal fractions of at most six digits.
    grid : sequence of float
        Public; at least two finite points, ascending.
    smallest_tail : int
        Public; patients that must lie at or below, and above, each quantile: the
        least of ``q`` and ``1 - q`` times their number must reach it.
    bound : int
        Public; most patients of one site.
    group : Parties, optional
        An open session; otherwise one is started for this question.
    timeout : float
        In seconds, where a session is started.

    Returns
    -------
    GridQuantile

    Raises
    ------
    VectorRefused, ValueNotFinite, ValueBeyondClip, DataMismatch, ArgumentRefused
        Before anything is sent.
    TailTooSmall
        If fewer patients than `smallest_tail` lie in a tail. The session goes on.
    PartyLost, PartiesDisagree
        If the computation ends without a result.

    Examples
    --------
    >>> haemoglobin = {"east": [7.1, 8.4, 9.9], "north": [8.0, 8.2], "south": [10.3, 6.5, 9.0]}
    >>> found = quantile(haemoglobin, 0.5, grid=np.arange(5.0, 15.5, 0.5), smallest_tail=3)
    >>> found.values
    (8.5,)
    """
    several = tuple(q) if isinstance(q, (Sequence, np.ndarray)) else (q,)
    shares = [_share(one) for one in several]
    points = _ascending(grid)
    whole_numbers = all(isinstance(n, (int, np.integer)) for n in (smallest_tail, bound))
    if not (shares and whole_numbers and smallest_tail >= 1 and 1 <= bound <= _MOST_PATIENTS):
        raise ArgumentRefused(
            "The shares, the smallest tail or the bound cannot be used.",
            f"At least one share, and whole numbers from 1 (the bound to {_MOST_PATIENTS}).",
            "Use q=0.5, smallest_tail=5 and bound=10**6.",
        )
    running = {site: _running(site, own, points, int(bound)) for site, own in values.items()}
    whole = math.lcm(*(share.denominator for share in shares))
    with session_for(running, group, timeout) as session:
        most = max(whole * bound * len(session.roster), whole * smallest_tail)
        answer = session.ask(
            {
                "kind": "quantile",
                "grid": points.tolist(),
                "wanted": [int(share * whole) for share in shares],
                "whole": whole,
                "tail": int(smallest_tail),
                "bound": int(bound),
                "bits": int(most).bit_length() + 2,
            },
            running,
        )
    if not answer.told["tail"]:
        raise TailTooSmall(
            "A quantile would rest on too few patients.",
            f"At least {smallest_tail} patients on either side of it.",
            "Ask for a quantile nearer to the median, or for more sites.",
        )
    found = points[answer.opened]
    return GridQuantile(
        tuple(map(float, shares)), tuple(found.tolist()), int(smallest_tail), answer.cost
    )


def _share(q: Any) -> Fraction:
    try:
        share = q if isinstance(q, Fraction) else Fraction(str(q))
    except ValueError:
        share = Fraction(0)
    if not (0 < share < 1 and share.denominator <= _FINEST):
        raise ArgumentRefused(
            "A share of patients cannot be used.",
            "Above 0 and below 1, with at most six decimal digits; extremes are single patients.",
            "Use q=0.5, or q=[0.25, 0.5, 0.75].",
        )
    return share


def _ascending(grid: Any) -> np.ndarray:
    points = np.asarray(grid, dtype=np.float64)
    if points.ndim != 1 or points.size < 2 or not np.isfinite(points).all() or (
        np.diff(points) <= 0
    ).any():  # fmt: skip
        raise ArgumentRefused(
            "The grid cannot be used.",
            "At least two finite points in ascending order.",
            "Use numpy.linspace(low, high, 101).",
        )
    return points


def _running(site: str, own: Any, points: np.ndarray, bound: int) -> np.ndarray:
    """How many of a site's patients are at or below each grid point."""
    masked = isinstance(own, np.ma.MaskedArray)
    try:
        own = np.asarray(own, dtype=np.float64)
    except (TypeError, ValueError):  # their text would show a value
        own = np.zeros((0, 0))
    if masked or own.ndim != 1:
        raise VectorRefused(
            f"The values of {site} are no plain vector of numbers.",
            "One number a patient, nothing masked.",
            "Drop what is missing and convert with .astype(float).",
        )
    unusable = int(np.count_nonzero(~np.isfinite(own)))
    if unusable:
        raise ValueNotFinite(
            f"{unusable} values of {site} are NaN or infinite.",
            "A finite number a patient.",
            "Drop patients without a value; say how many in the report.",
        )
    beyond = int(np.count_nonzero(own > points[-1]))
    if beyond:
        raise DataMismatch(
            f"{beyond} values of {site} lie beyond the grid.",
            "No value above the last grid point.",
            "Extend the grid to the hard limit of the variable in its dictionary.",
        )
    if own.size > bound:
        raise ValueBeyondClip(
            f"{site} has more patients than the bound of {bound}.",
            "At most as many as all sites agreed on.",
            "Agree on a larger bound=.",
        )
    return np.searchsorted(np.sort(own), points, side="right").astype(np.int64)
