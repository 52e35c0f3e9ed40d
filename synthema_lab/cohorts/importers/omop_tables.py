"""How is a folder of OMOP tables opened, without reading it into memory?

CSV and Parquet files become views of an in-memory DuckDB database, every column
of the OMOP Common Data Model v5.4 that the import uses brought to its type. A cell
that is not of the type becomes missing; nothing is guessed from the values.

References
----------
OHDSI. OMOP Common Data Model v5.4 specifications.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING

from synthema_lab.errors import ArgumentRefused, DataMismatch, ExtraMissing

if TYPE_CHECKING:
    import duckdb

# d: date, t: date and time, i: whole number, n: number, s: text
_EVENT = {"person_id": "s!", "concept_id": "i!", "source_concept_id": "i", "source_value": "s"}
_RESULT = {
    "person_id": "s!", "concept_id": "i!", "date": "d!", "datetime": "t",
    "operator_concept_id": "i", "value_as_number": "n", "value_as_concept_id": "i",
    "unit_concept_id": "i", "unit_source_value": "s", "source_value": "s",
}  # fmt: skip
TABLES: dict[str, dict[str, str]] = {
    "person": {
        "person_id": "s!", "gender_concept_id": "i!", "year_of_birth": "i!", "month_of_birth": "i",
        "day_of_birth": "i", "care_site_id": "s",
    },
    "condition_occurrence": _EVENT | {"start_date": "d!", "end_date": "d"},
    "procedure_occurrence": _EVENT | {"date": "d!"},
    "drug_exposure": _EVENT | {"exposure_start_date": "d!", "exposure_end_date": "d"},
    "measurement": _RESULT,
    "observation": _RESULT | {"value_as_string": "s"},
    "observation_period": {
        "person_id": "s!", "observation_period_start_date": "d!",
        "observation_period_end_date": "d!",
    },
    "visit_occurrence": {"person_id": "s!", "visit_start_date": "d!", "visit_end_date": "d"},
    "death": {"person_id": "s!", "death_date": "d"},
    "concept": {"concept_id": "i!", "vocabulary_id": "s!", "concept_code": "s!"},
    "concept_relationship": {"concept_id_1": "i!", "concept_id_2": "i!", "relationship_id": "s!"},
    "concept_ancestor": {"ancestor_concept_id": "i!", "descendant_concept_id": "i!"},
}  # fmt: skip
REQUIRED = ("person", "condition_occurrence")
_PREFIX = {
    "condition_occurrence": "condition_", "procedure_occurrence": "procedure_",
    "drug_exposure": "drug_", "measurement": "measurement_", "observation": "observation_",
}  # fmt: skip
_OWN = ("person_id", "operator_concept_id", "value_as_number", "value_as_concept_id",
        "value_as_string", "unit_concept_id", "unit_source_value")  # fmt: skip
_CAST = {
    "s": "nullif(trim(CAST({c} AS VARCHAR)), '')",
    "i": "TRY_CAST({c} AS BIGINT)",
    "n": "TRY_CAST({c} AS DOUBLE)",
    "d": "coalesce(TRY_CAST(substr(CAST({c} AS VARCHAR), 1, 10) AS DATE),"
    " TRY_CAST(try_strptime(CAST({c} AS VARCHAR), '%Y%m%d') AS DATE))",
    "t": "TRY_CAST(CAST({c} AS VARCHAR) AS TIMESTAMP)",
}
_NULL = {"s": "VARCHAR", "i": "BIGINT", "n": "DOUBLE", "d": "DATE", "t": "TIMESTAMP"}


def open_tables(folder: Path) -> tuple[duckdb.DuckDBPyConnection, frozenset[str]]:
    """A database with one view a table, and the names of the tables there are.

    Parameters
    ----------
    folder : path
        Holds ``person.csv`` or ``person.parquet``, ``condition_occurrence`` and any other
        table of ``TABLES``; letter case does not count, ``.csv.gz`` is read as well. CSV
        is UTF-8 and separated by commas, semicolons or, as vocabularies come, tabs.

    Returns
    -------
    connection
        In its views a table's own prefix is dropped: ``date`` for ``measurement_date``.
        ``unreadable`` says whether a number could not be read.
    frozenset of str

    Raises
    ------
    ArgumentRefused
        If there is no such folder.
    DataMismatch
        If a table that is needed is not there or has not the columns it needs.
    ExtraMissing
        If ``duckdb`` is not installed.
    """
    try:
        import duckdb
    except ImportError:
        duckdb = None
    if duckdb is None:
        raise ExtraMissing(
            "The package duckdb, which reads large tables, is not installed.",
            "The extra 'importers'.",
            "Type: pip install 'synthema-lab[importers]'",
        )
    if not folder.is_dir():
        raise ArgumentRefused(
            f"There is no folder {folder}.",
            "A folder with OMOP tables such as person.csv and condition_occurrence.csv.",
            "Check the path.",
        )
    files = {
        name: path
        for path in sorted(folder.iterdir())
        if path.is_file() and (name := _table_name(path)) in TABLES
    }
    absent = [name for name in REQUIRED if name not in files]
    if absent:
        raise DataMismatch(
            f"The folder {folder.name} has no table {' and '.join(absent)}.",
            "OMOP tables as .csv, .csv.gz or .parquet files named after the table.",
            "Export these tables too, or point at the folder that holds them.",
        )
    connection = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
    )
    for name, path in files.items():
        _view(connection, name, path)
    return connection, frozenset(files)


def rows_of(connection: duckdb.DuckDBPyConnection, query: str, table: str):
    """The DataFrame that a query gives; a file that cannot be read is a DataMismatch."""
    import duckdb

    try:
        rows = connection.execute(query).df()
    except duckdb.Error:
        rows = None  # the error may quote a row of the file; what is raised below does not
    if rows is None:
        raise _unreadable(table)
    return rows


def _unreadable(table: str) -> DataMismatch:
    return DataMismatch(
        f"The table {table} cannot be read.",
        "A Parquet file, or CSV in UTF-8 with a header and rows of equal length.",
        "Export the table again; fields that hold separators or line ends stand in quotes.",
    )


def _table_name(path: Path) -> str:
    name = path.name.lower()
    for suffix in (".csv", ".csv.gz", ".parquet"):
        if name.endswith(suffix):
            return name.removesuffix(suffix)
    return ""


def _view(connection: duckdb.DuckDBPyConnection, name: str, path: Path) -> None:
    quoted = str(path).replace("'", "''")
    if path.suffix.lower() == ".parquet":
        source = f"read_parquet('{quoted}')"
    else:
        separator = _separator(path, name)
        quote = "" if separator == "\t" else '"'
        source = (
            f"read_csv('{quoted}', delim='{separator}', quote='{quote}', escape='{quote}', "
            "header=true, all_varchar=true, auto_detect=false, columns={"
            + ", ".join(f"'{column}': 'VARCHAR'" for column in _header(path, separator))
            + "})"
        )
    described = rows_of(connection, f"DESCRIBE SELECT * FROM {source}", name)
    there = {str(column).lower(): str(column) for column in described["column_name"]}
    chosen, absent = [], []
    for column, kind in TABLES[name].items():
        full = column if column in _OWN else _PREFIX.get(name, "") + column
        if full in there:
            cell = '"' + there[full].replace('"', '""') + '"'
            chosen.append(f"{_CAST[kind[0]].format(c=cell)} AS {column}")
            if kind == "n":
                chosen.append(
                    f"({_CAST['n'].format(c=cell)} IS NULL AND {_CAST['s'].format(c=cell)} "
                    "IS NOT NULL) AS unreadable"
                )
        else:
            chosen.append(f"CAST(NULL AS {_NULL[kind[0]]}) AS {column}")
            if kind == "n":
                chosen.append("false AS unreadable")
            if kind.endswith("!"):
                absent.append(full)
    if absent:
        raise DataMismatch(
            f"The table {name} has no column {', '.join(absent)}.",
            "The column names of the OMOP Common Data Model v5.4.",
            "Rename the columns, or export the table again.",
        )
    connection.execute(f"CREATE VIEW {name} AS SELECT {', '.join(chosen)} FROM {source}")


def _first_line(path: Path) -> str:
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    with opened(path, "rb") as file:
        line = file.readline(1_000_000)
    return line.decode("utf-8-sig", errors="replace").rstrip("\r\n")


def _separator(path: Path, name: str) -> str:
    line = _first_line(path)
    if not line.strip():
        raise _unreadable(name)
    return max(",;\t", key=line.count)


def _header(path: Path, separator: str) -> list[str]:
    return [cell.strip().strip('"').replace("'", "") for cell in _first_line(path).split(separator)]
