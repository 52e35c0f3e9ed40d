"""How is a small table shown, in a terminal and as HTML?

Used for what a run displays, for a demo's headlines and for reports, so that a
number reads the same everywhere.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import pandas as pd

NOTHING = "–"
_LONG = 40


def number(value: Any, digits: int = 3) -> str:
    """A value for people: three significant digits, whole numbers in full.

    Examples
    --------
    >>> number(0.70512), number(1043), number(12345.6), number(None), number(2e-5)
    ('0.705', '1043', '12346', '–', '2e-05')
    """
    if hasattr(value, "item"):
        value = value.item()
    if value is None or value is pd.NA or value is pd.NaT:
        return NOTHING
    if isinstance(value, float):
        if not math.isfinite(value):
            return NOTHING if math.isnan(value) else str(value)
        if value == 0 or abs(value) >= 10 ** (digits - 1):
            return f"{value:.0f}"
        if abs(value) < 1e-4:
            return f"{value:.{digits - 1}g}"
        return f"{value:.{digits}f}" if abs(value) < 1 else f"{value:.{digits}g}"
    return str(value)


def interval(value: Any, low: Any, high: Any) -> str:
    """A value with its interval, all three with the same decimals below 1.

    Examples
    --------
    >>> interval(0.7, 8e-5, 0.75), interval(12.0, 9.5, 14.0), interval(1043, None, None)
    ('0.700 (0.000 to 0.750)', '12 (9.5 to 14)', '1043')
    """
    if number(low) == NOTHING or number(high) == NOTHING:
        return number(value)
    parts = [float(part) for part in (value, low, high)]
    if all(abs(part) < 1 for part in parts) and any(abs(part) >= 0.001 for part in parts):
        said = [f"{part:.3f}" for part in parts]
    else:
        said = [number(part) for part in (value, low, high)]
    return f"{said[0]} ({said[1]} to {said[2]})"


def cells(table: pd.DataFrame, digits: int = 4) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a table as text; a named index becomes a column."""
    if any(table.index.names):
        table = table.reset_index()
    header = [str(column) for column in table.columns]
    rows = [[number(v, digits) for v in row] for row in table.itertuples(index=False, name=None)]
    return header, rows


def text_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Aligned columns for a terminal.

    Examples
    --------
    >>> print(text_table(["site", "n"], [["north", "244"], ["south", "31"]]))
    site   n
    -----  ---
    north  244
    south  31
    """
    lines = [list(header), *map(list, rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(header))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def html_table(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    caption: str = "",
    row_headers: bool = True,
) -> str:
    """An accessible table: caption, column and row headers with a scope, all escaped.

    Examples
    --------
    >>> html_table(["site", "n"], [["a<b", "244"]], row_headers=False).count("&lt;")
    1
    """
    rows = [list(row) for row in rows]
    columns = [[row[place] for row in rows] for place in range(len(header))]
    styles = [_style(column) for column in columns]
    head = "".join(
        f'<th scope="col"{style}>{escape(name)}</th>'
        for name, style in zip(header, styles, strict=True)
    )
    body = []
    for row in rows:
        parts = [f"<td{style}>{escape(text)}</td>" for text, style in zip(row, styles, strict=True)]
        if row_headers and row:
            parts[0] = f'<th scope="row" style="text-align:left">{escape(row[0])}</th>'
        body.append(f"<tr>{''.join(parts)}</tr>")
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"


_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?(e[-+]?\d+)?( \(.* to .*\))?")


def _numeric(text: str) -> bool:
    return text == NOTHING or _NUMBER.fullmatch(text) is not None


def _style(column: Sequence[str]) -> str:
    """Numbers to the right and whole; long text keeps a width at which it can be read."""
    if 2 * sum(map(_numeric, column)) > len(column):
        return ' style="text-align:right;white-space:nowrap"'
    wide = ";min-width:15em" if any(len(text) > _LONG for text in column) else ""
    return f' style="text-align:left{wide}"'
