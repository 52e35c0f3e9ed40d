"""Which rows of OMOP tables are about the cohort, and what do they say?"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import pandas as pd

from synthema_lab.cohorts.importers.facts import View
from synthema_lab.cohorts.importers.imported import Notes
from synthema_lab.cohorts.importers.omop_codes import codings_of, spelt
from synthema_lab.cohorts.importers.omop_tables import rows_of
from synthema_lab.cohorts.importers.records import EVENTS, MEASUREMENTS, PEOPLE, table_of
from synthema_lab.cohorts.importers.vocabularies import Coding, Matcher

if TYPE_CHECKING:
    import duckdb

EVENT_TABLES = {
    "condition_occurrence": ("condition", "start_date", "end_date"),
    "procedure_occurrence": ("procedure", "date", "date"),
    "drug_exposure": ("drug", "exposure_start_date", "exposure_end_date"),
}
_SEEN = {
    "observation_period": ("observation_period_start_date", "observation_period_end_date"),
    "visit_occurrence": ("visit_start_date", "coalesce(visit_end_date, visit_start_date)"),
    "condition_occurrence": ("start_date", "start_date"),
    "measurement": ("date", "date"),
}
_BOUNDS = "4171756, 4172704, 4171754, 4171755"  # below, above, at most, at least; recalled


def events_of(
    connection: duckdb.DuckDBPyConnection,
    tables: Collection[str],
    codes: pd.DataFrame,
    wanted: Collection[Coding],
    cohort: str | None,
) -> pd.DataFrame:
    """Conditions, procedures and drugs with a wanted code, of the cohort or of everyone."""
    find = Matcher.of({"wanted": wanted})
    kept = [bool(find(pair)) for pair in zip(codes["system"], codes["code"], strict=True)]
    connection.register("meaning", codes[kept])
    only = f"SEMI JOIN {cohort} USING (person_id)" if cohort else ""
    frames = [table_of([], EVENTS)]
    for table, (kind, start, end) in EVENT_TABLES.items():
        if table not in tables:
            continue
        connection.register("spelt", spelt(connection, table, wanted))
        joins = (
            "meaning m ON m.concept_id = e.concept_id",
            "meaning m ON m.concept_id = e.source_concept_id",
            "spelt m ON m.source_value = e.source_value",
        )
        query = " UNION ".join(
            f"SELECT e.person_id AS person, '{kind}' AS kind, m.system, m.code, "
            f'{_bounded("e." + start)} AS start, {_bounded("e." + end)} AS "end" '
            f"FROM (SELECT * FROM {table} {only}) e JOIN {join} WHERE e.person_id IS NOT NULL"
            for join in joins
        )
        frames.append(table_of(rows_of(connection, query, table), EVENTS))
    return pd.concat(frames, ignore_index=True)


def _bounded(date: str) -> str:
    """Days that a nanosecond clock can hold; year 9999 stands for no end."""
    return f"CASE WHEN {date} >= DATE '1800-01-01' THEN least({date}, DATE '2200-01-01') END"


def people_of(connection: duckdb.DuckDBPyConnection, tables: frozenset[str]) -> pd.DataFrame:
    seen_in = ["observation_period"] if "observation_period" in tables else list(_SEEN)
    seen = " UNION ALL ".join(
        f"SELECT person_id, {_bounded(_SEEN[name][0])} AS a, {_bounded(_SEEN[name][1])} AS b "
        f"FROM {name} SEMI JOIN cohort USING (person_id)"
        for name in seen_in
        if name in tables
    )
    if "death" in tables:
        died = "d.person_id IS NOT NULL AS died, d.died_on"
        deaths = (
            f"LEFT JOIN (SELECT person_id, min({_bounded('death_date')}) AS died_on FROM death "
            "GROUP BY person_id) d USING (person_id)"
        )
    else:
        died, deaths = "CAST(NULL AS BOOLEAN) AS died, CAST(NULL AS DATE) AS died_on", ""
    born = (
        "TRY_CAST(printf('%04d-%02d-%02d', p.year_of_birth, coalesce(p.month_of_birth, 7), "
        "CASE WHEN p.month_of_birth IS NULL THEN 1 ELSE coalesce(p.day_of_birth, 15) END) AS DATE)"
    )
    query = (
        "SELECT p.person_id AS person, CASE p.gender_concept_id WHEN 8507 THEN 'M' WHEN 8532 "
        f"THEN 'F' END AS sex, {_bounded(born)} AS born, {died}, s.seen_from, s.seen_until, "
        "p.care_site_id AS centre FROM person p SEMI JOIN cohort USING (person_id) "
        f"LEFT JOIN (SELECT person_id, min(a) AS seen_from, max(b) AS seen_until FROM ({seen}) "
        f"GROUP BY person_id) s USING (person_id) {deaths}"
    )
    return table_of(rows_of(connection, query, "person"), PEOPLE)


def register_results(
    connection: duckdb.DuckDBPyConnection,
    tables: frozenset[str],
    codes: pd.DataFrame,
    targets: Mapping[Coding, tuple[str, ...]],
) -> None:
    """The tables ``asked`` and ``asked_spelt``: which concepts and source values are results."""
    pairs = list(zip(codes["system"], codes["code"], strict=True))
    asked = codes.assign(stands_for=[targets.get(pair) for pair in pairs])
    asked = asked[asked["stands_for"].notna()].drop_duplicates(["concept_id", "stands_for"])
    connection.register("asked", asked[["concept_id", "system", "code"]])
    for table in ("measurement", "observation"):
        if table in tables:
            connection.register(f"{table}_spelt", spelt(connection, table, targets))


def _asked(table: str) -> str:
    """The cohort's rows of a table that are results, with their codes."""
    return (
        f"FROM (SELECT * FROM {table} SEMI JOIN cohort USING (person_id)) e "
        "LEFT JOIN asked a ON a.concept_id = e.concept_id "
        f"LEFT JOIN {table}_spelt s ON s.source_value = e.source_value AND a.concept_id IS NULL "
    )


