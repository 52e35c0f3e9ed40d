"""How does an export become a table of variables, before anything is generalised?

Identifiers turn into pseudonyms, dates into days or ages, postcodes into areas,
numbers are rounded, rare categories grouped, and the result is checked against
the dictionary. Nothing is guessed: what cannot be read is a finding with its row
numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from synthema_lab.deidentify.binding import Binding
from synthema_lab.deidentify.dates import (
    completed_years,
    days_since,
    read_dates,
    shifted,
    years_between,
)
from synthema_lab.deidentify.fates import Fate, fates, refusals, source_identifier
from synthema_lab.deidentify.keys import SiteKey
from synthema_lab.deidentify.pseudonyms import plain_identifier, pseudonyms, shifts
from synthema_lab.dictionary import Finding, Findings
from synthema_lab.dictionary.columns import read_texts
from synthema_lab.dictionary.findings import where_true
from synthema_lab.errors import DataMismatch


@dataclass(frozen=True, eq=False)
class Prepared:
    """A table of variables that still is as precise as the export.

    Attributes
    ----------
    patients : DataFrame
        Conformed; everything that leaves or is needed for it, in the rows of the export.
    fates : tuple of Fate
    findings : Findings
        Warnings only.
    grouped : mapping of str to int
        Patients whose rare category was grouped, by variable.
    rounded : mapping of str to int
        Patients whose number was changed, by variable.
    """

    patients: pd.DataFrame = field(repr=False)
    fates: tuple[Fate, ...]
    findings: Findings
    grouped: Mapping[str, int]
    rounded: Mapping[str, int]


class InputRefused(DataMismatch):
    """An export that cannot be de-identified; `findings` says all that is wrong with it.

    Attributes
    ----------
    findings : Findings
    """

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        shown = "".join(f"\n  {finding}" for finding in findings.errors[:10])
        more = len(findings.errors) - 10
        super().__init__(
            f"The table cannot be de-identified; nothing was written. {findings.summary}{shown}"
            + (f"\n  and {more} more errors" if more > 0 else ""),
            "A table that matches its dictionary and policy.",
            "Correct the export, or name the column in the policy (drop, dates, postcodes).",
        )

    def as_dict(self) -> dict[str, object]:
        """The error as plain values, each finding with its rule, rows and count."""
        found = [
            {"rule": f.rule, "variable": f.variable, "count": f.count, "rows": list(f.rows),
             "message": f.message}
            for f in self.findings.errors
        ]  # fmt: skip
        return {**super().as_dict(), "findings": found}


def prepare(table: pd.DataFrame, binding: Binding, key: SiteKey) -> Prepared:
    """Make the variables of a study from an export.

    Raises
    ------
    InputRefused
        With every finding: columns, row numbers and counts, never values.
    """
    found = fates(table, binding)
    errors = list(refusals(table, binding, found))
    if not len(table):
        errors.append(Finding("empty_table", "error", None, (), 0, "The table has no data rows."))
    _refuse(errors, table)
    columns, wrong = _columns(table, binding, key)
    errors += wrong
    raw = pd.DataFrame(columns, index=pd.RangeIndex(len(table)))
    _refuse(errors, table)
    checked = binding.dictionary.check(raw, require_core=False)
    errors += [finding for finding in checked.errors if not _is_a_shifted_date(finding, binding)]
    _refuse(errors, table)
    patients = binding.dictionary.derive(raw)
    rounded = _round(patients, binding)
    grouped = _group_rare(patients, binding)
    patients = binding.dictionary.derive(patients)
    kept = Findings(warnings=checked.warnings, undecided=checked.undecided, rows=len(table))
    return Prepared(patients, found, kept, grouped, rounded)


def _is_a_shifted_date(finding: Finding, binding: Binding) -> bool:
    """A shifted date still looks like one, and may."""
    return finding.rule == "direct_identifier" and finding.variable in binding.policy.dates.shifted


def _refuse(errors: list[Finding], table: pd.DataFrame) -> None:
    if errors:
        raise InputRefused(Findings(errors=tuple(errors), rows=len(table)))


def _columns(
    table: pd.DataFrame, binding: Binding, key: SiteKey
) -> tuple[dict[str, pd.Series], list[Finding]]:
    """Raw columns of the variables, and what could not be read."""
    policy, full, errors = binding.policy, binding.dictionary, []
    table = table.reset_index(drop=True)
    columns = {
        name: table[name]
        for name in binding.needed
        if name in table.columns and name not in policy.dates.sources and name != full.patient
    }
    identifiers, wrong = _identifiers(table, binding)
    errors += wrong
    if identifiers is not None and full.patient:
        columns[full.patient] = pseudonyms(
            identifiers, key, binding.study.name, policy.characters
        )  # fmt: skip
    dates = {}
    for name in policy.dates.sources:
        if name in table.columns:
            dates[name], unreadable = read_dates(table[name], policy.dates.layout)
            errors += where_true(
                "not_a_date", None, unreadable, f"{name} is not a date as {policy.dates.layout}."
            )
    index = dates.get(policy.dates.index)
    if index is None and any(name in dates for name in (*policy.dates.days, *policy.dates.ages)):
        message = f"{policy.dates.index}, from which days are counted, has no column."
        errors.append(Finding("no_index_date", "error", None, (), 0, message))
        return columns, errors
    made = {name: (into, "days", least) for name, (into, least) in policy.dates.days.items()}
    made |= {name: (into, "ages", None) for name, into in policy.dates.ages.items()}
    computed = [(name, *rest) for name, rest in made.items()]
    computed += [(name, into, "years", None) for name, into in policy.dates.years.items()]
    for name, into, how, least in computed:
        if name not in dates or into not in binding.needed:
            continue
        if into in columns:
            message = f"{into} has a column of its own, and is also made from {name}."
            errors.append(Finding("given_twice", "error", into, (), 0, message))
        elif how == "days":
            columns[into] = days_since(dates[name], index, least)
        elif how == "ages":
            variable = full.variables[into]
            columns[into] = (
                completed_years(dates[name], index)
                if variable.type == "integer"
                else years_between(dates[name], index, variable.resolution)
            )
        else:
            columns[into] = dates[name].dt.year.astype("Int64")
    for name, postcode in policy.postcodes.items():
        if name in table.columns and postcode.into in binding.needed:
            texts = table[name].astype("string").str.strip().str.upper()
            columns[postcode.into] = texts.str.slice(0, postcode.characters)
    moving = [name for name in policy.dates.shifted if name in dates and name in binding.needed]
    if moving:
        if identifiers is None:
            message = "Dates are to be shifted, and no column names the patient."
            errors.append(Finding("no_identifier", "error", None, (), 0, message))
        else:
            days = shifts(identifiers, key, binding.study.name, policy.dates.largest_shift)
            columns |= {name: shifted(dates[name], days) for name in moving}
    order = [name for name in full.variables if name in columns]
    return {name: columns[name] for name in order}, errors


def _identifiers(
    table: pd.DataFrame, binding: Binding
) -> tuple[list[str | None] | None, list[Finding]]:
    """What names each patient at the source; a row without a name is an error."""
    column = source_identifier(table, binding)
    if column is None:
        if binding.dictionary.patient is None:
            return None, []
        wanted = ", ".join(dict.fromkeys([*binding.policy.identifiers, binding.dictionary.patient]))
        message = f"No column names the patient: one of {wanted} is due."
        return None, [Finding("no_identifier", "error", None, (), 0, message)]
    texts = read_texts(table[column])
    labels = [plain_identifier(label) for label in texts.labels] + [None, None]
    identifiers = [labels[code] for code in texts.codes]
    missing = np.array([identifier is None for identifier in identifiers])
    message = f"{column} names the patient and is missing."
    return identifiers, list(where_true("missing_identifier", None, missing, message))


def _round(patients: pd.DataFrame, binding: Binding) -> dict[str, int]:
    """Round and limit numbers in place; how many were changed."""
    changed = {}
    for name, rounding in binding.policy.numbers.items():
        if name not in patients.columns:
            continue
        values = patients[name].to_numpy(dtype=np.float64, na_value=np.nan)
        new = values if rounding.step is None else np.round(values / rounding.step) * rounding.step
        limits = binding.dictionary.variables[name].range or (-np.inf, np.inf)
        bottom = limits[0] if rounding.bottom is None else max(limits[0], rounding.bottom)
        top = limits[1] if rounding.top is None else min(limits[1], rounding.top)
        new = np.round(np.clip(new, bottom, top), 10)
        changed[name] = int((np.abs(new - values) > 1e-12).sum())
        if binding.dictionary.variables[name].type == "integer":
            new = np.round(new)
        patients[name] = pd.Series(new, index=patients.index).astype(patients[name].dtype)
    return changed


def _group_rare(patients: pd.DataFrame, binding: Binding) -> dict[str, int]:
    """Put rare codes under the policy's code in place, until that one is not rare either."""
    changed = {}
    for name, into in binding.policy.rare.items():
        if name not in patients.columns:
            continue
        column = patients[name]
        codes = list(column.cat.categories)
        place = codes.index(into)
        counts = np.bincount(column.cat.codes[column.notna()], minlength=len(codes))
        below = binding.policy.rare_below
        rare = (counts > 0) & (counts < below)
        rare[place] = False
        others = [at for at in np.argsort(counts, kind="stable") if counts[at] and at != place]
        if rare.any() or 0 < counts[place] < below:
            for at in others:
                if counts[rare].sum() + counts[place] >= below:
                    break
                rare[at] = True
        changed[name] = int(counts[rare].sum())
        new = column.cat.codes.to_numpy().copy()
        new[np.isin(new, np.flatnonzero(rare))] = place
        patients[name] = pd.Series(
            pd.Categorical.from_codes(new, categories=codes), index=column.index
        )
    return changed
