"""Which of several results is a patient's value, and is it in a unit that is known?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

import numpy as np
import pandas as pd

from synthema_lab.cohorts.importers.concepts import Concepts
from synthema_lab.cohorts.importers.imported import Notes
from synthema_lab.cohorts.importers.ucum import convert, known_unit
from synthema_lab.cohorts.importers.vocabularies import Coding, Matcher, coding, distinct_pairs
from synthema_lab.dictionary import DataDictionary, Variable
from synthema_lab.errors import DataMismatch

GENES = ("HGNC", "NCBI Gene")
_YES = {
    ("SNOMED CT", code) for code in ("373066001", "52101004", "10828004", "260373001")
} | {("LOINC", code) for code in ("LA33-6", "LA9633-4", "LA6576-8")} | {
    ("OMOP", code) for code in ("4188539", "4181412", "9191", "45877994", "45884084")
}  # fmt: skip
_NO = {
    ("SNOMED CT", code) for code in ("373067005", "2667000", "260385009", "260415000")
} | {("LOINC", code) for code in ("LA32-8", "LA9634-2", "LA6577-6")} | {
    ("OMOP", code) for code in ("4188540", "4132135", "9189", "45878245", "45878583")
}  # fmt: skip
_LEFT_OUT = {
    "value_is_a_bound": "Results given as a bound, such as below 5, are left out",
    "unit_missing": "Results without a unit are left out",
    "unit_unknown": "Results in a unit that is not understood are left out",
    "unit_incompatible": "Results in a unit that measures something else are left out",
}


def results_of(dictionary: DataDictionary, concepts: Concepts, roles: Collection[str]) -> Matcher:
    """Which coded result is which variable; `roles` are filled otherwise.

    A number is told by LOINC and OMOP codes and by those of the concepts, because other
    vocabularies name the examination or the abnormality. A gene stands for a flag only
    if no other flag is about it: of FLT3 alone nobody knows whether the duplication or
    the point mutation was found.
    """
    variables = {
        name: variable
        for name, variable in dictionary.variables.items()
        if variable.type != "identifier" and name not in roles
    }
    flags = [name for name, variable in variables.items() if variable.type == "boolean"]
    bearers = Counter(
        code for name in flags for code in concepts.codes_of(variables[name]) if code[0] in GENES
    )
    codes: dict[str, list[Coding]] = {}
    for name, variable in variables.items():
        own = concepts.codes_of(variable)
        if variable.numeric:
            extra = concepts.extra.get(name, ())
            own = tuple(one for one in own if one[0] in ("LOINC", "OMOP") or one in extra)
        if name in concepts.not_by_gene or any(bearers[one] > 1 for one in own):
            own = tuple(one for one in own if one[0] not in GENES)
        codes[name] = list(own)
    return Matcher.of(codes)


def answers_of(concepts: Concepts) -> frozenset[Coding]:
    """Coded answers that are understood: yes, no, and the codes of categories."""
    categories = (codes for one in concepts.categories.values() for codes in one.codes.values())
    return frozenset(_YES | _NO).union(*categories)


def nearest_results(
    results: pd.DataFrame, dictionary: DataDictionary, concepts: Concepts, notes: Notes
) -> dict[str, pd.Series]:
    """For each variable the result nearest the index day, in the dictionary's unit.

    Parameters
    ----------
    results : DataFrame
        As in ``records.MEASUREMENTS``, inside the window, with the columns
        ``target`` (the variable) and ``offset`` (days from the index day).
    dictionary : DataDictionary
    concepts : Concepts
        Its codes of categories read coded answers.
    notes : Notes
        Is told how many results were left out, and why.

    Returns
    -------
    dict of variable name to Series
        Indexed by person. Of two results equally near, the one before the index
        day; of several on one day the earliest; at one time the lowest.
    """
    results = results.drop_duplicates(
        ["person", "target", "at", "value", "unit", "bound", "answer_system", "answer_code", "text"]
    )
    columns: dict[str, pd.Series] = {}
    for name, rows in results.groupby("target", sort=False):
        variable = dictionary.variables[name]
        if variable.numeric:
            rows = _in_unit(rows, variable, notes)
        elif variable.type == "text":
            rows = rows.assign(value=rows["text"])
        else:
            rows = _answered(rows, variable, concepts, notes)
        rows = rows[rows["value"].notna()]
        if len(rows):
            columns[name] = _nearest(rows, name, notes)
    return columns


def _in_unit(rows: pd.DataFrame, variable: Variable, notes: Notes) -> pd.DataFrame:
    """Rows with their value in the variable's unit; those that cannot be are left out."""
    rows = rows[np.isfinite(rows["value"])]
    left_out = {"value_is_a_bound": int(rows["bound"].sum())}
    rows = rows[~rows["bound"]]
    kept: list[pd.DataFrame] = []
    for unit, group in rows.groupby(rows["unit"].fillna("").str.strip(), sort=False):
        reason = ""
        if not unit and not _bare(variable):
            reason = "unit_missing"
        elif unit and not known_unit(unit):
            reason = "unit_unknown"
        else:
            values = _converted(group["value"].to_numpy(), unit or None, variable)
            if values is None:
                reason = "unit_incompatible"
            else:
                kept.append(group.assign(value=np.round(values, 9)))
        if reason:
            left_out[reason] = left_out.get(reason, 0) + len(group)
    for reason, count in left_out.items():
        notes.warn(reason, variable.name, count, f"{_LEFT_OUT[reason]} ({variable.name}).")
    return pd.concat(kept) if kept else rows.iloc[:0]


