"""What runs at a hospital, all the time?

The loop behind ``synthema site serve``: it takes in what came, answers the
letters of studies that were approved here, and tells in the outbox how far
they are. Nothing listens: each study has a channel of its own over the
exchange folder, which is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from filelock import FileLock, Timeout

from ...errors import LabError
from ..channels.clock import Clock
from ..channels.contract import Channel, Delivery
from ..rounds.ends import ROUNDS, site_end
from ..rounds.series import RESEARCHER
from ..site.desk import publish
from ..site.errors import SiteRefused
from ..site.folder import SiteFolder
from ..site.intake import receive
from ..site.logbook import APPROVED, ENDED
from ..study.study import Study
from .part import Computes, StudyPart
from .refusals import Refusals

FIRST_PAUSE, BUSY_PAUSE, IDLE_PAUSE = 0.001, 0.05, 0.5
INTAKE_EVERY, TELL_EVERY = 1.0, 1.0
"""Seconds between two looks into the inbox, and between two words on how far a study is."""

Opens = Callable[[SiteFolder, Study], Channel]


class Service:
    """A site that serves.

    Parameters
    ----------
    site : SiteFolder
    computes : callable
        See `StudyPart`.
    opens : callable, optional
        Opens the site's end of a study's channel; over the exchange folder if not given.
    told : callable, optional
        Called with one line for whoever looks on.
    clock : Clock, optional
    shows : callable, optional
        Called with the site whenever its policy is new: what is shown to researchers.
        Returns names of cohorts that could not be.

    Raises
    ------
    SiteRefused
        If another process serves this site.
    """

    def __init__(
        self,
        site: SiteFolder,
        computes: Computes,
        opens: Opens | None = None,
        told: Callable[[str], None] | None = None,
        clock: Clock | None = None,
        shows: Callable[[SiteFolder], Collection[str]] | None = None,
    ) -> None:
        self._shows, self._shown = shows or (lambda site: ()), ""
        self.site, self._computes = site, computes
        self._opens, self._told = opens or site_end, told or (lambda line: None)
        self._clock = clock or Clock()
        self._parts: dict[str, tuple[StudyPart, Channel]] = {}
        self._unsent: dict[str, tuple[Delivery, bytes]] = {}
        self._looked = self._said = -float("inf")
        self._waiting: set[str] = set()
        self._troubles = Refusals(site.folder / ROUNDS / "errors.log")
        (site.folder / ROUNDS).mkdir(mode=0o700, exist_ok=True)
        self._held = FileLock(site.folder / ".serving", timeout=0)
        try:
            self._held.acquire()
        except Timeout:
            raise SiteRefused(
                f"Another process serves the site {site.identity.name} already.",
                "One process that serves a site.",
                "Leave that one running, or stop it first.",
            ) from None

    def step(self) -> bool:
        """Look once at everything; whether a letter was answered."""
        now = self._clock.monotonic()
        if now - self._looked >= INTAKE_EVERY:
            self._looked = now
            self._look()
        answered = False
        for study, (part, channel) in list(self._parts.items()):
            try:
                answered |= self._answer(part, channel)
            except (LabError, OSError) as error:
                # A folder that is full or gone: the letter is answered when it is back.
                self._trouble(study, error)
            if part.ended and study not in self._unsent:
                self._tell(study)
                self._close(study)
                self._told(f"study {study[:12]}: {part.ended}")
        return answered

    def run(self, stopped: Callable[[], bool]) -> None:
        """Serve until `stopped` says so; pauses grow while nothing comes."""
        pause = FIRST_PAUSE
        while not stopped():
            pause = FIRST_PAUSE if self.step() else min(2 * pause, self._slowest)
            self._clock.sleep(pause)

    def close(self) -> None:
        """End workers and channels; everything is on the disk already."""
        for study in list(self._parts):
            self._close(study)
        self._held.release()

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _slowest(self) -> float:
        return BUSY_PAUSE if self._parts else IDLE_PAUSE

    def _show(self) -> None:
        """Renew what is shown to researchers, where the policy is new."""
        try:
            digest = self.site.policy.digest
            if digest != self._shown:
                self._shown = digest
                left_out = self._shows(self.site)
                if left_out:
                    self._told(f"not shown, since its dictionary cannot be: {', '.join(left_out)}")
        except (LabError, OSError) as error:
            self._trouble("window", error)

    def _look(self) -> None:
        """Take in what came, and open the studies that were approved."""
        self._show()
        try:
            for study in receive(self.site):
                self._told(f"study {study[:12]} came in; see it: synthema site review {study[:12]}")
            over = {entry.study for entry in self.site.logbook.entries(None, ENDED)}
            known = {entry.study for entry in self.site.logbook.entries(None, APPROVED)}
            for study in sorted(known - over - set(self._parts)):
                self._open(study)
        except (LabError, OSError) as error:
            self._trouble("", error)

    def _open(self, study: str) -> None:
        asked = self.site.shelf.get(study).study
        folder = self.site.folder / ROUNDS / study
        try:
            channel = self._opens(self.site, asked)
        except (LabError, OSError) as error:
            self._trouble(study, error)
            return
        try:
            part = StudyPart(self.site, asked, self._computes, folder)
        except BaseException:
            channel.close()
            raise
        self._parts[study] = (part, channel)
        self._tell(study)
        self._told(f"study {study[:12]} is served: {asked.title}")

    def _answer(self, part: StudyPart, channel: Channel) -> bool:
        topic = part.study.hash
        before = part.opening
        if topic not in self._unsent:
            delivery = channel.poll(topic, [RESEARCHER])
            if delivery is None:
                return False
            # Kept until it is sent: a letter is delivered once, the folder may be full for long.
            self._unsent[topic] = (delivery, part.answer(delivery.number, delivery.message))
        delivery, answer = self._unsent[topic]
        channel.send(RESEARCHER, topic, answer, delivery.number)
        del self._unsent[topic]
        channel.acknowledge(delivery)
        if part.opening != before and 0 <= part.opening < part.openings:
            self._told(f"study {topic[:12]}: round {part.opening + 1} of {part.openings}")
            if self._clock.monotonic() - self._said >= TELL_EVERY:
                self._tell(topic)
        self._waiting.discard(topic)
        return True

    def _tell(self, study: str) -> None:
        """Where the study stands, for the researcher, in the outbox."""
        self._said = self._clock.monotonic()
        try:
            publish(self.site, study)
        except (LabError, OSError) as error:
            self._trouble(study, error)

    def _trouble(self, study: str, error: Exception) -> None:
        """Note what is in the way, once."""
        if study not in self._waiting:
            self._waiting.add(study)
            reference = self._troubles.note(error)
            about = f"study {study[:12]}: " if study else ""
            self._told(f"{about}{type(error).__name__}, see {reference} in {self._troubles.path}")

    def _close(self, study: str) -> None:
        part, channel = self._parts.pop(study)
        self._unsent.pop(study, None)
        part.close()
        channel.close()
