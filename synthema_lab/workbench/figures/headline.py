"""Where does each synthetic table stand between floor and ceiling?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from synthema_lab.errors import ArgumentRefused
from synthema_lab.validation import Metric, Validation

from .style import (
    BLACK,
    GREY,
    LIGHT,
    Plot,
    canvas,
    house_style,
    listed,
    named,
    series,
    wrapped,
)

HEADLINE = (
    "univariate_distance",
    "c2st_auc",
    "km_gap",
    "log_hr_error",
    "c_index",
    "membership_tpr",
)


def headline(
    validations: Validation | Mapping[str, Validation], metrics: Sequence[str] = HEADLINE
) -> Plot:
    """One line a metric: value, interval, floor and ceiling of one or several tables.

    Parameters
    ----------
    validations : Validation or mapping of name to Validation
    metrics : sequence of str
        Names of metrics; those not computed are named in the caption.

    Raises
    ------
    ArgumentRefused
        When none of them was computed.
    """
    tables = named(validations)
    found = {name: [table[name] for table in tables.values()] for name in metrics}
    shown = {name: row for name, row in found.items() if any(m.computed for m in row)}
    if not shown:
        raise ArgumentRefused(
            "None of these metrics was computed.",
            "At least one metric with a value.",
            "See validation.table() for what was computed and why not.",
        )
    data = pd.DataFrame(
        [
            {
                "table": table,
                "metric": name,
                "label": metric.label,
                "better": metric.direction,
                **{k: getattr(metric, k) for k in ("value", "low", "high", "floor", "ceiling")},
            }
            for name, row in found.items()
            for table, metric in zip(tables, row, strict=True)
        ]
    )
    with house_style():
        each = 0.72 + 0.2 * (len(tables) - 1)
        figure, axes = canvas(0.6 + each * len(shown), len(shown))
        for panel, row in zip(axes, shown.values(), strict=True):
            _strip(panel, row, list(tables))
        _legend(figure, list(tables))
    caption = (
        "Value with 95% interval. Triangle: floor, independent marginals of the same patients. "
        f"Diamond: ceiling, {_held(tables)}, or chance for an attack; it is itself a measurement "
        "on few patients, so that a table can pass it by luck. Each line has its own scale."
    )
    absent = [row[0].label for name, row in found.items() if name not in shown]
    if absent:
        caption += f" Not computed: {listed(absent)}."
    return Plot(figure, data, caption, _alt(shown, list(tables)))


def _held(tables: Mapping[str, Validation]) -> str:
    rows = next(iter(tables.values())).holdout_rows
    return f"{rows} real patients who were held out" if rows else "unknown without a holdout"


def _strip(panel, row: list[Metric], names: list[str]) -> None:
    metric = row[0]
    marks = [
        value
        for m in row
        for value in (m.value, m.low, m.high, m.floor, m.ceiling)
        if math.isfinite(value)
    ]
    low, high = min(marks), max(marks)
    space = 0.06 * (high - low) or 0.05
    panel.axhline(0, color=LIGHT, linewidth=1, zorder=0)
    if isinstance(metric.goal, float):
        panel.axvline(metric.goal, color=GREY, linewidth=1, linestyle=(0, (2, 2)), zorder=0)
    if math.isfinite(metric.floor):
        panel.plot(
            metric.floor, 0, marker="^", color=GREY, markersize=9, linestyle="none", zorder=3
        )
    if math.isfinite(metric.ceiling):
        panel.plot(
            metric.ceiling,
            0,
            marker="D",
            markersize=8,
            linestyle="none",
            markerfacecolor="white",
            markeredgecolor=BLACK,
            markeredgewidth=1.5,
            zorder=3,
        )
    said = []
    for number, (m, name) in enumerate(zip(row, names, strict=True)):
        if not m.computed:
            said.append(f"{name}: not computed" if len(names) > 1 else "not computed")
            continue
        style, at = series(number), 0.5 * ((len(names) - 1) / 2 - number)
        if math.isfinite(m.low):
            panel.hlines(at, m.low, m.high, color=style["color"], linewidth=4, alpha=0.45)
        panel.plot(
            m.value,
            at,
            marker=style["marker"],
            color=style["color"],
            markersize=7,
            linestyle="none",
            zorder=4,
        )
        said.append(f"{m.value:.3f}")
    panel.set_xlim(max(metric.range[0], low - space) - 0.001, high + space)
    panel.set_ylim(-0.25 - 0.28 * len(names), 0.25 + 0.28 * len(names))
    panel.set_yticks([])
    panel.spines["left"].set_visible(False)
    panel.locator_params(axis="x", nbins=6)
    panel.tick_params(axis="x", labelsize=9.5)
    panel.text(
        -0.03, 0.62, wrapped(metric.label, 30), transform=panel.transAxes, ha="right", va="center"
    )
    panel.text(
        -0.03,
        0.05,
        metric.direction,
        transform=panel.transAxes,
        ha="right",
        va="center",
        fontsize=9,
        color=GREY,
    )
    panel.text(
        1.02,
        0.5,
        "\n".join(said),
        transform=panel.transAxes,
        ha="left",
        va="center",
        fontsize=10,
        linespacing=1.3,
    )


def _legend(figure, names: list[str]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=s["color"], marker=s["marker"], linewidth=4, alpha=0.8, label=name)
        for name, s in ((name, series(number)) for number, name in enumerate(names))
    ]
    handles.append(
        Line2D([], [], color=GREY, marker="^", markersize=9, linestyle="none", label="floor")
    )
    handles.append(
        Line2D(
            [],
            [],
            marker="D",
            markersize=8,
            linestyle="none",
            markerfacecolor="white",
            markeredgecolor=BLACK,
            markeredgewidth=1.5,
            label="ceiling",
        )
    )
    figure.legend(handles=handles, loc="outside upper left", ncols=min(5, len(handles)))


def _alt(shown: Mapping[str, list[Metric]], names: list[str]) -> str:
    texts = []
    for row in shown.values():
        values = listed(
            [
                f"{name} {m.value:.3f}" if m.computed else f"{name} not computed"
                for m, name in zip(row, names, strict=True)
            ]
        )
        floor, ceiling = row[0].floor, row[0].ceiling
        bounds = [
            f"{said} {value:.3f}"
            for said, value in (("floor", floor), ("ceiling", ceiling))
            if math.isfinite(value)
        ]
        texts.append(f"{row[0].label} ({row[0].direction}): {'; '.join([values, *bounds])}")
    return "Metrics on a scale from floor to ceiling. " + ". ".join(texts) + "."
