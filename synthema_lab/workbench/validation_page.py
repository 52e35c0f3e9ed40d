"""How does one validation become a page for a custodian, on a screen and on paper?

The same content twice: one HTML file that loads nothing, and a PDF that a screen
reader can read (PDF/UA-1), whose first page can be read alone.
"""

from __future__ import annotations

import base64
import json
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..errors import ArgumentRefused
from ..validation import Metric, Validation, Verdict
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
NARROW = "\u00a0"
"""Between words that stay on one line."""
DISTANCES = ("closer_to_training",)
"""Said last, and in grey: they are no evidence."""
HEADER = ("Metric", "Value (95% interval)", "Floor", "Ceiling", "Best", "Note")


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
    def rows(self) -> list[list[str]]:
        return [_row(metric) for metric in self._kept() if metric.name not in DISTANCES]

    @property
    def distances(self) -> list[list[str]]:
        return [_row(metric) for metric in self._kept() if metric.name in DISTANCES]

    def _kept(self) -> list[Metric]:
        return [metric for metric in self.validation if self.group in (None, metric.group)]

    @property
    def uses(self) -> dict[str, list[str]]:
        return {} if self.group == "privacy" else uses_by_level(self.validation)

    def drawn(self) -> dict[str, Plot]:
        """Every figure that can be drawn from this validation."""
        found = {}
        for name, (of, draw) in _FIGURES.items():
            if self.group not in (None, of):
                continue
            try:
                plot = draw(self.validation)
            except ArgumentRefused:  # no outcome, or nobody held out: the metric's note says so
                continue
            if plot is not None:
                found[name] = plot
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
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    told = _Told(validation, verdict, group)
    return environment.get_template("validation.html.j2").render(
        title=told.title,
        heading=validation.heading,
        verdict=verdict,
        uses=told.uses,
        attacked=validation.holdout_rows > 0,
        metrics=html_table(list(HEADER), told.rows),
        distances=html_table(list(HEADER), told.distances) if told.distances else "",
        draws=validation.draws,
        figures=[
            {
                "image": base64.b64encode(plot.png()).decode("ascii"),
                "caption": plot.caption,
                "alt": plot.alt,
                "data": html_table(*cells(plot.data.head(_ROWS))),
                "rows": len(plot.data),
            }
            for plot in told.drawn().values()
        ],
        style=(_TEMPLATES / "report.css").read_text(encoding="utf-8"),
    )


def validation_paper(validation: Validation, verdict: Verdict, group: str | None = None) -> bytes:
    """The same as a PDF; see `validation_page`.

    Returns
    -------
    bytes
        PDF/UA-1: tagged, with a title, a language and a description of every figure.
    """
    import typst

    told = _Told(validation, verdict, group)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        shown = {}
        for number, (name, plot) in enumerate(told.drawn().items()):
            file = f"figure-{number}.png"
            (folder / file).write_bytes(plot.png())
            shown[name] = {"file": file, "alt": plot.alt, "caption": plot.caption}
        content = {
            "title": told.title, "heading": validation.heading, "verdict": verdict.as_dict(),
            "uses": told.uses, "metrics": told.rows,
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


def _row(metric: Metric) -> list[str]:
    best = metric.direction.replace(" ", NARROW)
    if not metric.computed:
        return [metric.label, "not computed", "–", "–", best, metric.note]
    interval = f"{metric.value:.3f} ({metric.low:.3f} to {metric.high:.3f})"
    floor, ceiling = (
        "–" if number != number else f"{number:.3f}" for number in (metric.floor, metric.ceiling)
    )
    return [metric.label, interval, floor, ceiling, best, metric.note]
