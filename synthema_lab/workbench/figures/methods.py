"""Where does each method stand, and how much of that is the luck of one division?"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from ..methods import Comparison
from .style import BLACK, BLUE, GREY, VERMILION, Plot, canvas, house_style, light_grid, wrapped

_COLUMNS = 2
BOUNDS = {
    "floor": {"linestyle": (0, (2, 2)), "color": GREY, "linewidth": 1.3},
    "ceiling": {"linestyle": "-", "color": BLACK, "linewidth": 1.3},
}
LOOKS = {True: (BLUE, "o"), False: (VERMILION, "s")}
"""Colour and marker of a method with a stated privacy budget, and of one without."""


def methods(compared: Comparison) -> Plot:
    """One panel a metric, one line a method: every division, their median and range.

    Parameters
    ----------
    compared : Comparison
        What ``lab.overviews.compare_methods`` gives.
    """
    data = compared.scores.reset_index(drop=True)
    names = list(dict.fromkeys(data["method"]))
    metrics = [name for name in dict.fromkeys(data["metric"])
               if data.loc[data["metric"] == name, "value"].notna().any()]  # fmt: skip
    rows = -(-len(metrics) // _COLUMNS)
    with house_style():
        figure, panels = canvas(0.7 + rows * (0.95 + 0.3 * len(names)), rows, _COLUMNS, sharey=True)
        for panel, metric in zip(panels, metrics, strict=False):
            _panel(panel, data[data["metric"] == metric], names)
        for panel in panels[len(metrics) :]:
            panel.set_visible(False)
        figure.get_layout_engine().set(hspace=0.06, wspace=0.05)
        _legend(figure, set(data["private"].astype(bool)))
    number = data["division"].nunique()
    caption = (
        f"Each small dot is one of {number} divisions of the patients into those learnt from and "
        "those held out, with a fit and a draw of its own; the large mark is the median, the line "
        "the range. Floor: independent marginals. Ceiling: real patients held out, or chance for "
        "an attack; both are medians, and the ceiling is measured on few patients, so that a "
        "method may pass it."
    )
    return Plot(figure, data, caption, _alt(data, names, metrics))


def _legend(figure, private: set[bool]) -> None:
    from matplotlib.lines import Line2D

    said = {True: "states its privacy", False: "states no privacy"}
    handles = [
        Line2D([], [], color=color, marker=marker, markersize=8, linestyle="none", label=said[kept])
        for kept, (color, marker) in LOOKS.items()
        if kept in private
    ]
    handles += [Line2D([], [], label=label, **style) for label, style in BOUNDS.items()]
    figure.legend(handles=handles, loc="outside upper left", ncols=4)


def _panel(panel, data: pd.DataFrame, names: list[str]) -> None:
    floor, ceiling = float(data["floor"].median()), float(data["ceiling"].median())
    for value, style in zip((floor, ceiling), BOUNDS.values(), strict=True):
        if math.isfinite(value):
            panel.axvline(value, zorder=1, **style)
    for place, name in enumerate(names):
        part = data[data["method"] == name].dropna(subset=["value"])
        if part.empty:
            continue
        values, private = part["value"], bool(part["private"].iloc[0])
        color, marker = LOOKS[private]
        panel.hlines(place, values.min(), values.max(), color=color, linewidth=3, alpha=0.35)
        panel.plot(values, np.full(len(values), place), ".", color=color, markersize=6, zorder=3)
        panel.plot(values.median(), place, marker, color=color, markersize=8, zorder=4)
    panel.set_yticks(range(len(names)), [wrapped(name, 24) for name in names])
    panel.set_ylim(len(names) - 0.4, -0.6)
    panel.tick_params(axis="y", length=0)
    panel.locator_params(axis="x", nbins=5)
    panel.set_title(wrapped(data["label"].iloc[0], 32), fontsize=10)
    panel.set_xlabel(data["best"].iloc[0], fontsize=9.5, color=GREY)
    light_grid(panel, "x")


def _alt(data: pd.DataFrame, names: list[str], metrics: list[str]) -> str:
    said = []
    for metric in metrics:
        part = data[data["metric"] == metric]
        medians = part.groupby("method", sort=False)["value"].median().reindex(names)
        told = ", ".join(f"{name} {value:.3f}" for name, value in medians.items())
        bounds = "; ".join(
            f"{bound} {part[bound].median():.3f}" for bound in ("floor", "ceiling")
            if math.isfinite(part[bound].median())
        )  # fmt: skip
        said.append(f"{part['label'].iloc[0]} ({part['best'].iloc[0]}): {told}; {bounds}")
    return "Medians over the divisions. " + ". ".join(said) + "."
