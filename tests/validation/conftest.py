"""A small simulated cohort with survival, gaps, a rule and a risk group."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthema_lab.dictionary import DataDictionary
from synthema_lab.validation import Validation, prepare, validate

DESCRIBED = {
    "name": "ward",
    "title": "A simulated ward",
    "version": "1",
    "source": "made for tests",
    "licence": "Apache-2.0",
    "patient": "patient_id",
    "centre": "hospital",
    "survival": {"time": "os_days", "event": "os_event", "horizon": 1200},
    "risk_group": "age_band",
    "workload": [["os_days", "os_event"], ["os_days", "marker"]],
    "variables": {
        "patient_id": {"label": "Pseudonym", "type": "identifier"},
        "hospital": {"label": "Hospital", "type": "category", "categories": {"n": "N", "s": "S"}},
        "age": {
            "label": "Age", "type": "integer", "unit": "a", "range": [18, 98],
            "bins": [18, 38, 48, 58, 68, 78, 98],
        },
        "marker": {
            "label": "Marker", "type": "number", "unit": "mg/L", "range": [-10, 10],
            "bins": [-10, -3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 10],
        },
        "iron": {
            "label": "Iron", "type": "number", "unit": "ug/L", "range": [0, 200],
            "bins": [0, 20, 40, 60, 80, 100, 120, 140, 200], "missing": True,
        },
        "sex": {"label": "Sex", "type": "category", "categories": {"F": "female", "M": "male"}},
        "relapsed": {"label": "Relapsed", "type": "boolean", "missing": True},
        "os_days": {
            "label": "Survival", "type": "integer", "unit": "d", "range": [0, 4000],
            "bins": [0, 50, 100, 200, 300, 450, 600, 900, 1200, 1600, 2000, 2500, 4000],
        },
        "os_event": {"label": "Death", "type": "boolean"},
        "age_band": {
            "label": "Age band", "type": "category",
            "categories": {"young": "under 58", "old": "58 and older"},
            "derive": "cut(age, [18, 58, 99], ['young', 'old'])",
        },
    },
    "rules": {
        "nobody_relapses_on_day_0": {
            "text": "Nobody relapses on the day of diagnosis.",
            "expression": "implies(os_days == 0, relapsed != 1)",
        },
    },
}  # fmt: skip


def simulated(rows: int, seed: int, effect: float = 0.7) -> pd.DataFrame:
    """Patients in whom a marker, tied to iron, and age shorten survival."""
    rng = np.random.default_rng(seed)
    marker = rng.normal(size=rows).clip(-9.9, 9.9)
    age = np.clip(rng.normal(60, 14, rows), 18, 98).round()
    iron = (80 + 25 * marker + rng.normal(0, 15, rows)).clip(0, 200)
    iron[rng.random(rows) < 0.2] = np.nan
    relapsed = (rng.random(rows) < 0.3 + 0.2 * (marker > 0)).astype(float)
    relapsed[rng.random(rows) < 0.1] = np.nan
    hazard = np.exp(effect * marker + 0.02 * (age - 60)) / 700
    life = rng.exponential(1 / hazard)
    watched = rng.uniform(200, 3000, rows)
    return pd.DataFrame(
        {
            "patient_id": [f"s{seed}-{number}" for number in range(rows)],
            "hospital": rng.choice(["n", "s"], rows),
            "age": age,
            "marker": marker,
            "iron": iron,
            "sex": rng.choice(["F", "M"], rows, p=[0.4, 0.6]),
            "relapsed": relapsed,
            "os_days": np.minimum(life, watched).clip(1, 4000).round(),
            "os_event": (life <= watched).astype(int),
        }
    )


def permuted(patients: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Every column shuffled by itself."""
    rng = np.random.default_rng(seed)
    return patients.apply(lambda column: rng.permutation(column.to_numpy()))


@pytest.fixture(scope="session")
def ward() -> DataDictionary:
    return DataDictionary.from_dict(DESCRIBED)


@pytest.fixture(scope="session")
def train() -> pd.DataFrame:
    return simulated(500, seed=1)


@pytest.fixture(scope="session")
def holdout() -> pd.DataFrame:
    return simulated(300, seed=2)


@pytest.fixture(scope="session")
def reference(train, holdout, ward):
    return prepare(train, holdout, ward, draws=100, seed=0)


@pytest.fixture(scope="session")
def floor_only(train):
    """Unlabelled rows of independent marginals by permutation."""
    return permuted(train, seed=9).drop(columns=["patient_id", "hospital"])


@pytest.fixture(scope="session")
def alike(reference) -> Validation:
    """Fresh patients of the same kind, judged."""
    return validate(reference, simulated(500, seed=21))


@pytest.fixture(scope="session")
def shuffled(reference) -> Validation:
    """Fresh patients whose columns are shuffled, judged."""
    return validate(reference, permuted(simulated(500, seed=9), seed=9))


@pytest.fixture(scope="session")
def make():
    """The simulator and the shuffler, for tests that need other tables."""
    return simulated, permuted
