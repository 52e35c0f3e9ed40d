"""May the table leave: pass, review, or fail?

Each reason compares one measured number with the policy's thresholds. The worst
decides. What the numbers cannot say is listed beside them, every time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape

import pandas as pd

from synthema_lab.deidentify.information import InformationLoss
from synthema_lab.deidentify.risk import Risk
from synthema_lab.deidentify.study import Study
from synthema_lab.deidentify.thresholds import Threshold, Thresholds
from synthema_lab.dictionary import Findings

VERDICTS = ("pass", "review", "fail")
NOT_COVERED = (
    "What an intruder knows beyond the named quasi-identifiers: a laboratory value, the date of a "
    "crisis, a rare treatment, a newspaper report.",
    "Linkage with another release about the same patients, under this policy or another.",
    "The disease itself: with a rare disease, being in the table already narrows somebody down to "
    "few people, and to fewer where the place is known.",
    "That a value is recorded at all: Doppler belongs to screening age, priapism to males, "
    "whatever is told of age and sex.",
    "Dates that stay dates keep their intervals, which can be as telling as the dates.",
    "Whether a rare combination is true of anybody else in the world: k counts the table alone, "
    "unless a population is given.",
    "What a picture, a genome or a free text shows.",
)


@dataclass(frozen=True)
class Reason:
    """One measured number against its threshold.

    Attributes
    ----------
    about : str
    verdict : {"pass", "review", "fail"}
    value : float
    threshold : str
        In words.
    said : str
    """

    about: str
    verdict: str
    value: float
    threshold: str
    said: str

    def __str__(self) -> str:
        return f"{self.verdict:<6} {self.about}: {self.said} ({self.threshold})"


@dataclass(frozen=True)
class Assessment:
    """The verdict on a table, with its reasons.

    Attributes
    ----------
    verdict : {"pass", "review", "fail"}
    reasons : tuple of Reason
        Worst first.
    not_covered : tuple of str
    """

    verdict: str
    reasons: tuple[Reason, ...]
    not_covered: tuple[str, ...] = field(default=NOT_COVERED, repr=False)

    @property
    def against(self) -> tuple[Reason, ...]:
        """Reasons that did not pass."""
        return tuple(reason for reason in self.reasons if reason.verdict != "pass")

    def table(self) -> pd.DataFrame:
        """Columns verdict, about, value, threshold, said."""
        columns = ["verdict", "about", "value", "threshold", "said"]
        rows = [[getattr(reason, column) for column in columns] for reason in self.reasons]
        return pd.DataFrame(rows, columns=columns)

    def __str__(self) -> str:
        lines = [f"Assessment: {self.verdict}", *(f"  {reason}" for reason in self.reasons)]
        lines += ["Not covered:", *(f"  - {each}" for each in self.not_covered)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        uncovered = "".join(f"<li>{escape(each)}</li>" for each in self.not_covered)
        return (
            f"<p><b>Assessment: {escape(self.verdict)}</b></p>"
            f"{self.table().to_html(index=False, border=0)}"
            f"<p>Not covered:</p><ul>{uncovered}</ul>"
        )


def assess(
    risk: Risk,
    thresholds: Thresholds | None = None,
    *,
    loss: InformationLoss | None = None,
    study: Study | None = None,
    findings: Findings | None = None,
) -> Assessment:
    """Compare what was measured with what the policy asks for.

    Parameters
    ----------
    risk : Risk
    thresholds : Thresholds, optional
    loss : InformationLoss, optional
        Where the table was generalised.
    study : Study, optional
        Whether variables were named for a purpose.
    findings : Findings, optional
        Of the dictionary's check: a column that looks like a direct identifier fails.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthema_lab.deidentify.risk import measure
    >>> print(assess(measure(pd.DataFrame({"sex": list("FFFFFM")}), ["sex"])).verdict)
    fail
    """
    asked = thresholds or Thresholds()
    at_risk = float((risk.prosecutor > asked.largest_risk.good + 1e-9).mean()) if risk.rows else 0.0
    reasons = [
        _reason("k-anonymity", asked.k, risk.k, f"the smallest class has {risk.k} patients"),
        _reason("largest risk", asked.largest_risk, risk.largest_risk,
                f"a patient is found with a chance of up to {risk.largest_risk:.2f}"),
        _reason("patients at risk", asked.share_at_risk, at_risk,
                f"{at_risk:.1%} of patients lie above a risk of {asked.largest_risk.good:g}"),
    ]  # fmt: skip
    for name, found in risk.diversities.items():
        reasons += [
            _reason(f"l-diversity, {name}", asked.l, found.l,
                    f"some class holds {found.l} different value{'s' if found.l != 1 else ''}"),
            _reason(f"t-closeness, {name}", asked.t, found.t,
                    f"some class lies {found.t:.2f} from all patients"),
        ]  # fmt: skip
    if loss is not None:
        share = loss.suppressed_rows / max(1, risk.rows + loss.suppressed_rows)
        reasons += [
            _reason("suppression", asked.suppressed, share, f"{share:.1%} of patients left out"),
            _reason("information lost", asked.lost, loss.entropy,
                    f"{loss.entropy:.1%} of what the quasi-identifiers told"),
        ]  # fmt: skip
    if study is not None and asked.require_study:
        named = "named" if study.named else "not named"
        reasons.append(
            Reason("minimisation", "pass" if study.named else "review", float(study.named),
                   "a study names its variables", f"a purpose is {named}")
        )  # fmt: skip
    suspected = [f for f in findings.errors if f.rule == "direct_identifier"] if findings else []
    if findings is not None:
        reasons.append(
            Reason("direct identifiers", "fail" if suspected else "pass", float(len(suspected)),
                   "none", f"{len(suspected)} columns look like one")
        )  # fmt: skip
    reasons.sort(key=lambda reason: -VERDICTS.index(reason.verdict))
    return Assessment(reasons[0].verdict, tuple(reasons))


def _reason(about: str, threshold: Threshold, value: float, said: str) -> Reason:
    return Reason(about, threshold.verdict(value), float(value), str(threshold), said)
