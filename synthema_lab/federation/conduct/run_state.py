"""What does the researcher's side keep, so that a study goes on after a restart?

One file, replaced as a whole before letters are sent. Nothing in it is more
than the researcher sees anyway: covered vectors added up, and opened sums.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...secure_aggregation import RoundSettings, SteadyCoordinator
from ...storage import whole_file
from ..rounds.letters import TURN, Letter, pack, unpack
from ..rounds.series import SeriesTerms
from ..study.study import Study

_NAME = "run.state"
_LETTER = "letter of "
_PLAIN = ("opening", "sent", "repeats", "fresh", "outcome")


@dataclass
class RunState:
    """How far a study is.

    Attributes
    ----------
    study : Study
    lengths : sequence of int
        See `procedures.Plan`.
    opening : int
        The opening that is next.
    terms : SeriesTerms or None
        Of the present series; None where one has to begin.
    coordinator : SteadyCoordinator or None
    sent : dict of str to int
        By site, number of the last letter.
    letters : dict of str to bytes
        The letters that are to be answered now.
    repeats : int
        Rounds that were lost.
    fresh : bool
        Whether the next vector has to have fresh noise.
    outcome : str
        How the study ended; empty before.
    assembly : bytes
        What the procedure has taken so far.
    """

    folder: Path
    study: Study
    lengths: Sequence[int]
    opening: int = 0
    terms: SeriesTerms | None = None
    coordinator: SteadyCoordinator | None = None
    sent: dict[str, int] = field(default_factory=dict)
    letters: dict[str, bytes] = field(default_factory=dict)
    repeats: int = 0
    fresh: bool = False
    outcome: str = ""
    assembly: bytes = b""

    @classmethod
    def at(cls, folder: Path, study: Study, lengths: Sequence[int]) -> RunState:
        """The state that a folder holds, or a new one."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = cls(folder, study, lengths)
        if not (folder / _NAME).exists():
            return state
        letter = unpack((folder / _NAME).read_bytes())
        says, parts = letter.says, letter.parts
        for name in _PLAIN:
            setattr(state, name, says[name])
        state.assembly = parts["assembly"]
        state.letters = {
            name.removeprefix(_LETTER): part
            for name, part in parts.items()
            if name.startswith(_LETTER)
        }
        if says["terms"]:
            state.terms = SeriesTerms.read(says["terms"])
            state.coordinator = SteadyCoordinator.restore(parts["rounds"], state.settings_of)
        return state

    def settings_of(self, number: int) -> RoundSettings | None:
        """Settings of a round of the present series."""
        return self.terms.settings(self.study, self.lengths, number)

    def begin(self, terms: SeriesTerms) -> None:
        """Begin another series."""
        self.terms = terms
        self.coordinator = SteadyCoordinator(self.settings_of)

    def address(self, letters: Mapping[str, bytes]) -> None:
        """Make these the letters that are to be answered, each under the next number."""
        self.letters = dict(letters)
        for site in letters:
            self.sent[site] = self.sent.get(site, 0) + 1

    def save(self) -> None:
        """Replace the file."""
        running = self.coordinator is not None
        says = {name: getattr(self, name) for name in _PLAIN}
        says["terms"] = self.terms.as_dict() if running else None
        parts = {"assembly": self.assembly, "rounds": self.coordinator.save() if running else b""}
        parts |= {_LETTER + site: letter for site, letter in self.letters.items()}
        with whole_file(self.folder / _NAME) as path:
            path.write_bytes(pack(Letter(TURN, says, parts)))
