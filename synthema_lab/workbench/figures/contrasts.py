"""Do risk groups or genotypes differ from each other as in real patients?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from synthema_lab.errors import ArgumentRefused
from synthema_lab.validation import Validation

from .labels import brief
from .style import GREY, Plot, beside_real, canvas, house_style, light_grid, named

KINDS = {
    "numbers": ("group_contrasts_numbers", "Difference from all others, in standard deviations"),
    "findings": ("group_contrasts_findings", "Difference from all others, in share of patients"),
}


def contrasts(
    validations: Validation | Mapping[str, Validation], kind: str = "numbers",
    variables: Sequence[str] | None = None, most: int = 12,
) -> Plot:  # fmt: skip
    """Forest plot: each group against all others, in real and in synthetic patients.

    Parameters
    ----------
    validations : Validation or mapping of name to Validation
    kind : {"numbers", "findings"}
        Means of numbers, or shares of findings and events.
    variables : sequence of str, optional
        Only these variables, in this order.
    most : int
        Of more contrasts, those that are largest in real patients, beside the width of
        their intervals, are drawn; the data hold all of them.

    Raises
    ------
    ArgumentRefused
        When no groups were contrasted.
    """
    tables = named(validations)
    data = _table(tables, kind)
    if variables is not None:
        places = {name: place for place, name in enumerate(variables)}
        data = data[data["variable"].isin(places)]
        data = data.sort_values("variable", key=lambda names: names.map(places), kind="stable")
    real = data[data["table"] == "real"]
    clear = (real["difference"].abs() / (real["high"] - real["low"]).clip(lower=0.02)).nlargest(
        most
    )
    if clear.empty:
        raise _absent(kind)
    shown = real.loc[[place for place in real.index if place in set(clear.index)], "contrast"]
    places = {contrast: place for place, contrast in enumerate(shown)}
    with house_style():
        figure, (panel,) = canvas(1.3 + len(shown) * (0.28 + 0.13 * len(tables)))
        looks = beside_real(tables)
        drawn = data[data["contrast"].isin(places)]
        edges = _edges(drawn)
        for number, (name, look) in enumerate(looks.items()):
            part = drawn[drawn["table"] == name]
            at = part["contrast"].map(places) + (number - (len(looks) - 1) / 2) * 0.24
            panel.hlines(at, part["low"], part["high"], color=look["color"], linewidth=1.6)
            label = "real patients" if name == "real" else name
            panel.plot(part["difference"], at, linestyle="none", markersize=6, label=label, **look)
            for end, edge, arrow in (("low", edges[0], "<"), ("high", edges[1], ">")):
                out = part[end] < edge if end == "low" else part[end] > edge
                panel.plot(
                    np.full(out.sum(), edge), at[out], linestyle="none", marker=arrow,
                    markersize=7, color=look["color"], clip_on=False,
                )  # fmt: skip
        panel.axvline(0.0, color=GREY, linewidth=1, linestyle=(0, (2, 2)))
        _name_rows(panel, drawn, places)
        panel.set_xlim(*edges)
        panel.set_xlabel(f"{KINDS[kind][1]},\nwith 95% interval")
        light_grid(panel, "x")
        figure.legend(loc="outside upper left", ncols=min(4, len(looks)))
    caption = (
        f"Each group against all other patients, {len(shown)} of {len(real)} contrasts: those "
        "that stand out most in real patients. Good is a mark of the synthetic cohort over that "
        "of real patients; near 0 the difference was lost. Groups with fewer than ten patients "
        "are left out."
    )
    if ((drawn["low"] < edges[0]) | (drawn["high"] > edges[1])).any():
        caption += " An arrow: the interval goes on."
    return Plot(figure, data.drop(columns="contrast"), caption, _alt(data, tables, set(places)))


def _edges(drawn: pd.DataFrame) -> tuple[float, float]:
    """Ends of the axis: every mark and every real interval; others' intervals may go on."""
    real = drawn[drawn["table"] == "real"]
    inside = np.r_[real["low"], real["high"], drawn["difference"].dropna(), 0.0]
    space = 0.06 * float(np.ptp(inside)) or 0.1
    return float(inside.min() - space), float(inside.max() + space)


def _name_rows(panel, drawn: pd.DataFrame, places: Mapping[str, int]) -> None:
    """Two lines a row, the variable and below it the group."""
    rows = drawn.drop_duplicates("contrast").set_index("contrast").loc[list(places)]
    panel.set_yticks(
        list(places.values()),
        [
            f"{brief(label, 42)}\n{brief(group, 42)}"
            for label, group in zip(rows["label"], rows["group"], strict=True)
        ],
    )
    panel.tick_params(axis="y", length=0, labelsize=9)
    panel.set_ylim(len(places) - 0.5, -0.5)


def _table(tables: Mapping[str, Validation], kind: str) -> pd.DataFrame:
    if kind not in KINDS:
        raise ArgumentRefused(
            f"There are no contrasts of {kind}.", f"One of: {', '.join(KINDS)}.",
            'Use kind="numbers" or kind="findings".',
        )  # fmt: skip
    parts = []
    for number, (name, validation) in enumerate(tables.items()):
        found = validation.curves.get(KINDS[kind][0])
        if found is None:
            raise _absent(kind)
        for column, said in (("real", "real"), ("candidate", name)):
            if column == "real" and number:
                continue
            part = found[["group", "variable", "label"]].assign(
                table=said, difference=found[column], low=found[f"{column}_low"],
                high=found[f"{column}_high"],
            )  # fmt: skip
            parts.append(part)
    data = pd.concat(parts, ignore_index=True).dropna(subset=["difference"])
    return data.assign(contrast=data["label"] + ": " + data["group"])


def _absent(kind: str) -> ArgumentRefused:
    return ArgumentRefused(
        f"No groups were contrasted in {kind}.",
        "A dictionary with a risk group that ten patients and ten others have.",
        "See the note of validation['contrast_error'], and leave the figure out.",
    )


def _alt(data: pd.DataFrame, tables: Mapping[str, Validation], shown: set[str]) -> str:
    real = data[(data["table"] == "real") & data["contrast"].isin(shown)].set_index("contrast")
    said = []
    for name in tables:
        other = data[(data["table"] == name)].set_index("contrast").reindex(real.index)
        same = np.sign(other["difference"]) == np.sign(real["difference"])
        overlap = (other["low"] <= real["high"]) & (other["high"] >= real["low"])
        apart = (other["difference"] - real["difference"]).abs()
        worst = apart.idxmax()
        said.append(
            f"{name}: {int(same.sum())} of {len(real)} have the same sign and {int(overlap.sum())} "
            f"intervals overlap; the largest difference is {worst}, "
            f"{real.loc[worst, 'difference']:.2f} in real patients and "
            f"{other.loc[worst, 'difference']:.2f} here"
        )
    return f"Forest plot of {len(real)} contrasts. " + ". ".join(said) + "."
