"""What is a synthetic cohort found to be, across hospitals?

The validation, the verdict by the limits that a single custodian would set, and
what a reader must know of how the numbers came about. Rates are rounded, and
curves of real patients follow the rules for small counts. With noise no attack is
made, so that such a study alone never leads to a release.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape
from pathlib import Path

from ...storage import whole_folder
from ...validation import Metric, RiskAppetite, Validation, Verdict, decide

DECIMALS = 3


@dataclass(frozen=True, repr=False)
class Evaluation:
    """A synthetic cohort judged by hospitals that show no patient.

    Attributes
    ----------
    validation : Validation
    study, synthetic : str
        SHA-256 of the study, and of the synthetic table, in hexadecimal.
    epsilon : float or None
        What the sums cost each patient at `delta`; None without noise.
    delta : float
    appetite : RiskAppetite
        The limits; those that come with the workbench by default.
    """

    validation: Validation
    study: str
    synthetic: str
    epsilon: float | None
    delta: float
    appetite: RiskAppetite = field(default_factory=RiskAppetite.load)

    def __getitem__(self, name: str) -> Metric:
        return self.validation[name]

    @property
    def sites(self) -> int:
        """Hospitals whose sums are in it."""
        return self.validation.sites

    def judged_by(self, appetite: RiskAppetite) -> Evaluation:
        """The same findings held against other limits."""
        return replace(self, appetite=appetite)

    @cached_property
    def decision(self) -> Verdict:
        """The verdict with what led to it."""
        return decide(self.validation, self.appetite)

    @property
    def verdict(self) -> str:
        """``release``, ``restrict`` or ``refuse``; see `validation.Verdict`."""
        return self.decision.verdict

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it must not be released; none found gives an empty tuple."""
        return self.decision.reasons

    @property
    def shortfalls(self) -> tuple[str, ...]:
        """What keeps it from being more than it is, without forbidding a release."""
        return self.decision.shortfalls

    @property
    def protection(self) -> str:
        """How what left the hospitals was protected, in words."""
        if self.epsilon is None:
            return (
                "Sums were opened without noise: whoever opened them saw small counts too, and "
                "exactly what attacks find with this cohort. What is shown here is rounded, and "
                "small counts are hidden."
            )
        return (
            f"Sums carry noise: epsilon {self.epsilon:.2f} at delta {self.delta:g} for each "
            "patient. Intervals do not count that noise, and distances are larger for it."
        )

    def as_json(self) -> dict[str, object]:
        """Everything as plain values, rates rounded to three decimals."""
        return {
            **self.decision.as_dict(),
            "study": self.study,
            "synthetic": self.synthetic,
            "sites": self.sites,
            "epsilon": self.epsilon,
            "delta": self.delta,
            "protection": self.protection,
            "metrics": self._metrics(),
        }

    def save(self, path: str | Path, more: Mapping[str, bytes] | None = None) -> None:
        """Write ``metrics.json``, ``verdict.json`` and the curves as CSV into a new folder.

        Parameters
        ----------
        path : path
            Appears whole, or not at all.
        more : mapping of str to bytes, optional
            Other files of the folder, such as a report.
        """
        told = self.as_json()
        metrics = told.pop("metrics")
        with whole_folder(Path(path)) as folder:
            for name, content in {"metrics": metrics, "verdict": told}.items():
                text = json.dumps(content, indent=2, allow_nan=False)
                (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")
            for name, table in self.validation.curves.items():
                table.round(DECIMALS).to_csv(folder / f"{name}.csv", index=False)
            for name, content in (more or {}).items():
                (folder / name).write_bytes(content)

    def _metrics(self) -> list[dict[str, object]]:
        return [_rounded(one) for one in self.validation.as_json()]

    def _lines(self) -> list[str]:
        decision = self.decision
        told = [f"Verdict of {self.sites} hospitals: {decision.verdict}. {decision.meaning}"]
        told += [f"Refused, since {reason}." for reason in decision.reasons]
        told += [f"Not shown: {one}." for one in decision.shortfalls]
        return [*told, f"By: {decision.appetite}.", self.protection]

    def __str__(self) -> str:
        return "\n".join([*self._lines(), "", str(self.validation)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        said = "".join(f"<p>{escape(line)}</p>" for line in self._lines())
        return f'<div style="max-width:900px">{said}</div>{self.validation._repr_html_()}'


def _rounded(metric: dict[str, object]) -> dict[str, object]:
    return {
        name: round(value, DECIMALS) if isinstance(value, float) and math.isfinite(value) else value
        for name, value in metric.items()
    }
