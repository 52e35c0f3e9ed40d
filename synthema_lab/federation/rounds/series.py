"""Which rounds follow one another, among whom, and under which ids?

A study opens one sum or several. They are opened in a series of rounds in
which the next round's keys ride along. When a round is lost, or a site that
was away comes back, another series begins where the last one got to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ... import randomness
from ...secure_aggregation import Roster, RoundSettings, default_threshold
from .letters import LetterRefused

if TYPE_CHECKING:
    from ..study.study import Study

RESEARCHER = "researcher"
"""By what name the sites know whoever submitted the study."""


@dataclass(frozen=True)
class SeriesTerms:
    """The terms of a series.

    Parameters
    ----------
    series : str
        16 hexadecimal digits, drawn by the coordinator.
    sites : tuple of str
        Who takes part, in order of name.
    threshold : int
        How many of them must stay in a round.
    first : int
        The opening of the first round, from 0.
    rounds : int
        How many openings are left, that one included.

    Examples
    --------
    >>> terms = SeriesTerms("00112233445566aa", ("east", "north", "south"), 3, 0, 1)
    >>> SeriesTerms.read(terms.as_dict()) == terms
    True
    """

    series: str
    sites: tuple[str, ...]
    threshold: int
    first: int
    rounds: int

    def settings(self, study: Study, lengths: Sequence[int], number: int) -> RoundSettings | None:
        """Settings of a round of the series, from 0; None after the last.

        Parameters
        ----------
        study : Study
        lengths : sequence of int
            See `procedures.Plan`.
        number : int
        """
        if not 0 <= number < self.rounds:
            return None
        terms = study.secure_aggregation
        roster = Roster.of(one for one in study.sites if one.name in self.sites)
        return RoundSettings(
            roster, f"{study.hash[:16]}/{self.series}/{number}", lengths[self.first + number],
            terms.clip, terms.scale, None, study.digest, self.threshold, terms.noise_bound,
        )  # fmt: skip

    def shares(self, study: Study) -> int:
        """How many sites' shares make up the noise; see `procedures.Given`."""
        return self.threshold - study.budget.colluding

    def as_dict(self) -> dict[str, Any]:
        """The terms as plain values."""
        return {**asdict(self), "sites": list(self.sites)}

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> SeriesTerms:
        """Terms from plain values.

        Raises
        ------
        LetterRefused
            If they are not terms; whether they are those of a study is for others to say.
        """
        found = None
        try:
            numbers = [told[name] for name in ("threshold", "first", "rounds")]
            sites, series = tuple(told["sites"]), told["series"]
            plain = all(type(one) is int and 0 <= one < 2**31 for one in numbers)
            names = all(isinstance(one, str) for one in (*sites, series))
            if plain and names and len(bytes.fromhex(series)) == 8 and sites == _ordered(sites):
                found = cls(series, sites, *numbers)
        except (KeyError, TypeError, ValueError):
            found = None
        if found is None:
            raise LetterRefused(
                "The terms of a series of rounds cannot be read.",
                "Its id, its sites in order of name, its threshold, its first opening and how "
                "many follow.",
                "Bring both sides to the same version, and submit the study again.",
            )
        return found


def new_series(study: Study, sites: Sequence[str], first: int, openings: int) -> SeriesTerms:
    """Terms of a new series, under an id that was never used."""
    agreed = study.secure_aggregation.threshold
    if study.budget.epsilon is None:
        agreed = len(set(sites))  # two sums that differ by a site would show it
    return SeriesTerms(
        randomness.random_bytes(8).hex(), _ordered(sites),
        default_threshold(len(sites)) if agreed is None else agreed, first, openings - first,
    )  # fmt: skip


def _ordered(sites: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(set(sites)))
