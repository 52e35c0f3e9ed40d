"""Does the validator refuse what leaks, see what is worthless, and let a good release pass?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthema_lab import generators, randomness
from synthema_lab.dictionary import DataDictionary
from synthema_lab.validation import decide, near_copies, prepare, validate
from synthema_lab.validation.uses import way_to_the_floor

from .conftest import DESCRIBED, permuted, simulated

ROWS = 1500
WORKLOAD = [
    ["os_days", "os_event"], ["os_days", "marker"], ["os_days", "age"], ["marker", "iron"],
    ["os_days", "os_event", "marker"],
]  # fmt: skip
WARD = DataDictionary.from_dict({**DESCRIBED, "workload": WORKLOAD})
FIDELITY = ("c2st_auc", "km_gap", "log_hr_error", "rmst_difference", "c_index", "outcome_auc")
LEAKS = (
    "membership_tpr", "membership_auc", "membership_worst_case", "attribute_inference_gain",
    "linkability_gain",
)  # fmt: skip


@pytest.fixture(scope="module")
def patients():
    return simulated(ROWS, 1), simulated(ROWS, 2)


@pytest.fixture(scope="module")
def judged(patients):
    """Verdicts on a release, on tables that leak, and on one that is worthless."""
    train, holdout = patients
    reference = prepare(train, holdout, WARD, draws=40)
    half = pd.concat([train[: ROWS // 2], permuted(simulated(ROWS // 2, 5), 5)], ignore_index=True)
    with randomness.swapped(np.random.default_rng(2026).bytes):  # noise from a seed, for once
        released = generators.get("marginal").fit([train], WARD, epsilon=8.0, seed=1)
    tables = {
        "released": released.sample(ROWS, 1),
        "copy": train,
        "half a copy": half,
        "near copies": near_copies(train, WARD, seed=1),
        "worthless": permuted(simulated(ROWS, 9), 9),
    }
    return {name: validate(reference, table) for name, table in tables.items()}


def test_a_good_release_under_differential_privacy_passes(judged):
    verdict = decide(judged["released"])
    assert verdict.verdict == "release", verdict


@pytest.mark.parametrize("name", ["copy", "half a copy", "near copies"])
def test_what_was_made_of_the_patients_is_refused(judged, name):
    verdict = decide(judged[name])
    assert verdict.verdict == "refuse"
    assert any("recognises training patients" in reason for reason in verdict.reasons)


def test_near_copies_pass_what_counts_copies_and_verbatim_values(judged):
    found = judged["near copies"]
    assert found["row_copies"].value == 0
    assert found["verbatim_values"].value < found["verbatim_values"].ceiling + 0.05
    assert found["membership_tpr"].low > 0.3


def test_a_worthless_table_is_no_risk_and_no_release(judged):
    verdict = decide(judged["worthless"])
    assert verdict.verdict == "restrict"
    assert any("go together" in one for one in verdict.shortfalls)


def test_the_copy_is_last_on_privacy(judged):
    for name in LEAKS:
        leak = {table: found[name].value for table, found in judged.items()}
        assert max(leak, key=leak.get) == "copy", name


def test_the_worthless_table_is_last_on_fidelity(judged):
    ways = {
        table: float(np.mean([way_to_the_floor(found[name]) for name in FIDELITY]))
        for table, found in judged.items()
    }
    assert max(ways, key=ways.get) == "worthless"
    assert ways["released"] < 0.6 < ways["worthless"]
