"""What do attacks find on training patients beyond what they find on others?"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from synthema_lab.errors import ArgumentRefused
from synthema_lab.validation import Validation

from .style import GREY, LIGHT, Plot, canvas, house_style, light_grid, named, series, wrapped

ATTACKS = {
    "attribute_inference": "Guessing a value",
    "singling_out": "Singling out",
    "linkability": "Linking halves",
}
SAID = {
    "univariate": "one rare or extreme value",
    "multivariate": "two to eight traits together",
    "nearest": "the same nearest row",
    "nearest_five": "a row among the five nearest",
}


def attack_gains(validations: Validation | Mapping[str, Validation], most: int = 8) -> Plot:
    """Gain of each attack with its interval; 0 is no leak.

    Parameters
    ----------
    validations : Validation or mapping of name to Validation
    most : int
        Of the sensitive variables those with the largest gains are drawn.

    Raises
    ------
    ArgumentRefused
        When none of the three attacks was run.
    """
    tables = named(validations)
    data = _table(tables)
    largest = (
        data[data["attack"] == "attribute_inference"].groupby("what")["gain"].max().nlargest(most)
    )
    kept = data[(data["attack"] != "attribute_inference") | data["what"].isin(largest.index)]
    rows = list(dict.fromkeys(zip(kept["attack"], kept["what"], strict=True)))
    rows.sort(key=lambda row: (list(ATTACKS).index(row[0]), -largest.get(row[1], 0.0)))
    places = {row: place for place, row in enumerate(rows)}
    with house_style():
        figure, (panel,) = canvas(1.4 + len(rows) * (0.3 + 0.12 * len(tables)))
        for number, name in enumerate(tables):
            part = kept[kept["table"] == name]
            spread = (number - (len(tables) - 1) / 2) * 0.24
            at = [places[row] + spread for row in zip(part["attack"], part["what"], strict=True)]
            panel.barh(
                at, part["detectable"], height=0.9 / (len(tables) + 0.5), color=LIGHT,
                label=None if number else "too small to stand out of chance",
            )  # fmt: skip
            look = {key: series(number)[key] for key in ("color", "marker")}
            panel.hlines(at, part["low"], part["high"], color=look["color"], linewidth=1.6)
            panel.plot(part["gain"], at, linestyle="none", markersize=6, label=name, **look)
        panel.axvline(0.0, color=GREY, linewidth=1.2)
        for place in range(1, len(rows)):
            if rows[place][0] != rows[place - 1][0]:
                panel.axhline(place - 0.5, color=GREY, linewidth=0.8)
        panel.set_yticks(
            range(len(rows)), [wrapped(f"{ATTACKS[one]}: {what}", 44) for one, what in rows]
        )
        panel.tick_params(axis="y", length=0, labelsize=9)
        panel.set_ylim(len(rows) - 0.5, -0.5)
        panel.set_xlabel("Found on training patients, less found on others,\nwith 95% interval")
        light_grid(panel, "x")
        handles, labels = panel.get_legend_handles_labels()
        order = sorted(range(len(labels)), key=lambda place: labels[place] not in tables)
        figure.legend(
            [handles[place] for place in order], [labels[place] for place in order],
            loc="outside upper left", ncols=min(3, len(labels)),
        )  # fmt: skip
    caption = (
        "Success of attacks on training patients, less the success of the same attacks on patients "
        "who were not learnt from. At 0 a patient loses nothing by having been learnt from; an "
        "interval shows what so few patients could hide. A gain inside the grey bar would be seen "
        "in fewer than 8 of 10 repetitions. Singling out is told as a share of what a copy of the "
        "training patients would gain. "
    )
    if len(largest) == most:
        caption += f"The {most} sensitive variables with the largest gains are drawn. "
    return Plot(figure, data, caption + _wide(tables), _alt(data, tables))


def _wide(tables: Mapping[str, Validation]) -> str:
    first = next(iter(tables.values()))
    return f"{first.real_rows} training patients, {first.holdout_rows} others."


def _table(tables: Mapping[str, Validation]) -> pd.DataFrame:
    parts = []
    for name, validation in tables.items():
        for attack in ATTACKS:
            found = validation.curves.get(attack)
            if found is None:
                continue
            column = "label" if attack == "attribute_inference" else "attack"
            what = found[column].replace(SAID)
            part = found[["members", "others", "gain", "low", "high", "detectable"]]
            parts.append(part.assign(table=name, attack=attack, what=what))
    if not parts:
        raise ArgumentRefused(
            "None of the three attacks was run on this table.",
            "A validation with held-out patients.",
            "Use validate(real, synthetic, dictionary, holdout).",
        )
    columns = ["table", "attack", "what", "members", "others", "gain", "low", "high",
               "detectable"]  # fmt: skip
    return pd.concat(parts, ignore_index=True)[columns]


def _alt(data: pd.DataFrame, tables: Mapping[str, Validation]) -> str:
    said = []
    for name in tables:
        part = data[data["table"] == name]
        above = int((part["low"] > 0).sum())
        best = part.loc[part["gain"].idxmax()]
        said.append(
            f"{name}: {above} of {len(part)} attacks lie above 0 with their whole interval; the "
            f"largest gain is {best['gain']:.2f} ({best['low']:.2f} to {best['high']:.2f}) in "
            f"{ATTACKS[best['attack']].lower()}, {best['what']}; the smallest gains that would "
            f"stand out of chance are {part['detectable'].min():.2f} to "
            f"{part['detectable'].max():.2f}"
        )
    return "Gains of attacks with 95% intervals. " + ". ".join(said) + "."
