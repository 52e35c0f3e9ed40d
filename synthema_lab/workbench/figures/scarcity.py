"""How sure may one be of a kind of patient of whom there were few?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..scarcity import COLUMNS
from .style import (
    BLACK,
    BLUE,
    GREY,
    VERMILION,
    Plot,
    canvas,
    drawable,
    house_style,
    light_grid,
    wrapped,
)


def rows_drawn(found: pd.DataFrame) -> Plot:
    """Two intervals around one number, against how many synthetic rows were drawn.

    Parameters
    ----------
    found : pandas.DataFrame
        What ``lab.overviews.rows_drawn`` gives.

    Raises
    ------
    ArgumentRefused
        When it is another table.
    """
    data = drawable(
        found, COLUMNS, "rows that were drawn", "size", "rows_drawn(model, where, real, variable)",
        whole=set(found.get("table", ())) == {"real", "synthetic"},
    )  # fmt: skip
    real, drawn = data[data["table"] == "real"].iloc[0], data[data["table"] == "synthetic"]
    at = np.arange(1, len(drawn) + 1)
    with house_style():
        figure, (panel,) = canvas(3.6)
        panel.axhspan(real["low"], real["high"], color=GREY, alpha=0.18, linewidth=0)
        panel.axhline(real["value"], color=GREY, linewidth=1, linestyle=(0, (4, 2)))
        panel.vlines(0, real["low"], real["high"], color=BLACK, linewidth=3)
        panel.plot(0, real["value"], "D", color=BLACK, markerfacecolor="white", label="real")
        panel.vlines(
            at - 0.1, drawn["naive_low"], drawn["naive_high"], color=VERMILION, linewidth=3
        )
        panel.plot(at - 0.1, drawn["value"], "s", color=VERMILION, label="rows taken for patients")
        panel.vlines(at + 0.1, drawn["low"], drawn["high"], color=BLUE, linewidth=3)
        panel.plot(
            at + 0.1, drawn["value"], "o", color=BLUE, label="as sure as the real number allows"
        )
        panel.set_xticks(
            [0, *at], [f"about {real['rows']:g}\nreal", *(f"{rows:g}" for rows in drawn["rows"])]
        )
        panel.set_xlim(-0.5, len(at) + 0.5)
        unit = f" ({real['unit']})" if real["unit"] else ""
        panel.set_ylabel(wrapped(f"{real['label']}{unit}", 30))
        panel.set_xlabel("Synthetic patients of this kind that were drawn")
        light_grid(panel, "y")
        figure.legend(loc="outside upper left", ncols=3)
    caption = (
        "One number with its 95% interval. Squares: the interval of whoever takes each row for a "
        "patient; it shrinks with every row. Dots: the interval that the real patients of this "
        "kind allow (Raab 2016), which does not. The band is that of the real patients. Neither "
        "interval holds the noise of privacy or what the model gets wrong."
    )
    return Plot(figure, data, caption, _alt(real, drawn))


def _alt(real: pd.Series, drawn: pd.DataFrame) -> str:
    few, most = drawn.iloc[0], drawn.iloc[-1]

    def told(row: pd.Series, low: str, high: str) -> str:
        return f"{row[low]:.3g} to {row[high]:.3g}"

    return (
        f"{real['label']} is {real['value']:.3g} in about {real['rows']:g} real patients "
        f"({told(real, 'low', 'high')}). With {few['rows']:g} synthetic rows it is "
        f"{few['value']:.3g}, naively {told(few, 'naive_low', 'naive_high')}; with "
        f"{most['rows']:g} rows {most['value']:.3g}, naively "
        f"{told(most, 'naive_low', 'naive_high')}, and as sure as the real number allows "
        f"{told(most, 'low', 'high')}."
    )
