"""How are the rounds of a study led from the researcher's side?

Every step is the same: letters to the sites, one answer from each within a
time, and what follows from the answers. The state is on the disk before the
letters go, so that whoever is killed goes on where it stopped. A round that
loses too many sites is run again: with the same vectors where no share of an
unmasking can have been given, with fresh noise that is paid again where it can.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...dictionary import DataDictionary
from ...errors import LabError
from ...secure_aggregation.errors import CohortChanged, RoundAborted
from ..channels.clock import Clock
from ..channels.contract import Channel
from ..procedures import procedure_of
from ..rounds.letters import BEGIN, END, FAILED, FINISHED, REFUSED, TURN, Letter, pack, told_of
from ..rounds.series import new_series
from ..site.anchor import PeerAnchors
from ..study.study import Study
from .correspondence import Correspondence
from .errors import StudyOver, is_final, refused_by, silent
from .progress import Progress
from .run_state import RunState

PATIENCE = 120.0
"""Seconds that the slowest site is waited for, where nothing else is said."""
FAREWELL = 5.0


class Conductor:
    """Runs a study.

    Parameters
    ----------
    study : Study
    dictionary : DataDictionary
        The one that the study names.
    channels : mapping of str to Channel
        By site, the researcher's end of its channel; the sites that take part.
    folder : pathlib.Path
        For the state; a folder that holds one goes on from there.
    peers : pathlib.Path, optional
        Folder of the newest heads that were seen of sites' books, over all studies.
    patience : float
        Seconds that the sites' answers are waited for.
    meanwhile : callable, optional
        Called while answers are waited for, where the sites run in this process.
    told : callable, optional
        Called with a `Progress` whenever something has changed.
    clock : Clock, optional
    """

    def __init__(
        self,
        study: Study,
        dictionary: DataDictionary,
        channels: Mapping[str, Channel],
        folder: Path,
        *,
        peers: Path | None = None,
        patience: float = PATIENCE,
        meanwhile: Callable[[], object] | None = None,
        told: Callable[[Progress], object] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.study, self._patience = study, patience
        self._told = told or (lambda progress: None)
        self._mail = Correspondence(
            channels, study.hash, clock or Clock(), meanwhile or (lambda: None), self._tell
        )
        procedure = procedure_of(study)
        self._plan = procedure.plan(study, dictionary)
        self._state = RunState.at(Path(folder), study, self._plan.lengths)
        self._peers = PeerAnchors(peers or Path(folder) / "peers")
        terms = new_series(study, self._sites, 0, len(self._plan.lengths))
        self._assembly = procedure.assembly(study, dictionary, self._sites, terms.shares(study))
        self._assembly.restore(self._state.assembly)
        self._refusals: dict[str, Mapping[str, Any]] = {}

    def run(self, progress: Callable[[float], None] | None = None) -> Any:
        """Run the study to its end.

        Parameters
        ----------
        progress : callable, optional
            Called with the share done of what follows the last opening.

        Returns
        -------
        object
            What the procedure makes of the sums.

        Raises
        ------
        SiteSilent
            If too few sites answer; the study can be run again, from there.
        BudgetExhausted, ApprovalMissing, DataMismatch, StudyStopped
            If sites refuse; the study is over.
        """
        state = self._state
        if state.outcome == FAILED:
            if state.letters:
                self._farewell()
            raise StudyOver(
                "This study ended without a result.",
                "A study that runs, or one that finished.",
                "Submit another study; what was charged stays charged.",
            )
        if not state.outcome and not state.letters:
            self._begin()
        while not state.outcome:
            self._advance(self._exchange(self._patience))
        if state.letters:
            self._farewell()
        return self._assembly.result(progress)

    @property
    def _sites(self) -> tuple[str, ...]:
        return self._mail.sites

    # Letters

    def _begin(self) -> None:
        """Begin a series of rounds at the opening that is next."""
        state = self._state
        state.begin(new_series(self.study, self._sites, state.opening, len(state.lengths)))
        told = {site: heads for site in self._sites if (heads := self._heads(site))}
        letter = pack(Letter(BEGIN, {"terms": state.terms.as_dict(), "heads": told}))
        self._send({site: letter for site in self._sites})

    def _turn(self, messages: Mapping[str, bytes], with_model: bool) -> None:
        says = {"opening": self._state.opening, "fresh": self._state.fresh}
        model = {"model": self._assembly.model} if with_model else {}
        self._send({
            site: pack(Letter(
                TURN, {**says, "heads": self._heads(site)} if with_model else says,
                {"message": message, **model},
            ))
            for site, message in messages.items()
        })  # fmt: skip

    def _heads(self, site: str) -> str:
        """The newest heads of a site's books that anybody has told of; empty for none."""
        return (self._peers.give_back(site) or b"").decode("ascii")

    def _end(self, outcome: str) -> None:
        """The study is over; the sites are told as the last thing."""
        state = self._state
        state.terms, state.coordinator, state.outcome = None, None, outcome
        letter = pack(Letter(END, {"outcome": outcome}))
        self._send({site: letter for site in self._sites})

    def _farewell(self) -> None:
        """Tell all sites; who does not hear it now reads it later."""
        self._exchange(min(FAREWELL, self._patience))
        self._state.letters = {}
        self._state.save()
        self._mail.acknowledge()
        self._tell()

    def _exchange(self, patience: float) -> dict[str, Letter]:
        state = self._state
        answers = self._mail.exchange(state.letters, state.sent, patience)
        for site in self._mail.unsent:
            state.sent[site] -= 1
        return answers

    def _send(self, letters: Mapping[str, bytes]) -> None:
        """Keep what is to be sent, and only then believe that the last answers were taken."""
        self._state.address(letters)
        self._state.assembly = self._assembly.save()
        self._state.save()
        self._mail.acknowledge()

    # Answers

    def _advance(self, answers: Mapping[str, Letter]) -> None:
        """What follows from the answers."""
        coordinator = self._state.coordinator
        stage = coordinator.stage
        for site, letter in answers.items():
            self._take(site, letter)
        self._require_willing()
        try:
            if stage == "share":
                coordinator.name_model(self._assembly.digest)
            messages = coordinator.close()
            if stage == "unmask":
                self._opened()
                return
        except RoundAborted as error:
            self._lost(error, stage)
            return
        self._turn(messages, with_model=stage == "share")

    def _take(self, site: str, letter: Letter) -> None:
        """Give the coordinator a site's message; a site whose message is unfit is as if silent."""
        if letter.kind == REFUSED:
            self._refusals[site] = letter.says
            return
        self._refusals.pop(site, None)
        try:
            told = letter.says.get("others")
            self._remember({**(told if isinstance(told, dict) else {}), site: letter.says["heads"]})
            self._state.coordinator.receive(letter.parts.get("message", b""))
        except LabError as error:
            self._refusals[site] = told_of(error)
        except KeyError:
            self._refusals[site] = {"error": "LetterRefused", "exit_code": 2, "reference": "-"}

    def _remember(self, told: Mapping[str, Any]) -> None:
        """Keep how far sites' books have come; what is wrong with one is held against that site."""
        for member in self.study.sites:
            try:
                if heads := told.get(member.name):
                    self._peers.keep(member, str(heads).encode("ascii", "replace"))
            except LabError as error:
                self._refusals[member.name] = told_of(error)

    def _opened(self) -> None:
        """Take the opened sum, and go on to the next, if there is one."""
        state, coordinator = self._state, self._state.coordinator
        opened = coordinator.opened
        away = set(self._sites) - set(opened.survivors) - set(self._refusals)
        self._assembly.take(opened)
        state.opening, state.fresh = state.opening + 1, False
        if state.opening == len(state.lengths):
            self._end(FINISHED)
        elif coordinator.stage == "share" and not self._mail.heard_of(away):
            coordinator.name_model(self._assembly.digest)
            self._turn(coordinator.close(), with_model=True)
        else:
            self._begin()

    # What goes wrong

    def _require_willing(self) -> None:
        """End the study where too many sites refuse for good."""
        final = [site for site, says in self._refusals.items() if is_final(says)]
        if len(self._sites) - len(final) < self._state.terms.threshold:
            self._give_up()

    def _lost(self, error: RoundAborted, stage: str) -> None:
        """Run the round again, where that is still allowed and anybody is there."""
        state = self._state
        changed = any(
            says.get("error") == CohortChanged.__name__ for says in self._refusals.values()
        )
        state.fresh = state.fresh or stage == "unmask" or changed
        state.repeats += 1
        willing = not self._refusals
        gone = sorted(site for site, at in self._mail.at.items() if at == "silent")
        over = state.repeats > self.study.repeats
        if over and not willing:
            self._give_up()
        needed = state.terms.threshold
        self._begin()
        if over or (gone and stage == "advertise"):
            # What is gone may come back: the study stays as it is, to be gone on with.
            state.repeats -= 1
            state.save()
            raise silent(gone, self._patience, needed)

    def _give_up(self) -> None:
        error = refused_by(self._refusals, self._state.terms.threshold)
        self._end(FAILED)
        self._farewell()
        raise error from None

    def _tell(self) -> None:
        state = self._state
        stage = state.coordinator.stage if state.coordinator else "end"
        self._told(Progress(state.opening, len(state.lengths), stage, dict(self._mail.at)))
