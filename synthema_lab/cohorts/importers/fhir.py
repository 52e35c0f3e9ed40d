"""How do FHIR resources become a cohort?

References
----------
HL7. FHIR R4 (4.0.1) and R5 (5.0.0).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from synthema_lab.cohorts.importers.concepts import Concepts
from synthema_lab.cohorts.importers.facts import View, roles_of, widen
from synthema_lab.cohorts.importers.fhir_files import Reading, files_of, resources
from synthema_lab.cohorts.importers.fhir_resources import Gathered
from synthema_lab.cohorts.importers.imported import Imported, Notes
from synthema_lab.cohorts.importers.index_day import index_days
from synthema_lab.cohorts.importers.nearest import answers_of, results_of
from synthema_lab.cohorts.importers.records import (
    EVENTS,
    MEASUREMENTS,
    PEOPLE,
    Records,
    table_of,
)
from synthema_lab.cohorts.importers.vocabularies import Matcher
from synthema_lab.dictionary import DataDictionary

_LEFT_OUT = {
    "void": "Resources entered in error or cancelled are left out.",
    "not_so": "Conditions refuted or only considered, and drugs and procedures not taken or done, "
    "are left out.",
    "no_patient": "Resources that name no patient are left out.",
    "no_medication": "Prescriptions of a medication that is not there are left out.",
    "other_value": "Results whose value is neither a quantity, a code, a whole number, true or "
    "false nor a text are left out.",
    "undated": "Results without a day are left out.",
}


def import_fhir(
    path: str | os.PathLike[str],
    dictionary: DataDictionary,
    window_days: int = 30,
    *,
    index: str | None = None,
    unrecorded: str = "absent",
    centre: str | None = None,
    concepts: Concepts | str | os.PathLike[str] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Imported:
    """Patients with a disease, one row each, from FHIR R4 or R5 files.

    Parameters
    ----------
    path : path
        A Bundle or resource (``.json``), a bulk export file (``.ndjson``), or a folder
        with any of them. Patient, Observation (and its components), Condition, Procedure,
        Medication, MedicationStatement, MedicationRequest, MedicationAdministration,
        MedicationDispense and Encounter are read; other resources pass by.
    dictionary : DataDictionary
        Its codes say which observation is which variable.
    window_days : int
        Days before and after the index day in which a result counts.
    index : {"condition", "measurement", "steady"}, optional
        The day that patients are looked at; see `import_omop`.
    unrecorded : {"absent", "missing"}
        Whether a condition or drug that is nowhere recorded counts as absent.
    centre : str, optional
        The centre of all patients; by default the id of the managing organisation.
    concepts : Concepts or path, optional
        The disease's codes, if not those in ``concepts.yaml``.
    progress : callable, optional
        Is told the share done, 0 to 1.

    Returns
    -------
    Imported
        Patients under the source's own ``Patient.id``: replace it by
        ``synthema deidentify`` before anything leaves the source system.

    Raises
    ------
    ArgumentRefused
        If there is no such file or folder, or an argument is none of the above.
    DataMismatch
        If no resource can be read, or nobody has the disease.

    Examples
    --------
    >>> import json, pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "bundle.json"
    >>> code = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "C92.0"}]}
    >>> entries = [
    ...     {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1950-06-01"},
    ...     {"resourceType": "Condition", "subject": {"reference": "Patient/p1"}, "code": code,
    ...      "onsetDateTime": "2015-06-02"},
    ... ]
    >>> bundle = {"resourceType": "Bundle", "entry": [{"resource": one} for one in entries]}
    >>> _ = path.write_text(json.dumps(bundle))
    >>> leuksurv = DataDictionary.load("leuksurv")
    >>> given = Concepts(conditions=(("ICD-10", "C920"),))
    >>> import_fhir(path, leuksurv, concepts=given).patients[["age_years", "sex"]]
       age_years sex
    0         65   F
    """
    days = window_days if isinstance(window_days, int) else None
    view = View(index, (-days if days is not None else 1, days), unrecorded, centre)
    known = Concepts.load(concepts, dictionary)
    notes, reading = Notes(), Reading()
    find = results_of(dictionary, known, set(roles_of(dictionary, known).values()))
    happenings = Matcher.of({"wanted": known.wanted(dictionary)})
    gathered = Gathered(find, happenings, answers_of(known))
    for address, resource in resources(files_of(Path(path)), reading, progress):
        gathered.take(address, resource)
    gathered.settle()
    records = _records(gathered, notes)
    _say(gathered, reading, notes)
    measured = records.measurements
    measured = measured[measured["value"].notna()]
    measured = pd.DataFrame({"person": measured["person"], "day": measured["at"].dt.normalize()})
    chosen = index_days(
        records.events, measured.drop_duplicates(), known, view.index or known.index, notes
    )
    source = f"FHIR resources ({reading.files} file{'' if reading.files == 1 else 's'})"
    return widen(records, chosen, dictionary, known, view, source, notes)


def _records(gathered: Gathered, notes: Notes) -> Records:
    """The facts under their patients; those of absent patients are left out and counted."""
    people = gathered.people
    tables = {}
    absent = 0
    for name, rows, columns in (
        ("events", gathered.events, EVENTS),
        ("measurements", gathered.measurements, MEASUREMENTS),
    ):
        table = table_of(rows, columns)
        table["person"] = table["person"].map(people.resolve).astype(object)
        absent += int(table["person"].isna().sum())
        tables[name] = table[table["person"].notna()].reset_index(drop=True)
    notes.warn(
        "absent_patient", None, absent,
        "Facts that refer to a patient who is not there are left out.",
    )  # fmt: skip
    seen: dict[str, list[object]] = {}
    for reference, (first, last) in people.seen.items():
        person = people.resolve(reference)
        if person is not None:
            before = seen.get(person, [first, last])
            seen[person] = [min(before[0], first), max(before[1], last)]
    rows = [
        (person, *row[:4], *seen.get(person, (None, None)), row[4])
        for person, row in people.rows.items()
    ]
    return Records(table_of(rows, PEOPLE), holds=frozenset(gathered.holds), **tables)


def _say(gathered: Gathered, reading: Reading, notes: Notes) -> None:
    """Note what was left out, and what could not be read."""
    if reading.not_json:
        notes.error(
            "not_json", None, len(reading.not_json),
            f"Files or lines are no JSON and are not read; the first is {reading.not_json[0]}.",
        )  # fmt: skip
    notes.warn("no_resource", None, reading.no_resource,
               "Things without a resourceType are left out.")  # fmt: skip
    for reason, message in _LEFT_OUT.items():
        notes.warn(reason, None, gathered.left_out[reason], message)
    notes.warn("repeated_patient", None, gathered.people.repeated,
               "Patients come more than once; the last one counts.")  # fmt: skip
    notes.warn("nameless_patient", None, gathered.people.nameless,
               "Patients without an id are left out.")  # fmt: skip
