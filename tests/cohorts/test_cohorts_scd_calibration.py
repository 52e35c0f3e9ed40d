"""The simulator of sickle-cell disease reproduces what it was told."""

from __future__ import annotations

import pytest

from synthema_lab.cohorts.simulators import scd
from synthema_lab.cohorts.simulators.scd.targets import TARGETS, rare_genotype

# Chance moves every quantity; with 200,000 patients its standard error is well below the tolerance.
PATIENTS = 200_000


@pytest.fixture(scope="module")
def table():
    return scd.calibrate(PATIENTS, seed=1).set_index("quantity")


@pytest.mark.parametrize("quantity", [target.quantity for target in TARGETS])
def test_a_target_is_met_within_its_tolerance(table, quantity):
    row = table.loc[quantity]
    assert row["within"], f"{row['simulated']:.4g} for {row['target']:.4g}"


def test_every_target_is_named_once_and_says_where_it_comes_from():
    assert len(TARGETS) >= 60
    assert len({target.quantity for target in TARGETS}) == len(TARGETS)
    assert all(target.source and target.tag in "VCRA" for target in TARGETS)


def test_shares_may_deviate_by_two_points_and_figures_by_five_percent():
    for target in TARGETS:
        if target.kind == "points":
            assert target.tolerance == 2.0
        elif target.kind == "relative":
            assert target.tolerance == 0.05


def test_a_rare_genotype_is_measured_on_patients_of_its_own(table):
    own = [target.quantity for target in TARGETS if rare_genotype(target) == "HbSb0"]
    assert "Haemoglobin, mean, HbSb0 adults" in own
    assert "HbSb0 among HbS-beta" not in own
    assert table.loc["Haemoglobin, mean, HbSb0 adults", "high"] - 8.6 < 0.2


def test_the_table_lists_targets_in_their_order(table):
    assert table.index.tolist() == [target.quantity for target in TARGETS]
