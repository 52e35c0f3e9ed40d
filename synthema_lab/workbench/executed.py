"""What does a notebook look like before and after it is run?

Before: a copy without outputs, its values injected after the parameters cell.
After: without times, paths and machine, so that equal runs give equal files.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..storage import whole_file
from .parameters import read_notebook, source_of, tags_of

if TYPE_CHECKING:
    from nbformat import NotebookNode

_INJECTED = "injected-parameters"
_ERROR_NOTE = "papermill-error-cell-tag"
_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}


def prepared(source: str | os.PathLike[str], values: Mapping[str, Any]) -> NotebookNode:
    """A copy of a notebook, ready to run with these values."""
    import nbformat

    content = read_notebook(source)
    kept = [cell for cell in content["cells"] if _INJECTED not in tags_of(cell)]
    cells = []
    for position, cell in enumerate(kept):
        cell = {"id": f"cell-{position}", **cell, "metadata": dict(cell.get("metadata", {}))}
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
        cells.append(cell)
        if values and cell["cell_type"] == "code" and "parameters" in tags_of(cell):
            cells.append(_injected(values))
    notebook = {"cells": cells, "metadata": _METADATA, "nbformat": 4, "nbformat_minor": 5}
    return nbformat.reads(json.dumps(notebook), as_version=4)


def write_executed(notebook: NotebookNode, path: Path) -> None:
    """Write an executed notebook without what differs between equal runs."""
    import nbformat

    notebook.cells = [cell for cell in notebook.cells if _ERROR_NOTE not in tags_of(cell)]
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if not cell.metadata.get("tags", True):
            del cell.metadata["tags"]
    notebook.metadata = nbformat.from_dict(_METADATA)
    with whole_file(path) as temporary:
        temporary.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


def headings(notebook: Mapping[str, Any]) -> list[str]:
    """For each cell, the heading it stands under; empty before the first.

    Examples
    --------
    >>> headings({"cells": [{"cell_type": "markdown", "source": "## Draw"},
    ...                     {"cell_type": "code", "source": "x"}]})
    ['Draw', 'Draw']
    """
    current, found = "", []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            titles = re.findall(r"^#{1,3} +(.+?) *#*$", source_of(cell), re.MULTILINE)
            current = titles[-1] if titles else current
        found.append(current)
    return found


def _injected(values: Mapping[str, Any]) -> dict[str, Any]:
    lines = [f"{name} = {_as_python(value)}" for name, value in values.items()]
    return {
        "id": _INJECTED,
        "cell_type": "code",
        "metadata": {"tags": [_INJECTED]},
        "source": "\n".join(["# The values of this run", *lines]),
        "outputs": [],
        "execution_count": None,
    }


def _as_python(value: Any) -> str:
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return f'float("{value}")'
    return repr(value)
