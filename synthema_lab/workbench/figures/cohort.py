"""How large are the sites, and how do their patients differ?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import ArgumentRefused

from .style import (
    BLACK,
    FILLS,
    GREY,
    HATCHES,
    LIGHT,
    Plot,
    canvas,
    house_style,
    light_grid,
    wrapped,
)

FEWEST = 10
ROUND_TO = 5
HIDDEN = "fewer than 10 each"
WIDEST, SHORT = 38, 24
"""Labels of the legend are broken after so many letters; so short, three stand in a line."""


def sites(
    tables: Mapping[str, pd.DataFrame], dictionary: DataDictionary, by: str | None = None
) -> Plot:
    """Number of patients and case mix of each site.

    Parameters
    ----------
    tables : mapping of site name to its patients
    dictionary : DataDictionary
    by : str, optional
        A category or boolean variable for the case mix; the risk group by
        default, or else the first category.

    Raises
    ------
    ArgumentRefused
        When no such variable is there.
    """
    by = _case_mix_variable(tables, dictionary, by)
    variable = dictionary.variables[by]
    data = _counts(tables, dictionary, by)
    totals = data.drop_duplicates("site").set_index("site")
    names = list(totals.index)
    with house_style():
        figure, (left, right) = canvas(1.9 + 0.42 * len(names), 1, 2, sharey=True)
        at = np.arange(len(names))
        left.barh(
            at, totals["patients"], color=LIGHT, edgecolor=GREY, height=0.66, label="patients"
        )
        if totals["events"].notna().any():
            left.barh(
                at,
                totals["events"].fillna(0),
                color="none",
                edgecolor=BLACK,
                hatch="///",
                height=0.66,
                linewidth=0.8,
                label="with event",
            )
        for place, count in zip(at, totals["patients"], strict=True):
            left.annotate(
                f"{count:g}", (count, place), xytext=(4, 0), textcoords="offset points", va="center"
            )
        left.set_xlim(0, totals["patients"].max() * 1.18)
        left.set_yticks(at, [wrapped(name, 18) for name in names])
        left.set_ylim(len(names) - 0.5, -0.5)
        left.tick_params(axis="y", length=0)
        left.set_xlabel("Patients (rounded to 5)")
        left.set_title("Size")
        left.locator_params(axis="x", nbins=5)
        figure.get_layout_engine().set(wspace=0.08)
        light_grid(left, "x")
        _stacks(right, data, names)
        right.set_title(wrapped(f"Case mix: {variable.label}", 34))
        handles = [h for panel in (left, right) for h in panel.get_legend_handles_labels()[0]]
        said = [wrapped(handle.get_label(), WIDEST) for handle in handles]
        columns = 3 if max(map(len, said)) <= SHORT else 2
        figure.legend(handles, said, loc="outside lower left", ncols=columns)
    caption = (
        f"Patients of {len(names)} sites and their shares by {variable.label.lower()}. Counts are "
        f"rounded to {ROUND_TO}; levels with fewer than {FEWEST} patients at a site are drawn "
        "together, without their number."
    )
    return Plot(figure, data, caption, _alt(data, totals, variable.label))


def _case_mix_variable(tables, dictionary: DataDictionary, by: str | None) -> str:
    there = (
        set.intersection(*(set(table.columns) for table in tables.values())) if tables else set()
    )
    fitting = [
        name
        for name, variable in dictionary.variables.items()
        if name in there and variable.type in ("category", "boolean") and name != dictionary.centre
    ]
    wanted = by or (dictionary.risk_group if dictionary.risk_group in fitting else None)
    wanted = wanted or (fitting[0] if fitting else None)
    if wanted not in fitting:
        raise ArgumentRefused(
            "There is no such category for the case mix." if by else "The sites hold no category.",
            f"One of: {', '.join(fitting) or 'a category or boolean variable of the dictionary'}.",
            "Use sites(tables, dictionary, by='...').",
        )
    return wanted


def _counts(tables, dictionary: DataDictionary, by: str) -> pd.DataFrame:
    variable, survival = dictionary.variables[by], dictionary.survival
    labels = dict(variable.categories) or {"0": "no", "1": "yes"}
    rows = []
    for site, patients in tables.items():
        values = patients[by].astype("string")
        counts = {said: int((values == str(code)).sum()) for code, said in labels.items()}
        counts["missing"] = int(values.isna().sum())
        events = np.nan
        if survival is not None and survival.event in patients.columns:
            count = int(pd.to_numeric(patients[survival.event]).fillna(0).sum())
            events = _rounded(count) if count >= FEWEST else np.nan
        shown = {said: count for said, count in counts.items() if count >= FEWEST}
        total = sum(counts.values())
        rest = 1 - sum(_rounded(count) for count in shown.values()) / max(total, 1)
        for said, count in counts.items():
            if said == "missing" and not any(t[by].isna().any() for t in tables.values()):
                continue
            share = _rounded(count) / total if said in shown else np.nan
            rows.append((site, _rounded(total), events, said, share, said not in shown))
        if len(shown) < len([count for count in counts.values() if count]):
            rows.append((site, _rounded(total), events, HIDDEN, max(0.0, rest), False))
    return pd.DataFrame(
        rows, columns=["site", "patients", "events", "level", "share", "hidden"]
    ).round({"share": 3})


def _rounded(count: int) -> int:
    return ROUND_TO * round(count / ROUND_TO)


def _stacks(panel, data: pd.DataFrame, names: list[str]) -> None:
    start = np.zeros(len(names))
    drawn = data[data["share"].notna() & (data["level"] != HIDDEN)]
    levels = list(dict.fromkeys(drawn["level"]))
    looks = {
        level: {"color": FILLS[n % len(FILLS)], "hatch": HATCHES[n % len(HATCHES)]}
        for n, level in enumerate(levels)
    }
    if HIDDEN in set(data["level"]):
        looks[HIDDEN] = {"color": "white", "hatch": "+++"}
    sums = data.groupby("site")["share"].sum()
    for level, look in looks.items():
        part = data[data["level"] == level].set_index("site")["share"].reindex(names).fillna(0)
        width = (part / sums.reindex(names)).to_numpy()
        panel.barh(
            np.arange(len(names)),
            width,
            left=start,
            height=0.66,
            edgecolor=BLACK,
            linewidth=0.6,
            label=level,
            **look,
        )
        start = start + width
    panel.set_xlim(0, 1)
    panel.set_xlabel("Share of patients")
    panel.tick_params(axis="y", length=0)


def _alt(data: pd.DataFrame, totals: pd.DataFrame, label: str) -> str:
    sizes = totals["patients"]
    shares = data[~data["hidden"] & (data["level"] != HIDDEN)]
    spread = shares.groupby("level", sort=False)["share"].agg(["min", "max"])
    widest = (spread["max"] - spread["min"]).idxmax()
    by_level = shares[shares["level"] == widest].set_index("site")["share"]
    return (
        f"{len(sizes)} sites with about {int(sizes.sum())} patients, from {int(sizes.min())} in "
        f"{sizes.idxmin()} to {int(sizes.max())} in {sizes.idxmax()}. {label} differs most in "
        f"the share of {widest}, from {by_level.min():.0%} in {by_level.idxmin()} to "
        f"{by_level.max():.0%} in {by_level.idxmax()}."
    )
