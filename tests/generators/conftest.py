"""A small cohort that nobody has to look up: made here, with every kind of variable."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthema_lab.dictionary import DataDictionary

DESCRIBED = {
    "name": "toy",
    "title": "A toy cohort",
    "version": "1",
    "source": "made for tests",
    "licence": "Apache-2.0",
    "patient": "patient_id",
    "survival": {"time": "os_days", "event": "os_event", "horizon": 1000},
    "workload": [["os_days", "os_event"], ["os_days", "age"], ["age", "ferritin"], ["arm", "hb"]],
    "variables": {
        "patient_id": {"label": "Pseudonym", "type": "identifier"},
        "age": {
            "label": "Age", "type": "integer", "unit": "a", "range": [0, 100],
            "bins": [0, 18, 40, 60, 80, 100],
        },
        "arm": {"label": "Arm", "type": "category", "categories": {"A": "a", "B": "b", "C": "c"}},
        "pregnant": {"label": "Pregnant", "type": "boolean", "missing": True},
        "sex": {"label": "Sex", "type": "category", "categories": {"F": "female", "M": "male"}},
        "hb": {
            "label": "Haemoglobin", "type": "number", "unit": "g/dL", "range": [2, 20],
            "bins": [2, 6, 8, 10, 12, 20], "resolution": 0.1,
        },
        "ferritin": {
            "label": "Ferritin", "type": "number", "unit": "ng/mL", "range": [0, 10000],
            "bins": [0, 30, 100, 1000, 10000], "within_bin": "log", "missing": True,
        },
        "pfs_days": {
            "label": "Progression-free survival", "type": "integer", "unit": "d",
            "range": [0, 1000], "bins": [0, 100, 250, 500, 1000],
        },
        "os_days": {
            "label": "Overall survival", "type": "integer", "unit": "d",
            "range": [0, 1000], "bins": [0, 100, 250, 500, 1000],
        },
        "os_event": {"label": "Death", "type": "boolean"},
        "elderly": {
            "label": "Elderly", "type": "category", "categories": {"no": "no", "yes": "yes"},
            "derive": "cut(age, [0, 60, 101], ['no', 'yes'])",
        },
    },
    "rules": {
        "progression_before_death": {
            "text": "Progression-free survival is not longer than survival.",
            "expression": "pfs_days <= os_days",
        },
        "only_women_are_pregnant": {
            "text": "Only women are pregnant.",
            "expression": "implies(sex == 'M', pregnant != 1)",
        },
    },
}  # fmt: skip


@pytest.fixture(scope="session")
def toy() -> DataDictionary:
    return DataDictionary.from_dict(DESCRIBED)


def toy_patients(rows: int, seed: int = 0) -> pd.DataFrame:
    """Patients who keep the rules; age drives survival."""
    rng = np.random.default_rng(seed)
    age = rng.integers(1, 95, rows)
    sex = rng.choice(["F", "M"], rows)
    os_days = np.minimum(rng.exponential(900 - 8 * age), 1000).astype(int)
    ferritin = np.minimum(np.exp(rng.normal(5, 1.2, rows)), 9999)
    ferritin[rng.random(rows) < 0.2] = np.nan
    pregnant = np.where(sex == "F", (rng.random(rows) < 0.2).astype(float), 0.0)
    pregnant[rng.random(rows) < 0.1] = np.nan
    return pd.DataFrame(
        {
            "patient_id": [f"p{seed}-{i}" for i in range(rows)],
            "age": age,
            "arm": rng.choice(["A", "B", "C"], rows, p=[0.5, 0.3, 0.2]),
            "pregnant": pregnant,
            "sex": sex,
            "hb": np.round(np.clip(rng.normal(10, 2, rows), 2, 19), 1),
            "ferritin": ferritin,
            "pfs_days": (os_days * rng.random(rows)).astype(int),
            "os_days": os_days,
            "os_event": (rng.random(rows) < 0.8).astype(int),
        }
    )


@pytest.fixture(scope="session")
def patients(toy) -> pd.DataFrame:
    return toy.conform(toy_patients(600))
