"""Which rounds were begun here, and may another begin?

`RoundLines` is the journal that a secure sum keeps (see
`secure_aggregation.journal`), on the disk: a line is there before the message
that it speaks of is made. A new round enters the logbook first, and only where
the study's approval holds and covers one more round; so a crash between
register and message costs a round, never the count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableSet

from ...secure_aggregation import RoundSettings
from ..study.study import Study
from .chain import Chain
from .errors import RoundRefused, SiteRefused, TermsRefused
from .logbook import BEGUN, Logbook


class RoundLines(MutableSet[str]):
    """A site's lines over all its rounds, as `Site` wants them for ``used_rounds``.

    Parameters
    ----------
    chain : Chain
        Of ``journal.jsonl``.
    begin : callable
        Called with the id of a round that is about to begin, under the site's
        lock; raises where it must not. What it writes is written before the line.
    written : callable
        Called after every line, under the site's lock.

    Notes
    -----
    Lines are never taken out. Where another process has added a line since
    this one looked, adding it again is refused: both would have answered.
    """

    def __init__(
        self, chain: Chain, begin: Callable[[str], None], written: Callable[[], None]
    ) -> None:
        self._chain, self._begin, self._written = chain, begin, written
        self._lines: set[str] = set()
        self._taken = 0
        self._take()

    def __contains__(self, line: object) -> bool:
        self._chain.refresh()
        self._take()
        return line in self._lines

    def __iter__(self) -> Iterator[str]:
        self._chain.refresh()
        self._take()
        return iter(frozenset(self._lines))

    def __len__(self) -> int:
        self._chain.refresh()
        self._take()
        return len(self._lines)

    def add(self, line: str) -> None:
        """Write a line; it is on the disk when this returns.

        Raises
        ------
        ApprovalMissing, RoundRefused, TermsRefused
            For a round that must not begin.
        """
        self._add([line])

    def __ior__(self, lines: Iterable[str]) -> RoundLines:  # type: ignore[override]
        """Write several lines at once."""
        self._add(sorted(lines))
        return self

    def discard(self, line: str) -> None:
        """Refused: what was sent was sent."""
        raise SiteRefused(
            "A line cannot be taken out of the journal of rounds.",
            "A journal that only grows.",
            "Leave it as it is; a new round takes a new id.",
        )

    def _add(self, lines: list[str]) -> None:
        with self._chain.lock:
            known = set(self._lines)
            self._chain.refresh()
            self._take()
            new = [line for line in lines if line not in self._lines]
            if any(line in self._lines and line not in known for line in lines):
                raise RoundRefused(
                    "Another process of this site has answered this round meanwhile.",
                    "One process a site that takes part in a round.",
                    "Stop the second process, and start a new round.",
                )
            for line in new:
                if " " not in line:  # the id of a round alone: it begins
                    self._begin(line)
            if new:
                self._chain.append(*({"line": line} for line in new))
                self._take()
                self._written()

    def _take(self) -> None:
        self._lines.update(record["line"] for record in self._chain.records[self._taken :])
        self._taken = len(self._chain.records)


def begun(logbook: Logbook, study: str) -> int:
    """How many rounds of a study have begun here, over all its approvals."""
    return sum(1 for _ in logbook.entries(study, BEGUN))


def require_new_round(logbook: Logbook, study: str, round_id: str, approved: int) -> None:
    """Refuse a round that was run before, and one more than was approved.

    Raises
    ------
    RoundRefused
    """
    if any(entry.details["round"] == round_id for entry in logbook.entries(None, BEGUN)):
        raise RoundRefused(
            f"Round {round_id} has already begun at this site once.",
            "A round id that was never used here, whatever became of that round.",
            "Open a round with a new id.",
        )
    done = begun(logbook, study)
    if done >= approved:
        raise RoundRefused(
            f"{done} rounds of study {study[:12]} have begun, and {approved} were approved.",
            "No more rounds than were approved, those that broke off included.",
            "End the study, or submit one that asks for more rounds.",
        )


def require_terms(study: Study, settings: RoundSettings, threshold: str) -> None:
    """Refuse a round on other terms, or among other sites, than the study says.

    Parameters
    ----------
    study : Study
    settings : RoundSettings
        As the coordinator gave them.
    threshold : {"two_thirds", "all"}
        The policy's rule.

    Raises
    ------
    TermsRefused
    """
    terms = study.secure_aggregation
    asked = {
        "study": (settings.study_digest, study.digest),
        "modulus": (settings.modulus_bits, terms.modulus_bits),
        "scale": (settings.scale, terms.scale),
        "clip": (settings.clip, terms.clip),
        "room for noise": (settings.noise_bound, terms.noise_bound),
    }
    if terms.threshold is not None and study.budget.epsilon is not None:
        asked["threshold"] = (settings.threshold, terms.threshold)
    if threshold == "all":
        asked["number of sites that must stay"] = (settings.threshold, settings.sites)
    other = [name for name, (given, agreed) in asked.items() if given != agreed]
    if other:
        raise TermsRefused(
            f"The coordinator asks for another {', '.join(other)} than study {study.hash[:12]}.",
            "The terms of the study that was approved.",
            "Leave the round, and check the coordinator.",
        )
    strangers = [one.name for one in settings.roster.members if one not in study.sites]
    if strangers:
        raise TermsRefused(
            f"Sites take part that the study does not name, or with other keys: "
            f"{', '.join(strangers)}.",
            "Sites of the study, under the keys that were approved with it.",
            "Leave the round, and check the coordinator.",
        )
    if study.budget.epsilon is None:
        _require_all(study, settings)
    if settings.sites < terms.minimum_sites:
        raise TermsRefused(
            f"The round has {settings.sites} sites.",
            f"At least {terms.minimum_sites}, as the study says.",
            "Wait until more sites have approved the study.",
        )


def _require_all(study: Study, settings: RoundSettings) -> None:
    """Refuse a round without noise in which a site may be missing.

    Sums of the same vectors over two sets of sites that differ by one would
    show that site's vector by subtraction.
    """
    if settings.sites < len(study.sites) or settings.threshold < settings.sites:
        raise TermsRefused(
            f"Without noise a round of {settings.sites} of {len(study.sites)} sites was to begin, "
            f"of which {settings.threshold} must stay.",
            "All sites of the study, all of which must stay.",
            "Wait until all have approved; or submit a study with noise, or for fewer sites.",
        )
