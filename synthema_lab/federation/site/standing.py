"""Where does a study stand at this site?"""

from __future__ import annotations

from dataclasses import dataclass

from ..rounds.letters import FINISHED
from .approval import latest, of_entry
from .folder import SiteFolder
from .logbook import APPROVED, ENDED, RECEIVED, WITHDRAWN
from .rounds import begun

WAITING, HOLDS, TAKEN_BACK = "waiting for approval", "approved", "approval taken back"
CANCELLED, OVER = "withdrawn by its researcher", "expired"
BROKEN = "ended without a result"


@dataclass(frozen=True)
class Standing:
    """Where a study stands at a site.

    Attributes
    ----------
    study, title, researcher, cohort : str
    state : str
        One of waiting for approval, approved, approval taken back, withdrawn by
        its researcher, expired, finished, ended without a result.
    rounds_begun, rounds_approved : int
    until, approver : str
        Of an approval that holds; empty otherwise.
    """

    study: str
    title: str
    researcher: str
    cohort: str
    state: str
    rounds_begun: int = 0
    rounds_approved: int = 0
    until: str = ""
    approver: str = ""

    def __str__(self) -> str:
        words = self.state
        if self.state == HOLDS:
            words = (
                f"approved by {self.approver} until {self.until} UTC, "
                f"{self.rounds_begun} of {self.rounds_approved} rounds begun"
            )
        return f"{self.study[:12]}  {self.title} ({self.researcher}): {words}"


def standing(site: SiteFolder, study: str) -> Standing:
    """Where a study stands."""
    asked = site.shelf.get(study).study
    entry, now = latest(site.logbook, study), site.now()
    told = {
        "study": study, "title": asked.title, "researcher": asked.researcher.name,
        "cohort": asked.cohort, "rounds_begun": begun(site.logbook, study),
    }  # fmt: skip
    ended = [one.details["outcome"] for one in site.logbook.entries(study, ENDED)]
    if ended:
        return Standing(**told, state=FINISHED if ended[-1] == FINISHED else BROKEN)
    if entry is None:
        return Standing(**told, state=OVER if now >= asked.ends else WAITING)
    if entry.event != APPROVED:
        return Standing(**told, state=CANCELLED if entry.event == WITHDRAWN else TAKEN_BACK)
    approval = of_entry(entry)
    holds = approval.genuine(site.policy) and now < approval.until
    return Standing(
        **told, state=HOLDS if holds else OVER, rounds_approved=approval.rounds,
        until=approval.last_day if holds else "", approver=approval.approver if holds else "",
    )  # fmt: skip


def standings(site: SiteFolder) -> tuple[Standing, ...]:
    """Where every study stands, in the order in which they came."""
    known = dict.fromkeys(entry.study for entry in site.logbook.entries(None, RECEIVED))
    return tuple(standing(site, study) for study in known if study in site.shelf)
