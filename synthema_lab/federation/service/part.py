"""What does a site do in one study, letter by letter?

Every letter of the researcher is answered by one of the same number. The order
is always the same: journal and ledger first, then the vector on the disk, then
the state with the answer in it, and only then is the answer sent. A site that
is killed anywhere gives the same answer again, or refuses and loses a round;
it never gives two.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from ...errors import LabError
from ...secure_aggregation import RoundSettings, SteadySite
from ..procedures import Contribution, Plan, procedure_of
from ..rounds.letters import (
    ANSWER,
    BEGIN,
    END,
    FAILED,
    FINISHED,
    TURN,
    Letter,
    LetterRefused,
    pack,
    unpack,
)  # fmt: skip
from ..rounds.series import SeriesTerms
from ..site.admission import dictionary_of
from ..site.anchor import PeerAnchors
from ..site.errors import SiteRefused
from ..site.folder import SiteFolder
from ..site.logbook import ENDED
from ..study.study import Study
from .computing import Computing
from .kept import Kept
from .made import Made
from .refusals import Refusals

if TYPE_CHECKING:
    from pathlib import Path

Computes = Callable[[SiteFolder, Study, SeriesTerms, int], Computing]


class StudyPart:
    """A site's part in a study that is approved.

    Parameters
    ----------
    site : SiteFolder
    study : Study
    computes : callable
        Makes what computes the vectors, from the site, the study, the terms of
        the series and the number of vectors made before.
    folder : pathlib.Path
        Of this study's rounds, below the site's folder.

    Attributes
    ----------
    opening : int
        Of the round that runs; -1 before the first.
    """

    def __init__(self, site: SiteFolder, study: Study, computes: Computes, folder: Path) -> None:
        self.site, self.study = site, study
        self._computes, self._computing = computes, None
        self._kept, self._made = Kept.at(folder), Made(site, study)
        self._refusals = Refusals(folder / "errors.log")
        self._peers = PeerAnchors(site.folder / "peers")
        self._members = {one.name: one for one in study.sites}
        self._stopped: LabError | None = None
        self._plan: Plan | None = None
        self._rounds: SteadySite | None = None
        if self._kept.rounds and not self._kept.ended:
            try:
                self._rounds = self._series(self._kept.terms, self._kept.rounds)
            except LabError as error:  # such as an approval that was taken back meanwhile
                self._refusals.note(error)

    @property
    def ended(self) -> str:
        """How the study ended; empty while it runs."""
        return self._kept.ended

    @property
    def opening(self) -> int:
        """Of the round that runs; -1 before the first."""
        terms = self._kept.terms
        return -1 if terms is None or self._rounds is None else terms.first + self._rounds.number

    @property
    def openings(self) -> int:
        """How many there are in all."""
        return len(self.plan.lengths)

    @property
    def plan(self) -> Plan:
        """What the study opens and what that costs; see `procedures.Plan`."""
        if self._plan is None:
            dictionary = dictionary_of(self.site.policy, self.study)
            if dictionary is None or dictionary.digest != self.study.dictionary:
                raise SiteRefused(
                    f"The data dictionary of {self.study.cohort} is not that of the study.",
                    "The dictionary under which the study was approved.",
                    "Put it back, or have the study submitted for the new one.",
                )
            self._plan = procedure_of(self.study).plan(self.study, dictionary)
        return self._plan

    def answer(self, number: int, content: bytes) -> bytes:
        """Answer the letter of a number; the answer is safe on the disk when this returns."""
        if number <= self._kept.heard:
            return self._kept.answer
        try:
            answer = self._answer(unpack(content))
        except Exception as error:
            self._let_go()
            answer = self._refusals.refused(error)
        self._kept.heard, self._kept.answer = number, pack(answer)
        self._kept.rounds = self._rounds.save() if self._rounds else b""
        self._kept.save()
        if self.ended:
            self._kept.clear()
        return self._kept.answer

    def close(self) -> None:
        """Let go of the patients."""
        if self._computing is not None:
            self._computing.close()
            self._computing = None

    def _answer(self, letter: Letter) -> Letter:
        if self.ended:
            raise SiteRefused("This study is over.", "A study that runs.", "Submit another one.")
        said = {BEGIN: self._begin, TURN: self._turn, END: self._end}.get(letter.kind)
        if said is None:
            raise LetterRefused(
                f"A letter of the kind {letter.kind} came.", f"{BEGIN}, {TURN} or {END}.",
                "Bring both sides to the same version.",
            )  # fmt: skip
        message = said(letter)
        heads: dict[str, object] = {"heads": self.site.heads().decode("ascii")}
        if letter.kind == BEGIN:
            heads["others"] = self._of_others()
        return Letter(ANSWER, heads, {"message": message} if message else {})

    def _of_others(self) -> dict[str, str]:
        """The newest heads of the other sites' books that were seen here, for them to be told."""
        names = set(self._members) - {self.site.identity.name}
        kept = {name: self._peers.give_back(name) for name in sorted(names)}
        return {name: heads.decode("ascii") for name, heads in kept.items() if heads}

    def _begin(self, letter: Letter) -> bytes:
        """Begin a series of rounds, once the books agree with what others have seen."""
        self.site.require_approved(self.study.hash)
        for name, heads in dict(letter.says.get("heads", {})).items():
            if name == self.site.identity.name:
                self.site.accept_heads(heads.encode("ascii"))
            elif name in self._members:
                self._peers.keep(self._members[name], heads.encode("ascii"))
        terms = SeriesTerms.read(letter.says.get("terms", {}))
        left = self.openings - terms.first
        if self.site.identity.name not in terms.sites or not 0 < terms.rounds <= left:
            raise LetterRefused(
                f"A series of {terms.rounds} rounds from opening {terms.first} was to begin.",
                f"One of the {self.openings} openings of this study, this site among its sites.",
                "Bring both sides to the same version.",
            )
        if self._kept.terms != terms:
            self.close()
        self._kept.terms = terms
        self._rounds = self._series(terms)
        return self._rounds.begin()

    def _turn(self, letter: Letter) -> bytes:
        """Answer the coordinator, with the vector where it is asked for."""
        if self._rounds is None:
            raise SiteRefused(
                "No series of rounds runs here.", "A series that began.", "Begin a new series."
            )
        if self._rounds.stage == "delivery":
            self.site.require_approved(self.study.hash)
            if heads := letter.says.get("heads"):
                self.site.accept_heads(str(heads).encode("ascii", "replace"))
            made = self._contribution(self.opening, letter)
            self._rounds.contribute(made.vector, model=made.model)
        answer = self._rounds.receive(letter.parts["message"])
        if self._stopped is not None:
            # The round that was under way is answered; no further one begins.
            self._refusals.note(self._stopped)
            self._stopped = None
        return answer

    def _end(self, letter: Letter) -> bytes:
        self._kept.ended = FINISHED if letter.says.get("outcome") == FINISHED else FAILED
        with self.site.step():
            self.site.logbook.enter(ENDED, self.study.hash, outcome=self._kept.ended)
        self._let_go()
        return b""

    def _contribution(self, opening: int, letter: Letter) -> Contribution:
        """The vector of an opening: the one that was made, or a new one that is paid for."""
        model, shares = letter.parts.get("model", b""), self._kept.terms.shares(self.study)
        given = hashlib.sha256(shares.to_bytes(4, "big") + model).digest()
        edition = self._kept.editions.get(opening, 0)
        if letter.says.get("fresh") is True and self._kept.contribution(opening) is not None:
            # An unmasking was asked for, so another vector takes fresh noise, paid again.
            edition = self._anew(opening, edition)
        known = self._kept.contribution(opening)
        if known is not None:
            made, was = known
            if was != given:
                raise SiteRefused(
                    f"Opening {opening} was asked for again with another model, or for another "
                    "number of sites that must stay.",
                    "The same as the first time: two changes of one model would tell more, and "
                    "fewer sites bring less noise.",
                    "Go on as it was asked first.",
                )
        else:
            self._made.require_new(opening, edition)
            self._pay(opening, edition)
            if self._computing is None:
                self._computing = self._computes(self.site, self.study, self._kept.terms, opening)
            made = self._computing.contribution(opening, model)
            self._kept.keep(opening, made, given)
        self._made.enter(opening, edition, made.vector)
        return made

    def _anew(self, opening: int, edition: int) -> int:
        """The next edition of an opening, once it is paid for."""
        if not self.plan.events:
            raise SiteRefused(
                f"Opening {opening} was to be made anew, and there is no noise to be drawn.",
                "The vector of the first time, for the same sites.",
                "Submit another study.",
            )
        self._pay(opening, edition + 1)
        self._kept.editions[opening] = edition + 1
        self.close()
        return edition + 1

    def _pay(self, opening: int, edition: int) -> None:
        """Charge the study: once for all openings, and again for what is made anew."""
        if not self.plan.events:
            return
        release = self.study.hash[:32] + (f"/{opening}/{edition}" if edition else "")
        paid = self.site.ledger(self.study.cohort).history(self.study.cohort)
        if not any(charge.release == release for charge in paid):
            self.site.charge(self.study.hash, release, self.plan.events)

    def _series(self, terms: SeriesTerms, saved: bytes = b"") -> SteadySite:
        admitted: dict[int, RoundSettings | None] = {}

        def settings_of(number: int) -> RoundSettings | None:
            if number not in admitted:
                admitted[number] = self._admitted(terms.settings(
                    self.study, self.plan.lengths, number), number)  # fmt: skip
            return admitted[number]

        clock = lambda: int(self.site.now())  # noqa: E731
        rounds = SteadySite(settings_of, self.site.identity, self.site.lines, clock)
        if saved:
            rounds.restore(saved)
        return rounds

    def _admitted(self, settings: RoundSettings | None, number: int) -> RoundSettings | None:
        """Settings that the site admits; where a later round is refused, the series ends."""
        if settings is None:
            return None
        try:
            self.site.admit(settings)
        except LabError as error:
            if number == 0:
                raise
            self._stopped = error
            return None
        return settings

    def _let_go(self) -> None:
        self._rounds = None
        self.close()
