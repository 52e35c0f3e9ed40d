"""How is a validation printed so that it reads without training?

Each number comes with its interval and a small scale on which the floor is a
triangle and the ceiling a diamond: shape carries what colour would.
"""

from __future__ import annotations

import math
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

from .metric import GROUPS, Metric

if TYPE_CHECKING:
    from .result import Validation

WIDTH = 24
CELL = "padding:3px 8px;vertical-align:top"
LEGEND = (
    "Value with 95% interval. Floor (F): independent marginals of the same patients. "
    "Ceiling (C): real patients who were held out, or chance for an attack; it is itself "
    "measured on few patients, so that a table can pass it by luck."
)


def as_text(validation: Validation) -> str:
    """The validation as lines for a terminal."""
    lines = [validation.heading, LEGEND]
    for group, metrics in groupby(validation.metrics, key=lambda metric: metric.group):
        lines += ["", GROUPS[group]]
        for metric in metrics:
            lines.append(f"  {metric}")
            if metric.computed:
                lines.append(f"    {scale_text(metric)}")
                if metric.note:
                    lines.append(f"    {metric.note}")
    return "\n".join(lines)


def scale_text(metric: Metric) -> str:
    """Value, floor and ceiling on a line of characters.

    Examples
    --------
    >>> print(scale_text(Metric("clinical", "m", "M", "minimise", (0, 1), 0.5, 0.4, 0.6, 1.0, 0.0)))
    0.000 C        ===*==        F 1.000
    """
    low, high = limits(metric)
    line = [" "] * WIDTH

    def place(value: float) -> int:
        return round((value - low) / (high - low) * (WIDTH - 1))

    if math.isfinite(metric.low) and math.isfinite(metric.high):
        for position in range(place(metric.low), place(metric.high) + 1):
            line[position] = "="
    for value, mark in ((metric.floor, "F"), (metric.ceiling, "C"), (metric.value, "*")):
        if math.isfinite(value):
            line[place(value)] = mark
    return f"{low:.3f} {''.join(line)} {high:.3f}"


def limits(metric: Metric) -> tuple[float, float]:
    """The part of the scale that holds every mark of a metric."""
    marks = (metric.value, metric.low, metric.high, metric.floor, metric.ceiling)
    known = [mark for mark in marks if math.isfinite(mark)]
    low, high = min(known, default=0.0), max(known, default=1.0)
    if high - low < 1e-9:
        low, high = max(metric.range[0], low - 0.05), min(metric.range[1], high + 0.05)
    return low, high if high > low else low + 0.05


def as_html(validation: Validation) -> str:
    """The validation as a table for a notebook; loads nothing from the network."""
    rows = []
    for group, metrics in groupby(validation.metrics, key=lambda metric: metric.group):
        rows.append(
            f'<tr><th colspan="5" scope="rowgroup" style="text-align:left;padding:10px 8px 2px">'
            f"{escape(GROUPS[group])}</th></tr>"
        )
        rows += [_row(metric) for metric in metrics]
    head = "".join(
        f'<th scope="col" style="{CELL};text-align:left">{escape(name)}</th>'
        for name in ("Metric", "Value (95% interval)", "Scale", "Floor", "Ceiling")
    )
    return (
        f'<div style="max-width:900px"><p><strong>{escape(validation.heading)}</strong></p>'
        f'<table style="border-collapse:collapse"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
        f'<p style="font-size:smaller">{escape(LEGEND)} On the scale: line, interval; dot, value; '
        f"triangle, floor; diamond, ceiling. {validation.draws} bootstrap draws of the patients "
        f"unless a note says otherwise; seed {validation.seed}.</p></div>"
    )


def _row(metric: Metric) -> str:
    from .registry import MEASURES

    meanings = [measure.meaning for measure in MEASURES if measure.name == metric.name]
    said = [text for text in (*meanings, metric.note) if text]
    notes = "".join(f'<br><span style="font-size:smaller">{escape(text)}</span>' for text in said)
    name = (
        f'<th scope="row" style="{CELL};text-align:left;font-weight:normal">'
        f"<strong>{escape(metric.label)}</strong> ({escape(metric.direction)}){notes}</th>"
    )
    if not metric.computed:
        return f'<tr>{name}<td colspan="4" style="{CELL}">not computed</td></tr>'
    interval = "no interval"
    if math.isfinite(metric.low):
        interval = f"{metric.low:.3f} to {metric.high:.3f}"
    cells = (
        f"<strong>{metric.value:.3f}</strong><br>{interval}",
        scale_svg(metric),
        _said(metric.floor),
        _said(metric.ceiling),
    )
    row = "".join(f'<td style="{CELL};white-space:nowrap">{cell}</td>' for cell in cells)
    return f"<tr>{name}{row}</tr>"


def scale_svg(metric: Metric) -> str:
    """The scale as a small drawing, with its text for screen readers."""
    low, high = limits(metric)

    def place(value: float) -> float:
        return round(8 + 124 * (value - low) / (high - low), 1)

    parts = ['<line x1="8" x2="132" y1="11" y2="11" stroke="#bbb"/>']
    if math.isfinite(metric.low) and math.isfinite(metric.high):
        parts.append(
            f'<line x1="{place(metric.low)}" x2="{place(metric.high)}" y1="11" y2="11" '
            f'stroke="#0072B2" stroke-width="4" stroke-opacity="0.5"/>'
        )
    if math.isfinite(metric.floor):
        x = place(metric.floor)
        parts.append(f'<path d="M{x - 5},17 L{x + 5},17 L{x},7 Z" fill="#6E6E6E"/>')
    if math.isfinite(metric.ceiling):
        x = place(metric.ceiling)
        parts.append(
            f'<path d="M{x},4 L{x + 5},11 L{x},18 L{x - 5},11 Z" fill="none" stroke="#000" '
            f'stroke-width="1.5"/>'
        )
    parts.append(f'<circle cx="{place(metric.value)}" cy="11" r="4" fill="#0072B2"/>')
    return (
        f'<svg width="140" height="22" role="img" aria-label="{escape(str(metric), quote=True)}">'
        f"{''.join(parts)}</svg>"
    )


def _said(number: float) -> str:
    return f"{number:.3f}" if math.isfinite(number) else "unknown"
