"""Which fact about a patient becomes which variable?

Records kept for care say many things on many days; a cohort has one row a patient.
The index day decides: results nearest to it inside a window, conditions known by
then, drugs taken then, events counted back from it, survival counted on from it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from synthema_lab.cohorts.importers.concepts import INDEX_RULES, Concepts
from synthema_lab.cohorts.importers.happened import categories, counts, flags, unrecorded_means_no
from synthema_lab.cohorts.importers.imported import Imported, Notes, settle
from synthema_lab.cohorts.importers.nearest import nearest_results, results_of
from synthema_lab.cohorts.importers.records import Records
from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import ArgumentRefused, DataMismatch

_PEOPLE = {
    "age": ("age_years", ("LOINC", "30525-0")),
    "sex": ("sex", ("LOINC", "76689-9")),
    "birth_year": ("birth_year", ("LOINC", "21112-8")),
    "index_year": ("dx_year", None),
}
_YEAR = 365.25
_UNITS_OF_TIME = {"d": 1.0, "wk": 7.0, "mo": _YEAR / 12, "a": _YEAR}


@dataclass(frozen=True)
class View:
    """How records are looked at.

    Attributes
    ----------
    index : str or None
        A rule for the index day (``condition``, ``measurement``, ``steady``); None takes
        that of the concepts.
    window : (int, int)
        Days before and after the index day in which a result counts, such as (-30, 30).
    unrecorded : {"absent", "missing"}
        What it means that care recorded no such condition or drug.
    centre : str or None
        The centre of every patient; None takes the source's.
    """

    index: str | None = None
    window: tuple[int, int] = (-30, 30)
    unrecorded: str = "absent"
    centre: str | None = None

    def __post_init__(self) -> None:
        if self.index is not None and self.index not in INDEX_RULES:
            _refuse("index", f"One of {', '.join(INDEX_RULES)}, or nothing for the disease's own.")
        if self.unrecorded not in ("absent", "missing"):
            _refuse("unrecorded", "absent or missing.")
        whole = all(isinstance(day, int) and not isinstance(day, bool) for day in self.window)
        if len(self.window) != 2 or not whole or not self.window[0] <= 0 <= self.window[1]:
            _refuse("window", "Whole days before and after, as in (-30, 30).")


def _refuse(name: str, expected: str) -> None:
    raise ArgumentRefused(f"{name} cannot be used as given.", expected, f"Correct {name}.")


def roles_of(dictionary: DataDictionary, concepts: Concepts) -> dict[str, str]:
    """Variables that are filled from who the patients are, by what they hold.

    Examples
    --------
    >>> roles_of(DataDictionary.load("leuksurv"), Concepts(conditions=()))["age"]
    'age_years'
    """
    found: dict[str, str] = {}
    for role, (usual, code) in _PEOPLE.items():
        if usual in dictionary.variables:
            found[role] = usual
            continue
        coded = (
            name
            for name, variable in dictionary.variables.items()
            if code in concepts.codes_of(variable)
        )
        name = next(coded, None)
        if name is not None:
            found[role] = name
    named = {"patient": dictionary.patient, "centre": dictionary.centre, "steady": concepts.steady}
    if dictionary.survival is not None:
        named |= {"time": dictionary.survival.time, "event": dictionary.survival.event}
    return found | {role: name for role, name in named.items() if name in dictionary.variables}


def widen(
    records: Records,
    index: pd.DataFrame,
    dictionary: DataDictionary,
    concepts: Concepts,
    view: View,
    source: str,
    notes: Notes,
) -> Imported:
    """One row a patient from the records around the index days.

    Parameters
    ----------
    records : Records
    index : DataFrame
        As `index_day.index_days` gives it.
    dictionary : DataDictionary
    concepts : Concepts
    view : View
    source : str
        Where the records come from, in words.
    notes : Notes

    Returns
    -------
    Imported
        Sorted by the source's identifier; variables without any value are left out.

    Raises
    ------
    DataMismatch
        If no patient of the cohort has an index day.
    """
    known = index.index.intersection(records.people["person"])
    notes.warn(
        "unknown_person", None, len(index) - len(known),
        "Patients with the disease are not among the persons and are left out.",
    )  # fmt: skip
    if not len(known):
        raise DataMismatch(
            f"{source}: nobody has the disease of the dictionary {dictionary.name}, or nobody who "
            "has it has an index day.",
            "Persons with a condition among the disease's codes, dated or with results.",
            "Compare the codes in use with concepts.yaml, and pass your own with concepts=.",
        )
    index = index.loc[known]
    roles = roles_of(dictionary, concepts)
    people = records.people.drop_duplicates("person", keep="last").set_index("person").loc[known]
    columns = _from_people(people, index, dictionary, roles, view, notes)
    filled = set(roles.values())

    results = _around(records.measurements, index, "at")
    results = results[results["offset"].between(*view.window)]
    results = results_of(dictionary, concepts, filled).explode(results)
    for name, values in nearest_results(results, dictionary, concepts, notes).items():
        columns[name] = values.reindex(known)

    events = _around(records.events, index, "start")
    begun = events["start"].isna() | (events["offset"] <= view.window[1])
    until = events["end"].fillna(events["start"])
    since = (until.dt.normalize() - index["day"].reindex(events["person"]).to_numpy()).dt.days
    events = events.assign(running=(since >= view.window[0]).to_numpy())[begun]
    told = flags(events, dictionary, concepts, filled)
    told |= categories(events, dictionary, concepts, notes)
    for name, values in told.items():
        values = values.reindex(known).astype(object)
        columns[name] = values.where(values.notna(), _column(columns, name, known))
    before = (people["seen_from"].dt.normalize() - index["day"]).dt.days
    covered = {name: before <= -days for name, days in concepts.events.items()}
    for name, values in counts(events, dictionary, concepts).items():
        columns[name] = values.reindex(known).where(covered[name])
    if view.unrecorded == "absent":
        denied = {
            name
            for name, variable in dictionary.variables.items()
            if name not in filled and unrecorded_means_no(variable, concepts, records.holds)
        }
        _deny(columns, known, denied, covered, dictionary, concepts, notes)
    if "sex" in roles:
        for name in concepts.males_only & set(columns):
            columns[name] = columns[name].where(columns[roles["sex"]] != "F")
    _say_recalled(columns, dictionary, filled, notes)
    usable = {name: values for name, values in columns.items() if values.notna().any()}
    return settle(pd.DataFrame(usable, index=known), dictionary, source, notes)


def _around(facts: pd.DataFrame, index: pd.DataFrame, when: str) -> pd.DataFrame:
    """The cohort's facts, with their days from the index day; NaN where undated."""
    facts = facts[facts["person"].isin(index.index)]
    day = index["day"].reindex(facts["person"]).to_numpy()
    return facts.assign(offset=(facts[when].dt.normalize() - day).dt.days)


