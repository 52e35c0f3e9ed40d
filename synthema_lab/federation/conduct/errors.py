"""Why does a study not go on?"""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import ApprovalMissing, BudgetExhausted, DataMismatch, GateFailed, LabError
from ..channels.errors import SiteSilent


class StudyStopped(GateFailed):
    """A study that hospitals refuse to go on with, or whose rounds were lost too often."""


class StudyOver(GateFailed):
    """A study that ended without a result; another one is to be submitted."""


_BY_CODE: Mapping[int, type[LabError]] = {
    BudgetExhausted.exit_code: BudgetExhausted,
    ApprovalMissing.exit_code: ApprovalMissing,
    DataMismatch.exit_code: DataMismatch,
}
_ROUND_ONLY = "RoundRefused"


def is_final(says: Mapping[str, object]) -> bool:
    """Whether another try changes nothing about a refusal.

    A site that was restarted between two lines of its books refuses that one
    round, and takes part in the next.

    Examples
    --------
    >>> is_final({"error": "BudgetExhausted", "exit_code": 4})
    True
    >>> is_final({"error": "RoundRefused", "exit_code": 8})
    False
    """
    return says.get("exit_code") in _BY_CODE and says.get("error") != _ROUND_ONLY


def refused_by(refusals: Mapping[str, Mapping[str, object]], needed: int) -> LabError:
    """The error for a study that sites refuse.

    Parameters
    ----------
    refusals : mapping of str to mapping
        By site, what its letter says: error, exit_code and reference.
    needed : int
        How many sites a round needs.

    Examples
    --------
    >>> says = {"error": "BudgetExhausted", "exit_code": 4, "reference": "3f2a"}
    >>> refused_by({"north": says}, 3).exit_code
    4
    """
    codes = [says.get("exit_code") for says in refusals.values()]
    kind = next((_BY_CODE[code] for code in codes if code in _BY_CODE), StudyStopped)
    told = "; ".join(
        f"{site}: {says.get('error')}, reference {says.get('reference')}"
        for site, says in sorted(refusals.items())
    )
    return kind(
        f"The study was refused. {told}.",
        f"At least {needed} sites that go on with it.",
        "Ask the site to look the reference up in its log, under rounds in its folder.",
    )


def silent(sites: list[str], patience: float, needed: int) -> SiteSilent:
    """The error for sites that did not answer; the study can be gone on with."""
    named = ", ".join(sites) or "Nobody"
    return SiteSilent(
        f"{named} did not answer within {patience:g} seconds, and a round needs {needed} sites.",
        "Sites that serve and see their exchange folder.",
        "Ask them to type: synthema site serve. Then run the study again: it goes on where it "
        "stopped.",
    )
