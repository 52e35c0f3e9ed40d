"""How do tables of the OMOP Common Data Model become a cohort?

References
----------
OHDSI. OMOP Common Data Model v5.4 specifications.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from synthema_lab.cohorts.importers.concepts import Concepts
from synthema_lab.cohorts.importers.facts import View, roles_of, widen
from synthema_lab.cohorts.importers.imported import Imported, Notes
from synthema_lab.cohorts.importers.index_day import index_days
from synthema_lab.cohorts.importers.nearest import results_of
from synthema_lab.cohorts.importers.omop_codes import meanings
from synthema_lab.cohorts.importers.omop_rows import (
    EVENT_TABLES,
    events_of,
    measured_days,
    no_days,
    people_of,
    register_results,
    results_around,
)
from synthema_lab.cohorts.importers.omop_tables import open_tables
from synthema_lab.cohorts.importers.records import Records
from synthema_lab.dictionary import DataDictionary

if TYPE_CHECKING:
    import duckdb


def import_omop(
    folder: str | os.PathLike[str],
    dictionary: DataDictionary,
    index: str | None = None,
    *,
    window: tuple[int, int] = (-30, 30),
    unrecorded: str = "absent",
    centre: str | None = None,
    concepts: Concepts | str | os.PathLike[str] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Imported:
    """Patients with a disease, one row each, from a folder of OMOP tables.

    Large tables stay in their files: only the cohort's rows inside the window
    are read into memory.

    Parameters
    ----------
    folder : path
        Holds CSV or Parquet files named after the tables of OMOP CDM v5.4: person and
        condition_occurrence, and as far as there are any measurement, observation,
        procedure_occurrence, drug_exposure, death, observation_period, visit_occurrence,
        concept, concept_relationship, concept_ancestor.
    dictionary : DataDictionary
        Its codes say which concept is which variable.
    index : {"condition", "measurement", "steady"}, optional
        The day that patients are looked at: the first record of the disease, the first
        result, or the latest steady day (see `index_day`). By default the disease's own
        rule: ``condition`` for AML, ``steady`` for SCD.
    window : (int, int)
        Days before and after the index day in which a result counts.
    unrecorded : {"absent", "missing"}
        Whether a condition or drug that is nowhere recorded counts as absent.
    centre : str, optional
        The centre of all patients; by default the person's care site.
    concepts : Concepts or path, optional
        The disease's codes, if not those in ``concepts.yaml``.
    progress : callable, optional
        Is told the share done, 0 to 1.

    Returns
    -------
    Imported
        Patients under the source's own ``person_id`` as text: replace it by
        ``synthema deidentify`` before anything leaves the source system.

    Raises
    ------
    ArgumentRefused
        If there is no such folder, or an argument is none of the above.
    DataMismatch
        If a table or column that is needed is not there or cannot be read, or if
        nobody has the disease.
    ExtraMissing
        If ``duckdb`` is not installed.

    Examples
    --------
    >>> from synthema_lab.errors import LabError
    >>> leuksurv = DataDictionary.load("leuksurv")
    >>> given = Concepts(conditions=(("ICD-10", "C920"),))
    >>> try:
    ...     import_omop("no/such/folder", leuksurv, concepts=given)
    ... except LabError as refused:
    ...     print(refused.happened)
    There is no folder no/such/folder.
    """
    view = View(index, window, unrecorded, centre)
    known = Concepts.load(concepts, dictionary)
    tell = progress or (lambda share: None)
    connection, tables = open_tables(Path(folder))
    try:
        return _imported(connection, tables, dictionary, known, view, tell)
    finally:
        connection.close()


def _imported(
    connection: duckdb.DuckDBPyConnection,
    tables: frozenset[str],
    dictionary: DataDictionary,
    concepts: Concepts,
    view: View,
    tell: Callable[[float], None],
) -> Imported:
    notes, rule = Notes(), view.index or concepts.index
    tell(0.0)
    wanted = concepts.wanted(dictionary)
    codes = meanings(connection, tables, concepts, wanted)
    tell(0.2)
    disease = [pair for pair in wanted if "disease" in concepts.disease(pair)]
    cohort = events_of(connection, tables & {"condition_occurrence"}, codes, disease, None)
    cohort = cohort[["person"]].drop_duplicates().rename(columns={"person": "person_id"})
    connection.register("cohort", cohort)
    events = events_of(connection, tables, codes, wanted, "cohort")
    people = people_of(connection, tables)
    tell(0.4)
    roles = set(roles_of(dictionary, concepts).values())
    find = results_of(dictionary, concepts, roles)
    register_results(connection, tables, codes, find.targets)
    measured = measured_days(connection, tables) if rule != "condition" else no_days()
    days = index_days(events, measured, concepts, rule, notes)
    tell(0.6)
    results = results_around(connection, tables, days, view, notes)
    tell(0.9)
    holds = {EVENT_TABLES[name][0] for name in tables & set(EVENT_TABLES)}
    records = Records(people, events, results, frozenset(holds))
    imported = widen(records, days, dictionary, concepts, view, "OMOP tables", notes)
    tell(1.0)
    return imported
