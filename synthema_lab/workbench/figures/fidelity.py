"""Is each variable shared out as in real patients, gaps included?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from synthema_lab.validation import Validation

from .labels import brief, briefs
from .style import (
    BLACK,
    GREY,
    LIGHT,
    Plot,
    canvas,
    house_style,
    light_grid,
    listed,
    named,
    series,
    wrapped,
)

REAL = "real patients"


def marginals(validations: Validation | Mapping[str, Validation], most: int = 12) -> Plot:
    """Small multiples: shares over public bins, real and synthetic.

    Parameters
    ----------
    validations : Validation or mapping of name to Validation
    most : int
        With more variables than this, those that differ most are drawn; the
        data hold all of them.
    """
    tables = named(validations)
    data = _shares(tables)
    order = _largest_gaps(data, tables)
    shown = [name for name in dict.fromkeys(data["variable"]) if name in set(order.index[:most])]
    columns = min(3, len(shown))
    rows = -(-len(shown) // columns)
    with house_style():
        figure, axes = canvas(2.7 * rows + 0.5, rows, columns)
        for panel, name in zip(axes, shown, strict=False):
            _bins(panel, data[data["variable"] == name], tables)
        for panel in axes[len(shown) :]:
            panel.set_visible(False)
        for place in range(0, len(shown), columns):
            axes[place].set_ylabel("Share of patients")
        _legend(figure, axes[0])
    hidden = int(data["hidden"].sum())
    caption = (
        "Share of patients in each public bin or category of the data dictionary. "
        "Counts of real patients are rounded to 5"
        + (f"; {hidden} bins with fewer than 10 are not shown (cross)." if hidden else ".")
    )
    if len(shown) < len(order):
        caption += f" The {len(shown)} of {len(order)} variables that differ most are drawn."
    worst = order.index[0]
    label = data.loc[data["variable"] == worst, "label"].iloc[0]
    alt = (
        f"Bars of real shares with markers for {listed(list(tables))}, {len(shown)} variables. "
        f"The largest difference of one share is {order.iloc[0]:.2f}, in {label}; the median of "
        f"the largest differences is {order.median():.2f}."
    )
    return Plot(figure, data, caption, alt)


def missingness(validations: Validation | Mapping[str, Validation], most: int = 20) -> Plot | None:
    """Share missing by variable, real and synthetic; None where nothing is missing."""
    tables = named(validations)
    parts = []
    for number, (name, validation) in enumerate(tables.items()):
        table = validation.curves["missingness"]
        for column in ("real", "synthetic") if number == 0 else ("synthetic",):
            said = name if column == "synthetic" else "real"
            part = table[["variable", "label"]].assign(table=said, share=table[column])
            parts.append(part)
    data = pd.concat(parts, ignore_index=True)
    largest = data.groupby("variable", sort=False)["share"].max().nlargest(most)
    shown = list(largest[largest > 0].index)
    if not shown:
        return None
    labels = data.drop_duplicates("variable").set_index("variable")["label"]
    with house_style():
        figure, (panel,) = canvas(1.2 + len(shown) * (0.2 + 0.1 * len(tables)))
        real = data[data["table"] == "real"].set_index("variable").loc[shown, "share"]
        panel.barh(range(len(shown)), real, color=LIGHT, edgecolor=BLACK, height=0.7, label=REAL)
        for number, name in enumerate(tables):
            part = data[data["table"] == name].set_index("variable").loc[shown, "share"]
            style = series(number)
            offset = (number - (len(tables) - 1) / 2) * 0.2
            panel.plot(
                part,
                np.arange(len(shown)) + offset,
                linestyle="none",
                marker=style["marker"],
                color=style["color"],
                label=name,
            )
        short = briefs(labels[shown], 38)
        panel.set_yticks(range(len(shown)), [short[labels[name]] for name in shown])
        panel.tick_params(axis="y", length=0, labelsize=9)
        panel.set_ylim(len(shown) - 0.5, -0.5)
        panel.set_xlabel("Share of patients without a value")
        panel.set_xlim(0, min(1.0, 1.12 * data["share"].max()))
        light_grid(panel, "x")
        _legend(figure, panel)
    wide = data.pivot(index="variable", columns="table", values="share")
    gap = wide[list(tables)].sub(wide["real"], axis=0).abs().max(axis=1)
    alt = (
        f"Share missing in {len(shown)} variables, from {real.max():.0%} in "
        f"{labels[real.idxmax()]} downwards among real patients; the largest difference to a "
        f"synthetic table is {gap.max():.2f}, in {labels[gap.idxmax()]}."
    )
    caption = "Share of patients without a value. Bars: real patients; markers: synthetic."
    return Plot(figure, data, caption, alt)


def _shares(tables: Mapping[str, Validation]) -> pd.DataFrame:
    """One column a synthetic table beside the real shares."""
    data = None
    for name, validation in tables.items():
        part = validation.curves["marginals"]
        if data is None:
            data = part.drop(columns=["synthetic", "floor"])
        column = part.set_index(["variable", "bin"])["synthetic"].rename(name)
        data = data.merge(column.reset_index(), on=["variable", "bin"], how="left")
    return data


def _largest_gaps(data: pd.DataFrame, tables: Mapping[str, Validation]) -> pd.Series:
    gaps = data[list(tables)].sub(data["real"], axis=0).abs().max(axis=1)
    return gaps.groupby(data["variable"]).max().fillna(0.0).sort_values(ascending=False)


def _legend(figure, panel) -> None:
    """Real patients first, then the tables in their order."""
    found = dict(zip(*reversed(panel.get_legend_handles_labels()), strict=True))
    names = [REAL, *(name for name in found if name != REAL)]
    handles = [found[name] for name in names]
    figure.legend(handles, names, loc="outside upper left", ncols=min(4, len(names)))


def _bins(panel, data: pd.DataFrame, tables: Mapping[str, Validation]) -> None:
    at = np.arange(len(data), dtype=float)
    gap = bool(data["numeric"].iloc[0]) and data["bin"].iloc[-1] == "missing"
    at[-1] += 0.5 * gap
    panel.bar(at, data["real"].fillna(0), width=0.9, color=LIGHT, edgecolor=GREY, label=REAL)
    hidden = data["hidden"].to_numpy(bool)
    if hidden.any():
        nothing = np.zeros(hidden.sum())
        panel.plot(at[hidden], nothing, "x", color=BLACK, markersize=5, clip_on=False)
    for number, name in enumerate(tables):
        style = series(number)
        offset = (number - (len(tables) - 1) / 2) * 0.25
        panel.plot(
            at + offset,
            data[name],
            linestyle="none",
            marker=style["marker"],
            markersize=5,
            color=style["color"],
            label=name,
        )
    first = data.iloc[0]
    panel.set_title(wrapped(brief(first["label"], 42), 22), fontsize=10)
    panel.set_ylim(bottom=0)
    light_grid(panel, "y")
    if first["numeric"]:
        edges = [*data["low_edge"].dropna(), data["high_edge"].dropna().iloc[-1]]
        longest = max(len(f"{edge:g}") for edge in edges)
        most = min(len(edges), 5 if longest < 3 else 4 if longest == 3 else 3)
        keep = np.unique(np.linspace(0, len(edges) - 1, most).round().astype(int))
        ticks, said = [*(keep - 0.5)], [f"{edges[place]:g}" for place in keep]
        if gap:
            ticks, said = [*ticks, at[-1]], [*said, "\nmissing"]
        panel.set_xticks(ticks, said)
        if first["unit"]:
            panel.set_xlabel(first["unit"])
    else:
        if len(data) <= 3:
            panel.set_xticks(at, [wrapped(text, 10) for text in data["bin"]])
        else:
            panel.set_xticks(at, [brief(text, 14) for text in data["bin"]], rotation=90, fontsize=9)
