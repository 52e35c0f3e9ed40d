"""Do cores, repeats and very large tables leave the numbers what they are?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import ArgumentRefused
from synthema_lab.validation import comparison, parallel, prepare, validate
from synthema_lab.validation.registry import MEASURES

from .conftest import DESCRIBED, simulated

WARD = DataDictionary.from_dict(DESCRIBED)


def reference(rows: int = 300, **given):
    return prepare(simulated(rows, 1), simulated(rows, 2), WARD, draws=20, **given)


def test_the_numbers_are_the_same_on_one_core_and_on_two():
    synthetic = simulated(200, 3)
    one, two = (validate(reference(), synthetic, cores=cores) for cores in (1, 2))
    pd.testing.assert_frame_equal(one.table(), two.table(), check_exact=True)
    assert one.curves.keys() == two.curves.keys()
    for name, curve in one.curves.items():
        pd.testing.assert_frame_equal(curve, two.curves[name], check_exact=True)


def test_progress_counts_every_step_on_any_number_of_cores():
    for cores in (1, 2):
        steps = []
        validate(
            reference(), simulated(200, 3), cores=cores,
            progress=lambda done, total, label, steps=steps: steps.append((done, total)),
        )  # fmt: skip
        assert [done for done, _ in steps] == list(range(steps[0][1] + 1))


def test_a_table_that_comes_again_is_not_computed_again(monkeypatch):
    known, synthetic = reference(), simulated(200, 3)
    first = validate(known, synthetic)
    asked = []
    monkeypatch.setattr(comparison, "estimates", lambda jobs, *rest: asked.extend(jobs) or iter(()))
    again = validate(known, synthetic.copy())
    pd.testing.assert_frame_equal(first.table(), again.table(), check_exact=True)
    assert asked == []


def test_another_table_is_computed_though_floors_are_kept():
    known = reference()
    first = validate(known, simulated(200, 3))
    other = validate(known, simulated(200, 4))
    assert first["km_gap"].value != other["km_gap"].value
    assert first["km_gap"].floor == other["km_gap"].floor


@pytest.mark.parametrize("cores", [0, -1, 1.5, True])
def test_a_number_of_cores_that_cannot_be_is_refused(cores):
    with pytest.raises(ArgumentRefused, match="cores"):
        validate(reference(), simulated(50, 3), cores=cores)


def test_a_small_cohort_and_the_quick_set_stay_on_one_core():
    assert parallel.cores_for(reference(), None) == 1
    assert parallel.cores_for(reference(metrics="standard"), None) == 1


def test_measures_that_share_results_go_to_one_process():
    modules = {measure.estimate.__module__.rpartition(".")[2] for measure in MEASURES}
    assert set(parallel.TOGETHER) | set(parallel.TOGETHER.values()) <= modules


def test_so_small_a_sample_of_rows_is_refused():
    with pytest.raises(ArgumentRefused, match="large table"):
        prepare(simulated(50, 1), None, WARD, most_rows=100)


class TestOfALargeTable:
    """2500 patients, of whom most measures read 1000."""

    @pytest.fixture(scope="class")
    @staticmethod
    def tables():
        return simulated(2500, 11), simulated(2500, 12), simulated(2600, 13)

    @pytest.fixture(scope="class")
    @staticmethod
    def found(tables):
        train, holdout, synthetic = tables
        synthetic = synthetic.copy()
        synthetic.loc[7, ["os_days", "relapsed"]] = [0, 1]
        columns = ["age", "marker", "iron", "sex", "relapsed", "os_days", "os_event"]
        synthetic.loc[9, columns] = train.loc[2499, columns]
        return validate(prepare(train, holdout, WARD, draws=20, most_rows=1000), synthetic, cores=2)

    def test_one_broken_rule_and_one_copy_among_all_rows_are_found(self, found):
        assert found["rules_broken"].value == 1 / 2600
        assert found["row_copies"].value == 1 / 2600

    def test_the_other_measures_read_a_sample_and_the_heading_says_so(self, found):
        assert found["km_gap"].n == 1000
        assert found["c2st_auc"].n == 2000
        assert "2600 synthetic rows against 2500 training" in found.heading
        assert "read 1000 rows" in found.heading

    def test_intervals_are_those_of_the_sample_and_hold_what_all_rows_give(self, tables, found):
        train, holdout, synthetic = tables
        every = validate(prepare(train, holdout, WARD, draws=20), synthetic)
        assert "drawn at random" not in every.heading
        for name in ("univariate_distance", "km_gap"):
            assert found[name].low <= every[name].value <= found[name].high
            assert found[name].high - found[name].low > every[name].high - every[name].low

    def test_an_attack_finds_members_of_the_sample_in_all_synthetic_rows(self, tables):
        train, holdout, _ = tables
        leaky = pd.concat([simulated(2500, 14), train], ignore_index=True)
        found = validate(prepare(train, holdout, WARD, draws=20, most_rows=1000), leaky)
        assert found["membership_tpr"].n == 2000
        assert found["membership_tpr"].value > 0.95
        assert found["singling_out_gain"].low > 0.1
        assert found["row_copies"].value == 0.5

    def test_the_sample_depends_on_the_seed_alone(self, tables):
        one, two, other = (
            prepare(*tables[:2], WARD, draws=20, most_rows=1000, seed=seed) for seed in (1, 1, 2)
        )
        assert np.array_equal(one.train.numeric["marker"], two.train.numeric["marker"])
        assert not np.array_equal(one.train.numeric["marker"], other.train.numeric["marker"])
