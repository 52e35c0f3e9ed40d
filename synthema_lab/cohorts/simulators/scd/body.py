"""How tall and heavy are patients, and what are their blood pressure and saturation?

Assumed growth curves, a little behind those of healthy children until puberty
is over, as sickle-cell anaemia delays growth. Saturation by genotype as in
`targets`.
"""

from __future__ import annotations

import numpy as np

_AGES = [1, 2, 4, 6, 8, 10, 12, 14, 16, 18, 21]
_GIRLS = [74, 85, 101, 114, 126, 137, 148, 156, 160, 162, 163]
_BOYS = [75, 86, 102, 115, 127, 137, 147, 158, 168, 173, 175]
_BMI = [16.8, 16.2, 15.5, 15.3, 15.7, 16.4, 17.4, 18.7, 20.0, 21.0, 22.0]


def draw(people: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Height (cm), weight (kg), saturation (%) and blood pressure (mm[Hg]) of each patient.

    ``sbp_above`` is the systolic pressure above what is usual at that age and sex."""
    age, male, count = people["age"], people["male"], len(people["age"])
    median = np.where(male, np.interp(age, _AGES, _BOYS), np.interp(age, _AGES, _GIRLS))
    behind = np.where(people["sca"], 1.0, 0.5) * np.interp(age, [1, 5, 14, 20], [0, 2.0, 3.5, 1.0])
    score = np.clip(rng.standard_normal(count), -2.8, 2.8)
    height = median - behind + median * 0.042 * score
    heavier = np.where(people["sca"], 0.0, 0.09) * np.interp(age, [10, 30], [0.0, 1.0])
    wide = np.interp(age, [2, 30], [0.08, 0.16])
    bmi = np.interp(age, _AGES, _BMI) * np.exp(
        heavier + 0.003 * np.clip(age - 21, 0, 30)
        + wide * np.clip(rng.standard_normal(count), -2.6, 2.9)
    )  # fmt: skip
    systolic = np.interp(age, [1, 5, 10, 18, 40, 70], [88, 96, 102, 112, 118, 128])
    systolic = systolic + np.where(male & people["adult"], 4.0, 0.0)
    usual = systolic
    systolic = systolic + 10.5 * np.clip(rng.standard_normal(count), -2.6, 4.0)
    share = np.clip(0.585 + 0.06 * rng.standard_normal(count), 0.45, 0.78)
    location = np.array([96.8, 98.3, 97.2, 98.3, 97.8])[people["genotype"]]
    spread = np.array([3.0, 1.7, 2.8, 1.8, 2.2])[people["genotype"]]
    saturation = np.minimum(location + spread * rng.standard_normal(count), 100.0)
    return {
        "height": height,
        "weight": bmi * (height / 100) ** 2,
        "spo2": np.maximum(saturation, 78.0),
        "sbp": systolic,
        "sbp_above": systolic - usual,
        "dbp": np.maximum(systolic * share, 31.0),
    }
