"""How does a small table look in a notebook?"""

from __future__ import annotations

import html

import pandas as pd


def captioned(table: pd.DataFrame, caption: str) -> str:
    """A table with its index as first column, a caption, and text to the left.

    Examples
    --------
    >>> "<caption" in captioned(pd.DataFrame({"a": [1]}), "One row")
    True
    """
    text = table.reset_index().to_html(index=False, border=0, justify="left")
    text = text.replace("<td>", '<td style="text-align: left">')
    title = f'<caption style="text-align: left">{html.escape(caption)}</caption>'
    return text.replace("<thead>", f"{title}<thead>", 1)
