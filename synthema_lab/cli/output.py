"""How does a command answer: in words, as a table, or as JSON?"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..errors import LabError

if TYPE_CHECKING:
    import pandas as pd

_Command = TypeVar("_Command", bound=Callable[..., Any])


def answering(function: _Command) -> _Command:
    """Give a command the options that every command has: ``--json`` and ``--quiet``."""
    function = click.option(
        "--quiet", "-q", is_flag=True, help="Print nothing but the result of --json and errors."
    )(function)
    return click.option(
        "--json", "as_json", is_flag=True, help="Print machine-readable JSON instead of text."
    )(function)


def answer(text: str, record: object, as_json: bool, quiet: bool) -> None:
    """Print a result once, in the form that was asked for."""
    if as_json:
        click.echo(json.dumps(plain(record), indent=1, ensure_ascii=False, allow_nan=False))
    elif not quiet:
        click.echo(text)


def complain(error: LabError, as_json: bool) -> int:
    """Print an error on the error stream and give its exit code."""
    if as_json:
        click.echo(json.dumps(error.as_dict(), indent=1), err=True)
    else:
        click.echo(f"synthema: {error}", err=True)
    return error.exit_code


def plain(value: Any) -> Any:
    """A value as JSON knows it: NaN becomes null, arrays become lists."""
    if hasattr(value, "to_dict"):
        return [plain(row) for row in value.to_dict(orient="records")]
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def as_text(table: pd.DataFrame) -> str:
    """A small table in aligned columns, text to the left."""
    shown = [[str(column) for column in table.columns]]
    shown += [
        ["" if v is None or v != v else str(v) for v in row]
        for row in table.itertuples(index=False)
    ]
    widths = [max(len(row[place]) for row in shown) for place in range(len(table.columns))]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in shown
    ]
    return "\n".join([lines[0], "-" * min(100, sum(widths) + 2 * len(widths) - 2), *lines[1:]])
