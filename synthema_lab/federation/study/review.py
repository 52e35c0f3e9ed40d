"""What does the owner of the data see before approving a study?

In plain words: who asks, for what, which variables and why, what leaves, what
leaves outside epsilon, what it costs and what remains, what has changed since
the last approved study, and a try on mock patients. `page` and `terminal` show
it; nothing in it is computed from patients.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...dictionary import DataDictionary
from .difference import Change
from .keyfile import fingerprint
from .parts import PROTECTIONS
from .study import Study

if TYPE_CHECKING:
    from ..procedures.dry_run import DryRun

ALWAYS = (
    "That this site takes part, when its messages come, and how long they are.",
    "Which rounds it began and finished; of an error its kind and a reference number, no text.",
)
"""What leaves with every study, outside epsilon."""


@dataclass(frozen=True)
class Account:
    """What the study would cost at this site, at the site's own delta.

    Attributes
    ----------
    budget, spent : float
        Epsilon for this cohort over all studies, and what is gone of it.
    cost : float
        What this study may spend; 0 without noise.
    spent_after : float
        What would be gone once it has spent all; at most.
    promised : float
        What other approved studies of this cohort may still spend; at most.
    delta : float
    """

    budget: float
    spent: float
    cost: float
    spent_after: float
    promised: float
    delta: float

    @property
    def left(self) -> float:
        """What is left now."""
        return max(0.0, self.budget - self.spent)

    @property
    def left_after(self) -> float:
        """What would be left afterwards; at least."""
        return max(0.0, self.budget - self.spent_after)


@dataclass(frozen=True)
class Review:
    """All that is to be looked at, for one study at one site.

    Attributes
    ----------
    study : Study
    site : str
    state : str
        Where the study stands here, in words.
    reasons : tuple of str
        Why the site's policy does not allow it; empty if it does.
    cautions : tuple of str
        What the policy allows and a person should look at.
    account : Account
    dictionary : DataDictionary or None
        The site's, for the meaning of the variables.
    previous : Study or None
        The last one approved for this cohort.
    changes : tuple of Change
        Against `previous`.
    tried : DryRun or None
    """

    study: Study
    site: str
    state: str
    reasons: tuple[str, ...]
    cautions: tuple[str, ...]
    account: Account
    dictionary: DataDictionary | None
    previous: Study | None
    changes: tuple[Change, ...]
    tried: DryRun | None

    @property
    def allowed(self) -> bool:
        """Whether the policy lets it be approved."""
        return not self.reasons

    def variables(self) -> list[dict[str, str]]:
        """Name, meaning and reason of each variable, and whether it points to a person."""
        known = {} if self.dictionary is None else self.dictionary.variables
        rows = []
        for name, reason in self.study.variables:
            variable = known.get(name)
            unit = variable.unit if variable else None
            rows.append(
                {
                    "name": name,
                    "label": variable.label if variable else "not in this site's dictionary",
                    "unit": _UNITS.get(unit, unit) or "",
                    "identifying": _IDENTIFYING.get(variable.identifier, "") if variable else "",
                    "reason": reason,
                }
            )
        return rows

    def leaving(self, outside: bool) -> list[str]:
        """What leaves; either what is protected, or what is outside epsilon."""
        lines = [
            f"{one.name}: {one.what} ({PROTECTIONS[one.protection]})"
            for one in self.study.outputs
            if (one.protection != "epsilon") is outside
        ]
        if not outside:
            return lines
        cell = self.study.smallest_cell
        if cell is not None:
            lines.append(f"Cells with fewer than {cell} patients are hidden in what is disclosed.")
        return [*lines, *ALWAYS]

    def cost_in_words(self) -> str:
        """What the study costs, in a sentence or two."""
        budget, account = self.study.budget, self.account
        if budget.epsilon is None:
            return (
                "No noise is added, so epsilon says nothing about what is opened: it may tell "
                "of single patients. The privacy budget is not touched."
            )
        some = "one" if budget.colluding == 1 else str(budget.colluding)
        discount = (
            f" It counts on the noise of all sites but {some}."
            if budget.colluding
            else " It counts on the noise of all sites."
        )
        return (
            f"At most epsilon {account.cost:.2f} for one patient added or removed, at delta "
            f"{account.delta:g}. Of {account.budget:g} for this cohort {account.spent:.2f} is "
            f"spent; afterwards at least {account.left_after:.2f} is left.{discount}"
        )

    def sites(self) -> list[dict[str, str]]:
        """The hospitals asked, with the fingerprints of their keys."""
        return [{"name": one.name, "fingerprint": fingerprint(one.key)} for one in self.study.sites]

    def as_dict(self) -> dict[str, Any]:
        """The review as plain values, for ``--json``."""
        account, tried = self.account, self.tried
        return {
            "study": self.study.hash,
            "site": self.site,
            "state": self.state,
            "allowed": self.allowed,
            "reasons": list(self.reasons),
            "cautions": list(self.cautions),
            "asks": self.study.as_dict(),
            "researcher_fingerprint": fingerprint(self.study.researcher.key),
            "variables": self.variables(),
            "leaves": self.leaving(outside=False),
            "leaves_outside_epsilon": self.leaving(outside=True),
            "epsilon": {
                "budget": account.budget, "spent": account.spent, "cost": account.cost,
                "left": account.left, "left_after": account.left_after,
                "promised": account.promised, "delta": account.delta,
            },
            "previous": None if self.previous is None else self.previous.hash,
            "changes": [vars(change) for change in self.changes],
            "dry_run": None if tried is None else str(tried),
        }  # fmt: skip

    def __str__(self) -> str:
        from .terminal import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from .page import framed

        return framed(self)


_UNITS = {"a": "years", "d": "days", "1": ""}
_IDENTIFYING = {
    "direct": "names the patient",
    "quasi": "helps to point to a person",
    "sensitive": "sensitive",
}
