"""What does a report show of one run?

Nothing that is restricted: such outputs are counted, and stay where they are.
"""

from __future__ import annotations

import base64
import json
import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd

from .display import NOTHING, cells, html_table, number
from .fingerprints import RESTRICTED
from .folder import RunFolder
from .parameters import read_notebook
from .paths import find_notebook
from .prose import LIMITS, section, title_of, to_html

ROWS = 40
_EMBEDDED = 500_000  # bytes of CSV that a page carries for saving
_PLAIN = 6  # characters up to which a number is shown as it stands
_HALF = 2  # pictures are drawn at twice the size at which they are read


@dataclass
class Numbering:
    """Figures and tables are numbered through a whole report."""

    figures: Iterator[int] = field(default_factory=lambda: count(1))
    tables: Iterator[int] = field(default_factory=lambda: count(1))


def chapter(run: RunFolder, numbering: Numbering) -> dict[str, Any]:
    """Everything that the page needs of a run, as plain values and escaped HTML."""
    notebook = _notebook(run)
    shown = [o for o in run.outputs if o["sensitivity"] != RESTRICTED]
    return {
        "id": run.notebook.replace("/", "-"),
        "notebook": run.notebook,
        "title": title_of(notebook) or run.notebook,
        "results": [_RESULTS[o["kind"]](run, o, numbering) for o in shown if o["kind"] in _RESULTS],
        "restricted": len(run.outputs) - len(shown),
        "limits": to_html(section(notebook, LIMITS)),
        **provenance(run),
    }


def provenance(run: RunFolder) -> dict[str, Any]:
    """Where a run's numbers come from, as rows of tables."""
    stable, volatile = run.stable, run.manifest["volatile"]
    facts = [
        ("Notebook", run.notebook),
        ("Notebook's source", stable["notebook"]["source"]),
        ("Run", run.id),
        ("Finished", f"{volatile['finished'].replace('T', ' ').rstrip('Z')} UTC"),
        ("Took", f"{volatile['seconds']} s, at most {number(volatile['peak_memory_mib'])} MiB"),
        ("Fingerprint", run.manifest["fingerprint"]),
        ("Code", _code(stable["code"])),
        ("Lock", stable["lock"]),
        ("Preset", stable["preset"] or NOTHING),
        ("Seed", number(stable["seeds"]["seed"])),
        ("Platform", f"{volatile['machine']['platform']}, Python {volatile['machine']['python']}"),
        ("Versions", ", ".join(f"{k} {v}" for k, v in volatile["machine"]["packages"].items())),
    ]
    parameters = [
        [name, json.dumps(given["value"], ensure_ascii=False), given["from"]]
        for name, given in stable["parameters"].items()
    ]
    hashes = [
        *[["dictionary", name, digest] for name, digest in stable["dictionaries"].items()],
        *[["input", name, read["digest"]] for name, read in stable["inputs"].items()],
        *[["output", made["file"], made["digest"]] for made in stable["outputs"]],
        *[["opened sums", paid["release"], paid["digest"]] for paid in stable["releases"]],
    ]
    return {"facts": facts, "parameters": parameters, "hashes": hashes}


PRIVACY_HEADER = ("Cohort", "Model", "Protects against", "Epsilon", "Delta", "Release")


def privacy_of(runs: Sequence[RunFolder]) -> tuple[list[list[str]], list[str]]:
    """What was spent: a row for each release and observer, and what all rows share.

    A release that several runs used was charged once, and is listed once.
    """
    rows: list[list[str]] = []
    words: list[str] = []
    seen = set()
    for run in runs:
        for spent in run.stable["privacy"]:
            release = str(spent.get("release", ""))
            if release and release in seen:
                continue
            seen.add(release)
            views = spent.get("views") or {NOTHING: spent.get("epsilon")}
            for observer, epsilon in views.items():
                rows.append([
                    run.stable["cohort"] or run.notebook, str(spent.get("output", NOTHING)),
                    observer, number(epsilon), number(spent.get("delta")), release or NOTHING,
                ])  # fmt: skip
            words += [
                f"{said}: {spent[part]}."
                for said, part in (("Protected unit", "unit"), ("Mechanism", "mechanism"))
                if part in spent
            ]
    return rows, list(dict.fromkeys(words))


def _figure(run: RunFolder, output: Mapping[str, Any], numbering: Numbering) -> dict[str, Any]:
    picture = (run.path / output["image"]).read_bytes()
    number = next(numbering.figures)
    return {
        "kind": "figure",
        "number": number,
        "name": output["name"],
        "image": base64.b64encode(picture).decode("ascii"),
        "width": struct.unpack(">I", picture[16:20])[0] // _HALF,
        **_words(output),
        **_data(run.path / output["file"], f"Data of figure {number}"),
    }


def _table(run: RunFolder, output: Mapping[str, Any], numbering: Numbering) -> dict[str, Any]:
    number = next(numbering.tables)
    caption = f"Table {number}. {output['caption']}"
    shown = {"kind": "table", "number": number, "name": output["name"]}
    return shown | _words(output) | _data(run.path / output["file"], caption)


_RESULTS = {"figure": _figure, "table": _table}


def _words(output: Mapping[str, Any]) -> dict[str, Any]:
    return {part: output.get(part, "") for part in ("caption", "alt", "sensitivity")}


def _data(path: Path, caption: str) -> dict[str, Any]:
    content = path.read_bytes()
    # As text: a code such as "01" must not lose its zero on the way to the page.
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    header, rows = cells(table.head(ROWS).apply(lambda column: column.map(_short)))
    return {
        "data": html_table(header, rows, caption),
        "rows": len(table),
        "shown": min(ROWS, len(table)),
        "csv": base64.b64encode(content).decode("ascii") if len(content) < _EMBEDDED else "",
    }


def _short(text: str) -> str:
    if len(text) <= _PLAIN or not re.fullmatch(r"-?\d+\.\d+(e-?\d+)?", text):
        return text or NOTHING
    return number(float(text), 4)


def _notebook(run: RunFolder) -> Mapping[str, Any]:
    return read_notebook(run.executed or find_notebook(run.notebook)[1])


def _code(code: Mapping[str, str]) -> str:
    changed = {"none": "", "unknown": ""}.get(code["patch"], f", with changes {code['patch']}")
    return f"commit {code['commit']}{changed}"
