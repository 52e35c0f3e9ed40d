"""What does the owner of the data do with a study?

Look at it, approve it or not, take an approval back. Each step is in the
logbook before it is answered, and the answer in the outbox is signed by the
site.
"""

from __future__ import annotations

from typing import Any

from ...dictionary import DataDictionary
from ...privacy import epsilon_of
from ...secure_aggregation import Identity
from ..procedures.dry_run import DryRun, dry_run
from ..procedures.registry import events_of
from ..study.difference import differences
from ..study.review import Account, Review
from ..study.study import Study
from .admission import cautions_about, dictionary_of, reasons_against
from .approval import Approval, latest, require_approval
from .budget import account_of
from .errors import PolicyRefused, SiteRefused
from .exchange import say
from .folder import SiteFolder
from .logbook import (
    APPROVED,
    OUTSIDE,
    REVIEWED,
    REVOKED,
    WITHDRAWN,
)
from .policy import SitePolicy
from .standing import HOLDS, WAITING, standing


def review(site: SiteFolder, study: str, try_it: bool = True) -> Review:
    """All that the owner is to look at, noted as looked at.

    Parameters
    ----------
    site : SiteFolder
    study : str
        Its hash.
    try_it : bool
        Whether to try it on mock patients; without, its cost is taken to be all
        that it may spend.
    """
    site.require_unaltered()
    # Not under the lock: a try takes seconds, and rounds of other studies go on meanwhile.
    found = _looked_at(site, site.policy, site.shelf.get(study).study, try_it)
    with site.step():
        site.logbook.enter(REVIEWED, study, allowed=found.allowed)
    return found


def approve(
    site: SiteFolder, study: str, approver: Identity, days: int | None = None,
    rounds: int | None = None,
) -> Approval:  # fmt: skip
    """Approve a study.

    Parameters
    ----------
    site : SiteFolder
    study : str
        Its hash.
    approver : Identity
        One of the policy's approvers.
    days, rounds : int, optional
        The most that policy and study allow, if not given.

    Raises
    ------
    PolicyRefused
        With the list of reasons; noted in the logbook.
    SiteRefused
        If it was withdrawn, or the key is not an approver's.
    """
    with site.step():
        try:
            approval = proposed(site, study, approver, days, rounds)
        except PolicyRefused as error:
            site.logbook.enter(OUTSIDE, study, reasons=list(error.reasons))
            raise
        details = {name: value for name, value in vars(approval).items() if name != "study"}
        site.logbook.enter(APPROVED, study, **details)
    publish(site, study)
    return approval


def proposed(
    site: SiteFolder, study: str, approver: Identity, days: int | None = None,
    rounds: int | None = None,
) -> Approval:  # fmt: skip
    """The approval that `approve` would enter; nothing is written. Raises as `approve` does."""
    policy, asked = site.policy, site.shelf.get(study).study
    decided = latest(site.logbook, study)
    if decided is not None and decided.event == WITHDRAWN:
        raise SiteRefused(
            f"Study {study[:12]} was withdrawn by its researcher.",
            "A study that is wanted.",
            "Wait for another study.",
        )
    reasons = _looked_at(site, policy, asked, try_it=False).reasons
    if reasons:
        raise PolicyRefused(study, policy.site, reasons)
    return Approval.sign(
        asked, policy, approver, site.now(),
        policy.approval_days if days is None else days,
        asked.rounds_at_most if rounds is None else rounds,
    )  # fmt: skip


def revoke(site: SiteFolder, study: str, reason: str = "") -> None:
    """Take an approval back; no round begins after this returns.

    Raises
    ------
    ApprovalMissing
        If there is none that holds.
    """
    with site.step() as policy:
        require_approval(site.logbook, policy, study, site.now())
        site.logbook.enter(REVOKED, study, reason=reason)
    publish(site, study)


def publish(site: SiteFolder, study: str) -> None:
    """Tell the researcher, through the outbox, where the study stands."""
    policy, reasons = site.policy, []
    if standing(site, study).state == WAITING:
        asked = site.shelf.get(study).study
        reasons = list(_looked_at(site, policy, asked, try_it=False).reasons)
    with site.lock:
        # Looked at again: finding reasons takes time, in which another process may have approved.
        now = standing(site, study)
        told = {**vars(now), "site": policy.site, "reasons": []}
        if now.state == WAITING:
            told["reasons"] = reasons
        say(policy.exchange, f"{study}.json", told, site.identity)


def _looked_at(site: SiteFolder, policy: SitePolicy, study: Study, try_it: bool) -> Review:
    dictionary = dictionary_of(policy, study)
    usable = dictionary is not None and dictionary.digest == study.dictionary
    tried = dry_run(study, dictionary) if try_it and usable else None
    account = _account(site, policy, study, tried)
    left = account.left
    if usable and _covered(site, study, dictionary):
        left = max(left, study.budget.epsilon or 0.0)
    reasons = reasons_against(
        policy, study, site.identity.member().key.hex(), dictionary, site.now(), left
    )
    cautions = cautions_about(policy, study)
    if tried is not None and (tried.problem or not tried.fits):
        cautions = (*cautions, str(tried))
    before = list(site.logbook.entries(None, APPROVED))
    previous = next((s for s in _studies(site, before) if s.cohort == study.cohort), None)
    return Review(
        study, policy.site, _state(site, study), reasons, cautions,
        account, dictionary if usable else None, previous,
        () if previous is None else differences(previous, study), tried,
    )  # fmt: skip


def _covered(site: SiteFolder, study: Study, dictionary: DataDictionary) -> bool:
    """Whether all that was opened so far and what this study opens keep to the budget together.

    Releases compose to less than the sum of their epsilons; what this one
    costs follows from the study alone.
    """
    events = events_of(study, dictionary)
    if not events or study.cohort not in site.policy.datasets:
        return False
    ledger = site.ledger(study.cohort)
    held = [event for charge in ledger.history(study.cohort) for event in charge.events]
    return epsilon_of([*held, *events], ledger.delta) <= ledger.epsilon


def _state(site: SiteFolder, study: Study) -> str:
    return standing(site, study.hash).state if study.hash in site.shelf else "not received"


def _studies(site: SiteFolder, entries: list[Any]) -> list[Study]:
    """Studies of logbook lines, newest first, those that are still kept."""
    hashes = dict.fromkeys(entry.study for entry in reversed(entries))
    return [site.shelf.get(one).study for one in hashes if one in site.shelf]


def _account(site: SiteFolder, policy: SitePolicy, study: Study, tried: DryRun | None) -> Account:
    if study.cohort not in policy.datasets:
        epsilon = study.budget.epsilon or 0.0
        return Account(0.0, 0.0, epsilon, epsilon, 0.0, policy.delta)
    others = (
        one
        for one in _studies(site, list(site.logbook.entries(None, APPROVED)))
        if one.hash != study.hash
        and one.cohort == study.cohort
        and standing(site, one.hash).state == HOLDS
    )
    return account_of(site.ledger(study.cohort), study, others, tried)
