"""Which OMOP concepts stand for the codes that are wanted?

OMOP rows name concepts by number. The table ``concept`` says which vocabulary and
code each is, ``concept_relationship`` which standard concept replaces one, and
``concept_ancestor`` which products hold a drug and which disorders are kinds of
another. Without these tables only OMOP numbers in the dictionary and source codes
are matched. An ICD-10 code is matched where the source recorded it, never through
the standard concept it maps to, because that is often the wider one.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING

import pandas as pd

from synthema_lab.cohorts.importers.concepts import Concepts
from synthema_lab.cohorts.importers.omop_tables import rows_of
from synthema_lab.cohorts.importers.vocabularies import Coding, Matcher, coding, vocabulary

if TYPE_CHECKING:
    import duckdb

_UNITS = {
    8713: "g/dL", 8636: "g/L", 8840: "mg/dL", 8751: "mg/L", 8842: "ng/mL", 8845: "pg/mL",
    8749: "umol/L", 8753: "mmol/L", 8645: "U/L", 8554: "%", 8848: "10*3/uL", 9444: "10*9/L",
    8815: "10*6/uL", 8583: "fL", 8876: "mm[Hg]", 8582: "cm", 9529: "kg",
}  # fmt: skip
"""Units by their OMOP number, recalled; the table ``concept`` goes first where there is one."""

_ICD_10 = re.compile(r"[A-TV-Z]\d[0-9A-Z](\.?[0-9A-Z]{1,4})?[.\-+*!]{0,2}")
_ATC = re.compile(r"[A-Z]\d{2}[A-Z]{2}\d{2}")
_LOINC = re.compile(r"\d{1,5}-\d")
SPELT = {
    "condition_occurrence": ("ICD-10", _ICD_10), "drug_exposure": ("ATC", _ATC),
    "measurement": ("LOINC", _LOINC), "observation": ("LOINC", _LOINC),
}  # fmt: skip
"""In which vocabulary a table's source values are read, if they look like codes of it."""


def meanings(
    connection: duckdb.DuckDBPyConnection,
    tables: Collection[str],
    concepts: Concepts,
    wanted: Collection[Coding],
) -> pd.DataFrame:
    """Columns concept_id, system, code: what the concepts of use stand for."""
    find = Matcher.of({"wanted": wanted})
    own = [(int(code), system, code) for system, code in wanted if system == "OMOP"]
    frames = [pd.DataFrame(own, columns=["concept_id", "system", "code"])]
    if "concept" in tables:
        frames.append(_named(connection, find))
    found = pd.concat(frames, ignore_index=True).astype({"concept_id": "int64"})
    if "concept_relationship" in tables:
        found = _with(connection, found, _REPLACED, "concept_relationship")
    if "concept_ancestor" in tables:
        found = _with(connection, found, _KINDS, "concept_ancestor")
    found = found.drop_duplicates(ignore_index=True)
    said = [concepts.disease(pair) for pair in zip(found["system"], found["code"], strict=True)]
    excluded = {
        number for number, what in zip(found["concept_id"], said, strict=True) if "excluded" in what
    }
    disease = pd.Series(["disease" in what for what in said], dtype=bool)
    return found[~(disease & found["concept_id"].isin(excluded))].reset_index(drop=True)


_REPLACED = (
    "SELECT r.concept_id_2 AS concept_id, f.system, f.code FROM found f "
    "JOIN concept_relationship r ON r.concept_id_1 = f.concept_id "
    "WHERE r.relationship_id = 'Maps to' AND f.system <> 'ICD-10'"
)
_KINDS = (
    "SELECT a.descendant_concept_id AS concept_id, f.system, f.code FROM found f "
    "JOIN concept_ancestor a ON a.ancestor_concept_id = f.concept_id WHERE f.system <> 'ICD-10'"
)


def _with(
    connection: duckdb.DuckDBPyConnection, found: pd.DataFrame, query: str, table: str
) -> pd.DataFrame:
    connection.register("found", found)
    return pd.concat([found, rows_of(connection, query, table)], ignore_index=True)


def _named(connection: duckdb.DuckDBPyConnection, find: Matcher) -> pd.DataFrame:
    """Concepts whose vocabulary and code are wanted."""
    names = rows_of(connection, "SELECT DISTINCT vocabulary_id FROM concept", "concept")
    systems = {name: vocabulary(name) for name in names["vocabulary_id"].dropna()}
    useful = {system for system, _ in find.targets}
    known = [(name, system) for name, system in systems.items() if system in useful]
    connection.register("vocabularies", pd.DataFrame(known, columns=["vocabulary_id", "system"]))
    shortest = pd.DataFrame(list(find.targets), columns=["system", "code"]).astype(object)
    shortest["code"] = [
        code[:3] if system in ("ICD-10", "ATC") else code
        for system, code in zip(shortest["system"], shortest["code"], strict=True)
    ]
    connection.register("beginnings", shortest.drop_duplicates())
    rows = rows_of(
        connection,
        "SELECT c.concept_id, v.system, c.concept_code AS code FROM concept c "
        "JOIN vocabularies v USING (vocabulary_id) JOIN beginnings b ON b.system = v.system "
        "AND b.code = CASE WHEN v.system IN ('ICD-10', 'ATC') THEN upper(c.concept_code[:3]) "
        "WHEN v.system IN ('ORPHA', 'HGNC') THEN regexp_replace(c.concept_code, '^.*:', '') "
        "ELSE upper(c.concept_code) END",
        "concept",
    )
    pairs = [coding(*pair) for pair in zip(rows["system"], rows["code"], strict=True)]
    kept = [pair is not None and bool(find(pair)) for pair in pairs]
    rows["code"] = [None if pair is None else pair[1] for pair in pairs]
    return rows[kept]


def spelt(
    connection: duckdb.DuckDBPyConnection, table: str, wanted: Collection[Coding]
) -> pd.DataFrame:
    """Columns source_value, system, code: source values that are wanted codes themselves."""
    columns = ["source_value", "system", "code"]
    if table not in SPELT:
        return pd.DataFrame(columns=columns, dtype=object)
    system, pattern = SPELT[table]
    find = Matcher.of({"wanted": wanted})
    values = rows_of(connection, f"SELECT DISTINCT source_value FROM {table}", table)
    found = []
    for value in values["source_value"].dropna():
        pair = coding(system, value) if pattern.fullmatch(value.upper()) else None
        if pair is not None and find(pair):
            found.append((value, *pair))
    return pd.DataFrame(found, columns=columns, dtype=object)


def codings_of(
    connection: duckdb.DuckDBPyConnection, tables: Collection[str], numbers: pd.Series
) -> dict[int, Coding]:
    """The vocabulary and code of each concept number; OMOP's own number where not known.

    A unit of measure gets its UCUM code.
    """
    distinct = pd.DataFrame({"concept_id": numbers.dropna().astype("int64").unique()})
    distinct = distinct[distinct["concept_id"] != 0]
    found: dict[int, Coding] = {
        number: ("UCUM", _UNITS[number]) if number in _UNITS else ("OMOP", str(number))
        for number in distinct["concept_id"].tolist()
    }
    if "concept" in tables and len(distinct):
        connection.register("numbers", distinct)
        query = "SELECT c.* FROM concept c JOIN numbers n USING (concept_id)"
        for number, name, code in rows_of(connection, query, "concept").itertuples(index=False):
            system = vocabulary(name)
            if system is not None and code:
                found[int(number)] = (system, code.replace("[U]", "U"))
    return found
