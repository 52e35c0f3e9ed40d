"""Do synthetic patients live as long as real ones?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from synthema_lab.errors import ArgumentRefused
from synthema_lab.validation import Validation

from .style import (
    BLACK,
    GREY,
    Plot,
    at_time,
    canvas,
    house_style,
    light_grid,
    listed,
    named,
    series,
    wrapped,
)


def kaplan_meier(
    validations: Validation | Mapping[str, Validation], by_group: bool = False
) -> Plot:
    """Survival curves of real and of one or several synthetic tables.

    Parameters
    ----------
    validations : Validation or mapping of name to Validation
        Made against the same real patients.
    by_group : bool
        One panel a risk group, instead of all patients together.

    Returns
    -------
    Plot

    Raises
    ------
    ArgumentRefused
        When there are no survival curves, or no risk groups.
    """
    tables = named(validations)
    data = _curves(tables, by_group)
    groups = list(dict.fromkeys(data["group"]))
    unit = str(data["time_unit"].iloc[0])
    ticks = np.linspace(0, data["time"].max(), 6)
    with house_style():
        if by_group:
            figure, panels = _group_panels(data, groups, tables)
        else:
            names = ["real", *tables]
            ratio = [3.4, 0.25 + 0.2 * len(names)]
            figure, panels = canvas(
                sum(ratio) + 1.0, 2, 1, sharex=True, gridspec_kw={"height_ratios": ratio}
            )
            _panel(panels[0], data, tables)
            _numbers_at_risk(panels.pop(), data, names, ticks)
        for panel in panels:
            panel.set_xticks(ticks, [f"{tick:g}" for tick in ticks.round(1)])
            if panel.get_subplotspec().is_first_col():
                panel.set_ylabel("Survival probability")
            if not by_group or panel.get_subplotspec().is_last_row():
                panel.set_xlabel(f"Time ({unit})" if unit else "Time")
            panel.tick_params(labelbottom=True)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=min(4, len(labels)))
    who = "by risk group" if by_group else "of all patients"
    of_other = ", the blue one that of the synthetic ones" if len(tables) == 1 else ""
    caption = (
        f"Kaplan-Meier survival {who}. The grey band is the 95% bootstrap interval of the real "
        f"patients{of_other}. Curves are read on a public grid of times; those of real patients "
        "end where fewer than 10 are at risk, and numbers at risk are rounded to 5."
    )
    return Plot(figure, data, caption, _alt_curves(data, tables, unit, groups))


def _curves(tables: Mapping[str, Validation], by_group: bool) -> pd.DataFrame:
    parts = []
    for number, (name, validation) in enumerate(tables.items()):
        curve = validation.curves.get("survival")
        if curve is not None:
            keep = ("real", "synthetic") if number == 0 else ("synthetic",)
            part = curve[curve["table"].isin(keep) & ((curve["group"] != "all") == by_group)]
            parts.append(part.replace({"table": {"synthetic": name}}))
    if not parts or not sum(len(part) for part in parts):
        raise ArgumentRefused(
            "This validation holds no survival curves" + (" by risk group." if by_group else "."),
            "A dictionary with a survival time, an event"
            + (" and a risk group of at least 30 patients." if by_group else "."),
            "Use kaplan_meier(validation) without groups, or leave the figure out.",
        )
    return pd.concat(parts, ignore_index=True)


def _group_panels(data: pd.DataFrame, groups: list[str], tables: Mapping[str, Validation]):
    columns = min(2, len(groups))
    rows = -(-len(groups) // columns)
    figure, axes = canvas(2.9 * rows + 0.6, rows, columns, sharey=True, sharex=True)
    for panel, group in zip(axes, groups, strict=False):
        _panel(panel, data[data["group"] == group], tables)
        panel.set_title(wrapped(group, 34))
    for panel in axes[len(groups) :]:
        panel.set_visible(False)
    return figure, axes[: len(groups)]


def _panel(panel, data: pd.DataFrame, tables: Mapping[str, Validation]) -> None:
    real = data[data["table"] == "real"]
    panel.fill_between(
        real["time"], real["low"], real["high"], step="post", color=GREY, alpha=0.25, linewidth=0
    )
    panel.step(
        real["time"],
        real["survival"],
        where="post",
        color=BLACK,
        linewidth=2.6,
        label="real patients (95% band)",
    )
    for number, name in enumerate(tables):
        part, style = data[data["table"] == name], series(number)
        if len(tables) == 1:
            panel.fill_between(
                part["time"], part["low"], part["high"], step="post", color=style["color"],
                alpha=0.15, linewidth=0,
            )  # fmt: skip
        panel.step(
            part["time"],
            part["survival"],
            where="post",
            label=name,
            color=style["color"],
            linestyle=style["linestyle"],
            linewidth=1.6,
            marker=style["marker"],
            markersize=5.5,
            markevery=(2 + 3 * number, 12),
        )
    panel.set_ylim(0, 1.02)
    panel.set_xlim(0, 1.01 * data["time"].max())
    light_grid(panel)


def _numbers_at_risk(panel, data: pd.DataFrame, names: list[str], times: np.ndarray) -> None:
    """A row of numbers at risk for each table, below the curves."""
    for row, name in enumerate(names):
        part = data[data["table"] == name]
        for time in times:
            # Times are equal parts of the horizon, so each is on the grid.
            there = part[np.isclose(part["time"], time)]
            text = f"{there['at_risk'].iloc[0]}" if len(there) else "<10"
            side = "left" if time == 0 else "right" if time == times[-1] else "center"
            panel.text(time, row, text, ha=side, va="center", fontsize=10)
    panel.set_ylim(len(names) - 0.4, -0.6)
    panel.set_yticks(range(len(names)), ["real", *(wrapped(name, 18) for name in names[1:])])
    panel.tick_params(length=0, labelbottom=False, pad=12)
    panel.set_title("At risk", fontsize=10)
    for spine in panel.spines.values():
        spine.set_visible(False)


def _alt_curves(data, tables, unit: str, groups: list[str]) -> str:
    said = []
    for group in groups:
        part = data[data["group"] == group]
        real = part[part["table"] == "real"].set_index("time")["survival"]
        where = "All patients" if group == "all" else group
        middle = real.index[np.abs(real.index - real.index.max() / 2).argmin()]
        text = (
            f"{where}: survival of real patients is {real.loc[middle]:.0%} at "
            f"{at_time(middle, unit)} and {real.iloc[-1]:.0%} at {at_time(real.index[-1], unit)}"
        )
        gaps = []
        for name in tables:
            other = part[part["table"] == name].set_index("time")["survival"]
            gap = (other.reindex(real.index) - real).dropna()
            if not len(gap):
                gaps.append(f"{name} has no patients")
                continue
            at = gap.abs().idxmax()
            side = "above" if gap.loc[at] > 0 else "below"
            gaps.append(
                f"the curve of {name} has its largest gap, {abs(gap.loc[at]):.2f} {side}, "
                f"at {at_time(at, unit)}"
            )
        said.append(f"{text}; {listed(gaps)}.")
    return f"Kaplan-Meier survival, real against {listed(list(tables))}. " + " ".join(said)