def _bare(variable: Variable) -> bool:
    """Whether its numbers need no unit: counts, scores, ratios."""
    return variable.unit is None or variable.unit == "1" or variable.unit.startswith("{")


def _converted(values: np.ndarray, unit: str | None, variable: Variable) -> np.ndarray | None:
    try:
        return convert(values, unit, variable)
    except DataMismatch:
        return None


def _answered(
    rows: pd.DataFrame, variable: Variable, concepts: Concepts, notes: Notes
) -> pd.DataFrame:
    """Rows with the 0, 1 or category that their coded answer stands for."""
    positions, distinct = distinct_pairs(rows["answer_system"], rows["answer_code"])
    category = concepts.categories.get(variable.name)
    find = Matcher.of({} if category is None else category.codes)
    meanings = [_meaning(pair, variable, find) for pair in distinct]
    answered = np.array([*meanings, None], dtype=object)[positions]
    if variable.type == "boolean":
        numbers = rows["value"].to_numpy()
        given = np.isin(numbers, (0.0, 1.0)) & (rows["unit"].isna().to_numpy())
        answered = np.where(given, numbers, answered)
    rows = rows.assign(value=answered)
    asked = rows["answer_code"].notna() & rows["value"].isna()
    notes.warn(
        "answer_unknown", variable.name, int(asked.sum()),
        f"Coded answers that are not understood are left out ({variable.name}).",
    )  # fmt: skip
    return rows


def _meaning(pair: tuple[object, object], variable: Variable, find: Matcher) -> object:
    answer: Coding | None = coding(*pair)
    if answer is None:
        return None
    if variable.type == "boolean":
        return 1.0 if answer in _YES else 0.0 if answer in _NO else None
    found = find(answer)
    return found[0] if len(found) == 1 and found[0] in variable.categories else None


def _nearest(rows: pd.DataFrame, name: str, notes: Notes) -> pd.Series:
    order = rows.assign(distance=rows["offset"].abs())
    order = order.sort_values(["person", "distance", "at", "value"], kind="stable")
    chosen = order.drop_duplicates("person").set_index("person")
    same_day = order[order["offset"].to_numpy() == chosen["offset"][order["person"]].to_numpy()]
    several = same_day.groupby("person")["value"].nunique() > 1
    notes.warn(
        "several_on_one_day", name, int(several.sum()),
        f"Patients have different results on the day that counts; the first is taken ({name}).",
    )  # fmt: skip
    return chosen["value"]
