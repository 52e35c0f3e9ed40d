"""What is a synthetic cohort found to be, across hospitals?

The validation, the verdict by the same gate as for a single custodian, and
what a reader must know of how the numbers came about. Rates are rounded, and
curves of real patients follow the rules for small counts.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from html import escape
from pathlib import Path

from ...storage import whole_folder
from ...validation import Metric, Validation, refusals

DECIMALS = 3


@dataclass(frozen=True, repr=False)
class Evaluation:
    """A synthetic cohort judged by hospitals that show no patient.

    Attributes
    ----------
    validation : Validation
    study, synthetic : str
        SHA-256 of the study, and of the synthetic table, in hexadecimal.
    sites : int
        Hospitals whose sums are in it.
    epsilon : float or None
        What the sums cost each patient at `delta`; None without noise.
    delta : float
    """

    validation: Validation
    study: str
    synthetic: str
    sites: int
    epsilon: float | None
    delta: float

    def __getitem__(self, name: str) -> Metric:
        return self.validation[name]

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it must not be released; none found gives an empty tuple."""
        return refusals(self.validation)

    @property
    def shortfalls(self) -> tuple[str, ...]:
        """What keeps it from being more than it is, without forbidding a release."""
        said = []
        pairs = self.validation["association_difference"]
        if not math.isfinite(pairs.ceiling):
            said.append("without patients held out there is nothing that real patients reach")
        elif pairs.computed and not pairs.floor > pairs.ceiling:
            said.append(
                "with these patients, independent marginals cannot be told from real patients by "
                "how variables go together"
            )
        elif pairs.computed and pairs.value > (pairs.floor + pairs.ceiling) / 2:
            said.append(
                f"variables go together no better than halfway from independent marginals to real "
                f"patients (difference of association {pairs.value:.2f}; marginals "
                f"{pairs.floor:.2f}, real patients {pairs.ceiling:.2f})"
            )
        found = self.validation["membership_tpr"]
        if not found.computed:
            said.append("no attack on membership could be run")
        elif self.validation.holdout_rows < 100:
            said.append(
                "with fewer than 100 patients held out, an attack at 1% false alarms has no power"
            )
        if not self.validation["row_copies"].computed:
            said.append("whether rows repeat patients was not asked")
        return tuple(said)

    @property
    def verdict(self) -> str:
        """``refuse``, ``restrict``, or ``not refused``, which is not yet a permission."""
        if self.reasons:
            return "refuse"
        return "restrict" if self.shortfalls else "not refused"

    @property
    def protection(self) -> str:
        """How what left the hospitals was protected, in words."""
        if self.epsilon is None:
            return (
                "Sums were opened without noise: whoever opened them saw small counts too. What "
                "is shown here is rounded, and small counts are hidden."
            )
        return (
            f"Sums carry noise: epsilon {self.epsilon:.2f} at delta {self.delta:g} for each "
            "patient. Intervals do not count that noise, and distances are larger for it."
        )

    def as_json(self) -> dict[str, object]:
        """Everything as plain values, rates rounded to three decimals."""
        return {
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            "shortfalls": list(self.shortfalls),
            "study": self.study,
            "synthetic": self.synthetic,
            "sites": self.sites,
            "epsilon": self.epsilon,
            "delta": self.delta,
            "protection": self.protection,
            "metrics": [_rounded(one) for one in self.validation.as_json()],
        }

    def save(self, path: str | Path) -> None:
        """Write ``metrics.json`` and the curves as CSV into a new folder.

        Parameters
        ----------
        path : path
            Appears whole, or not at all.
        """
        with whole_folder(Path(path)) as folder:
            content = json.dumps(self.as_json(), indent=2, allow_nan=False)
            (folder / "metrics.json").write_text(content + "\n", encoding="utf-8")
            for name, table in self.validation.curves.items():
                table.round(DECIMALS).to_csv(folder / f"{name}.csv", index=False)

    def _lines(self) -> list[str]:
        told = [f"Verdict of {self.sites} hospitals: {self.verdict}."]
        told += [f"Reason: {reason}." for reason in self.reasons]
        told += [f"Shortfall: {one}." for one in self.shortfalls]
        return [*told, self.protection]

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
