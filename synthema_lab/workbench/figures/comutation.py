"""Which mutations and aberrations go together when simulated, and which exclude each other?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from synthema_lab.errors import ArgumentRefused

from .style import BLUE, GREY, LIGHT, VERMILION, Plot, canvas, house_style, light_grid

STARTS = "Odds ratio "
LOWEST = 0.02
"""Ratios below are drawn here, pointing down."""

POOLED = 8
"""A target shared by as many pairs is a pooled one."""


def comutation(deviations: pd.DataFrame) -> Plot:
    """Odds ratios of pairs, simulated against target, on the logarithm.

    Parameters
    ----------
    deviations : DataFrame
        What ``lab.simulated_against_target`` gives; rows whose quantity starts with
        "Odds ratio" are drawn.

    Raises
    ------
    ArgumentRefused
        When the table holds no odds ratios.
    """
    data = _pairs(deviations)
    low, high = LOWEST / 1.5, max(data["target"].max(), data["high"].max()) * 1.6
    with house_style():
        figure, (panel,) = canvas(5.0)
        panel.axhspan(1, high, 0, _at(1, low, high), color=LIGHT, alpha=0.6, linewidth=0)
        panel.axhspan(low, 1, _at(1, low, high), 1, color=LIGHT, alpha=0.6, linewidth=0)
        panel.plot([low, high], [low, high], color=GREY, linestyle=(0, (4, 2)), linewidth=1)
        below = data["simulated"] < LOWEST
        for chosen, color, marker, label in (
            (data["same_side"] & ~below, BLUE, "o", "same side of 1 as the target"),
            (data["same_side"] & below, BLUE, "v", f"same side, below {LOWEST:g}"),
            (~data["same_side"], VERMILION, "X", "other side of 1"),
        ):
            rows = data.loc[chosen, ["target", "simulated", "low", "high"]].clip(lower=LOWEST)
            if len(rows):
                panel.vlines(rows["target"], rows["low"], rows["high"], color=color, linewidth=1)
                look = {"color": color, "markersize": 5, "label": label}
                panel.plot(rows["target"], rows["simulated"], marker, linestyle="none", **look)
        for x, y in ((0.27, 0.72), (0.72, 0.22)):
            panel.text(x, y, "wrong sign", color=GREY, ha="center", transform=panel.transAxes)
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.set_xlim(low, high)
        panel.set_ylim(low, high)
        panel.set_xlabel("Odds ratio in the cohort (target, log scale)")
        panel.set_ylabel("Odds ratio simulated, with 95% interval")
        _plain_numbers(panel)
        light_grid(panel)
        panel.legend(loc="upper left")
    caption = (
        f"{len(data)} pairs that are associated after Bonferroni's correction. Above 1 the two go "
        "together, below 1 they exclude each other; in the shaded quarters the simulation would "
        "have the wrong sign. The dashed line is perfect agreement. Pairs seen together in fewer "
        "than ten patients share one pooled target and stand in one column."
    )
    return Plot(figure, data, caption, _alt(data))


def _pairs(deviations: pd.DataFrame) -> pd.DataFrame:
    rows = deviations[deviations["quantity"].str.startswith(STARTS)]
    if rows.empty:
        raise ArgumentRefused(
            "The table holds no odds ratios.",
            f"Rows whose quantity starts with {STARTS.strip()!r}.",
            'Take the table of lab.simulated_against_target("aml").',
        )
    data = rows[["target", "simulated", "low", "high"]].reset_index(drop=True)
    names = rows["quantity"].str.removeprefix(STARTS).str.replace("mut_", "", regex=False)
    data.insert(0, "pair", names.to_numpy())
    same = (data["simulated"] > 1) == (data["target"] > 1)
    shared = data["target"].map(data["target"].value_counts()) >= POOLED
    return data.assign(same_side=same, pooled=shared)


def _at(value: float, low: float, high: float) -> float:
    """Where a value stands between two others on the logarithm, from 0 to 1."""
    return float(np.log(value / low) / np.log(high / low))


def _plain_numbers(panel) -> None:
    from matplotlib.ticker import FuncFormatter

    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _alt(data: pd.DataFrame) -> str:
    own = data[~data["pooled"]]
    apart = np.log(own["simulated"] / own["target"])
    furthest = own.loc[apart.abs().idxmax()]
    together = int((data["target"] > 1).sum())
    return (
        f"Scatter of {len(data)} odds ratios, {together} above and {len(data) - together} below 1 "
        f"in the cohort. {int(data['same_side'].sum())} of them lie on the same side of 1 when "
        f"simulated. Of the {len(own)} with a target of their own the median simulated ratio is "
        f"{np.exp(apart.median()):.2f} times its target; furthest is {furthest['pair']}, "
        f"{furthest['target']:.2g} in the cohort and {furthest['simulated']:.2g} simulated."
    )
