"""How is a table of patients read from a file, and written to one?"""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from synthema_lab.cohorts.csv_text import read_csv
from synthema_lab.errors import ArgumentRefused, DataMismatch
from synthema_lab.storage import whole_file

SUFFIXES = (".csv", ".parquet")


def read_table(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a CSV or Parquet file, one row a patient.

    CSV is comma-separated UTF-8 with a header. Empty cells and ``NA``, ``N/A``,
    ``NaN``, ``nan``, ``null``, ``NULL`` are missing. A column becomes numbers
    only if every cell is one; numbers with a leading zero or more than 15
    digits stay text, so that no pseudonym changes.

    Parameters
    ----------
    path : path
        Ends in ``.csv`` or ``.parquet``.

    Returns
    -------
    DataFrame
        Raw: compare it with a dictionary by ``dictionary.check(table)``.

    Raises
    ------
    ArgumentRefused
        If there is no such file.
    DataMismatch
        If it is no table: another suffix, not UTF-8, rows of unequal length,
        columns without or with the same name, no data rows. The message never
        holds what the file holds.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "patients.csv"
    >>> _ = path.write_text("patient_id,age_years\\n007,61\\n008,\\n")
    >>> read_table(path)
      patient_id  age_years
    0        007         61
    1        008       <NA>
    """
    path = Path(path)
    _suffix(path)
    if not path.is_file():
        raise ArgumentRefused(
            f"There is no file {path}.",
            "A CSV or Parquet file.",
            "Check the path, or write a cohort to a file: synthema data load leuksurv --out FILE",
        )
    if path.suffix.lower() == ".csv":
        return read_csv(path.read_bytes(), path.name)
    return _read_parquet(path)


def _suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise DataMismatch(
            f"{path.name} is neither CSV nor Parquet by its name.",
            "A file name that ends in .csv or .parquet.",
            "Save the table as .csv, comma-separated and in UTF-8.",
        )
    return suffix


def _read_parquet(path: Path) -> pd.DataFrame:
    import pyarrow
    import pyarrow.parquet

    table: pd.DataFrame | None
    try:
        table = pyarrow.parquet.read_table(path).to_pandas()
    except (pyarrow.ArrowException, OSError, ValueError, TypeError, KeyError):
        table = None
    if table is None:
        raise DataMismatch(
            f"{path.name} cannot be read as Parquet.",
            "A Parquet file that holds one table with distinct column names.",
            "Write it again with synthema_lab.cohorts.write_table(table, path).",
        )
    named = [name for name in table.index.names if name is not None]
    table = table.reset_index(drop=not named)
    if table.columns.duplicated().any() or not len(table.columns):
        raise DataMismatch(
            f"{path.name} has columns without distinct names.",
            "Each column with a name of its own.",
            "Rename the columns and write the file again.",
        )
    if not len(table):
        raise DataMismatch(
            f"{path.name} has no data rows.", "At least one patient.", "Check how it was made."
        )
    return table


def write_table(table: pd.DataFrame, path: str | os.PathLike[str]) -> Path:
    """Write a table to CSV or Parquet, whole or not at all.

    Parameters
    ----------
    table : DataFrame
        Row labels are not written. Missing cells are empty in CSV.
    path : path
        Ends in ``.csv`` or ``.parquet``; its folder is made if absent.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    ArgumentRefused
        If `table` is not a table or its columns have no distinct names.
    DataMismatch
        If the suffix is another one.
    """
    path = Path(path)
    suffix = _suffix(path)
    if not isinstance(table, pd.DataFrame) or table.columns.duplicated().any():
        raise ArgumentRefused(
            "What is to be written is not a table with distinct column names.",
            "A pandas DataFrame.",
            "As in write_table(cohort.patients, 'patients.csv').",
        )
    with whole_file(path) as temporary:
        if suffix == ".csv":
            table.to_csv(temporary, index=False, encoding="utf-8", lineterminator="\n")
        else:
            table.to_parquet(temporary, index=False, engine="pyarrow")
    return path
