"""Was exactly this study approved here, by whom, and does it still hold?

An approval is an approver's signature over the study's hash, the name of the
site, a last day and a number of rounds. It is checked again before every
round: an approver who was taken out of the policy has approved nothing.
"""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass

from ...errors import ApprovalMissing
from ...secure_aggregation import Identity, Member
from ..study.study import Study
from .errors import SiteRefused
from .logbook import APPROVED, REVOKED, WITHDRAWN, Entry, Logbook
from .policy import SitePolicy

_TAG = b"synthema-lab approval 1\x00"
DAY = 86_400


@dataclass(frozen=True)
class Approval:
    """An approver's word.

    Attributes
    ----------
    study, site, approver : str
        The study's hash; the name of the site; the approver's name in its policy.
    given, until : int
        Unix time in seconds.
    rounds : int
        Rounds that may begin, over the whole study.
    signature : str
        Hexadecimal.
    """

    study: str
    site: str
    approver: str
    given: int
    until: int
    rounds: int
    signature: str = ""

    @classmethod
    def sign(
        cls, study: Study, policy: SitePolicy, approver: Identity, now: float, days: int,
        rounds: int,
    ) -> Approval:  # fmt: skip
        """Approve a study.

        Raises
        ------
        SiteRefused
            If the policy does not know the approver, or for too many days or rounds.
        """
        key = approver.member().key.hex()
        names = [name for name, known in policy.approvers.items() if known == key]
        if not names:
            raise SiteRefused(
                "This key is not one of an approver of this site.",
                f"The key of one of: {', '.join(policy.approvers) or 'nobody'}.",
                "Have the owner of the data add it under approvers in site.yaml.",
            )
        if not 1 <= days <= policy.approval_days or not 1 <= rounds <= study.rounds_at_most:
            raise SiteRefused(
                f"An approval for {days} days and {rounds} rounds was asked for.",
                f"1 to {policy.approval_days} days, as the policy says, and 1 to "
                f"{study.rounds_at_most} rounds, as the study asks.",
                "Leave --days and --rounds out for the most that is allowed.",
            )
        until = min(int(now) + days * DAY, int(study.ends))
        given = cls(study.hash, policy.site, names[0], int(now), until, rounds)
        return cls(**{**vars(given), "signature": approver.sign(given.statement).hex()})

    @property
    def statement(self) -> bytes:
        """What is signed."""
        told = {name: value for name, value in vars(self).items() if name != "signature"}
        return _TAG + json.dumps(told, sort_keys=True, separators=(",", ":")).encode("ascii")

    def genuine(self, policy: SitePolicy) -> bool:
        """Whether an approver of this policy signed it for this site."""
        key = policy.approvers.get(self.approver)
        if key is None or self.site != policy.site:
            return False
        try:
            signature = bytes.fromhex(self.signature)
        except ValueError:
            return False
        return Member("approver", bytes.fromhex(key)).verifies(signature, self.statement)

    @property
    def last_day(self) -> str:
        """Until when it holds, in UTC."""
        moment = datetime.datetime.fromtimestamp(self.until, datetime.UTC)
        return moment.strftime("%Y-%m-%d %H:%M")


def latest(logbook: Logbook, study: str) -> Entry | None:
    """The last thing that was decided about a study; None if nothing was."""
    decided = list(logbook.entries(study, APPROVED, REVOKED, WITHDRAWN))
    return decided[-1] if decided else None


def of_entry(entry: Entry) -> Approval:
    """The approval that a line of the logbook holds."""
    return Approval(study=entry.study, **entry.details)


def require_approval(logbook: Logbook, policy: SitePolicy, study: str, now: float) -> Approval:
    """The approval of a study, if it holds now.

    Parameters
    ----------
    logbook : Logbook
    policy : SitePolicy
    study : str
        The hash of what is to be run.
    now : float
        Unix time in seconds.

    Raises
    ------
    ApprovalMissing
        Exit code 8: never given, taken back, expired, or not signed by an
        approver of the policy as it is now.
    """
    entry = latest(logbook, study)
    happened = f"Study {study[:12]} was not approved at {policy.site}"
    if entry is not None and entry.event == REVOKED:
        happened = f"The approval of study {study[:12]} was taken back at {policy.site}"
    elif entry is not None and entry.event == WITHDRAWN:
        happened = f"Study {study[:12]} was withdrawn by its researcher"
    elif entry is not None:
        approval = of_entry(entry)
        if not approval.genuine(policy):
            happened = (
                f"The approval of study {study[:12]} was not signed by an approver of "
                f"{policy.site} as it is now"
            )
        elif now >= approval.until:
            happened = f"The approval of study {study[:12]} expired: {approval.last_day} UTC"
        else:
            return approval
    raise ApprovalMissing(
        f"{happened}.",
        "A valid approval of exactly this study: one that differs by a character is another.",
        f"Ask its owner of the data to look: synthema site review {study[:12]}",
    )
