"""Which findings go together, and which exclude each other, in real and in synthetic patients?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from synthema_lab.errors import ArgumentRefused
from synthema_lab.validation import Validation

from .style import GREY, Plot, canvas, house_style, wrapped

LARGEST, LEAST, HIDDEN = 3.0, 0.5, 1.2
"""Log odds ratios in the deepest colour, with a sign, and in place of hidden ones."""
SIGNS = {"together": 1.0, "apart": -1.0, "unclear": 0.0}


def co_occurrence(validation: Validation, most: int = 16) -> Plot:
    """A map of pairs: synthetic patients above the diagonal, real ones below.

    Parameters
    ----------
    validation : Validation
    most : int
        Of more findings, those that most clearly go together with others, or exclude
        them, are drawn; the data hold all pairs.

    Raises
    ------
    ArgumentRefused
        When no pair of findings was common enough.
    """
    data = validation.curves.get("co_occurrence")
    if data is None:
        raise ArgumentRefused(
            "No pairs of findings were compared.",
            "At least two findings with ten carriers each, of whom chance makes five share both.",
            "See the note of validation['co_occurrence_error'], and leave the figure out.",
        )
    names = _chosen(data, most)
    real, other, direction, hidden = _squares(data, names)
    size = len(names)
    with house_style():
        figure, (panel,) = canvas(6.6)
        lower = np.tri(size, k=-1, dtype=bool)
        # Of a hidden pair the direction alone may be told.
        told = np.where(hidden, np.where(direction == 0, np.nan, direction * HIDDEN), real)
        shown = np.where(lower, told, other)
        image = panel.imshow(
            np.ma.masked_invalid(shown), cmap="RdBu_r", vmin=-LARGEST, vmax=LARGEST
        )
        for row, column in np.argwhere(np.isfinite(shown) & (np.abs(shown) >= LEAST)):
            panel.text(
                column, row, "+" if shown[row, column] > 0 else "–", ha="center", va="center",
                color="white" if abs(shown[row, column]) > 0.6 * LARGEST else "black", fontsize=9,
            )  # fmt: skip
        panel.plot([-0.5, size - 0.5], [-0.5, size - 0.5], color=GREY, linewidth=1)
        labels = [wrapped(_short(one), 24) for one in names]
        panel.set_xticks(range(size), labels, rotation=90)
        panel.set_yticks(range(size), labels)
        panel.tick_params(length=0, labelsize=8)
        panel.set_title("Above the diagonal: synthetic; below: real", fontweight="normal")
        bar = figure.colorbar(image, ax=panel, shrink=0.6, ticks=[-3, -1.5, 0, 1.5, 3])
        bar.ax.set_yticklabels(["exclude", "", "independent", "", "together"], fontsize=8)
        bar.outline.set_visible(False)
    pairs = int((data["first"].isin(names) & data["second"].isin(names)).sum())
    caption = (
        f"Log odds ratios of {size} findings in pairs ({pairs} of {len(data)} that were compared); "
        "red with + go together, blue with – exclude each other. Good is a map that mirrors at the "
        "diagonal. Of pairs that fewer than ten real patients share, or lack, the direction alone "
        "is shown, where it is clear; blank pairs are too rare to tell."
    )
    return Plot(figure, data, caption, _alt(data))


def _chosen(data: pd.DataFrame, most: int) -> list[str]:
    clear = data[data["real_direction"] != "unclear"]
    counts = pd.concat([clear["first"], clear["second"]]).value_counts()
    chosen = set(counts.index[:most]) if len(counts) > 1 else {*data["first"], *data["second"]}
    order = dict.fromkeys([*data["first"], *data["second"]])
    return [name for name in order if name in chosen][:most]


def _squares(data: pd.DataFrame, names: list[str]) -> tuple[np.ndarray, ...]:
    """Real and synthetic log odds, real directions, and what is hidden; both ways round."""
    place = {name: number for number, name in enumerate(names)}
    some = data[data["first"].isin(place) & data["second"].isin(place)]
    one, two = some["first"].map(place).to_numpy(), some["second"].map(place).to_numpy()
    real, other = np.full((2, len(names), len(names)), np.nan)
    direction, hidden = np.zeros((2, len(names), len(names)))
    for square, values in (
        (real, some["real"]),
        (other, some["candidate"]),
        (direction, some["real_direction"].map(SIGNS)),
        (hidden, some["hidden"]),
    ):
        square[one, two] = square[two, one] = values.to_numpy(float)
    return real, other, direction, hidden.astype(bool)


def _short(label: str) -> str:
    return label if len(label) <= 40 else f"{label[:38].rstrip()}…"


def _alt(data: pd.DataFrame) -> str:
    clear = data[data["real_direction"] != "unclear"]
    if clear.empty:
        return f"Map of {len(data)} pairs of findings, none of which is clear in real patients."
    together = clear["real_direction"] == "together"
    same = (clear["candidate"] > 0) == together
    lost = clear[~same]
    said = (
        f"Map of {len(data)} pairs of findings. In real patients {int(together.sum())} clearly go "
        f"together and {int((~together).sum())} clearly exclude each other; {int(same.sum())} of "
        f"these {len(clear)} have the same sign in synthetic patients"
    )
    if len(lost):
        first = lost.iloc[0]
        said += f", and one that has not is {first['first']} with {first['second']}"
    return f"{said}."
