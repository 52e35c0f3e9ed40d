"""Is this text a table, and what are its columns?"""

from __future__ import annotations

import csv
import io
import re

import pandas as pd

from synthema_lab.cohorts.csv_format import (
    convert_command,
    encoding_of,
    separate_command,
    separator_of,
)
from synthema_lab.errors import DataMismatch

MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL")

# A number that would change if it were read as one: a leading zero, or many digits.
_KEEP_AS_TEXT = r"^\s*[+-]?(0[0-9]|[0-9]{16,})"
_LOOKS_LIKE_A_NAME = re.compile(r"[A-Za-z]\w{1,62}")


def read_csv(content: bytes, name: str) -> pd.DataFrame:
    """A table from the bytes of a CSV file called `name`; see ``read_table``."""
    text = _decoded(content, name)
    header = _header(text, name)
    if text.count('"') % 2:
        _refuse(name, "has a quotation mark that is not closed", "Close it, or drop it.")
    return _columns(content, header, name)


def _decoded(content: bytes, name: str) -> str:
    if not content.strip():
        _refuse(name, "is empty", "Check how the file was made.")
    encoding = encoding_of(content)
    if encoding is None:
        _refuse(name, "is not UTF-8 text", "Save it as CSV in UTF-8.")
    if encoding in ("UTF-16", "UTF-32"):
        _refuse(name, f"is {encoding}", f"Convert it: {convert_command(name, encoding)}")
    if encoding != "UTF-8":
        called = {"ISO-8859-1": "Latin-1 (ISO-8859-1)"}.get(encoding, "Windows-1252")
        _refuse(
            name,
            f"is not UTF-8: it looks like {called}",
            f"Convert it: {convert_command(name, encoding)}",
        )
    text = content.decode("utf-8-sig")
    return text


def _header(text: str, name: str) -> list[str]:
    header: list[str] | None
    try:
        header = next(csv.reader(io.StringIO(text[:1_000_000])), [])
    except csv.Error:
        header = None
    if not header:
        _refuse(name, "has no header that can be read", "Begin with one line of column names.")
    if len(header) == 1 and re.search("[;\t|]", header[0]):
        separator, commas = separator_of(text)
        between = {";": "semicolons", "tab": "tabs", "|": "bars"}[separator]
        within = " and has decimal commas in its numbers" if commas else ""
        _refuse(
            name,
            f"is not separated by commas: it has {between} between columns{within}",
            f"Convert it: {separate_command(name, separator, commas)}",
        )
    for position, column in enumerate(header, start=1):
        if not re.search("[^\\W\\d_]", column):
            _refuse(
                name,
                f"has a header whose column {position} is no name",
                "Put a line of column names first; if it is there, name every column.",
            )
    repeated = [at for at, column in enumerate(header, start=1) if column in header[: at - 1]]
    if repeated:
        shown = header[repeated[0] - 1]
        named = f" ({shown})" if _LOOKS_LIKE_A_NAME.fullmatch(shown) else ""
        _refuse(
            name,
            f"has the name of column {repeated[0]}{named} twice in its header",
            "Rename or drop the repeated column.",
        )
    return header


def _columns(content: bytes, header: list[str], name: str) -> pd.DataFrame:
    import pyarrow
    import pyarrow.csv

    ragged: list[int] = []

    def note(row: pyarrow.csv.InvalidRow) -> str:
        ragged.append(row.number - 1)
        return "skip"

    try:
        table = pyarrow.csv.read_csv(
            io.BytesIO(content),
            read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=1 << 26),
            parse_options=pyarrow.csv.ParseOptions(
                newlines_in_values=True, invalid_row_handler=note
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(header, pyarrow.string()),
                null_values=list(MISSING),
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except pyarrow.ArrowException:
        table = None
    if ragged:
        shown = ", ".join(map(str, ragged[:10])) + (", ..." if len(ragged) > 10 else "")
        _refuse(
            name,
            f"has {len(ragged)} row(s) with more or fewer cells than the header has columns: "
            f"row {shown}",
            "Quote cells that hold a comma, write decimals with a point, and give every row the "
            "same number of cells.",
        )
    if table is None or table.column_names != header:
        _refuse(name, "cannot be read as CSV", "Save it as CSV in UTF-8, comma-separated.")
    if not table.num_rows:
        _refuse(name, "has a header and no data rows", "Check how the file was made.")
    return pd.DataFrame(
        {name: _column(cells) for name, cells in zip(header, table.columns, strict=True)}
    )


def _column(cells: object) -> pd.Series:
    """Numbers if every cell is one and reading it as one loses nothing; else text."""
    import pyarrow
    import pyarrow.compute

    for kind in (pyarrow.int64(), pyarrow.float64()):
        if cells.null_count == len(cells):
            break
        try:
            numbers = pyarrow.compute.cast(cells, kind)
        except pyarrow.ArrowInvalid:  # some cell is no number of this kind
            continue
        if pyarrow.compute.any(pyarrow.compute.match_substring_regex(cells, _KEEP_AS_TEXT)).as_py():
            break
        if kind == pyarrow.int64():
            whole = numbers.to_pandas(types_mapper={kind: pd.Int64Dtype()}.get)
            return whole if numbers.null_count else whole.astype("int64")
        return numbers.to_pandas()
    return cells.to_pandas().astype(object)


def _refuse(name: str, happened: str, next_step: str) -> None:
    raise DataMismatch(
        f"{name} {happened}.",
        "A comma-separated table in UTF-8: one line of column names, then one row a patient.",
        next_step,
    )
