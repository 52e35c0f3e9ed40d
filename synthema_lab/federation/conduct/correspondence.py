"""How does each site's answer to the present letter come in?

Letters and answers bear the same numbers, so that an answer that comes late is
known for what it is. Sending again after a restart does nothing twice.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping

from ..channels.clock import Clock
from ..channels.contract import Channel, Delivery
from ..channels.errors import FolderUnusable, SiteNotJoined
from ..channels.waiting import looks
from ..rounds.letters import ANSWER, REFUSED, Letter, LetterRefused, unpack

_SLOWEST = 0.05


class Correspondence:
    """The researcher's letters with the sites of a study.

    Parameters
    ----------
    channels : mapping of str to Channel
        By site, the researcher's end.
    topic : str
    clock : Clock
    meanwhile : callable
        Called while answers are waited for.
    changed : callable
        Called when a site's state has changed.

    Attributes
    ----------
    at : dict of str to str
        By site: "asked", "answered", "silent" or "refused".
    unsent : frozenset of str
        Sites to which the last letter could not be sent, so that its number is free.
    """

    def __init__(
        self,
        channels: Mapping[str, Channel],
        topic: str,
        clock: Clock,
        meanwhile: Callable[[], object],
        changed: Callable[[], object],
    ) -> None:
        self._channels, self._topic, self._clock = dict(channels), topic, clock
        self._meanwhile, self._changed = meanwhile, changed
        self._unheard: list[Delivery] = []
        self.at: dict[str, str] = {}
        self.unsent: frozenset[str] = frozenset()

    @property
    def sites(self) -> tuple[str, ...]:
        """Names of the sites, in order."""
        return tuple(sorted(self._channels))

    def exchange(
        self, letters: Mapping[str, bytes], numbers: Mapping[str, int], patience: float
    ) -> dict[str, Letter]:
        """Send letters, each under its number; the answers that came within a time.

        Parameters
        ----------
        letters : mapping of str to bytes
            By site.
        numbers : mapping of str to int
        patience : float
            Seconds.
        """
        unsent, answers = dict(letters), {}
        self.at = {site: "asked" if site in letters else "silent" for site in self.sites}
        self._changed()
        for _ in looks(self._clock, patience, _SLOWEST):
            for site in list(unsent):
                try:
                    self._channels[site].send(site, self._topic, unsent[site], numbers[site])
                    del unsent[site]
                except (SiteNotJoined, FolderUnusable):
                    continue  # it may come yet, within the time
            self._meanwhile()
            for site in set(letters) - set(answers) - set(unsent):
                letter = self._next(site, numbers[site])
                if letter is not None:
                    answers[site] = letter
                    self.at[site] = "answered" if letter.kind == ANSWER else "refused"
                    self._changed()
            if len(answers) == len(letters):
                break
        self.at |= {site: "silent" for site in letters if site not in answers}
        self.unsent = frozenset(unsent)
        return answers

    def acknowledge(self) -> None:
        """Let go of the answers so far: what follows from them is stored."""
        for delivery in self._unheard:
            self._let_go(delivery)
        self._unheard = []

    def heard_of(self, sites: Iterable[str]) -> bool:
        """Whether anything has come from one of these sites."""
        return any(self._channels[site].poll(self._topic, [site]) is not None for site in sites)

    def _next(self, site: str, number: int) -> Letter | None:
        """A site's answer to its present letter; those to earlier ones are put aside."""
        while (delivery := self._channels[site].poll(self._topic, [site])) is not None:
            if delivery.number < number:
                self._let_go(delivery)
                continue
            self._unheard.append(delivery)
            try:
                letter = unpack(delivery.message)
            except LetterRefused:
                letter = Letter(REFUSED, {"error": "LetterRefused", "exit_code": 2})
            return letter
        return None

    def _let_go(self, delivery: Delivery) -> None:
        with contextlib.suppress(FolderUnusable):  # a receipt that the next letter makes up for
            self._channels[delivery.sender].acknowledge(delivery)
