"""Which hazard ratios would a reader of the synthetic table report?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from synthema_lab.errors import ArgumentRefused
from synthema_lab.validation import Validation

from .labels import brief
from .style import (
    GREY,
    Plot,
    beside_real,
    canvas,
    house_style,
    light_grid,
    named,
    wrapped,
)


def hazard_ratios(validations: Validation | Mapping[str, Validation], most: int = 16) -> Plot:
    """Forest plot: hazard ratios in real and in synthetic tables.

    Parameters
    ----------
    validations : Validation or mapping of name to Validation
    most : int
        With more contrasts than this, those that differ most are drawn; the
        data hold all of them.

    Raises
    ------
    ArgumentRefused
        When no hazard ratios were estimated.
    """
    tables = named(validations)
    data = _hazard_table(tables)
    real = data[data["table"] == "real"].set_index("contrast")
    others = data[data["table"] != "real"]
    apart = np.abs(
        np.log(others["hazard_ratio"]) - np.log(real.loc[others["contrast"], "hazard_ratio"].values)
    )
    worst = apart.groupby(others["contrast"]).max()
    shown = [c for c in real.index if c in set(worst.nlargest(most).index)]
    with house_style():
        step = 1.0
        figure, (panel,) = canvas(1.3 + len(shown) * (0.32 + 0.18 * len(tables)))
        styles = beside_real(tables)
        for place, (name, style) in enumerate(styles.items()):
            part = data[data["table"] == name].set_index("contrast").loc[shown]
            offset = (place - (len(styles) - 1) / 2) * 0.22
            at = np.arange(len(shown)) * step + offset
            panel.hlines(at, part["low"], part["high"], color=style["color"], linewidth=1.6)
            label = "real patients" if name == "real" else name
            panel.plot(part["hazard_ratio"], at, linestyle="none", label=label, **style)
        panel.axvline(1.0, color=GREY, linewidth=1, linestyle=(0, (2, 2)))
        panel.set_xscale("log")
        _ratio_ticks(panel, data[data["contrast"].isin(shown)])
        panel.set_yticks(np.arange(len(shown)) * step, [_two_lines(c) for c in shown])
        panel.tick_params(axis="y", length=0, labelsize=9.5)
        panel.set_ylim(len(shown) - 0.5, -0.5)
        panel.set_xlabel("Hazard ratio with 95% interval (log scale)")
        light_grid(panel, "x")
        figure.legend(loc="outside upper left", ncols=min(4, len(styles)))
    caption = (
        "Hazard ratios of one Cox model fitted on each table, with 95% bootstrap intervals. "
        "Numbers are scaled to one standard deviation of the real patients; levels with fewer "
        "than 10 real patients are pooled with the commonest."
    )
    if len(shown) < len(real):
        caption += f" The {len(shown)} of {len(real)} contrasts that differ most are drawn."
    return Plot(figure, data, caption, _alt_ratios(real, others, apart, tables))


def _two_lines(contrast: str) -> str:
    """The variable, and below it the level with what it is compared with."""
    variable, _, levels = contrast.partition(": ")
    if levels in ("", "yes vs no"):
        return wrapped(brief(variable, 68), 36)
    return f"{brief(variable, 38)}\n{' vs '.join(brief(one, 24) for one in levels.split(' vs '))}"


def _hazard_table(tables: Mapping[str, Validation]) -> pd.DataFrame:
    parts = []
    for number, (name, validation) in enumerate(tables.items()):
        table = validation.curves.get("hazard_ratios")
        if table is not None:
            keep = ("real", "synthetic") if number == 0 else ("synthetic",)
            parts.append(table[table["table"].isin(keep)].replace({"table": {"synthetic": name}}))
    if len(parts) < len(tables):
        raise ArgumentRefused(
            "A validation holds no hazard ratios.",
            "Tables with at least 10 events and a covariate that varies.",
            "See the note of validation['log_hr_error'], and leave the figure out.",
        )
    return pd.concat(parts, ignore_index=True)


def _ratio_ticks(panel, data: pd.DataFrame) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    low, high = data["low"].min() / 1.08, data["high"].max() * 1.08
    low, high = max(low, 0.02), min(high, 50.0)
    fine = [0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.2, 1.4, 1.6, 1.8, 2, 2.5]
    coarse = [0.02, 0.05, 0.1, 0.2, 0.33, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20, 50]
    inside = [tick for tick in fine if low <= tick <= high]
    fits = low >= 0.45 and high <= 2.6
    ticks = inside if fits else [tick for tick in coarse if low <= tick <= high]
    panel.xaxis.set_major_locator(FixedLocator(ticks))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.set_xlim(min(low, 0.97), max(high, 1.03))


def _alt_ratios(real, others, apart, tables) -> str:
    texts = []
    for name in tables:
        part = others[others["table"] == name].set_index("contrast")
        distance = apart[others["table"] == name]
        worst = others.loc[distance.idxmax(), "contrast"]
        aligned = real.loc[part.index]
        overlap = ((part["low"] <= aligned["high"]) & (part["high"] >= aligned["low"])).sum()
        same = ((part["hazard_ratio"] > 1) == (aligned["hazard_ratio"] > 1)).sum()
        texts.append(
            f"{name}: {overlap} of {len(part)} intervals overlap those of real patients and "
            f"{same} point the same way; the largest difference is {worst}, "
            f"{real.loc[worst, 'hazard_ratio']:.2f} in real patients and "
            f"{part.loc[worst, 'hazard_ratio']:.2f} here"
        )
    return f"Forest plot of {len(real)} hazard ratios. " + ". ".join(texts) + "."
