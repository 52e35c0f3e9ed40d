"""What leaves, after everything was applied, measured and assessed?

The whole way in one call: bind policy, dictionary and study; prepare the export;
search the least generalisation; leave patients out who would still stand out;
measure before and after; check the result against its own dictionary; assess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape

import numpy as np
import pandas as pd

from synthema_lab.deidentify.adapted import adapted
from synthema_lab.deidentify.assessment import Assessment, assess
from synthema_lab.deidentify.binding import Binding, bind
from synthema_lab.deidentify.classes import equivalence_classes
from synthema_lab.deidentify.information import InformationLoss, information_loss
from synthema_lab.deidentify.keys import SiteKey
from synthema_lab.deidentify.policy import Policy
from synthema_lab.deidentify.prepare import InputRefused, Prepared, prepare
from synthema_lab.deidentify.risk import Risk, measure
from synthema_lab.deidentify.search import Generalisation, Progress, search
from synthema_lab.deidentify.sensitive import sensitive_codes
from synthema_lab.deidentify.study import Study
from synthema_lab.dictionary import DataDictionary, Findings
from synthema_lab.randomness import random_uint64


@dataclass(frozen=True, eq=False)
class Deidentified:
    """A de-identified table and all that is known about it.

    Printing shows counts, never rows.

    Attributes
    ----------
    patients : DataFrame
        Sorted by pseudonym, so that the order of the export is lost.
    dictionary : DataDictionary
        Of this table.
    columns : DataFrame
        Columns column, fate, why: what became of each column of the export.
    before, after : Risk
        With the quasi-identifiers as recorded, and as they leave.
    loss : InformationLoss
    levels : dict of str to int
    generalisation : Generalisation or None
        Where a search was made.
    assessment : Assessment
    grouped, rounded : mapping of str to int
        Patients whose value was grouped or rounded, by variable.
    findings : Findings
        Warnings about the export.
    record : dict
        Policy, study, key and counts, as plain values without a patient's.
    """

    patients: pd.DataFrame = field(repr=False)
    dictionary: DataDictionary = field(repr=False)
    columns: pd.DataFrame = field(repr=False)
    before: Risk
    after: Risk
    loss: InformationLoss
    levels: dict[str, int]
    generalisation: Generalisation | None
    assessment: Assessment
    grouped: Mapping[str, int]
    rounded: Mapping[str, int]
    findings: Findings
    record: dict[str, object]

    def comparison(self) -> pd.DataFrame:
        """Measures before and after: columns measure, before, after, meaning."""
        first, second = self.before.table(), self.after.table()
        both = first[["measure", "value", "meaning"]].merge(
            second[["measure", "value"]], on="measure", how="left",
            suffixes=("_before", "_after"),
        )  # fmt: skip
        both = both.rename(columns={"value_before": "before", "value_after": "after"})
        return both[["measure", "before", "after", "meaning"]]

    def __str__(self) -> str:
        return "\n".join(
            [
                f"{len(self.patients)} patients, {len(self.patients.columns)} variables leave; "
                f"{self.loss.suppressed_rows} patients were left out",
                f"before: {self.before}",
                f"after:  {self.after}",
                f"{self.loss}",
                *([str(self.generalisation)] if self.generalisation else []),
                str(self.assessment),
            ]
        )

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        head = str(self).splitlines()[0]
        return (
            f"<p>{escape(head)}</p>{self.comparison().to_html(index=False, border=0)}"
            f"{self.assessment._repr_html_()}"
        )


def deidentify(
    table: pd.DataFrame,
    dictionary: DataDictionary,
    policy: Policy,
    key: SiteKey,
    study: Study | str | None = None,
    *,
    sampling_fraction: float = 1.0,
    progress: Progress | None = None,
) -> Deidentified:
    """De-identify an export under a policy.

    Parameters
    ----------
    table : DataFrame
        As exported: direct identifiers, dates, postcodes, one row a patient.
    dictionary : DataDictionary
    policy : Policy
    key : SiteKey
    study : Study or str, optional
        A study, or the name of one of the policy's.
    sampling_fraction : float
        Patients in the table over all patients there are, for the journalist's risk.
    progress : callable, optional
        Called during the search.

    Returns
    -------
    Deidentified
        Whatever the verdict; look at ``assessment`` before it leaves.

    Raises
    ------
    ArgumentRefused
        If policy, dictionary and study do not belong together.
    InputRefused
        If the export cannot be de-identified, with findings.
    GateFailed
        If no allowed generalisation reaches the target.
    """
    study = policy.study(study) if isinstance(study, str) else study
    binding = bind(dictionary, policy, study)
    prepared = prepare(table, binding, key)
    patients = prepared.patients
    quasi = [h for h in binding.hierarchies if h.variable.name in patients.columns]
    sensitive = tuple(name for name in binding.sensitive if name in patients.columns)
    found = None
    levels = {h.variable.name: policy.levels.get(h.variable.name, 0) for h in quasi}
    kept = np.ones(len(patients), dtype=bool)
    if policy.target is not None:
        target = policy.target if sensitive else replace(policy.target, l=1, t=1.0)
        found = search(
            patients, quasi, target,
            [sensitive_codes(patients[name], binding.dictionary) for name in sensitive],
            least=tuple(levels.values()), importance=policy.importance, progress=progress,
        )  # fmt: skip
        levels, kept = found.levels, found.kept
    all_levels = {h.variable.name: levels.get(h.variable.name, 0) for h in binding.hierarchies}
    described = adapted(binding, all_levels)
    general = patients.copy()
    for ladder in quasi:
        name = ladder.variable.name
        general[name] = ladder.at(patients[name], levels[name])
    left = _leaving(general[kept], described)
    checked = described.check(left, require_core=False)
    checked = replace(
        checked,
        errors=tuple(
            f for f in checked.errors
            if not (f.rule == "direct_identifier" and f.variable in policy.dates.shifted)
        ),
    )  # fmt: skip
    if not checked.ok:
        raise InputRefused(replace(checked, warnings=()))
    names = tuple(h.variable.name for h in quasi)
    told = tuple(name for name in names if name in left.columns)
    threshold, k = policy.thresholds.largest_risk.good, policy.target.k if policy.target else 5
    settings = {"k": k, "threshold": threshold, "sampling_fraction": sampling_fraction}
    before = measure(patients, names, sensitive, binding.dictionary, **settings)
    after = measure(left, told, sensitive, described, **settings)
    original = {h.variable.name: h.codes(patients[h.variable.name], 0) for h in quasi}
    coarse = {
        h.variable.name: h.codes(patients[h.variable.name], levels[h.variable.name]) for h in quasi
    }
    loss = information_loss(
        original, coarse, kept, equivalence_classes(left, told).sizes,
        [(levels[h.variable.name], h.top) for h in quasi], k, policy.importance,
    )  # fmt: skip
    return Deidentified(
        patients=left,
        dictionary=described,
        columns=_shown(table, prepared),
        before=before,
        after=after,
        loss=loss,
        levels=levels,
        generalisation=found,
        assessment=assess(
            after, policy.thresholds, loss=loss, study=binding.study, findings=checked
        ),
        grouped=prepared.grouped,
        rounded=prepared.rounded,
        findings=prepared.findings,
        record=_record(binding, key, table, left, levels, prepared),
    )


def _leaving(general: pd.DataFrame, described: DataDictionary) -> pd.DataFrame:
    """The table that leaves, in an order that says nothing about the export's."""
    left = general[[name for name in described.variables if name in general.columns]]
    left = described.derive(left)
    if described.patient in left.columns:
        order = np.argsort(left[described.patient].to_numpy(dtype=object), kind="stable")
    else:
        order = np.argsort(random_uint64(len(left)))
    return left.iloc[order].reset_index(drop=True)


def _shown(table: pd.DataFrame, prepared: Prepared) -> pd.DataFrame:
    """Fates with names that may be printed."""
    names = [str(fate.column) for fate in prepared.fates]
    rows = [(name, fate.fate, fate.why) for name, fate in zip(names, prepared.fates, strict=True)]
    return pd.DataFrame(rows, columns=["column", "fate", "why"])


def _record(
    binding: Binding, key: SiteKey, table: pd.DataFrame, left: pd.DataFrame,
    levels: Mapping[str, int], prepared: Prepared,
) -> dict[str, object]:  # fmt: skip
    """What an audit keeps: names, digests and counts."""
    return {
        "policy": binding.policy.name,
        "policy_version": binding.policy.version,
        "policy_sha256": binding.policy.digest,
        "dictionary": binding.policy.dictionary,
        "study": binding.study.name,
        "purpose": binding.study.purpose,
        "key": key.id,
        "rows_in": len(table),
        "rows_out": len(left),
        "variables": list(left.columns),
        "levels": dict(levels),
        "grouped": dict(prepared.grouped),
        "rounded": dict(prepared.rounded),
        "columns": {
            fate: sum(each.fate == fate for each in prepared.fates)
            for fate in sorted({each.fate for each in prepared.fates})
        },
    }