def no_days() -> pd.DataFrame:
    return pd.DataFrame({"person": [], "day": pd.Series([], dtype="datetime64[ns]")})


def measured_days(connection: duckdb.DuckDBPyConnection, tables: frozenset[str]) -> pd.DataFrame:
    frames = [no_days()]
    if "measurement" in tables:
        query = (
            f"SELECT DISTINCT e.person_id AS person, {_bounded('e.date')} AS day "
            f"{_asked('measurement')} WHERE coalesce(a.code, s.code) IS NOT NULL "
            "AND e.value_as_number IS NOT NULL AND e.date IS NOT NULL"
        )
        frames = [rows_of(connection, query, "measurement")]
    return pd.concat(frames).astype({"day": "datetime64[ns]", "person": object})


def results_around(
    connection: duckdb.DuckDBPyConnection,
    tables: frozenset[str],
    days: pd.DataFrame,
    view: View,
    notes: Notes,
) -> pd.DataFrame:
    around = pd.DataFrame({"person_id": days.index.astype(object), "day": days["day"].to_numpy()})
    connection.register("around", around)
    before, after = view.window
    frames = [table_of([], MEASUREMENTS)]
    for table in ("measurement", "observation"):
        if table not in tables:
            continue
        text = "e.value_as_string" if table == "observation" else "CAST(NULL AS VARCHAR)"
        query = (
            "SELECT e.person_id AS person, coalesce(a.system, s.system) AS system, "
            "coalesce(a.code, s.code) AS code, e.value_as_number AS value, e.unreadable, "
            "e.unit_concept_id, e.unit_source_value AS unit, e.value_as_concept_id, "
            f"coalesce(e.operator_concept_id IN ({_BOUNDS}), false) AS bound, {text} AS text, "
            f"coalesce(e.datetime, e.date) AS at {_asked(table)} "
            "JOIN around r ON r.person_id = e.person_id "
            "WHERE coalesce(a.code, s.code) IS NOT NULL AND e.date BETWEEN "
            f"CAST(r.day AS DATE) + {before} AND CAST(r.day AS DATE) + {after}"
        )
        rows = rows_of(connection, query, table)
        notes.warn(
            "not_a_number", None, int(rows["unreadable"].sum()),
            f"Values of the table {table} cannot be read as numbers and are left out.",
        )  # fmt: skip
        units = codings_of(connection, tables, rows["unit_concept_id"])
        answers = codings_of(connection, tables, rows["value_as_concept_id"])
        coded = {number: code for number, (system, code) in units.items() if system == "UCUM"}
        answered = rows["value_as_concept_id"].map(answers)
        named = rows["unit_concept_id"].map(coded).astype(object)
        rows["unit"] = named.where(named.notna(), rows["unit"])
        rows["answer_system"] = [pair[0] if isinstance(pair, tuple) else None for pair in answered]
        rows["answer_code"] = [pair[1] if isinstance(pair, tuple) else None for pair in answered]
        frames.append(table_of(rows, MEASUREMENTS))
    return pd.concat(frames, ignore_index=True)
