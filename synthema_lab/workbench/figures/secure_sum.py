"""How does a sum come out of numbers that say nothing?

What hospitals send is drawn afresh in every run, so it is seen in the pictures
and is not part of their data: the data of a figure are the same in every run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from synthema_lab.errors import ArgumentRefused

from .style import (
    BLACK,
    FILLS,
    GREY,
    HATCHES,
    LIGHT,
    ORANGE,
    Plot,
    canvas,
    house_style,
    light_grid,
    listed,
    series,
    wrapped,
)

if TYPE_CHECKING:
    from ...federation.rehearsal import Cost, Watched
    from ..histograms import Histogram

_BILLION = 1e9
MOST = 5
"""Hospitals that fit side by side."""


def what_is_sent(watched: Watched, counted: Histogram) -> Plot:
    """What each hospital counted, above what it sent.

    Parameters
    ----------
    watched : Watched
        What ``lab.federation.watch`` returns.
    counted : Histogram
        What ``lab.overviews.histogram`` returns, and was watched.

    Raises
    ------
    ArgumentRefused
        With more than five hospitals.
    """
    _require_room(watched)
    hospitals, bins, at = watched.hospitals, counted.bins, np.arange(len(counted.bins))
    with house_style():
        figure, panels = canvas(5.0, 2, len(hospitals), sharex=True, sharey="row")
        for number, name in enumerate(hospitals):
            top, below = panels[number], panels[len(hospitals) + number]
            top.bar(at, watched.counted[number], width=0.85, edgecolor=BLACK, **_look(number))
            below.bar(
                at, watched.sent[number] / _BILLION, width=0.85, color=LIGHT, edgecolor=BLACK,
                hatch="xx",
            )  # fmt: skip
            top.set_title(wrapped(name, 18))
            _bars(below, at, bins)
            for panel in (top, below):
                light_grid(panel, "y")
        panels[0].set_ylabel("Counts (patients)")
        panels[len(hospitals)].set_ylabel("Sends (billions)")
        panels[len(hospitals)].set_ylim(0, 2.0**32 / _BILLION)
        figure.supxlabel(counted.label, fontsize=11)
    data = pd.DataFrame(watched.counted.T, columns=list(hospitals))
    data.insert(0, "bin", bins)
    data = data.melt("bin", var_name="hospital", value_name="patients")[
        ["hospital", "bin", "patients"]
    ]
    caption = (
        f"{counted.label}. Above: what each of {len(hospitals)} hospitals counted, seen by nobody "
        "else. Below: what it sent; each number lies anywhere from 0 to 4.29 billion. The lower "
        "bars are drawn afresh in every run, so the data of this figure hold the counts alone."
    )
    sizes = listed([f"{int(row.sum())}" for row in watched.counted])
    highest = [bins[int(row.argmax())] for row in watched.counted]
    alt = (
        f"Two rows of bars for {len(hospitals)} hospitals. Above, counts of {sizes} patients, with "
        f"their highest bars at {listed(highest)}. Below, bars of any height up to 4.29 billion "
        "without a pattern: nothing of the shape above is left."
    )
    return Plot(figure, data, caption, alt)


def sum_opens(watched: Watched, counted: Histogram) -> Plot:
    """What the coordinator has after adding up one hospital, two, and all.

    Parameters
    ----------
    watched : Watched
    counted : Histogram
        What was watched; the sum is compared with its pooled counts.

    Raises
    ------
    ArgumentRefused
        With more than five hospitals.
    """
    _require_room(watched)
    several, bins, pooled = len(watched.hospitals), counted.bins, counted.pooled
    at = np.arange(len(bins))
    with house_style():
        figure, panels = canvas(3.7, 1, several)
        for number, panel in enumerate(panels):
            last = number == several - 1
            if last:
                panel.bar(
                    at, watched.total, width=0.85, edgecolor=BLACK, hatch=HATCHES[1],
                    color=ORANGE, label="opened sum",
                )  # fmt: skip
                panel.plot(
                    at, pooled, "D", color=BLACK, markerfacecolor="white", markersize=6,
                    label="all patients in one table",
                )  # fmt: skip
                panel.set_ylabel("Patients")
            else:
                panel.bar(
                    at, watched.added_up[number] / _BILLION, width=0.85, color=LIGHT,
                    edgecolor=BLACK, hatch="xx",
                )  # fmt: skip
                panel.set_ylim(0, 2.0**32 / _BILLION)
                panel.set_ylabel("" if number else "Billions")
            panel.set_title(_added(number, several))
            _bars(panel, at, bins)
            light_grid(panel, "y")
        handles, labels = panels[-1].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper right", ncols=2)
        figure.supxlabel(counted.label, fontsize=11)
    data = pd.DataFrame(
        {
            "bin": bins,
            "patients": watched.total,
            "pooled": pooled,
            "difference": watched.total - pooled,
        }
    )
    different = int((data["difference"] != 0).sum())
    caption = (
        f"{counted.label}. What the coordinator holds after adding up one hospital, "
        f"{_until(several)}, with every mask taken off that was opened to it. The masks between "
        "hospitals cancel only when all are added; then the sum equals the histogram of one table "
        f"with all patients in {len(bins) - different} of {len(bins)} bars. The grey bars are "
        "drawn afresh in every run and are not in the data of this figure."
    )
    highest = int(watched.total.argmax())
    alt = (
        f"{several} panels of {len(bins)} bars. All but the last have bars of any height up to "
        f"4.29 billion. The last is a histogram of {int(watched.total.sum())} patients, highest "
        f"at {bins[highest]} with {int(watched.total[highest])}. A diamond on every bar marks the "
        f"count over one table. Bars that differ from it: {different}."
    )
    return Plot(figure, data, caption, alt)


def round_bytes(cost: Cost) -> Plot:
    """What masking adds to the bytes that one hospital sends, by the number of values.

    Parameters
    ----------
    cost : Cost
        What ``lab.federation.measure_cost`` returns.
    """
    data = cost.bytes.copy()
    with house_style():
        figure, (panel,) = canvas(3.4)
        for number, (hospitals, part) in enumerate(data.groupby("hospitals")):
            panel.plot(
                part["values"],
                100 * (part["sent"] / part["plain"] - 1),
                label=f"{hospitals} hospitals",
                **series(number),
            )
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        panel.yaxis.set_major_formatter(lambda value, _: f"{value:g}%")
        panel.set_xlabel("Values summed in a round")
        panel.set_ylabel("Added to the bare counts")
        light_grid(panel)
        panel.legend(loc="upper right")
    few, many = (
        data[data["values"] == edge] for edge in (data["values"].min(), data["values"].max())
    )
    caption = (
        "What masking adds to the bytes that one hospital sends in a whole round, all messages "
        "counted, above the bare counts at four bytes each. Keys and shares are a fixed price that "
        f"grows with the number of hospitals; at {_size(many)} values they are lost in the counts."
    )
    said = listed(
        [f"{row.sent:,} bytes among {row.hospitals} hospitals" for row in few.itertuples()]
    )
    alt = (
        f"One falling line for each number of hospitals. With {_size(few)} values a hospital sends "
        f"{said}, where the bare counts have {int(few['plain'].iloc[0]):,}. With {_size(many)} "
        f"values it sends {int(many['sent'].max()):,} at most, where the bare counts have "
        f"{int(many['plain'].iloc[0]):,}."
    )
    return Plot(figure, data, caption, alt)


def _size(part: pd.DataFrame) -> str:
    return f"{int(part['values'].iloc[0]):,}"


def _require_room(watched: Watched) -> None:
    if len(watched.hospitals) > MOST:
        raise ArgumentRefused(
            f"{len(watched.hospitals)} hospitals do not fit side by side.",
            f"3 to {MOST} hospitals.",
            f"Join some: lab.overviews.histogram(cohort, variable, hospitals={MOST}).",
        )


def _look(number: int) -> dict[str, str]:
    return {"color": FILLS[number % len(FILLS)], "hatch": HATCHES[number % len(HATCHES)]}


def _bars(panel, at: np.ndarray, bins: list[str]) -> None:
    panel.set_xticks(at, bins, rotation=90, fontsize=9)
    panel.tick_params(axis="x", length=0)
    panel.spines["bottom"].set_color(GREY)


def _added(number: int, several: int) -> str:
    if number == several - 1:
        return f"all {several}"
    return "one alone" if number == 0 else f"{number + 1} added"


def _until(several: int) -> str:
    return listed([*(f"{number}" for number in range(2, several)), f"all {several}"])
