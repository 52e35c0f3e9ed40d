"""What do red cells look like on a blood smear?

Per-patient summaries of shape. In HbSS they have the mean and deviation that
were computed from 422 fields of patients in Uganda; other genotypes are assumed
closer to the 147 fields of people without the disease.
"""

from __future__ import annotations

import numpy as np

from synthema_lab.cohorts.simulators.scd.centres import OTHER, SBPLUS, SC
from synthema_lab.cohorts.simulators.scd.margins import soft_cap

# HbSS first, then variants between it and people without the disease; mean and deviation.
_ASPECT = ((1.400, 0.212), (1.30, 0.15))
_CIRCULARITY = ((0.756, 0.079), (0.800, 0.066))
_LONG = ((0.160, 0.132), (0.10, 0.09))  # share of cells with an aspect ratio above 2
_AREA = ((0.32, 0.09), (0.27, 0.08))
# Irreversibly sickled cells: 5 to 25% in HbSS and below 2% in HbSC, taken as central 95%.
_SICKLED = ((np.log(0.112), 0.45), (np.log(0.0062), 0.45))


def draw(
    people: dict[str, np.ndarray], blood: dict[str, np.ndarray], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Shape of red cells: ``sickled``, ``aspect``, ``circularity``, ``long``, ``area_cv``.

    One factor of sickling runs through all: it rises with low HbF and falls
    with alpha-thalassaemia and hydroxycarbamide.
    """
    count = len(people["age"])
    milder = np.isin(people["genotype"], (SC, SBPLUS, OTHER)).astype(int)
    signal = -0.35 * np.log(np.maximum(blood["hbf"], 0.3) / 7.5)
    signal = signal - 0.35 * people["alpha_deleted"] - 0.45 * people["hu"] + 0.33
    factor = np.clip(0.9 * signal + 0.80 * rng.standard_normal(count), -3.2, 3.2)

    def spread(table: tuple[tuple[float, float], ...]) -> tuple[np.ndarray, np.ndarray]:
        return np.array(table)[milder].T

    def beside(weight: float) -> np.ndarray:
        own = np.clip(rng.standard_normal(count), -3.5, 3.5)
        return weight * factor + np.sqrt(1 - weight**2) * own

    mean, deviation = spread(_ASPECT)
    ratio = np.log1p((deviation / (mean - 1)) ** 2)
    aspect = 1 + (mean - 1) * np.exp(np.sqrt(ratio) * beside(0.85) - ratio / 2)
    mean, deviation = spread(_CIRCULARITY)
    circularity = np.clip(mean - deviation * beside(0.80), 0.35, 0.97)
    mean, deviation = spread(_LONG)
    ratio = np.log1p((deviation / mean) ** 2)
    long = mean * np.exp(np.sqrt(ratio) * beside(0.90) - ratio / 2)
    mean, deviation = spread(_AREA)
    area = np.clip(mean + deviation * beside(0.50), 0.08, 0.95)
    location, width = spread(_SICKLED)
    sickled = np.exp(location + width * beside(0.75)) * (1 - blood["transfused"] / 110)
    return {
        "sickled": soft_cap(sickled, 0.45, 0.59),
        "aspect": soft_cap(aspect, 2.4, 2.95),
        "circularity": circularity,
        "long": soft_cap(long, 0.70, 0.95),
        "area_cv": area,
    }
