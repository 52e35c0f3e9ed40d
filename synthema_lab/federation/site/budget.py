"""Does the site's budget cover this, and is it written down before noise is drawn?

The ledger of `privacy` holds for each cohort over all studies, at the site's
own delta. On top of it no study spends more than was approved, at the study's
delta. Both are decided and written under the site's one lock, so that of two
studies that race for the last epsilon one gets it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...errors import BudgetExhausted
from ...privacy import Charge, Ledger, PrivacyEvent, epsilon_of
from ..procedures.dry_run import DryRun
from ..study.review import Account
from ..study.study import Study

_SLACK = 1 + 1e-6


def purpose_of(study: str) -> str:
    """What the ledger calls a study."""
    return f"study {study}"


def spent_by(ledger: Ledger, study: str) -> list[PrivacyEvent]:
    """All that a study was charged for."""
    return [
        event
        for charge in ledger.history()
        if charge.purpose == purpose_of(study)
        for event in charge.events
    ]


def charge(ledger: Ledger, study: Study, release: str, events: Sequence[PrivacyEvent]) -> Charge:
    """Charge a study; the caller holds the site's lock.

    Parameters
    ----------
    ledger : Ledger
        With the budget of the study's cohort.
    study : Study
    release : str
    events : sequence of PrivacyEvent
        What is about to be opened.

    Raises
    ------
    BudgetExhausted
        Exit code 4, with nothing written: nothing may be computed then.
    """
    allowed = study.budget.epsilon
    if allowed is None:
        raise BudgetExhausted(
            f"Study {study.hash[:12]} was approved without noise and has no budget.",
            "No charge.",
            "Submit a study with an epsilon.",
        )
    together = epsilon_of([*spent_by(ledger, study.hash), *events], study.budget.delta)
    if together > allowed * _SLACK:
        raise BudgetExhausted(
            f"Study {study.hash[:12]} would spend epsilon {together:.3f} in all.",
            f"At most {allowed:g}, as was approved; a charge is never given back.",
            "Submit a study with more epsilon, or one that opens less.",
        )
    return ledger.charge(study.cohort, release, events, purpose_of(study.hash))


def account_of(
    ledger: Ledger, study: Study, others: Iterator[Study], tried: DryRun | None
) -> Account:
    """What a study would cost here, and what would remain.

    Parameters
    ----------
    ledger : Ledger
    study : Study
    others : iterator of Study
        Other studies of the cohort whose approval holds.
    tried : DryRun or None
        Where it is known what the noise costs, releases compose; where it is
        not, epsilons are added, which is never too little.
    """
    asked = study.budget.epsilon or 0.0
    mine = spent_by(ledger, study.hash)
    spent = ledger.spent(study.cohort)
    events = list(tried.events) if tried and not tried.problem else []
    held = [event for one in ledger.history(study.cohort) for event in one.events]
    rest = 0.0 if not asked else max(0.0, asked - epsilon_of(mine, ledger.delta))
    after = epsilon_of([*held, *events], ledger.delta) if events and not mine else spent + rest
    promised = sum(
        max(0.0, (one.budget.epsilon or 0.0) - epsilon_of(spent_by(ledger, one.hash), ledger.delta))
        for one in others
    )
    return Account(ledger.epsilon, spent, asked, after, promised, ledger.delta)
