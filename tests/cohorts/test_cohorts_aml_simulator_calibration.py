"""Simulated patients with AML reproduce what is known of the cohort they were calibrated to."""

from __future__ import annotations

import numpy as np
import pytest
from lifelines import CoxPHFitter, KaplanMeierFitter

from synthema_lab.cohorts.simulators import aml
from synthema_lab.cohorts.simulators.aml.complete import simulate_complete
from synthema_lab.cohorts.simulators.aml.constants import constants
from synthema_lab.cohorts.simulators.aml.solving import solved
from synthema_lab.cohorts.simulators.aml.targets import (
    GENES,
    KARYOTYPE,
    TARGETS,
    condition,
)
from synthema_lab.cohorts.simulators.aml.untargeted import UNTARGETED
from synthema_lab.cohorts.simulators.calibration import deviations

PATIENTS = 60_000
"""So many that the standard error of a share is below 0.21 points."""


@pytest.fixture(scope="module")
def patients():
    return simulate_complete(PATIENTS, np.random.default_rng(20261125))


@pytest.fixture(scope="module")
def table(patients):
    return deviations(TARGETS, patients).set_index("quantity")


def holds(patients, variable):
    return patients.eval(condition(variable), engine="python").to_numpy(bool)


@pytest.mark.parametrize("gene", GENES)
def test_genes_are_mutated_as_often_as_in_the_cohort_within_two_points(patients, gene):
    assert abs(100 * holds(patients, f"mut_{gene}").mean() - GENES[gene]) <= 2


@pytest.mark.parametrize("aberration", KARYOTYPE)
def test_aberrations_are_as_frequent_as_in_the_cohort_within_two_points(patients, aberration):
    assert abs(100 * holds(patients, aberration).mean() - KARYOTYPE[aberration]) <= 2


def test_rare_genes_and_aberrations_are_neither_absent_nor_doubled(patients):
    for name, percent in {f"mut_{k}": v for k, v in GENES.items()}.items():
        assert 0.6 * percent < 100 * holds(patients, name).mean() < 1.6 * percent, name
    for name, percent in KARYOTYPE.items():
        if name != "t_9_22":
            assert 0.6 * percent < 100 * holds(patients, name).mean() < 1.6 * percent, name


def test_all_81_associations_are_on_the_right_side_of_one(patients):
    pairs = constants("genetics")["pairs"]
    assert len(pairs) == 81
    wrong = []
    for one, other, ratio in pairs:
        a, b = holds(patients, one), holds(patients, other)
        cells = np.bincount(2 * a + b, minlength=4) + 0.5
        simulated = cells[0] * cells[3] / (cells[1] * cells[2])
        if np.sign(np.log(simulated)) != np.sign(np.log(ratio)):
            wrong.append((one, other, ratio, simulated))
    assert not wrong


def test_strong_associations_are_strong(patients):
    for one, other, least in (("mut_NPM1", "mut_DNMT3A", 6), ("mut_TP53", "complex_kt", 30),
                              ("complex_kt", "del5q_minus5", 45), ("mut_KIT", "t_8_21", 10),
                              ("mut_RUNX1", "mut_SRSF2", 5), ("mut_NRAS", "inv16", 4)):  # fmt: skip
        a, b = holds(patients, one), holds(patients, other)
        cells = np.bincount(2 * a + b, minlength=4)
        assert cells[0] * cells[3] / (cells[1] * cells[2]) > least, (one, other)


def test_risk_groups_are_as_frequent_as_in_the_cohort_within_two_points(patients):
    shares = 100 * patients["eln2022"].value_counts(normalize=True, dropna=False)
    for group, count in {"favorable": 480, "intermediate": 487, "adverse": 508, "APL": 65}.items():
        assert abs(shares[group] - 100 * count / 1540) <= 2, group


@pytest.mark.parametrize(
    ("group", "percent"), [("favorable", 62), ("intermediate", 38), ("adverse", 21), ("APL", 75)]
)
def test_five_year_survival_by_risk_group_is_within_four_points(patients, group, percent):
    members = patients[patients["eln2022"] == group]
    curve = KaplanMeierFitter().fit(
        members["os_days"].astype(float), members["os_event"].astype(int)
    )
    assert abs(100 * float(curve.predict(1826.25)) - percent) <= 4


def test_every_target_is_met_within_its_tolerance(table):
    missed = table[~table["within"]]
    assert missed.empty, missed[["target", "simulated", "tolerance"]]


def test_every_target_has_a_source_and_a_tag():
    assert len({target.quantity for target in TARGETS}) == len(TARGETS)
    assert all(target.source and target.tag in "VCRA" for target in TARGETS)
    assert all(reason.endswith((".", ")")) for reason in UNTARGETED.values())


def test_prognostic_factors_act_in_the_direction_of_the_cohort(patients):
    few = patients.head(20_000)
    factors = ["mut_NPM1", "mut_TP53", "mut_IDH1", "mut_SRSF2", "inv16", "t_15_17", "inv3",
               "complex_kt", "mut_CEBPA_bzip"]  # fmt: skip
    model = few[factors].astype(float).assign(
        age=few["age_years"] / 10, wbc=np.log2(few["wbc_gl"]),
        days=few["os_days"].astype(float), died=few["os_event"].astype(int),
    )  # fmt: skip
    effect = CoxPHFitter().fit(model, "days", "died").params_
    worse = {"mut_TP53", "mut_IDH1", "mut_SRSF2", "inv3", "complex_kt", "age", "wbc"}
    for name, value in effect.items():
        assert (value > 0) == (name in worse), name


def test_npm1_itd_and_dnmt3a_together_are_worse_than_npm1_and_itd(patients):
    both = (patients["mut_NPM1"] == 1) & (patients["mut_FLT3_ITD"] == 1)
    lives = []
    for dnmt3a in (0, 1):
        group = patients[both & (patients["mut_DNMT3A"] == dnmt3a)]
        curve = KaplanMeierFitter().fit(
            group["os_days"].astype(float), group["os_event"].astype(int)
        )
        lives.append(float(curve.predict(1826.25)))
    assert lives[0] > lives[1] + 0.08


def test_the_table_says_how_well_few_patients_can_tell():
    few = aml.calibrate(patients=1540, seed=1).set_index("quantity")
    assert list(few.index) == [target.quantity for target in TARGETS]
    low, high = few.loc["NPM1 mutated", ["low", "high"]]
    assert 4 < high - low < 5


def test_solving_the_outcome_again_gives_what_is_kept():
    again, kept = solved(60_000, np.random.default_rng(77)), constants("outcome")
    for group, hazard in again["cumulative_hazard"].items():
        np.testing.assert_allclose(hazard, kept["cumulative_hazard"][group], rtol=0.06)
    for group in ("favorable", "intermediate", "adverse"):
        for key in ("remission_logit", "late_remission_logit"):
            assert abs(again[key][group] - kept[key][group]) < 0.2, (key, group)
        given = again["transplant_chance"][group]
        assert given == pytest.approx(kept["transplant_chance"][group], rel=0.05)
    assert again["transplant_chance"]["APL"] == 0
