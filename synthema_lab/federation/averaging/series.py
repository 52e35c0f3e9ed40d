"""How does a series of secure sums run in one process?

`MemorySeries` carries bytes between the sites and the coordinator of a series
of rounds, in which the next round's keys ride along. A round in which a site
went missing is followed by one with fresh keys, so that the site can come back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ...errors import ArgumentRefused
from ...secure_aggregation import (
    Identity,
    OpenedSum,
    RoundSettings,
    SteadyCoordinator,
    SteadySite,
)
from ..memory import STAGES, Transcript


class MemorySeries:
    """Rounds of the same sites, one after the other, in one process.

    Parameters
    ----------
    settings_of : callable
        By number of the round, its settings, with a model digest of None.
    identities : sequence of Identity
        One for each site of the roster.
    rounds : int
        How many sums will be opened.

    Attributes
    ----------
    transcript : Transcript
        Bytes sent and received by each site.

    Examples
    --------
    >>> from synthema_lab.secure_aggregation import Roster
    >>> people = [Identity.new(name) for name in ("east", "north", "south")]
    >>> roster = Roster.of(person.member() for person in people)
    >>> def settings_of(number):
    ...     return RoundSettings(roster, f"r{number}", 1, 10, 1, None, bytes(32))
    >>> series = MemorySeries(settings_of, people, rounds=2)
    >>> [series.run({name: np.array([k]) for name in roster.names}, bytes(32)).total.tolist()
    ...  for k in (1, 2)]
    [[3], [6]]
    """

    def __init__(
        self,
        settings_of: Callable[[int], RoundSettings],
        identities: Sequence[Identity],
        rounds: int,
    ) -> None:
        self.transcript = Transcript()
        self._settings_of, self._left, self._last = settings_of, rounds, rounds - 1
        self.coordinator = SteadyCoordinator(self._settings)
        self.sites = {one.name: SteadySite(self._settings, one, set()) for one in identities}
        self._begun = self._broken = False

    def run(
        self,
        vectors: Mapping[str, np.ndarray],
        model: bytes | Mapping[str, bytes],
        dropouts: Mapping[str, str] | None = None,
    ) -> OpenedSum:
        """Run the next round.

        Parameters
        ----------
        vectors : mapping of str to numpy.ndarray
            Each site's vector.
        model : bytes, or mapping of str to bytes
            Digest of the model that the vectors belong to; by site, what each
            believes it to be, with the coordinator's under an empty name.
        dropouts : mapping of str to str, optional
            Site to the last stage it answers in this round, "silent" for none.

        Returns
        -------
        OpenedSum

        Raises
        ------
        RoundAborted
            If too few sites are left or a party refuses; the next round of the
            series may still be run.
        """
        named = model if isinstance(model, Mapping) else dict.fromkeys(["", *self.sites], model)
        dropouts = dict(dropouts or {})
        _require_playable(dropouts, self.sites)
        self._begin(dropouts)
        self._broken = True
        while True:
            stage = self.coordinator.stage
            if stage == "share":
                self.coordinator.name_model(named[""])
            messages = self.coordinator.close()
            if stage == "unmask":
                break
            for name, message in messages.items():
                if _answers(dropouts, name, STAGES.index(stage) + 1):
                    self._answer(name, message, vectors, named)
        self.transcript += Transcript(rounds=1)
        self._left -= 1
        self._broken = bool(dropouts)
        return self.coordinator.opened

    def _answer(
        self, name: str, message: bytes, vectors: Mapping[str, np.ndarray], named: Mapping
    ) -> None:
        site = self.sites[name]
        if site.stage == "delivery":
            site.contribute(vectors[name], model=named[name])
        answer = site.receive(message)
        self.transcript += Transcript(sent={name: len(answer)}, received={name: len(message)})
        self.coordinator.receive(answer)

    def _begin(self, dropouts: Mapping[str, str]) -> None:
        """Exchange fresh keys, in the first round and after one that lost a site."""
        if self._begun and not self._broken:
            return
        if self._begun:
            # The sites may have used the next number for keys that rode along.
            number = self.coordinator.number + 2
            self._last = number + self._left - 1
            self.coordinator.begin(number)
        self._begun, self._broken = True, False
        for name, site in self.sites.items():
            if _answers(dropouts, name, 0):
                advert = site.begin(self.coordinator.number)
                self.transcript += Transcript(sent={name: len(advert)})
                self.coordinator.receive(advert)

    def _settings(self, number: int) -> RoundSettings | None:
        return self._settings_of(number) if number <= self._last else None


def _answers(dropouts: Mapping[str, str], name: str, stage: int) -> bool:
    last = dropouts.get(name)
    return last is None or (last != "silent" and STAGES.index(last) >= stage)


def _require_playable(dropouts: Mapping[str, str], sites: Mapping[str, object]) -> None:
    for name, stage in dropouts.items():
        if name not in sites or stage not in ("silent", *STAGES):
            raise ArgumentRefused(
                f"The dropout {name!r} after {stage!r} cannot be played.",
                f"A site of the series, and one of: silent, {', '.join(STAGES)}.",
                'Use dropouts={"' + next(iter(sites)) + '": "share"}.',
            )
