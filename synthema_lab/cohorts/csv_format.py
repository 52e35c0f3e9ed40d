"""In which encoding and with which separators was a text file written?

Spreadsheets in much of Europe write Latin letters as Windows-1252, semicolons
between columns and commas within numbers. Nothing is converted in silence: the
refusal says what the file seems to be and what to type.
"""

from __future__ import annotations

import csv
import io
import re
import shlex
from pathlib import PurePath

_BOMS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"\x00\x00\xfe\xff": "UTF-32"}
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*")
# Control characters that no text holds: all but tab, line feed, form feed, carriage return.
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")


def encoding_of(content: bytes) -> str | None:
    """The encoding a file seems to be in, as ``iconv`` calls it; None if it is no text.

    Returns
    -------
    {"UTF-8", "UTF-16", "UTF-32", "WINDOWS-1252", "ISO-8859-1"} or None
        Latin-1 has no printable character between 0x80 and 0x9F, where
        Windows-1252 has its dashes and quotation marks; that tells them apart.

    Examples
    --------
    >>> encoding_of("Zoë".encode("latin-1")), encoding_of("5 € – 6 €".encode("cp1252"))
    ('ISO-8859-1', 'WINDOWS-1252')
    """
    for mark, encoding in _BOMS.items():
        if content.startswith(mark):
            return encoding
    if _is_utf8(content):
        return None if b"\x00" in content else "UTF-8"
    if _BINARY.search(content):
        return None
    if not re.search(rb"[\x80-\x9f]", content):
        return "ISO-8859-1"
    return None if re.search(rb"[\x81\x8d\x8f\x90\x9d]", content) else "WINDOWS-1252"


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return True


def convert_command(name: str, encoding: str) -> str:
    """What to type to get the file in UTF-8.

    Examples
    --------
    >>> convert_command("my patients.csv", "ISO-8859-1")
    "iconv -f ISO-8859-1 -t UTF-8 'my patients.csv' > 'my patients_utf8.csv'"
    """
    path = PurePath(name)
    new = f"{path.stem}_utf8{path.suffix}"
    return f"iconv -f {encoding} -t UTF-8 {shlex.quote(name)} > {shlex.quote(new)}"


def separator_of(text: str) -> tuple[str, bool]:
    """What stands between the columns of a text, and whether numbers have decimal commas.

    Returns
    -------
    separator : {";", "tab", "|"}
    decimal_commas : bool
        Whether a cell of the first rows spells a number with a comma.

    Examples
    --------
    >>> separator_of("hb;age\\n7,9;61\\n")
    (';', True)
    """
    header = text.split("\n", 1)[0]
    mark = max(";\t|", key=header.count)
    rows = io.StringIO(text[:200_000])
    try:
        cells = [cell for row in csv.reader(rows, delimiter=mark) for cell in row]
    except csv.Error:
        cells = []
    commas = any(_DECIMAL_COMMA.fullmatch(cell) for cell in cells)
    return ("tab" if mark == "\t" else mark), commas


def separate_command(name: str, separator: str, decimal_commas: bool) -> str:
    """What to type to get the file comma-separated, with decimal points.

    Every cell stays text, so that no pseudonym changes.

    Examples
    --------
    >>> print(separate_command("a.csv", "tab", False))
    python -c "import pandas; pandas.read_csv('a.csv', sep='\\t', dtype=str, keep_default_na=False)\
.to_csv('a_commas.csv', index=False)"
    """
    path = PurePath(name)
    new = f"{path.stem}_commas{path.suffix}"
    mark = "\\t" if separator == "tab" else separator
    points = (
        r".replace(r'^\s*([+-]?\d+),(\d+)\s*\Z', r'\1.\2', regex=True)" if decimal_commas else ""
    )
    code = (
        f"import pandas; pandas.read_csv({name!r}, sep='{mark}', dtype=str, "
        f"keep_default_na=False){points}.to_csv({new!r}, index=False)"
    )
    plain_name = re.fullmatch(r"[\w. -]+", name)
    return f'python -c "{code}"' if plain_name else f"python -c {shlex.quote(code)}"
