"""What do a patient's conditions, procedures and drugs say about flags, counts and categories?"""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from synthema_lab.cohorts.importers.concepts import CategoryCodes, Concepts
from synthema_lab.cohorts.importers.imported import Notes
from synthema_lab.cohorts.importers.vocabularies import Matcher
from synthema_lab.dictionary import DataDictionary, Variable

DRUGS = {"RxNorm", "ATC"}


def flags(
    events: pd.DataFrame, dictionary: DataDictionary, concepts: Concepts, roles: Collection[str]
) -> dict[str, pd.Series]:
    """Persons for whom a boolean variable holds.

    Parameters
    ----------
    events : DataFrame
        As in ``records.EVENTS``, none later than the window, with the column
        ``running``: whether it lasts into the window.
    dictionary : DataDictionary
    concepts : Concepts
    roles : collection of str
        Variables that are filled otherwise.

    Returns
    -------
    dict of variable name to Series of 1.0 indexed by person
        Only persons with a record.
    """
    codes = {
        name: concepts.codes_of(variable)
        for name, variable in dictionary.variables.items()
        if variable.type == "boolean" and name not in roles
    }
    found = Matcher.of(codes).explode(events)
    found = found[found["running"] | ~found["target"].isin(concepts.current)]
    return {
        name: pd.Series(1.0, index=pd.Index(rows["person"].unique(), name="person"))
        for name, rows in found.groupby("target", sort=False)
    }


def counts(
    events: pd.DataFrame, dictionary: DataDictionary, concepts: Concepts
) -> dict[str, pd.Series]:
    """How many days with an event lie in the days up to the index day.

    Parameters
    ----------
    events : DataFrame
        As for `flags`, with the column ``offset`` (days from the index day).
    """
    names = [name for name in concepts.events if name in dictionary.variables]
    codes = {name: concepts.codes_of(dictionary.variables[name]) for name in names}
    found = Matcher.of(codes).explode(events)
    back = found["target"].map(dict(concepts.events)).astype("float64")
    found = found[(found["offset"] <= 0) & (found["offset"] > -back)]
    days = found.drop_duplicates(["target", "person", "offset"])
    return {
        name: days[days["target"] == name].groupby("person").size().astype(float) for name in names
    }


def categories(
    events: pd.DataFrame, dictionary: DataDictionary, concepts: Concepts, notes: Notes
) -> dict[str, pd.Series]:
    """The category that a patient's records agree on, or the latest where that is declared.

    Returns
    -------
    dict of variable name to Series of categories indexed by person
        Persons whose records disagree are left out, and counted in `notes`.
    """
    columns = {}
    for name, declared in concepts.categories.items():
        if name not in dictionary.variables:
            continue
        codes = {
            category: codings
            for category, codings in declared.codes.items()
            if category in dictionary.variables[name].categories
        }
        found = Matcher.of(codes).explode(events)
        if name in concepts.current:
            found = found[found["running"]]
        if len(found):
            columns[name] = _agreed(found, name, declared, notes)
    return columns


def _agreed(found: pd.DataFrame, name: str, declared: CategoryCodes, notes: Notes) -> pd.Series:
    if declared.latest:
        day = found["start"].dt.normalize().fillna(pd.Timestamp("1800-01-01"))
        found = found[day == day.groupby(found["person"]).transform("max")]
    by_person = found.groupby("person")["target"]
    torn = by_person.nunique() > 1
    notes.warn(
        "records_disagree", name, int(torn.sum()),
        f"Patients have records of different categories and are left without one ({name}).",
    )  # fmt: skip
    return by_person.first()[~torn]


def unrecorded_means_no(variable: Variable, concepts: Concepts, holds: Collection[str]) -> bool:
    """Whether no record of a variable means that the patient does not have it.

    True where care records such a thing (conditions and procedures in SNOMED CT or
    ICD-10, drugs in RxNorm or ATC) and the source has such records at all. What only
    a laboratory tells, such as a karyotype, stays unknown.
    """
    systems = {system for system, _ in concepts.codes_of(variable)}
    if variable.name in concepts.categories:
        codings = concepts.categories[variable.name].codes.values()
        systems |= {system for group in codings for system, _ in group}
        told = concepts.categories[variable.name].otherwise is not None
    else:
        told = concepts.recorded(variable)
    kind = "drug" if systems & DRUGS else "condition"
    return told and kind in holds
