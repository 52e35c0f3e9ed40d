"""What does a notebook show of an output?

Text, HTML and pictures without times, ids or paths, so that two runs of the
same notebook show the same. Outside IPython nothing is shown.
"""

from __future__ import annotations

from html import escape
from typing import Any

import pandas as pd

from .display import cells, html_table, text_table

ROWS = 30


def show_figure(png: bytes, number: int, caption: str, alt: str) -> None:
    """Show a picture, then its caption and its description as text."""
    _display({"image/png": png, "text/plain": alt}, {"image/png": {"alt": alt, "width": 700}})
    words = f"Figure {number}. {caption}"
    _display(
        {
            "text/html": f"<p><strong>Figure {number}.</strong> {escape(caption)}</p>"
            f"<details><summary>Description of figure {number}</summary>{escape(alt)}</details>",
            "text/plain": words,
        }
    )


def show_table(table: pd.DataFrame, number: int, caption: str) -> None:
    """Show the first rows of a table under its caption."""
    header, rows = cells(table.head(ROWS))
    title = f"Table {number}. {caption}"
    more = f"The first {ROWS} of {len(table)} rows." if len(table) > ROWS else ""
    _display(
        {
            "text/html": html_table(header, rows, title) + (f"<p>{more}</p>" if more else ""),
            "text/plain": "\n".join(filter(None, [title, text_table(header, rows), more])),
        }
    )


def say(text: str) -> None:
    """Show a sentence."""
    _display({"text/html": f"<p>{escape(text)}</p>", "text/plain": text})


def _display(data: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:  # a plain script on a machine without IPython shows nothing
        return
    if get_ipython() is not None:
        display(data, metadata=metadata or {}, raw=True)
