"""How far is each simulated quantity from its target?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from synthema_lab.errors import ArgumentRefused

from .style import BLUE, GREY, VERMILION, Plot, canvas, house_style, light_grid, wrapped

TAGS = {
    "V": ("o", "full", "verified in the source"),
    "C": ("s", "full", "computed from real data"),
    "R": ("D", "none", "recalled"),
    "A": ("^", "none", "assumed"),
}
"""Marker, filling and meaning of each tag."""

COLUMNS = ("quantity", "tag", "target", "simulated", "low", "high", "unit", "deviation",
           "of_tolerance", "within")  # fmt: skip


def calibration(deviations: pd.DataFrame, largest: int = 12) -> Plot:
    """Deviations of a simulated cohort, each in tolerances of its own.

    Parameters
    ----------
    deviations : DataFrame
        What ``lab.simulated_against_target`` gives.
    largest : int
        How many quantities are named, those furthest from their targets.

    Returns
    -------
    Plot
        Its data hold every quantity, with the sign of its deviation.

    Raises
    ------
    ArgumentRefused
        When it is no such table.
    """
    data = _read(deviations)
    sign = np.where(data["deviation"] < 0, -1.0, 1.0)
    data["of_tolerance"] = (sign * data["of_tolerance"]).round(3)
    order = data["of_tolerance"].abs().sort_values(ascending=False, kind="stable").index
    data = data.loc[order].reset_index(drop=True)
    furthest = data.head(largest)
    with house_style():
        ratio = [2.0, 0.6 + 0.3 * len(furthest)]
        figure, (cloud, named) = canvas(
            sum(ratio) + 0.9, 2, 1, sharex=True, gridspec_kw={"height_ratios": ratio}
        )
        _all(cloud, data)
        _named(named, furthest)
        reach = max(1.15, 1.05 * data["of_tolerance"].abs().max())
        named.set_xlim(-reach, reach)
        handles, labels = cloud.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=2)
    inside = int(data["within"].sum())
    caption = (
        "Deviation of each simulated quantity from its target, in tolerances: the dashed lines "
        f"are the limit. Above, all {len(data)} by how sure the target is; below, the "
        f"{len(furthest)} furthest. {inside} of {len(data)} lie within."
    )
    worst = data.iloc[0]
    side = "high" if worst["of_tolerance"] > 0 else "low"
    alt = (
        f"Dots about 0. Of {len(data)} quantities {inside} lie within their tolerance, half of "
        f"them within {data['of_tolerance'].abs().median():.2f} of it. Furthest is "
        f"{worst['quantity']}, {abs(worst['of_tolerance']):.2f} tolerances too {side}."
    )
    return Plot(figure, data, caption, alt)


def _read(deviations: pd.DataFrame) -> pd.DataFrame:
    whole = isinstance(deviations, pd.DataFrame) and set(COLUMNS) <= set(deviations.columns)
    if not whole or deviations.empty:
        raise ArgumentRefused(
            "This is no table of deviations.",
            f"One row a target, with the columns {', '.join(COLUMNS)}.",
            'Take the table of lab.simulated_against_target("scd").',
        )
    return deviations[list(COLUMNS)].reset_index(drop=True)


def _look(tag: str) -> dict[str, object]:
    marker, filling, _ = TAGS[tag]
    return {"marker": marker, "fillstyle": filling, "linestyle": "none", "color": BLUE}


def _limits(panel) -> None:
    panel.axvline(0, color=GREY, linewidth=1)
    for limit in (-1, 1):
        panel.axvline(limit, color=VERMILION, linewidth=1, linestyle=(0, (4, 2)))


def _all(panel, data: pd.DataFrame) -> None:
    """Every quantity in the row of its tag, spread so that dots do not cover each other."""
    present = [tag for tag in TAGS if (data["tag"] == tag).any()]
    for row, tag in enumerate(present):
        values = data.loc[data["tag"] == tag, "of_tolerance"]
        spread = row + 0.5 * ((np.arange(len(values)) * 0.618) % 1 - 0.5)
        label = f"{TAGS[tag][2]} ({len(values)})"
        panel.plot(values, spread, markersize=4, label=label, **_look(tag))
    panel.set_yticks(range(len(present)), present)
    panel.set_ylim(len(present) - 0.4, -0.6)
    _limits(panel)
    light_grid(panel, "x")


def _named(panel, furthest: pd.DataFrame) -> None:
    for place, row in enumerate(furthest.itertuples()):
        panel.hlines(place, 0, row.of_tolerance, color=GREY, linewidth=1)
        panel.plot(row.of_tolerance, place, markersize=6, **_look(row.tag))
    panel.set_yticks(range(len(furthest)), [wrapped(name, 44) for name in furthest["quantity"]])
    panel.set_ylim(len(furthest) - 0.4, -0.6)
    panel.set_xlabel("Simulated less target, in tolerances")
    _limits(panel)
    light_grid(panel, "x")
