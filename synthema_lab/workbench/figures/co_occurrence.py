"""Which findings go together, and which exclude each other, in real and in synthetic patients?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from synthema_lab.errors import ArgumentRefused
from synthema_lab.validation import Validation

from .labels import briefs
from .style import GREY, LIGHT, Plot, canvas, house_style, wrapped

LARGEST, LEAST, HIDDEN = 3.0, 0.5, 1.2
"""Log odds ratios in the deepest colour, with a sign, and in place of hidden ones."""
SIGNS = {"together": 1.0, "apart": -1.0, "unclear": 0.0}
RARE = "too rare to compare"
DIRECTION = "direction alone: fewer than 10 real patients stand behind it"


def co_occurrence(
    validation: Validation, most: int = 16, variables: Sequence[str] | None = None
) -> Plot:
    """A map of pairs: synthetic patients above the diagonal, real ones below.

    Parameters
    ----------
    validation : Validation
    most : int
        Of more findings, those that most often clearly go together with others, or
        exclude them, are drawn; the data hold all pairs.
    variables : sequence of str, optional
        Only pairs of these variables.

    Raises
    ------
    ArgumentRefused
        When no pair of findings was common enough.
    """
    data = validation.curves.get("co_occurrence")
    if data is not None and variables is not None:
        data = data[
            data["first_variable"].isin(variables) & data["second_variable"].isin(variables)
        ]
    if data is None or data.empty:
        raise ArgumentRefused(
            "No pairs of findings were compared.",
            "At least two findings with ten carriers each, of whom chance makes five share both.",
            "See the note of validation['co_occurrence_error'], and leave the figure out.",
        )
    names = _chosen(data, most)
    real, other, direction, hidden = _squares(data, names)
    lower = np.tri(len(names), k=-1, dtype=bool)
    # Of a hidden pair the direction alone may be told.
    told = np.where(hidden, np.where(direction == 0, np.nan, direction * HIDDEN), real)
    shown = np.where(lower, told, other)
    with house_style():
        figure, (panel,) = canvas(1.9 + 0.29 * len(names))
        figure.set_layout_engine("compressed")
        image = _map(panel, shown, lower & hidden & (direction != 0))
        _name(panel, names)
        bar = figure.colorbar(
            image, ax=panel, location="bottom", shrink=0.8, aspect=30, ticks=[-LARGEST, 0, LARGEST]
        )
        bar.ax.set_xticklabels(["exclude each other", "independent", "go together"])
        bar.ax.tick_params(length=0)
        bar.outline.set_visible(False)
        figure.legend(handles=_keys(), loc="outside lower left", ncols=1)
    pairs = int((data["first"].isin(names) & data["second"].isin(names)).sum())
    caption = (
        f"Log odds ratios of {len(names)} findings in pairs ({pairs} of {len(data)} that were "
        "compared); red with + go together, blue with – exclude each other. Good is a map that "
        "mirrors at the diagonal. Of pairs that fewer than ten real patients share, or lack, the "
        "direction alone is shown, and only where it is clear."
    )
    return Plot(figure, data.reset_index(drop=True), caption, _alt(data))


def _chosen(data: pd.DataFrame, most: int) -> list[str]:
    """Findings with the most clear pairs; where the direction alone is told a pair counts half."""
    clear = data[data["real_direction"] != "unclear"]
    weight = np.where(clear["hidden"], 0.5, 1.0)
    counts = pd.Series(
        np.r_[weight, weight], index=np.r_[clear["first"], clear["second"]], dtype=float
    )
    counts = counts.groupby(level=0, sort=False).sum().sort_values(ascending=False, kind="stable")
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


def _map(panel, shown: np.ndarray, direction_alone: np.ndarray):
    """Colours, signs and hatches; what was not compared lets the striped ground through."""
    from matplotlib.patches import Rectangle

    panel.patch.set(facecolor="white", edgecolor=LIGHT, hatch="////", linewidth=0)
    image = panel.imshow(np.ma.masked_invalid(shown), cmap="RdBu_r", vmin=-LARGEST, vmax=LARGEST)
    for row, column in np.argwhere(direction_alone):
        panel.add_patch(
            Rectangle(
                (column - 0.5, row - 0.5), 1, 1, facecolor="none", edgecolor="white",
                hatch="....", linewidth=0,
            )
        )  # fmt: skip
    for row, column in np.argwhere(np.isfinite(shown) & (np.abs(shown) >= LEAST)):
        panel.text(
            column, row, "+" if shown[row, column] > 0 else "–", ha="center", va="center",
            color="white" if abs(shown[row, column]) > 0.6 * LARGEST else "black", fontsize=11,
        )  # fmt: skip
    for place in range(len(shown)):
        panel.add_patch(Rectangle((place - 0.5, place - 0.5), 1, 1, color=GREY, linewidth=0))
    return image


def _name(panel, names: list[str]) -> None:
    """Names beside the rows with numbers, numbers above the columns: nothing is read sideways."""
    short = briefs(names, 48)
    labels = [f"{wrapped(short[name], 30)}  {place}" for place, name in enumerate(names, start=1)]
    panel.set_yticks(range(len(names)), labels)
    panel.set_xticks(range(len(names)), range(1, len(names) + 1))
    panel.tick_params(axis="both", length=0, top=True, labeltop=True, bottom=False,
                      labelbottom=False, labelsize=9)  # fmt: skip
    panel.set_title("Above the diagonal: synthetic; below: real", fontweight="normal", pad=8)


def _keys() -> list:
    from matplotlib.patches import Patch

    pale = "#92C5DE"
    return [
        Patch(facecolor=pale, edgecolor="white", hatch="....", linewidth=0, label=DIRECTION),
        Patch(facecolor="white", edgecolor=LIGHT, hatch="////", linewidth=0, label=RARE),
    ]


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
