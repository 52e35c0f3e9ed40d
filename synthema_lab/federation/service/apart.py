"""How are vectors computed in a confined process of their own?"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...dictionary.load import find
from ..procedures import Contribution
from ..rounds.ends import ROUNDS
from ..rounds.letters import BEGIN, TURN
from ..rounds.series import SeriesTerms
from ..site.folder import SiteFolder
from ..study.study import Study
from ..worker import Worker, WorkerDied
from .computing import asked_of

_NUMBERS = ("<i8", "<f8")


class Apart:
    """Computes in a worker; see `Computing` for the methods, `InProcess` for the parameters."""

    def __init__(self, site: SiteFolder, study: Study, terms: SeriesTerms, taken: int) -> None:
        asked = asked_of(site, study, terms, taken)
        asked["dictionary"] = str(find(asked["dictionary"]).resolve())
        readable = [Path(asked["table"]), Path(asked["dictionary"])]
        if isinstance(asked["held_out"], str):
            readable.append(Path(asked["held_out"]))
        self._worker = Worker(site.folder / ROUNDS / study.hash / "worker.log", readable)
        try:
            self._worker.call(BEGIN, asked)
        except BaseException:
            self._worker.close()
            raise

    def contribution(self, opening: int, model: bytes) -> Contribution:
        """See `procedures.SiteTask`."""
        answer = self._worker.call(TURN, {"opening": opening}, {"model": model})
        kind, content = answer.says.get("type"), answer.parts.get("vector", b"")
        if kind not in _NUMBERS or len(content) % np.dtype(kind).itemsize:
            raise WorkerDied(
                "The worker of a study gave something that is no vector.",
                f"Numbers of the type {' or '.join(_NUMBERS)}.",
                "Install the package again at this site: the worker is part of it.",
            )
        return Contribution(np.frombuffer(content, kind), answer.parts.get("model", b""))

    def close(self) -> None:
        """End the worker."""
        self._worker.close()
