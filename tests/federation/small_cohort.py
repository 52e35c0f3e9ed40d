"""Which invented patients do the tests of regressions share?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from synthema_lab.dictionary import DataDictionary

DICTIONARY = DataDictionary.from_text(
    """
name: invented
title: Invented patients
version: "1"
source: Invented.
licence: none
survival: {time: days, event: died, horizon: 1120}
variables:
  age: {label: Age, type: number, unit: a, range: [0, 100]}
  months: {label: Age in months, type: number, unit: mo, range: [0, 1200], missing: true}
  marker: {label: Marker, type: number, unit: "1", range: [0, 20], missing: true}
  dose: {label: Dose, type: number, unit: mg}
  sex: {label: Sex, type: category, categories: {F: female, M: male}, missing: true}
  stage: {label: Stage, type: category, categories: {a: early, b: late, c: very late}}
  mutated: {label: Mutated, type: boolean}
  note: {label: Note, type: text}
  days: {label: Days, type: integer, unit: d, range: [0, 5000], missing: true}
  died: {label: Died, type: boolean, missing: true}
"""
)


def invented(patients: int, seed: int) -> pd.DataFrame:
    """Patients whose hazard rises with age and marker, complete.

    Parameters
    ----------
    patients : int
    seed : int
    """
    rng = np.random.default_rng(seed)
    age = rng.uniform(20, 90, patients).round(1)
    marker = rng.gamma(2.0, 1.5, patients).clip(0, 20).round(2)
    mutated = rng.binomial(1, 0.4, patients)
    hazard = np.exp(0.02 * (age - 55) + 0.2 * (marker - 3) + 0.5 * mutated) / 700
    life, seen = rng.exponential(1 / hazard), rng.uniform(200, 1800, patients)
    return pd.DataFrame(
        {
            "age": age,
            "months": (12 * age).round(1),
            "marker": marker,
            "sex": rng.choice(["F", "M"], patients),
            "stage": rng.choice(["a", "b", "c"], patients, p=[0.5, 0.3, 0.2]),
            "mutated": mutated,
            "days": np.ceil(np.minimum(life, seen)).clip(1, 5000).astype(int),
            "died": (life <= seen).astype(int),
        }
    )


def divided(patients: pd.DataFrame, ends: list[int]) -> dict[str, pd.DataFrame]:
    """The patients in order, divided into sites that end at these rows."""
    starts = [0, *ends[:-1]]
    return {
        f"site_{number}": patients.iloc[start:end].reset_index(drop=True)
        for number, (start, end) in enumerate(zip(starts, ends, strict=True), start=1)
    }
