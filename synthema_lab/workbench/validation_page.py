"""How does one validation become a page for a custodian?

The same paper as the report of a run: one HTML file that loads nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import ArgumentRefused
from ..validation import Validation
from . import figures
from .display import cells, html_table

_TEMPLATES = Path(__file__).with_name("templates")
_ROWS = 40
_FIGURES = {
    "headline": ("fidelity", figures.headline),
    "marginals": ("fidelity", figures.marginals),
    "missingness": ("fidelity", figures.missingness),
    "survival": ("clinical", figures.kaplan_meier),
    "hazard ratios": ("clinical", figures.hazard_ratios),
    "attack": ("privacy", figures.attack_roc),
}


def validation_page(
    validation: Validation, refused: Sequence[str] = (), group: str | None = None
) -> str:
    """The page of a validation.

    Parameters
    ----------
    validation : Validation
    refused : sequence of str
        Reasons that forbid a release.
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
    kept = [metric for metric in validation if group in (None, metric.group)]
    header = ["Metric", "Value (95% interval)", "Floor", "Ceiling", "Best", "Note"]
    rows = [
        [
            metric.label, f"{metric.value:.3f} ({metric.low:.3f} to {metric.high:.3f})",
            f"{metric.floor:.3f}", f"{metric.ceiling:.3f}", metric.direction, metric.note,
        ]
        if metric.computed
        else [metric.label, "not computed", "–", "–", metric.direction, metric.note]
        for metric in kept
    ]  # fmt: skip
    return environment.get_template("validation.html.j2").render(
        title="What the attacks found" if group == "privacy" else "How far can this be trusted?",
        heading=validation.heading,
        refused=refused,
        attacked=validation.holdout_rows > 0,
        metrics=html_table(header, rows),
        draws=validation.draws,
        figures=_drawn(validation, group),
        style=(_TEMPLATES / "report.css").read_text(encoding="utf-8"),
    )


def _drawn(validation: Validation, group: str | None) -> list[dict[str, Any]]:
    """Every figure that can be drawn from this validation, with its data."""
    drawn = []
    for of, draw in _FIGURES.values():
        if group not in (None, of):
            continue
        try:
            plot = draw(validation)
        except ArgumentRefused:  # no outcome, or nobody held out: the metric's note says so
            continue
        if plot is not None:
            drawn.append(
                {
                    "image": base64.b64encode(plot.png()).decode("ascii"),
                    "caption": plot.caption,
                    "alt": plot.alt,
                    "data": html_table(*cells(plot.data.head(_ROWS))),
                    "rows": len(plot.data),
                }
            )
    return drawn
