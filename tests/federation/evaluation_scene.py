"""Three hospitals whose patients judge a synthetic cohort, for tests."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from synthema_lab.dictionary import DataDictionary
from synthema_lab.federation.evaluation import Evaluation, bring
from synthema_lab.federation.procedures import Given, procedure_of
from synthema_lab.federation.procedures.holdout import split_patients
from synthema_lab.federation.study.example import HOSPITALS, example_content
from synthema_lab.federation.study.study import Study
from synthema_lab.secure_aggregation import OpenedSum

DICTIONARY = DataDictionary.load("leuksurv")
VARIABLES = ("age_years", "sex", "wbc_gl", "deprivation", "os_days", "os_event")
OUTPUT = {"verdict": {"what": "Rates, curves and a verdict.", "protection": "disclosure_control"}}


def patients_like_leuksurv(rows: int, seed: int, prefix: str = "P") -> pd.DataFrame:
    """Invented patients in whom age and white cells shorten survival."""
    rng = np.random.default_rng(seed)
    age = np.clip(rng.normal(62, 16, rows), 15, 100).round().astype(int)
    wbc = np.clip(np.exp(rng.normal(2.0 + (age - 62) / 40, 1.2)), 0.1, 500).round(1)
    rate = np.exp(0.05 * (age - 62) + 0.3 * np.log(wbc / 8)) / 500
    life, followed = rng.exponential(1 / rate), rng.uniform(300, 4000, rows)
    table = pd.DataFrame(
        {
            "patient_id": [f"{prefix}{number}" for number in range(rows)],
            "age_years": age,
            "sex": np.where(rng.random(rows) < 0.5, "F", "M"),
            "wbc_gl": wbc,
            "deprivation": np.clip(rng.normal(0, 3, rows), -6, 9).round(2),
            "os_days": np.clip(np.ceil(np.minimum(life, followed)), 1, 5000).astype(int),
            "os_event": (life <= followed).astype(int),
        }
    )
    return DICTIONARY.conform(table)


@cache
def sides() -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    """By hospital, patients learnt from and held out."""
    found = {}
    for place, name in enumerate(HOSPITALS):
        table = patients_like_leuksurv(240, 10 + place, prefix=name)
        found[name] = split_patients(table, DICTIONARY, name.encode(), 0.35)
    return found


def pooled(side: int) -> pd.DataFrame:
    """All patients of a side, as one custodian would hold them."""
    return pd.concat([both[side] for both in sides().values()], ignore_index=True)


def study_of(digest: str, epsilon: float | str = "off", **changed) -> Study:
    """A study that judges the cohort of this digest."""
    content = example_content()
    content["variables"] = dict.fromkeys(VARIABLES, "It is judged.")
    content["generator"] = {"name": "validate", "settings": {"synthetic": digest, "draws": 100}}
    content["budget"]["epsilon"] = epsilon
    output = OUTPUT
    if epsilon != "off":
        output = {"verdict": OUTPUT["verdict"] | {"protection": "epsilon"}}
    terms = {"modulus_bits": 32, "scale": 1, "clip": 1e8}
    content["secure_aggregation"] |= terms
    return Study.from_dict(content | {"outputs": output, "smallest_cell": 10} | changed)


def given(study: Study, name: str) -> Given:
    """What a hospital's task works with."""
    return Given(study, DICTIONARY, *sides()[name], name, HOSPITALS, 2)


def opened(vectors: list[np.ndarray]) -> OpenedSum:
    """What the secure sum would open."""
    return OpenedSum(np.sum(vectors, axis=0), HOSPITALS, None)


def judge(synthetic: pd.DataFrame, epsilon: float | str = "off") -> Evaluation:
    """The study, by hand, with plain addition."""
    study = study_of(bring(synthetic, DICTIONARY), epsilon)
    procedure = procedure_of(study)
    assembly = procedure.assembly(study, DICTIONARY, HOSPITALS, 2)
    vectors = [
        procedure.task(given(study, name)).contribution(0, assembly.model).vector
        for name in HOSPITALS
    ]
    assembly.take(opened(vectors))
    return assembly.result()
