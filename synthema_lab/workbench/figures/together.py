"""Do findings go together, and exclude each other, in synthetic patients as in real ones?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from ..differences import HELD_OUT
from ..together import COLUMNS, FEWEST
from .style import (
    BLUE,
    GREY,
    LIGHT,
    VERMILION,
    Plot,
    canvas,
    drawable,
    house_style,
    light_grid,
    wrapped,
)


def odds_ratios(found: pd.DataFrame) -> Plot:
    """Odds ratios of pairs, one panel a table, against those of real patients.

    Parameters
    ----------
    found : pandas.DataFrame
        What ``lab.overviews.odds_ratios`` gives.

    Raises
    ------
    ArgumentRefused
        When it is another table.
    """
    data = drawable(
        found, COLUMNS, "odds ratios", "pair and table",
        "odds_ratios(real, tables, dictionary, variables)",
    )  # fmt: skip
    tables = list(dict.fromkeys(data["table"]))
    ends = data[["real", "low", "high"]].to_numpy(float)
    low, high = float(ends.min()) / 1.4, float(ends.max()) * 1.4
    middle = float(np.log(1 / low) / np.log(high / low))
    columns = 2 if len(tables) in (2, 4) else min(3, len(tables))
    with house_style():
        rows = -(-len(tables) // columns)
        figure, panels = canvas(
            0.9 + rows * (6.6 / columns if columns > 1 else 5.0), rows, columns,
            sharex=True, sharey=True,
        )  # fmt: skip
        for panel, table in zip(panels, tables, strict=False):
            panel.axhspan(1, high, 0, middle, color=LIGHT, alpha=0.6, linewidth=0)
            panel.axhspan(low, 1, middle, 1, color=LIGHT, alpha=0.6, linewidth=0)
            panel.plot([low, high], [low, high], color=GREY, linestyle=(0, (4, 2)), linewidth=1)
            _pairs(panel, data[data["table"] == table])
            _axes(panel, low, high)
            panel.set_title(wrapped(table, 24))
        for panel in panels[len(tables) :]:
            panel.set_visible(False)
        figure.supylabel("Odds ratio in this table", fontsize=11)
        figure.supxlabel("Odds ratio among the real patients learnt from (log scale)", fontsize=11)
        handles: dict[str, object] = {}
        for panel in panels[: len(tables)]:
            handles |= dict(zip(*reversed(panel.get_legend_handles_labels()), strict=True))
        figure.legend(handles.values(), handles.keys(), loc="outside upper left", ncols=2)
    pairs = data["pair"].nunique()
    caption = (
        f"{pairs} pairs of findings that are associated among the real patients after "
        f"Bonferroni's correction; each finding has at least {FEWEST} patients. Above 1 the two "
        "go together, below 1 they exclude each other; in the shaded quarters the sign is wrong. "
        "Dashed: perfect agreement. Bars: 95% intervals of as many rows as there are real "
        "patients. Fewer than 10 real patients in a cell, where chance would put 10, count as "
        "5, in every table."
        + (
            " The pairs were chosen on the patients learnt from, so that real patients held out "
            "fall short of them too; where fewer than 10 of those are in a cell, none is drawn."
            if HELD_OUT in tables
            else ""
        )
    )
    return Plot(figure, data, caption, _alt(data, tables))


def _pairs(panel, part: pd.DataFrame) -> None:
    same = part["same_side"].astype(bool)
    for chosen, color, marker, label in (
        (same, BLUE, "o", "on the side of 1 of the real patients"),
        (~same, VERMILION, "X", "on the other side"),
    ):
        rows = part[chosen]
        if len(rows):
            panel.vlines(rows["real"], rows["low"], rows["high"], color=color, linewidth=0.9)
            panel.plot(
                rows["real"], rows["value"], marker, color=color, markersize=4.5,
                linestyle="none", label=label,
            )  # fmt: skip


def _axes(panel, low: float, high: float) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.set_xlim(low, high)
    panel.set_ylim(low, high)
    plain: Callable[[float, int], str] = lambda value, _: f"{value:g}"  # noqa: E731
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_locator(FixedLocator([0.01, 0.1, 1, 10, 100]))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(plain))
    light_grid(panel)


def _alt(data: pd.DataFrame, tables: list[str]) -> str:
    said = []
    for table in tables:
        part = data[data["table"] == table]
        apart = np.log(part["value"] / part["real"])
        worst = part.loc[apart.abs().idxmax()]
        said.append(
            f"{table}: {int(part['same_side'].sum())} of {len(part)} on the same side of 1, half "
            f"within a factor of {np.exp(apart.abs().median()):.2f}; furthest is {worst['pair']}, "
            f"{worst['real']:.2g} among real patients and {worst['value']:.2g}"
        )
    return "Scatter of odds ratios against those of real patients. " + ". ".join(said) + "."
