"""How does one validation become a page for a custodian, on a screen and on paper?

The same content twice: one HTML file that loads nothing, and a PDF that a screen
reader can read (PDF/UA-1), whose first page can be read alone.
"""

from __future__ import annotations

import base64
import json
import re
import tempfile
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from ..errors import ArgumentRefused
from ..validation import Metric, Validation, Verdict
from ..validation.metric import GROUPS
from ..validation.uses import uses_by_level
from . import figures
from .display import cells, html_table
from .figures.style import Plot

_TEMPLATES = Path(__file__).with_name("templates")
_ROWS = 40
_FIGURES = {
    "headline": ("fidelity", figures.headline),
    "marginals": ("fidelity", figures.marginals),
    "missingness": ("fidelity", figures.missingness),
    "survival": ("clinical", figures.kaplan_meier),
    "survival by group": ("clinical", partial(figures.kaplan_meier, by_group=True)),
    "hazard ratios": ("clinical", figures.hazard_ratios),
    "co-occurrence": ("clinical", figures.co_occurrence),
    "contrasts": ("clinical", figures.contrasts),
    "contrasts of findings": ("clinical", partial(figures.contrasts, kind="findings")),
    "published findings": ("clinical", figures.findings),
    "attack": ("privacy", figures.attack_roc),
    "gains": ("privacy", figures.attack_gains),
}
_FIRST = ("survival", "attack", "headline")
"""On the first page of the paper, in this order."""
DISTANCES = ("closer_to_training",)
"""Said last, and in grey: they are no evidence."""


@dataclass(frozen=True)
class _Told:
    """What both forms say."""

    validation: Validation
    verdict: Verdict
    group: str | None

    @property
    def title(self) -> str:
        alone = self.group == "privacy"
        return "What the attacks found" if alone else "How far can this be trusted?"

    @property
    def sections(self) -> dict[str, list[dict[str, str]]]:
        """The rows of the table by the title of their group, without the distances."""
        kept = [metric for metric in self._kept() if metric.name not in DISTANCES]
        found = {
            title: [self._row(metric) for metric in kept if metric.group == group]
            for group, title in GROUPS.items()
        }
        return {title: rows for title, rows in found.items() if rows}

    @property
    def distances(self) -> list[dict[str, str]]:
        return [self._row(metric) for metric in self._kept() if metric.name in DISTANCES]

    def _row(self, metric: Metric) -> dict[str, str]:
        interval = (
            f"{_number(metric.low)} to {_number(metric.high)}" if metric.low == metric.low else ""
        )
        return {
            "label": metric.label,
            "value": _number(metric.value) if metric.computed else "not computed",
            "interval": interval if metric.computed else "",
            "floor": _number(metric.floor) if metric.computed else "–",
            "ceiling": _number(metric.ceiling) if metric.computed else "–",
            "best": metric.direction,
            "note": self._in_words(metric.note),
        }

    def _in_words(self, note: str) -> str:
        """A note with labels in place of names that only the dictionary knows."""
        words = {}
        for curve, name, said in (("univariate", "variable", "label"),
                                  ("findings", "finding", "text")):  # fmt: skip
            table = self.validation.curves.get(curve)
            if table is not None:
                words |= dict(zip(table[name], table[said].str.rstrip("."), strict=True))
        names = [re.escape(name) for name in words if "_" in name]
        if not names:
            return note
        known = re.compile(rf"\b({'|'.join(sorted(names, key=len, reverse=True))})\b")
        return known.sub(lambda found: f"“{words[found[1]]}”", note)

    def _kept(self) -> list[Metric]:
        return [metric for metric in self.validation if self.group in (None, metric.group)]

    @property
    def uses(self) -> dict[str, list[str]]:
        return {} if self.group == "privacy" else uses_by_level(self.validation)

    @cached_property
    def drawn(self) -> dict[str, tuple[Plot, bytes]]:
        """Every figure that can be drawn from this validation, and its picture; drawn once."""
        found = {}
        for name, (of, draw) in _FIGURES.items():
            if self.group not in (None, of):
                continue
            try:
                plot = draw(self.validation)
            except ArgumentRefused:  # no outcome, or nobody held out: the metric's note says so
                continue
            if plot is not None:
                found[name] = plot, plot.png()
        return found


def validation_page(validation: Validation, verdict: Verdict, group: str | None = None) -> str:
    """The page of a validation.

    Parameters
    ----------
    validation : Validation
    verdict : Verdict
    group : str, optional
        Only the metrics and figures of this group.

    Returns
    -------
    str
        HTML.
    """
    return _page(_Told(validation, verdict, group))


def validation_paper(validation: Validation, verdict: Verdict, group: str | None = None) -> bytes:
    """The same as a PDF; see `validation_page`.

    Returns
    -------
    bytes
        PDF/UA-1: tagged, with a title, a language and a description of every figure.
    """
    return _paper(_Told(validation, verdict, group))


def validation_report(
    validation: Validation, verdict: Verdict, group: str | None = None
) -> tuple[str, bytes]:
    """Page and paper together, from figures that are drawn once; see `validation_page`."""
    told = _Told(validation, verdict, group)
    return _page(told), _paper(told)


def _page(told: _Told) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("validation.html.j2").render(
        title=told.title,
        heading=told.validation.heading,
        verdict=told.verdict,
        uses=told.uses,
        attacked=told.validation.holdout_rows > 0,
        sections=told.sections,
        distances=told.distances,
        draws=told.validation.draws,
        figures=[
            {
                "image": base64.b64encode(picture).decode("ascii"),
                "caption": plot.caption,
                "alt": plot.alt,
                "data": html_table(*cells(plot.data.head(_ROWS))),
                "rows": len(plot.data),
            }
            for plot, picture in told.drawn.values()
        ],
        style=(_TEMPLATES / "report.css").read_text(encoding="utf-8"),
    )


def _paper(told: _Told) -> bytes:
    import typst

    validation = told.validation
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        shown = {}
        for number, (name, (plot, picture)) in enumerate(told.drawn.items()):
            file = f"figure-{number}.png"
            (folder / file).write_bytes(picture)
            shown[name] = {"file": file, "alt": plot.alt, "caption": plot.caption}
        content = {
            "title": told.title, "heading": validation.heading, "verdict": told.verdict.as_dict(),
            "uses": told.uses, "sections": told.sections,
            "distances": told.distances, "draws": validation.draws,
            "seed": validation.seed,
            "first": [shown[name] for name in _FIRST if name in shown],
            "figures": [one for name, one in shown.items() if name not in _FIRST],
        }  # fmt: skip
        (folder / "told.json").write_text(json.dumps(content), encoding="utf-8")
        source = folder / "validation.typ"
        source.write_bytes((_TEMPLATES / "validation.typ").read_bytes())
        return typst.compile(
            str(source), root=str(folder), pdf_standards=["ua-1"], ignore_system_fonts=True
        )


def _number(number: float) -> str:
    """To three decimals, without a minus before a zero."""
    return "–" if number != number else f"{round(number, 3) + 0.0:.3f}"