def _column(columns: Mapping[str, pd.Series], name: str, known: pd.Index) -> pd.Series:
    return columns.get(name, pd.Series(np.nan, index=known)).astype(object)


def _from_people(
    people: pd.DataFrame,
    index: pd.DataFrame,
    dictionary: DataDictionary,
    roles: Mapping[str, str],
    view: View,
    notes: Notes,
) -> dict[str, pd.Series]:
    """Identity, sex, age, centre and survival."""
    day, born = index["day"], people["born"]
    age = (day - born).dt.days / _YEAR
    young = born.dt.month * 100 + born.dt.day > day.dt.month * 100 + day.dt.day
    completed = day.dt.year - born.dt.year - young.astype(int)
    held: dict[str, pd.Series] = {
        "patient": pd.Series(people.index, index=people.index, dtype=object),
        "sex": people["sex"],
        "age": age.round(2),
        "birth_year": born.dt.year,
        "index_year": day.dt.year,
        "centre": people["centre"] if view.centre is None else people["centre"].map(
            lambda _: view.centre, na_action=None
        ),
        "steady": index["steady"].astype("float64"),
    }  # fmt: skip
    if "age" in roles and dictionary.variables[roles["age"]].type == "integer":
        held["age"] = completed.where(born.notna())
    backwards = (age < 0).to_numpy() | (people["died_on"].dt.normalize() < day).to_numpy()
    notes.warn("dates_disagree", None, backwards,
               "Birth is recorded after the index day, or death before it.")  # fmt: skip
    if "time" in roles:
        unit = dictionary.variables[roles["time"]].unit or "d"
        died = people["died"].fillna(False).astype(bool) | people["died_on"].notna()
        last = people["died_on"].where(died, people["seen_until"]).dt.normalize()
        last = last.where(people["died"].notna())  # the source may not record deaths at all
        time = (last - day).dt.days / _UNITS_OF_TIME.get(unit, np.nan)
        whole = dictionary.variables[roles["time"]].type == "integer"
        held["time"] = np.floor(time) if whole else time.round(4)
        held["event"] = died.astype("float64").where(last.notna())
        notes.warn("death_undated", roles["event"], (died & people["died_on"].isna()).to_numpy(),
                   "A death without a day is recorded; time and event are left out.")  # fmt: skip
    if "patient" in roles:
        notes.warn(
            "source_identifier", roles["patient"], len(people),
            "Patients bear the source's own identifiers. Give them pseudonyms before anything "
            "leaves the source system: synthema deidentify.",
        )  # fmt: skip
    return {roles[role]: values for role, values in held.items() if role in roles}


def _deny(
    columns: dict[str, pd.Series],
    known: pd.Index,
    names: Collection[str],
    covered: Mapping[str, pd.Series],
    dictionary: DataDictionary,
    concepts: Concepts,
    notes: Notes,
) -> None:
    """Fill flags, counts and categories of patients without a record.

    A count is nought only where the records cover all of its days.
    """
    denied = 0
    for name in names:
        no: object = 0.0
        allowed = covered.get(name)
        if name in concepts.categories:
            no = concepts.categories[name].otherwise
        elif dictionary.variables[name].type != "boolean" and allowed is None:
            continue
        values = _column(columns, name, known)
        kept = values.notna() if allowed is None else values.notna() | ~allowed
        columns[name] = values.where(kept, no)
        denied += 1
    notes.warn(
        "unrecorded_is_no", None, denied,
        "Variables count as absent in patients without a record of them; say "
        "unrecorded='missing' if no record tells nothing.",
    )  # fmt: skip


def _say_recalled(columns, dictionary, filled, notes) -> None:
    """Name the variables that only codes written from memory led to."""
    recalled = [
        name
        for name, values in columns.items()
        if name not in filled
        and values.notna().any()
        and dictionary.variables[name].codes
        and all(code.status == "recalled" for code in dictionary.variables[name].codes)
    ]
    notes.warn(
        "codes_recalled", None, len(recalled),
        "Variables came through codes that nobody has looked up yet: "
        f"{', '.join(sorted(recalled))}.",
    )  # fmt: skip
