"""May this table be released, by what a custodian is willing to risk?

``refuse`` where an attack that was tried surely succeeds too often, whatever else is
good; ``restrict`` where something was not shown, be it that a leak could not have been
seen with so few patients, or that the table is good for little; ``release`` where all
that the custodian asks for was shown. No verdict proves that nobody can be recognised.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from .appetite import RiskAppetite
from .result import Validation
from .suspicion import suspicions

MEANING = {
    "release": "All that the custodian asks for was shown.",
    "restrict": "Not for release: something that the custodian asks for was not shown.",
    "refuse": "Must not leave the custodian.",
}


@dataclass(frozen=True, repr=False)
class Verdict:
    """A verdict and what led to it.

    Attributes
    ----------
    verdict : {"release", "restrict", "refuse"}
    reasons : tuple of str
        What forbids a release.
    shortfalls : tuple of str
        What was not shown.
    appetite : str
        Title and version of the limits.
    """

    verdict: str
    reasons: tuple[str, ...]
    shortfalls: tuple[str, ...]
    appetite: str

    @property
    def meaning(self) -> str:
        """The verdict in a sentence."""
        return MEANING[self.verdict]

    def __str__(self) -> str:
        told = [f"Verdict: {self.verdict}. {self.meaning}"]
        told += [f"  refused, since {reason}" for reason in self.reasons]
        told += [f"  not shown: {one}" for one in self.shortfalls]
        return "\n".join([*told, f"  by: {self.appetite}"])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        told = [f"refused, since {reason}" for reason in self.reasons]
        told += [f"not shown: {one}" for one in self.shortfalls]
        listed = "".join(f"<li>{escape(one)}</li>" for one in told)
        return (
            f'<div style="max-width:900px"><p><strong>Verdict: {self.verdict}.</strong> '
            f"{escape(self.meaning)}</p><ul>{listed}</ul><p>By: {escape(self.appetite)}</p></div>"
        )

    def as_dict(self) -> dict[str, object]:
        """The verdict as plain values."""
        return {
            "verdict": self.verdict, "meaning": self.meaning, "reasons": list(self.reasons),
            "shortfalls": list(self.shortfalls), "appetite": self.appetite,
        }  # fmt: skip


def decide(validation: Validation, appetite: RiskAppetite | None = None) -> Verdict:
    """The verdict on a validated table.

    Parameters
    ----------
    validation : Validation
    appetite : RiskAppetite, optional
        The one that comes with the workbench by default.

    Returns
    -------
    Verdict

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> from synthema_lab.validation import validate
    >>> cohort = load_cohort("leuksurv")
    >>> train, holdout = cohort.patients[:200], cohort.patients[200:300]
    >>> decide(validate(train, train, cohort.dictionary, holdout, draws=20)).verdict
    'refuse'
    """
    appetite = appetite or RiskAppetite.load()
    found = {metric.name: metric for metric in validation}
    reasons = tuple(
        limit.said(found[limit.metric])
        for limit in appetite.refuse
        if limit.metric in found and limit.met(found[limit.metric])
    )
    shortfalls = list(suspicions(validation))
    for limit in appetite.release:
        metric = found.get(limit.metric)
        if metric is None:
            shortfalls.append(f"{limit.metric} was not asked for; use the standard metrics")
        elif not metric.computed:
            shortfalls.append(f"{metric.label} was not computed: {metric.note}")
        elif not limit.judges(metric):
            shortfalls.append(
                f"{metric.label} cannot be judged: independent marginals are not known to do worse "
                "than other real patients"
            )
        elif limit.met(metric):
            shortfalls.append(limit.said(metric))
    word = "refuse" if reasons else "restrict" if shortfalls else "release"
    return Verdict(
        word, reasons, tuple(shortfalls), f"{appetite.title} ({appetite.version})".strip()
    )


def refusals(validation: Validation, appetite: RiskAppetite | None = None) -> tuple[str, ...]:
    """Reasons that forbid a release; none found gives an empty tuple, which is no permission."""
    return decide(validation, appetite).reasons
