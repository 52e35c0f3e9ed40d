"""The figure of before and after says in numbers and words what it draws."""

from __future__ import annotations

import numpy as np
import pytest

from synthema_lab.cohorts import load_cohort
from synthema_lab.deidentify import Policy, SiteKey, deidentify, export_example
from synthema_lab.workbench.figures import deidentification


@pytest.fixture(scope="module")
def found():
    cohort = load_cohort("leuksurv")
    raw = export_example(cohort.patients, cohort.dictionary, np.random.default_rng(1))
    key = SiteKey(bytes(32))
    study = "deprivation_and_survival"
    return deidentify(raw, cohort.dictionary, Policy.load("leuksurv"), key, study)


def test_shares_before_and_after_add_up_and_nobody_is_left_below_k(found):
    data = deidentification(found).data
    sizes = data[data["panel"] == "class sizes"]
    assert sizes[["before", "after"]].sum().tolist() == pytest.approx([1, 1])
    assert sizes.set_index("class_size")["after"][["1", "2", "3 to 4"]].sum() == 0
    lost = data[data["panel"] == "information lost"].set_index("variable")["lost"]
    assert lost.between(0, 1).all()
    assert set(lost.index) == set(found.before.quasi_identifiers)


def test_the_description_holds_the_numbers_and_the_picture_is_the_same_twice(found):
    plot = deidentification(found)
    assert f"Unique patients: {found.before.unique} before, 0 after" in plot.alt
    assert f"{found.loss.suppressed_rows} left out" in plot.caption
    assert plot.png() == deidentification(found).png()


def test_a_patient_appears_in_no_part_of_the_figure(found):
    plot = deidentification(found)
    told = plot.data.to_csv() + plot.caption + plot.alt
    assert not any(pseudonym in told for pseudonym in found.patients["patient_id"])
