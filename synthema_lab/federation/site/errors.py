"""Why does a site refuse?"""

from __future__ import annotations

from ...errors import ApprovalMissing, ArgumentRefused, BudgetExhausted, GateFailed


class SiteRefused(ArgumentRefused):
    """A site folder or its policy cannot be used, or a study is not known here."""


class PolicyRefused(GateFailed):
    """A study is outside the policy of this site.

    Attributes
    ----------
    reasons : tuple of str
        One sentence for each thing that the policy does not allow.
    """

    def __init__(self, study: str, site: str, reasons: tuple[str, ...]) -> None:
        listed = "".join(f"\n  - {reason}" for reason in reasons)
        super().__init__(
            f"Study {study[:12]} is outside the policy of {site}:{listed}",
            "A study within site.yaml of this site.",
            "Have the researcher change it, or the owner of the data change site.yaml.",
        )
        self.reasons = reasons

    def as_dict(self) -> dict[str, object]:
        """The error as plain values, with its reasons one by one."""
        return {**super().as_dict(), "reasons": list(self.reasons)}


class TermsRefused(ApprovalMissing):
    """A round's settings, or its sites, are not those of the study that was approved."""


class RoundRefused(ApprovalMissing):
    """A round was run before, or more rounds are asked for than were approved."""


class RegisterRolledBack(ApprovalMissing):
    """A register was changed, shortened, or replaced by an older copy."""


class LedgerRolledBack(BudgetExhausted):
    """The privacy ledger was shortened or replaced by an older copy."""
