"""Are published findings found again in the synthetic cohort?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from synthema_lab.errors import ArgumentRefused
from synthema_lab.validation import Validation

from .style import GREY, LIGHT, ORANGE, Plot, beside_real, canvas, house_style, named, wrapped

RATIOS = ("hazard_ratio", "odds_ratio")
BEYOND = 0.45
"""How far outside the band an estimate is drawn at most, in widths of the band."""


def findings(validations: Validation | Mapping[str, Validation]) -> Plot:
    """Every published finding: where the estimate lies in the band that counts as found again.

    Parameters
    ----------
    validations : Validation or mapping of name to Validation

    Raises
    ------
    ArgumentRefused
        When no findings were looked for.
    """
    tables = named(validations)
    data = _table(tables)
    texts = list(dict.fromkeys(data["text"]))
    with house_style():
        figure, (panel,) = canvas(1.6 + len(texts) * (0.38 + 0.1 * len(tables)))
        panel.axvspan(0, 1, color=LIGHT, alpha=0.6, linewidth=0, label="counts as found again")
        first = data[data["table"] == "real"]
        panel.plot(
            first["expected_at"], first["text"].map(texts.index), "|", color=ORANGE, markersize=20,
            markeredgewidth=3, label="published",
        )  # fmt: skip
        looks = beside_real(tables)
        for number, (name, look) in enumerate(looks.items()):
            part = data[data["table"] == name]
            at = part["text"].map(texts.index) + (number - (len(looks) - 1) / 2) * 0.24
            panel.hlines(
                at, part["low_at"].clip(-BEYOND, 1 + BEYOND),
                part["high_at"].clip(-BEYOND, 1 + BEYOND), color=look["color"], linewidth=1.6,
            )  # fmt: skip
            label = "real patients" if name == "real" else name
            panel.plot([], [], linestyle="none", markersize=6, label=label, **look)
            for holds, fill in ((True, look["color"]), (False, "white")):
                some = part["holds"] == holds
                panel.plot(
                    part.loc[some, "at"].clip(-BEYOND, 1 + BEYOND), at[some], linestyle="none",
                    markersize=6, markerfacecolor=fill, markeredgecolor=look["color"],
                    marker=look["marker"],
                )  # fmt: skip
        panel.plot([], [], "o", markerfacecolor="white", markeredgecolor=GREY,
                   label="open: not found again")  # fmt: skip
        _name_rows(panel, data, texts)
        figure.legend(loc="outside upper left", ncols=3)
    caption = (
        "Published findings, each on its own scale (ratios by their logarithm), from the least to "
        "the largest effect that counts as found again, which are written at the ends of the band; "
        "the orange bar is the published effect. Full marks were found again, open ones were not. "
        "Estimates far outside are drawn at the edge; without a mark fewer than ten real patients "
        "stand behind one."
    )
    return Plot(
        figure,
        data.drop(columns=[one for one in data if one.endswith("_at") or one == "at"]),
        caption,
        _alt(data, tables),
    )


def _name_rows(panel, data: pd.DataFrame, texts: list[str]) -> None:
    bands = data.drop_duplicates("text").set_index("text")
    for place, text in enumerate(texts):
        if place:
            panel.axhline(place - 0.58, color="white", linewidth=2, zorder=0.9)
            panel.axhline(place - 0.58, color=LIGHT, linewidth=0.8, zorder=0.95)
        for at, column, side in ((0.0, "least", "left"), (1.0, "most", "right")):
            panel.annotate(
                f"{bands.loc[text, column]:g}", (at, place - 0.42), ha=side, va="center",
                fontsize=9, color=GREY,
            )  # fmt: skip
    panel.set_xlim(-BEYOND - 0.03, 1 + BEYOND + 0.03)
    panel.set_yticks(range(len(texts)), [wrapped(text, 46) for text in texts])
    panel.tick_params(axis="y", length=0, labelsize=9)
    panel.set_ylim(len(texts) - 0.4, -0.6)
    panel.set_xticks([0, 1], ["least", "most"])
    panel.set_xlabel("Effect, with 95% interval")


def _table(tables: Mapping[str, Validation]) -> pd.DataFrame:
    parts = []
    for number, (name, validation) in enumerate(tables.items()):
        found = validation.curves.get("findings")
        if found is None:
            raise ArgumentRefused(
                "No published findings were looked for.",
                "A cohort with a file of findings (data_dictionaries/findings_NAME.yaml).",
                "See the note of validation['findings_reproduced'], and leave the figure out.",
            )
        for column, said in (("real", "real"), ("candidate", name)):
            if column == "real" and number:
                continue
            part = found[["finding", "text", "kind", "source", "expected", "least", "most"]].assign(
                table=said, effect=found[column], low=found[f"{column}_low"],
                high=found[f"{column}_high"], holds=found[f"{column}_holds"].astype(bool),
            )  # fmt: skip
            parts.append(part)
    data = pd.concat(parts, ignore_index=True)
    for column, at in (
        ("effect", "at"), ("low", "low_at"), ("high", "high_at"), ("expected", "expected_at"),
    ):  # fmt: skip
        data[at] = _placed(data, data[column])
    return data


def _placed(data: pd.DataFrame, values: pd.Series) -> pd.Series:
    """Where values lie between the least (0) and the most (1) that count as found again."""
    ratio = data["kind"].isin(RATIOS)
    # Where nothing is too little, a hundredth of the largest stands for it.
    ends = [data["least"].where(~ratio | (data["least"] > 0), data["most"] / 100), data["most"]]
    smallest = ends[1].abs() * 1e-6
    moved = []
    for one in (*ends, values):
        logged = np.log(np.maximum(one, smallest).where(ratio, 1.0))
        moved.append(logged.where(ratio, one))
    low, high, value = moved
    return (value - low) / (high - low)


def _alt(data: pd.DataFrame, tables: Mapping[str, Validation]) -> str:
    said = []
    for name in ("real", *tables):
        part = data[data["table"] == name]
        lost = list(part.loc[~part["holds"], "text"])
        words = "real patients" if name == "real" else name
        told = f"{words}: {int(part['holds'].sum())} of {len(part)} found again"
        if lost:
            told += "; not found again: " + " ".join(lost[:6])
            told += f" And {len(lost) - 6} more" if len(lost) > 6 else ""
        said.append(told.rstrip("."))
    return "Published findings and the bands in which they count. " + ". ".join(said) + "."
