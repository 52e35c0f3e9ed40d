"""How is an output of a run written: its data, its picture and its sidecar?

A figure is ``figures/NAME.csv`` (what is compared), ``NAME.png`` (what is seen)
and ``NAME.json`` (caption, alternative text, sensitivity). Restricted outputs
have the same shape below ``restricted/``.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import ArgumentRefused
from ..storage import whole_file
from .fingerprints import RESTRICTED, file_digest
from .manifest import DIGITS

FOLDERS = {"figure": "figures", "table": "tables", "data": "data", "model": "models"}
PAPERS = "papers"
_DPI = 160


@dataclass
class Outputs:
    """What a run has written so far.

    Attributes
    ----------
    folder : pathlib.Path
        The run's folder.
    once : bool
        Whether a name may be used once only; in JupyterLab a cell may be run again.
    records : dict
        By kind and name, in the order in which they were made.
    retold : list of str
        Files that say again what outputs say.
    """

    folder: Path
    once: bool
    records: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    retold: list[str] = field(default_factory=list)

    def write(
        self,
        kind: str,
        name: str,
        suffix: str,
        sensitivity: str,
        writer: Callable[[Path], object],
        sidecar: dict[str, Any] | None = None,
        image: bytes | None = None,
    ) -> Path:
        """Write one output and record it.

        Parameters
        ----------
        kind : {"figure", "table", "data", "model"}
        name, suffix : str
            File name and its suffix, which may be empty.
        sensitivity : str
            A checked class; restricted outputs go below ``restricted/``.
        writer : callable
            Writes the data to the path it is given.
        sidecar : dict, optional
            Words that travel with the output.
        image : bytes, optional
            A PNG beside the data.
        """
        if self.once and (kind, name) in self.records:
            raise ArgumentRefused(
                f"The {kind} '{name}' was saved twice in this run.",
                "A name of its own for each output.",
                "Rename one of them.",
            )
        restricted = sensitivity == RESTRICTED
        inside = Path(RESTRICTED) if restricted else Path()
        inside /= FOLDERS[kind]
        (self.folder / inside).mkdir(parents=True, exist_ok=True)
        if restricted:
            (self.folder / RESTRICTED).chmod(0o700)
        file = inside / f"{name}{suffix}"
        writer(self.folder / file)
        record = {"kind": kind, "name": name, "file": file.as_posix(), "sensitivity": sensitivity}
        record["digest"] = file_digest(self.folder / file, public=not restricted)
        if image is not None:
            record["image"] = (inside / f"{name}.png").as_posix()
            with whole_file(self.folder / record["image"]) as path:
                path.write_bytes(image)
        if sidecar is not None:
            described = {**record, **sidecar}
            text = json.dumps(described, sort_keys=True, indent=1, ensure_ascii=False)
            with whole_file(self.folder / inside / f"{name}.json") as path:
                path.write_text(text + "\n", encoding="utf-8")
            record |= sidecar
        self.records[kind, name] = record
        return self.folder / file

    def beside(self, file: Path, content: bytes) -> Path:
        """Write a file that retells outputs, such as a paper; no digest of it is kept."""
        self.retold.append(file.as_posix())
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as temporary:
            temporary.write_bytes(content)
        return path


def write_csv(table: pd.DataFrame, path: Path, rounded: bool) -> None:
    """Write a table as CSV; a named index becomes a column.

    Summaries are rounded to ten significant digits, cohorts are not.
    """
    form = f"%.{DIGITS}g" if rounded else None
    keep = any(name is not None for name in table.index.names)
    with whole_file(path) as temporary:
        table.to_csv(temporary, index=keep, lineterminator="\n", float_format=form)


def png_of(figure: Any, drawn: Any) -> bytes:
    """A PNG without date or program name; the figure is closed afterwards.

    Parameters
    ----------
    figure : object
        What the notebook gave: a matplotlib figure, or an object that draws itself.
    drawn : matplotlib.figure.Figure
        The matplotlib figure in it.
    """
    if callable(getattr(figure, "png", None)):
        picture = figure.png()
    else:
        stream = io.BytesIO()
        drawn.savefig(
            stream, format="png", dpi=_DPI, facecolor="white", bbox_inches="tight",
            metadata={"Software": None},
        )  # fmt: skip
        picture = stream.getvalue()
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(drawn)
    return picture


def parts_of(
    figure: Any, name: str, data: pd.DataFrame | None, caption: str, alt: str
) -> tuple[Any, pd.DataFrame, dict[str, str]]:
    """The matplotlib figure, its data and its words.

    Raises
    ------
    ArgumentRefused
        If the data, the caption or the description is missing.
    """
    drawn = figure
    if hasattr(figure, "alt"):
        drawn = figure.figure
        data = figure.data if data is None else data
        caption, alt = caption or figure.caption, alt or figure.alt
    for what, there, typed in (
        ("data", data is not None, "data=table"),
        ("caption", caption, 'caption="..."'),
        ("alt", alt, 'alt="..."'),
    ):
        if not there:
            raise ArgumentRefused(
                f"The figure '{name}' was not saved: it has no {what}.",
                "A figure with its data, a caption and a description for who cannot see it.",
                f"Add {typed} to run.figure(...).",
            )
    return drawn, data, {"caption": caption, "alt": alt}
