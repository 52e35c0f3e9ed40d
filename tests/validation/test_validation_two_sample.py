"""A copied row never teaches its own label."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from synthema_lab.validation.bootstrap import weighted_auc
from synthema_lab.validation.columns import groups_of_copies, read_columns
from synthema_lab.validation.two_sample import folds_of_copies, out_of_fold


@given(st.lists(st.integers(0, 12), min_size=10, max_size=60), st.integers(0, 2**32 - 1))
def test_copies_share_a_fold_and_every_row_has_one(copies, seed):
    copies = np.unique(copies, return_inverse=True)[1].reshape(-1)
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, len(copies))
    fold = folds_of_copies(copies, label, rng, 3)
    if copies.max() + 1 < 3:
        assert fold is None
        return
    assert set(fold) == {0, 1, 2}
    for group in np.unique(copies):
        assert len(set(fold[copies == group])) == 1


def test_folds_are_balanced_in_size_and_label():
    rng = np.random.default_rng(0)
    label = np.r_[np.zeros(730), np.ones(1000)]
    fold = folds_of_copies(rng.permutation(1730), label, rng, 5)
    assert np.ptp(np.bincount(fold)) <= 2
    assert np.ptp(np.bincount(fold, weights=label)) <= 1


def test_missing_equals_missing_when_copies_are_sought():
    one, other = groups_of_copies(np.array([[np.nan, 1.0]]), np.array([[np.nan, 1.0], [0.0, 1.0]]))
    assert one[0] == other[0]
    assert one[0] != other[1]


def test_zero_and_minus_zero_are_the_same_value():
    one, other = groups_of_copies(np.array([[0.0]]), np.array([[-0.0]]))
    assert one[0] == other[0]


def test_a_table_with_many_copies_of_few_real_rows_is_not_told_apart_by_its_copies(
    make, ward, train
):
    """Each real row four times: all that differs is how often, and the same is true in truth."""
    patients = read_columns(train, ward, ward.modelled)
    repeated = patients.take(np.tile(np.arange(patients.rows), 4))
    scores = out_of_fold(patients, repeated, np.random.default_rng(0), 5)
    ones = np.ones((1, repeated.rows)), np.ones((1, patients.rows))
    area = weighted_auc(scores[patients.rows :], scores[: patients.rows], *ones)[0]
    assert abs(area - 0.5) < 0.03


def test_other_patients_of_the_same_kind_look_the_same(make, ward, train):
    """The area of a fair test has a standard deviation of about 0.02 here."""
    simulated, _ = make
    one = read_columns(train, ward, ward.modelled)
    other = read_columns(simulated(500, seed=77), ward, ward.modelled)
    scores = out_of_fold(one, other, np.random.default_rng(0), 5)
    area = weighted_auc(scores[500:], scores[:500], np.ones((1, 500)), np.ones((1, 500)))[0]
    assert abs(area - 0.5) < 0.07
