"""What does the noise of a release look like: its size, and an opened sum?"""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd

from synthema_lab.errors import ArgumentRefused
from synthema_lab.generators import FittedModel
from synthema_lab.generators.encoder import Encoder
from synthema_lab.validation.units import readable_unit

from .style import BLUE, GREY, LIGHT, VERMILION, Plot, canvas, house_style, light_grid, wrapped


def noise(model: FittedModel, sites: int) -> Plot:
    """Noise in each opened marginal, shared by the sites and if each site noised alone.

    Parameters
    ----------
    model : FittedModel
        Fitted under a budget.
    sites : int
        Number of sites.

    Raises
    ------
    ArgumentRefused
        For a model that was fitted with noise off.
    """
    _require_noise(model)
    marginals = model.privacy["marginals"]
    data = pd.DataFrame(
        {
            "marginal": [" x ".join(marginal["clique"]) for marginal in marginals],
            "shared": [marginal["noise_sd"] for marginal in marginals],
        }
    )
    data["each site alone"] = data["shared"] * np.sqrt(sites)
    data = data.round(3)
    with house_style():
        figure, (panel,) = canvas(1.3 + 0.27 * len(data))
        at = np.arange(len(data))
        panel.hlines(at, data["shared"], data["each site alone"], color=LIGHT, linewidth=3)
        panel.plot(data["shared"], at, "o", color=BLUE, label="noise shared by the sites")
        panel.plot(
            data["each site alone"], at, "s", color=VERMILION, label="every site noising alone"
        )
        panel.set_yticks(at, data["marginal"])
        panel.set_ylim(len(data) - 0.4, -0.6)
        panel.set_xlim(left=0)
        panel.set_xlabel("Standard deviation of the noise in a cell (patients)")
        light_grid(panel, "x")
        figure.legend(loc="outside upper left", ncols=2)
    times = np.sqrt(sites)
    caption = (
        f"Standard deviation of the Skellam noise in every cell of each opened marginal at epsilon "
        f"{model.privacy['epsilon']:.2f}, delta {model.privacy['delta']:g}. Shared among {sites} "
        f"sites it is {times:.2g} times smaller than if every site had to protect itself alone."
    )
    alt = (
        f"{len(data)} marginals. Shared noise has a standard deviation from "
        f"{data['shared'].min():.1f} to {data['shared'].max():.1f} patients; without sharing it "
        f"would be {data['each site alone'].min():.1f} to {data['each site alone'].max():.1f}."
    )
    return Plot(figure, data, caption, alt)


def opened(model: FittedModel, variable: str) -> Plot:
    """One variable's counts as they were opened, with the noise they carry.

    Parameters
    ----------
    model : FittedModel
    variable : str
        A modelled variable.

    Raises
    ------
    ArgumentRefused
        For a model fitted with noise off (its counts are not for release), or
        a variable that was not measured on its own.
    """
    _require_noise(model)
    if (variable,) not in model.opened.cliques:
        raise ArgumentRefused(
            f"'{variable}' was not measured on its own.",
            f"One of: {', '.join(model.columns)}.",
            f"Use opened(model, '{model.columns[0]}').",
        )
    number = model.opened.cliques.index((variable,))
    counts = model.opened.sums[number]
    spread = float(np.sqrt(model.opened.variances[number]))
    described = model.dictionary.variables[variable]
    names = _code_names(model, variable)
    data = pd.DataFrame({"bin": names, "opened": counts, "noise_sd": round(spread, 3)})
    with house_style():
        figure, (panel,) = canvas(3.2)
        at = np.arange(len(data))
        panel.bar(at, data["opened"], color=LIGHT, edgecolor=GREY, width=0.85)
        panel.errorbar(
            at, data["opened"], yerr=1.96 * spread, fmt="o", color=BLUE, capsize=3, markersize=4
        )
        panel.axhline(0, color=GREY, linewidth=0.8)
        panel.set_xticks(at, [wrapped(name, 6) for name in names], fontsize=9)
        panel.set_ylabel("Patients over all sites, noisy")
        unit = readable_unit(described.unit)
        panel.set_xlabel(f"{described.label} ({unit})" if unit else described.label)
        light_grid(panel, "y")
    caption = (
        f"{described.label} as opened: noisy counts over all sites in the dictionary's public "
        f"bins. Whiskers hold 95% of the noise (standard deviation {spread:.1f} patients)."
    )
    highest = data.loc[data["opened"].idxmax()]
    alt = (
        f"Bars for {len(data)} bins. The largest noisy count is {highest['opened']} patients in "
        f"the bin {highest['bin']}; the noise has a standard deviation of {spread:.1f} patients."
    )
    return Plot(figure, data, caption, alt)


def _code_names(model: FittedModel, variable: str) -> list[str]:
    coded = Encoder(model.dictionary, [variable]).coded[variable]
    if coded.levels:
        names = [str(level) for level in coded.levels]
    else:
        edges = [f"{edge:g}" for edge in coded.edges]
        names = [f"{low} to <{high}" for low, high in itertools.pairwise(edges)]
        names[-1] = names[-1].replace("<", "")
    return [*names, "missing"] if coded.variable.missing else names


def _require_noise(model: FittedModel) -> None:
    if model.privacy is None:
        raise ArgumentRefused(
            "The model was fitted with noise off; its counts are not for release.",
            "A model fitted with an epsilon.",
            "Fit with epsilon=3.0.",
        )
