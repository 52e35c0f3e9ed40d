"""By how much do synthetic patients of a kind differ from real ones, variable by variable?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..differences import COLUMNS, HELD_OUT, SMALL
from .style import (
    BLACK,
    GREY,
    LIGHT,
    Plot,
    canvas,
    drawable,
    house_style,
    light_grid,
    listed,
    series,
    wrapped,
)

_FURTHEST = 1.6


def differences(found: pd.DataFrame) -> Plot:
    """Differences from real patients in standard deviations, one line a variable.

    Parameters
    ----------
    found : pandas.DataFrame
        What ``lab.overviews.differences`` gives.

    Raises
    ------
    ArgumentRefused
        When it is another table.
    """
    data = drawable(
        found, COLUMNS, "differences", "variable and table",
        "differences(real, tables, dictionary, variables)",
    )  # fmt: skip
    labels, tables = list(dict.fromkeys(data["label"])), list(dict.fromkeys(data["table"]))
    step = 0.8 / max(1, len(tables))
    reach = min(_FURTHEST, 1.05 * float(data[["low", "high"]].abs().max().max()))
    with house_style():
        figure, (panel,) = canvas(1.3 + len(labels) * (0.2 + 0.11 * len(tables)))
        panel.axvspan(-SMALL, SMALL, color=LIGHT, alpha=0.7, linewidth=0)
        panel.axvline(0, color=GREY, linewidth=1)
        for number, table in enumerate(tables):
            part = data[data["table"] == table].set_index("label").reindex(labels)
            at = np.arange(len(labels)) + step * (number - (len(tables) - 1) / 2)
            _marks(panel, part, at, table, number, reach)
        first = data[data["table"] == tables[0]].set_index("label").reindex(labels)
        for place, row in enumerate(first.itertuples()):
            panel.text(
                1.02, place, _told(row), transform=panel.get_yaxis_transform(),
                ha="left", va="center", fontsize=9,
            )  # fmt: skip
        panel.text(
            1.02, 1.0, f"real, {tables[0]}", transform=panel.transAxes,
            ha="left", va="bottom", fontsize=9, color=GREY,
        )  # fmt: skip
        panel.set_yticks(range(len(labels)), [wrapped(label, 34) for label in labels])
        panel.set_ylim(len(labels) - 0.4, -0.6)
        panel.set_xlim(-reach, reach)
        panel.tick_params(axis="y", length=0)
        panel.set_xlabel("Difference from real patients (standard deviations)")
        light_grid(panel, "x")
        figure.legend(loc="outside upper left", ncols=2 if len(tables) == 4 else 3)
    beyond = int((data["difference"].abs() > reach).sum())
    caption = (
        "Mean or share less that of the real patients learnt from, in standard deviations, with "
        "a 95% interval from the number of rows on both sides. Grey band: differences below "
        f"{SMALL:g}, customarily called small. On the right the mean or share itself, real and "
        f"{tables[0]}. Variables and levels of fewer than 10 real patients are left out."
    )
    if beyond:
        caption += f" {beyond} differences lie beyond the frame (arrow)."
    return Plot(figure, data, caption, _alt(data, tables))


def _marks(panel, part: pd.DataFrame, at: np.ndarray, table: str, number: int, reach: float):
    held = table == HELD_OUT
    style = {"color": BLACK, "marker": "D"} if held else series(number)
    look = {"color": style["color"], "linestyle": "none", "markersize": 6}
    inside = part["difference"].abs() <= reach
    kept = part.where(inside)
    panel.hlines(
        at, kept["low"].clip(-reach, reach), kept["high"].clip(-reach, reach),
        color=style["color"], linewidth=1.6, alpha=0.8,
    )  # fmt: skip
    face = {"markerfacecolor": "white", "markeredgewidth": 1.4} if held else {}
    panel.plot(kept["difference"], at, marker=style["marker"], label=table, **look, **face)
    for sign, marker in ((1, ">"), (-1, "<")):
        outside = (sign * part["difference"] > reach).to_numpy()
        panel.plot(
            np.full(outside.sum(), sign * 0.97 * reach), at[outside], marker=marker, **look
        )  # fmt: skip


def _told(row) -> str:
    """Both values with their unit, such as ``8.2, 8.4 g/dL``."""
    if not np.isfinite(row.value):
        return "not computed"
    real, value = (f"{number:.3g}" for number in (row.real, row.value))
    return f"{real}, {value} {row.unit}".rstrip()


def _alt(data: pd.DataFrame, tables: list[str]) -> str:
    said = []
    for table in tables:
        part = data[(data["table"] == table) & data["difference"].notna()]
        if part.empty:
            continue
        worst = part.loc[part["difference"].abs().idxmax()]
        small = int((part["difference"].abs() < SMALL).sum())
        said.append(
            f"{table}: {small} of {len(part)} differences are below {SMALL:g} standard deviations; "
            f"the largest is {worst['difference']:+.2f}, in {worst['label']} "
            f"({worst['real']:.3g} in real patients, {worst['value']:.3g})"
        )
    lines = len(dict.fromkeys(data["label"]))
    return f"{lines} lines with dots for {listed(tables)}. " + ". ".join(said) + "."
