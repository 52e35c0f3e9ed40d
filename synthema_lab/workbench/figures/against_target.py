"""Where do simulated quantities lie, group by group, beside their targets?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from synthema_lab.errors import ArgumentRefused

from .style import BLUE, ORANGE, Plot, canvas, house_style, light_grid, wrapped

COLUMNS = ["quantity", "target", "simulated", "low", "high", "unit"]


def against_target(deviations: pd.DataFrame, quantities: Sequence[str]) -> Plot:
    """Simulated beside target for some quantities, in all their groups.

    Parameters
    ----------
    deviations : DataFrame
        What ``lab.simulated_against_target`` gives.
    quantities : sequence of str
        How the quantities' names begin, such as ``"Haemoglobin, mean,"``; one
        panel each.

    Raises
    ------
    ArgumentRefused
        When this is another table or nothing begins so.
    """
    parts = {}
    if set(COLUMNS) <= set(deviations.columns):
        named = deviations["quantity"].astype(str)
        parts = {name: deviations[named.str.startswith(name)] for name in quantities}
    if not parts or any(part.empty for part in parts.values()):
        raise ArgumentRefused(
            "No quantity of the table begins so.",
            "The table of lab.simulated_against_target, and how names of quantities begin.",
            "Look at deviations['quantity'].",
        )
    rows = max(map(len, parts.values()))
    with house_style():
        figure, panels = canvas(1.7 + 0.42 * rows, 1, len(parts))
        for panel, (name, part) in zip(panels, parts.items(), strict=True):
            _panel(panel, name, part)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower left", ncols=2)
    data = pd.concat(parts.values())[COLUMNS].reset_index(drop=True)
    shown = ", ".join(name.strip(" ,") for name in quantities)
    caption = f"{shown}: simulated (dot with 95% interval) beside its target (open diamond)."
    alt = "Simulated against target. " + " ".join(
        f"{row.quantity}: {row.simulated:.3g} and {row.target:.3g} {row.unit}."
        for row in data.itertuples()
    )
    return Plot(figure, data, caption, alt)


def _panel(panel, name: str, part: pd.DataFrame) -> None:
    at = np.arange(len(part))
    panel.hlines(at, part["low"], part["high"], color=BLUE, linewidth=2)
    panel.plot(part["simulated"], at, "o", color=BLUE, label="simulated, 95% interval")
    panel.plot(
        part["target"], at, "D", markerfacecolor="none", color=ORANGE, markersize=10, label="target"
    )
    groups = part["quantity"].str.removeprefix(name).str.lstrip(", ")
    panel.set_yticks(at, [wrapped(group, 16) for group in groups])
    panel.set_ylim(len(part) - 0.5, -0.5)
    panel.tick_params(axis="y", length=0)
    panel.set_xlabel(f"{name.strip(' ,')} ({part['unit'].iloc[0]})")
    light_grid(panel, "x")
