"""How do the results of one or several runs become a page for a reader?

One HTML file that loads nothing: pictures and data are inside, there is no
script, and a content policy forbids anything from outside. It prints, and it
can be read on a telephone and with a screen reader.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from html import unescape
from pathlib import Path
from typing import Any

from ..errors import DataMismatch
from ..storage import whole_file
from .chapter import PRIVACY_HEADER, Numbering, chapter, privacy_of
from .display import html_table
from .folder import RunFolder, open_runs
from .headlines import Headline
from .prose import glossary, to_html

NAME = "report.html"
_TEMPLATES = Path(__file__).with_name("templates")


def build_report(
    folder: str | os.PathLike[str],
    *,
    title: str = "",
    summary: str = "",
    out: str | os.PathLike[str] | None = None,
    leave_out: Sequence[str] = (),
) -> Path:
    """Write the report of a run, or of a demo's folder with several runs.

    Parameters
    ----------
    folder : path
    title : str
        By default the question of the notebook.
    summary : str
        A paragraph in plain language (Markdown).
    out : path, optional
        The file to write; ``report.html`` in the folder by default.
    leave_out : sequence of str
        Notebooks whose runs are not reported.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    DataMismatch
        If the folder holds no finished run, or a file of it is gone.
    """
    folder = Path(folder)
    runs = [run for run in open_runs(folder) if run.notebook not in leave_out]
    page = render(runs, title=title, summary=summary)
    destination = Path(out) if out is not None else folder / NAME
    with whole_file(destination) as path:
        path.write_text(page, encoding="utf-8")
    return destination


def render(runs: Sequence[RunFolder], *, title: str = "", summary: str = "") -> str:
    """The page of these runs as text."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    numbering = Numbering()
    try:
        chapters = [chapter(run, numbering) for run in runs]
    except FileNotFoundError as error:
        raise DataMismatch(
            f"A file of the run is gone: {Path(error.filename).name}.",
            "The folder of a run as it was written.",
            "synthema verify RUN says what has changed; or run the notebook again.",
        ) from None
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    spent, spent_words = privacy_of(runs)
    facts, measures = at_a_glance(runs)
    context = {
        "title": title or chapters[0]["title"],
        "subtitle": _subtitle(runs),
        "summary": to_html(summary) if summary else "",
        "facts": facts,
        "measures": measures,
        "cohorts": _cohorts(runs),
        "chapters": chapters,
        "privacy": html_table(PRIVACY_HEADER, spent, row_headers=False) if spent else "",
        "privacy_words": spent_words,
        "style": (_TEMPLATES / "report.css").read_text(encoding="utf-8"),
        "terms": [],
    }
    template = environment.get_template("report.html.j2")
    return template.render({**context, "terms": glossary(_words(template.render(context)))})


def _words(page: str) -> str:
    return unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL))


def at_a_glance(
    runs: Sequence[RunFolder],
) -> tuple[list[dict[str, str]], list[dict[str, Any]]]:
    """Facts, which are words and plain counts, and measures with what stands beside them.

    A plain count of no cohort in particular is a fact; the same fact from two
    notebooks is said once. Everything else is a row, with a column a cohort; a
    measure that two notebooks of a cohort report keeps a row for each.
    """
    cohorts = _cohorts(runs)
    facts: list[dict[str, str]] = []
    rows: list[dict[str, Any]] = []
    for run in runs:
        for record in run.headlines:
            said = _said(record)
            if said["alone"] and not record["cohort"] and _one_subject(runs):
                fact = {
                    "label": record["label"],
                    "value": f"{said['value']} {said['unit']}".strip(),
                }
                if fact not in facts:
                    facts.append(fact)
                continue
            _place(rows, record, _about(run, record), said)
    for row in rows:
        row["cells"] = [row["by_cohort"].get(cohort) for cohort in cohorts]
        notes = {
            cohort: cell["note"]
            for cohort, cell in zip(cohorts, row["cells"], strict=True)
            if cell and cell["note"]
        }
        several = len(set(notes.values())) > 1
        row["notes"] = (
            [f"{cohort}: {note}" for cohort, note in notes.items()]
            if several
            else list(dict.fromkeys(notes.values()))
        )
    return facts, rows


def _place(
    rows: list[dict[str, Any]], record: Mapping[str, Any], cohort: str, said: dict[str, Any]
) -> None:
    for row in rows:
        if row["name"] == record["name"] and row["by_cohort"].get(cohort, said) == said:
            row["by_cohort"][cohort] = said
            return
    row = {part: record[part] for part in ("name", "label", "direction")}
    rows.append({**row, "by_cohort": {cohort: said}})


def _said(record: Mapping[str, Any]) -> dict[str, Any]:
    known = {k: v for k, v in record.items() if k in Headline.__dataclass_fields__}
    value, floor, ceiling, unit = Headline(**known).cells()
    alone = all(record[part] is None for part in ("low", "high", "floor", "ceiling"))
    return {
        "value": value, "floor": floor, "ceiling": ceiling, "unit": unit, "note": record["note"],
        "alone": alone and not record["note"],
    }  # fmt: skip


def _cohorts(runs: Sequence[RunFolder]) -> list[str]:
    one = _one_subject(runs)
    return list(
        dict.fromkeys(
            _about(run, record)
            for run in runs
            for record in run.headlines
            if record["cohort"] or not (one and _said(record)["alone"])
        )
    )


def _about(run: RunFolder, record: Mapping[str, Any]) -> str:
    """The cohort a headline is about: its own, else the one its run read."""
    return record["cohort"] or run.stable["cohort"]


def _one_subject(runs: Sequence[RunFolder]) -> bool:
    """Whether all runs with headlines read the same cohort."""
    return len({run.stable["cohort"] for run in runs if run.headlines}) == 1


def _subtitle(runs: Sequence[RunFolder]) -> str:
    day = max(run.manifest["volatile"]["finished"] for run in runs)[:10]
    number = "one notebook" if len(runs) == 1 else f"{len(runs)} notebooks"
    return f"Synthema Lab · results of {number}, run on {day}"
