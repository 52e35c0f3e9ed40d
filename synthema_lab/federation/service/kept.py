"""What does a site keep of a study's rounds, so that it can be restarted at any moment?

One file of state, replaced as a whole before an answer is sent, and one file a
vector, written before the vector is covered. All of it stays at the site; a
vector is removed once a later one is made, the rest when the study is over.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...storage import whole_file
from ..procedures import Contribution
from ..rounds.letters import ANSWER, Letter, pack, unpack
from ..rounds.series import SeriesTerms

_STATE, _VECTORS = "state", "vectors"


@dataclass
class Kept:
    """The state of a study's rounds at a site.

    Attributes
    ----------
    heard : int
        Number of the last letter that was answered.
    answer : bytes
        What was answered.
    terms : SeriesTerms or None
        Of the present series.
    rounds : bytes
        Snapshot of the present rounds.
    editions : dict of int to int
        By opening, how often it was made anew with fresh noise.
    ended : str
        How the study ended; empty before.
    """

    folder: Path
    heard: int = 0
    answer: bytes = field(default=b"", repr=False)
    terms: SeriesTerms | None = None
    rounds: bytes = field(default=b"", repr=False)
    editions: dict[int, int] = field(default_factory=dict)
    ended: str = ""

    @classmethod
    def at(cls, folder: Path) -> Kept:
        """What is kept in a folder, which is made private if it is new."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = cls(folder)
        if (folder / _STATE).exists():
            letter = unpack((folder / _STATE).read_bytes())
            says = letter.says
            kept.heard, kept.ended = says["heard"], says["ended"]
            kept.terms = SeriesTerms.read(says["terms"]) if says["terms"] else None
            kept.editions = {int(opening): count for opening, count in says["editions"].items()}
            kept.rounds, kept.answer = letter.parts["rounds"], letter.parts["answer"]
        return kept

    def save(self) -> None:
        """Replace the file; it is on the disk when this returns."""
        says = {
            "heard": self.heard,
            "ended": self.ended,
            "terms": self.terms and self.terms.as_dict(),
            "editions": {str(opening): count for opening, count in self.editions.items()},
        }
        parts = {"rounds": self.rounds, "answer": self.answer}
        self._write(_STATE, pack(Letter(ANSWER, says, parts)))

    def contribution(self, opening: int) -> tuple[Contribution, bytes] | None:
        """The vector of an opening, and what it was made for, if it was made."""
        path = self.folder / self._vector(opening)
        if not path.exists():
            return None
        with np.load(path, allow_pickle=False) as content:
            made = Contribution(content["vector"], content["model"].tobytes())
            return made, content["given"].tobytes()

    def keep(self, opening: int, made: Contribution, given: bytes) -> None:
        """Keep the vector of an opening, and what it was made for; those of earlier ones go."""
        content = io.BytesIO()
        digests = {
            "model": np.frombuffer(made.model, np.uint8), "given": np.frombuffer(given, np.uint8)
        }  # fmt: skip
        np.savez(content, vector=made.vector, **digests)
        self._write(self._vector(opening), content.getvalue())
        self.clear(before=opening)

    def clear(self, before: int | None = None) -> None:
        """Remove vectors: all, or those of earlier openings."""
        for path in (self.folder / _VECTORS).glob("*.npz"):
            if before is None or int(path.stem.partition("-")[0]) < before:
                path.unlink(missing_ok=True)

    def _vector(self, opening: int) -> str:
        return f"{_VECTORS}/{opening}-{self.editions.get(opening, 0)}.npz"

    def _write(self, name: str, content: bytes) -> None:
        with whole_file(self.folder / name) as path:
            path.write_bytes(content)
        (self.folder / name).chmod(0o600)
