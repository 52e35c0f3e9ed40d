"""How many patients stood out before, how many do afterwards, and what did it cost?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...deidentify import Deidentified
from .style import BLUE, GREY, HATCHES, LIGHT, VERMILION, Plot, canvas, house_style, light_grid


def deidentification(found: Deidentified) -> Plot:
    """Class sizes before and after, and the information each quasi-identifier lost.

    Parameters
    ----------
    found : Deidentified
        What ``lab.deidentify.deidentify`` returns.
    """
    sizes = _sizes(found)
    lost = _lost(found)
    with house_style():
        height = max(3.4, 1.6 + 0.32 * len(lost))
        figure, (left, right) = canvas(height, 1, 2, width_ratios=(3, 2))
        at = np.arange(len(sizes))
        for offset, column, colour, hatch in (
            (-0.2, "before", VERMILION, HATCHES[1]),
            (0.2, "after", BLUE, HATCHES[0]),
        ):
            left.bar(
                at + offset, sizes[column], width=0.4, color=colour, edgecolor="white",
                hatch=hatch, label=column,
            )  # fmt: skip
        wanted = found.before.combinations.k
        left.axvline(_edge(sizes, wanted), color=GREY, linestyle="--", linewidth=1.2)
        left.set_xticks(at, sizes["class_size"], rotation=35, ha="right")
        left.set_xlabel(f"Patients who share the combination (line: k = {wanted})")
        left.set_ylabel("Share of patients")
        left.set_ylim(0, 1)
        left.set_title("Who stands out")
        figure.legend(*left.get_legend_handles_labels(), loc="outside upper left", ncols=2)
        light_grid(left, "y")
        places = np.arange(len(lost))
        right.barh(places, lost["lost"], color=LIGHT, edgecolor=GREY, hatch=HATCHES[2])
        right.set_yticks(places, lost["variable"])
        right.invert_yaxis()
        right.set_xlim(0, 1)
        right.set_xlabel("Information lost (1: not told)")
        right.set_title("What it cost")
        light_grid(right, "x")
    before, after = found.before, found.after
    caption = (
        f"Left: share of patients by the number of patients who share all their "
        f"quasi-identifiers, before ({before.rows} patients) and after ({after.rows}; "
        f"{found.loss.suppressed_rows} left out). Right: non-uniform entropy lost by each "
        "quasi-identifier, patients left out counted as lost."
    )
    most = lost.sort_values("lost", ascending=False).iloc[0] if len(lost) else None
    alt = (
        f"Paired bars over class sizes. Unique patients: {before.unique} before, {after.unique} "
        f"after; the smallest class has {before.k} before and {after.k} after. "
        + (
            f"The most information is lost on {most.variable}, {most.lost:.0%}."
            if len(lost)
            else ""
        )
    )
    data = pd.concat(
        [
            sizes.assign(panel="class sizes").drop(columns="low"),
            lost.assign(panel="information lost"),
        ],
        ignore_index=True,
    )
    return Plot(figure, data, caption, alt.strip())


def _sizes(found: Deidentified) -> pd.DataFrame:
    """Columns class_size, low, before, after: shares of patients."""
    before, after = found.before.class_sizes(), found.after.class_sizes()
    return pd.DataFrame(
        {
            "class_size": before["class_size"], "low": before["low"],
            "before": before["share"], "after": after["share"],
        }
    )  # fmt: skip


def _lost(found: Deidentified) -> pd.DataFrame:
    return pd.DataFrame(list(found.loss.by_variable.items()), columns=["variable", "lost"])


def _edge(sizes: pd.DataFrame, k: int) -> float:
    """Where on the axis of class sizes k lies: left of the first bar that reaches it."""
    reached = np.flatnonzero(sizes["low"].to_numpy() >= k)
    return float(reached[0]) - 0.5 if len(reached) else len(sizes) - 0.5
