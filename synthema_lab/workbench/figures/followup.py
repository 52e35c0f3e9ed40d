"""How long do the patients of a cohort live, group by group?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import ArgumentRefused
from synthema_lab.validation.units import readable_unit

from .style import Plot, at_time, canvas, house_style, light_grid, series

FEWEST = 10
"""A curve ends where fewer patients than this are at risk."""
GRID = 61
SHORT = 34
"""Labels up to this many letters stand two in a line of the legend."""


def cohort_survival(
    patients: pd.DataFrame, dictionary: DataDictionary, by: str | None = None
) -> Plot:
    """Kaplan-Meier curves of real patients, read on a public grid of times.

    Parameters
    ----------
    patients : pandas.DataFrame
        Conformed to the dictionary.
    dictionary : DataDictionary
    by : str, optional
        A category variable; the dictionary's risk group by default.

    Raises
    ------
    ArgumentRefused
        When the dictionary has no outcome, or no group is named.
    """
    survival, by = dictionary.survival, by or dictionary.risk_group
    if survival is None or by is None:
        raise ArgumentRefused(
            "Survival by group was asked for without an outcome or a group.",
            "A dictionary with survival: and risk_group:.",
            "Name a category variable: cohort_survival(patients, dictionary, by='sex').",
        )
    described = dictionary.variables[survival.time]
    unit = readable_unit(described.unit)
    grid = np.linspace(0, survival.horizon, GRID)
    data = pd.concat(
        [
            _curve(patients[patients[by] == code], survival, grid).assign(group=label)
            for code, label in dictionary.variables[by].categories.items()
        ],
        ignore_index=True,
    )
    with house_style():
        figure, (panel,) = canvas(3.8)
        for number, (label, part) in enumerate(data.groupby("group", sort=False)):
            style = series(number)
            panel.plot(
                part["time"], part["survival"], label=label, color=style["color"],
                linestyle=style["linestyle"], marker=style["marker"], markevery=6, markersize=5,
            )  # fmt: skip
            panel.fill_between(
                part["time"], part["low"], part["high"], color=style["color"], alpha=0.12
            )
        panel.set_ylim(0, 1)
        panel.set_xlim(0, survival.horizon)
        panel.set_xticks(np.linspace(0, survival.horizon, 6))
        panel.set_ylabel("Survival probability")
        panel.set_xlabel(f"{described.label} ({unit})")
        light_grid(panel)
        longest = max(map(len, data["group"].unique()))
        figure.legend(loc="outside upper left", ncols=2 if longest <= SHORT else 1)
    group = dictionary.variables[by].label
    caption = (
        f"Kaplan-Meier survival of the real patients by {group.lower()}, with 95% confidence bands "
        f"(log-log), read on a public grid of {GRID} times. Curves end where fewer than {FEWEST} "
        "patients are at risk. Values are in whole percent."
    )
    last = data.groupby("group", sort=False).last()
    said = ", ".join(
        f"{label} {row['survival']:.0%} at {at_time(row['time'], unit)}"
        for label, row in last.iterrows()
    )
    return Plot(figure, data, caption, f"Survival curves by {group.lower()}. Survival: {said}.")


def _curve(patients: pd.DataFrame, survival, grid: np.ndarray) -> pd.DataFrame:
    from lifelines import KaplanMeierFitter

    patients = patients.dropna(subset=[survival.time, survival.event])
    times = patients[survival.time].astype(float).to_numpy()
    at_risk = (times[:, None] >= grid).sum(axis=0)
    shown = grid[at_risk >= FEWEST]
    if not shown.size:
        return pd.DataFrame(columns=["time", "survival", "low", "high"], dtype=float)
    fitted = KaplanMeierFitter().fit(times, patients[survival.event].astype(int).to_numpy())
    band = fitted.confidence_interval_
    before = np.searchsorted(band.index.to_numpy(), shown, side="right") - 1
    return pd.DataFrame(
        {
            "time": shown.round(3),
            "survival": fitted.predict(shown).to_numpy().round(2),
            "low": band.iloc[before, 0].to_numpy().round(2),
            "high": band.iloc[before, 1].to_numpy().round(2),
        }
    )
