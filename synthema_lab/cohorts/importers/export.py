"""How is an exported file read, whatever stands between its columns?"""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import pandas as pd

from synthema_lab.cohorts.csv_format import encoding_of, separator_of
from synthema_lab.cohorts.csv_text import read_csv
from synthema_lab.cohorts.tables import read_table


def read_export(path: str | os.PathLike[str], separator: str | None = None) -> pd.DataFrame:
    """Read an export: CSV with any usual separator, or Parquet.

    Parameters
    ----------
    path : path
        Ends in ``.csv`` or ``.parquet``.
    separator : {",", ";", "\\t"}, optional
        By default what the header shows.

    Returns
    -------
    DataFrame
        Raw; see ``cohorts.read_table`` for what becomes a number.

    Raises
    ------
    ArgumentRefused, DataMismatch
        As ``cohorts.read_table``.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "export.csv"
    >>> _ = path.write_text("id;hb\\na;9,1\\n")
    >>> read_export(path).to_dict("list")
    {'id': ['a'], 'hb': ['9,1']}
    """
    path = Path(path)
    if path.suffix.lower() != ".csv" or not path.is_file():
        return read_table(path)
    content = path.read_bytes()
    if encoding_of(content) != "UTF-8":
        return read_csv(content, path.name)
    text = content.decode("utf-8-sig")
    if separator is None:
        header = text.split("\n", 1)[0]
        found, _ = separator_of(text)
        found = "\t" if found == "tab" else found
        separator = found if header.count(found) > header.count(",") else ","
    if separator == ",":
        return read_csv(content, path.name)
    return read_csv(_with_commas(text, separator), path.name)


def _with_commas(text: str, separator: str) -> bytes:
    """The same table with commas between columns; what cannot be parsed is left as it is."""
    written = io.StringIO()
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        csv.writer(written, lineterminator="\n").writerows(row for row in rows if row)
    except csv.Error:
        return text.encode()
    return written.getvalue().encode()
