"""What one patient can change in an opened sum is bounded, and the sum says what it should."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthema_lab.generators import Marginal
from synthema_lab.generators.belief import JunctionTree
from synthema_lab.generators.chosen_pairs import choose_pairs
from synthema_lab.generators.encoder import Encoder
from synthema_lab.generators.features import features, outcome_places, residuals
from synthema_lab.generators.loglinear import fit_loglinear, log_shares
from synthema_lab.generators.measured_sums import Measured
from synthema_lab.generators.moments import _shortened
from synthema_lab.generators.tails import NormalTail


def opened(toy, patients, epsilon):
    plan = Marginal().plan(toy, toy.modelled, epsilon)
    codes = plan.encoder.encode(patients)
    return plan, codes, plan.vector_of_codes(codes, 1)


@pytest.mark.parametrize("epsilon", [0.5, 3.0, 50.0])
def test_no_patient_at_all_changes_a_sum_by_more_than_its_event_says(toy, patients, epsilon):
    """Also combinations that occur nowhere: the bound must not lean on who is there."""
    plan, codes, before = opened(toy, patients, epsilon)
    rng = np.random.default_rng(0)
    anybody = np.stack([rng.integers(0, size, 3000) for size in plan.encoder.sizes], axis=1)
    for moments, vector, steps in zip(plan.moments(before), plan.vectors, plan.steps, strict=True):
        l1, l2_squared = vector.sensitivities(steps)
        rows = np.stack([moments.total(one[None]) for one in np.concatenate([codes, anybody])])
        assert rows.dtype == np.int64
        assert (rows**2).sum(axis=1).max() <= l2_squared
        assert np.abs(rows).sum(axis=1).max() <= l1
        assert (rows**2).sum(axis=1).max() >= 0.9 * l2_squared, "a bound that nobody reaches"


def test_the_events_of_a_plan_cost_what_was_asked_for(toy):
    from synthema_lab.privacy import epsilon_of

    plan = Marginal().plan(toy, toy.modelled, 2.0)
    assert 1.99 < epsilon_of(plan.events, 1e-5) <= 2.0
    assert len(plan.events) == len(plan.cliques) + len(plan.vectors)


def test_the_second_opening_is_the_sum_over_patients_however_they_are_divided(toy, patients):
    plan, codes, before = opened(toy, patients, None)
    whole = plan.vector_of_codes(codes, 1, before)
    parts = [plan.vector_of_codes(part, 3, before) for part in np.array_split(codes, 3)]
    assert np.array_equal(whole, np.sum(parts, axis=0))
    assert [len(before), len(whole)] == list(plan.lengths)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 300), st.floats(0.01, 1e6))
def test_rounding_never_makes_a_vector_too_long(seed, entries, size):
    exact = np.random.default_rng(seed).normal(0, size, (20, entries))
    rows = _shortened(exact, 16)
    assert ((rows**2).sum(axis=1) <= 256).all()
    short = np.random.default_rng(seed).uniform(-1, 1, (5, 8))
    assert np.array_equal(_shortened(short, 1024), np.rint(short).astype(np.int64))


def test_features_have_mean_0_in_the_cohort_they_were_counted_in(toy, patients):
    encoder = Encoder(toy, toy.modelled, True)
    codes = encoder.encode(patients)
    counts = [
        np.bincount(codes[:, place], minlength=size) for place, size in enumerate(encoder.sizes)
    ]
    outcome = outcome_places(encoder)
    assert all(one.place not in outcome for one in features(encoder, counts))
    for with_outcome in (False, True):
        for one in features(encoder, counts, with_outcome):
            values = one.values[codes[:, one.place]]
            known = codes[:, one.place] < encoder.coded[encoder.names[one.place]].present
            assert np.isfinite(values).all()
            assert (values[~known] == 0).all()
            assert abs(values.mean()) < 1e-9
            assert (values**2).mean() == pytest.approx(one.second)


def test_residuals_sum_to_nothing_and_blame_who_died_early(toy, patients):
    encoder = Encoder(toy, toy.modelled, True)
    codes = encoder.encode(patients)
    time, event = outcome_places(encoder)
    table = np.zeros((encoder.sizes[time], encoder.sizes[event]))
    np.add.at(table, (codes[:, time], codes[:, event]), 1)
    found = residuals(encoder, table)
    assert abs((found * table).sum()) < 0.05 * table.sum()
    assert (np.diff(found[:4, 1]) < 0).all()
    assert (np.diff(found[:4, 0]) < 0).all()
    assert np.abs(found).max() <= 1


def test_counts_below_0_and_empty_cohorts_make_no_feature_that_is_not_a_number(toy):
    encoder = Encoder(toy, toy.modelled, True)
    counts = [np.full(size, -3.0) for size in encoder.sizes]
    for one in features(encoder, counts):
        assert np.isfinite(one.values).all()
    time, event = outcome_places(encoder)
    nobody = np.full((encoder.sizes[time], encoder.sizes[event]), -1.0)
    assert np.isfinite(residuals(encoder, nobody)).all()


def test_a_probability_rounded_above_1_has_no_variance_below_0():
    """Its root once made the whole fit no number, now and then."""
    above = np.array([[np.nextafter(1.0, 2.0), 0.0], [0.0, 0.0]])
    table = Measured((0, 1), np.zeros(4), 1.0)
    moment = Measured((0, 1), np.zeros(1), 1.0, np.array([[0.1, 1.0], [1.0, 1.0]]))
    for one in (table, moment):
        assert (one.variance(above) >= 0).all()


def test_a_finding_that_nobody_has_is_drawn_for_nobody():
    alone = [Measured((place,), np.array([1e4, 0.0]), 1e-3) for place in range(3)]
    pair = Measured((0, 1), np.zeros(1), 1e-3, np.outer([0.0, 1.0], [0.0, 1.0]))
    base = [log_shares(one, [2, 2, 2]) for one in alone]
    model = fit_loglinear([2, 2, 2], base, [*alone, pair], (), 1e4)
    assert model.draw(10_000, np.random.default_rng(0)).sum() <= 1


def test_a_pair_is_held_only_where_it_stands_out(toy, patients):
    """Survival falls with age; the arm was drawn by lot."""
    plan, codes, before = opened(toy, patients, None)
    after = plan.vector_of_codes(codes, 1, before)
    ends = np.cumsum([one.length for one in plan.vectors])[:-1]
    given_ = [
        (one, part, None)
        for one, part in zip(plan.moments(before), np.split(after, ends), strict=True)
    ]
    place = {name: i for i, name in enumerate(plan.encoder.names)}
    sizes = plan.encoder.sizes
    outcome = tuple(sorted((place["os_days"], place["os_event"])))
    chosen = choose_pairs(sizes, [outcome], given_, len(codes), set())
    held = {one.clique for one in chosen.measured}
    assert tuple(sorted((place["age"], *outcome))) in held
    assert tuple(sorted((place["arm"], place["hb"]))) not in held
    narrow = choose_pairs(sizes, [outcome], given_, len(codes), {place["age"]}, cells=1)
    assert tuple(sorted((place["age"], *outcome))) in narrow.left_out


def test_a_tail_ends_where_the_dictionary_says_and_falls():
    edges, counts = [0, 10, 20, 30, 200], [500, 340, 130, 30]
    tail = NormalTail(edges, counts)
    drawn = tail.draw(np.full(5000, 3), np.random.default_rng(0).random(5000))
    assert drawn.min() >= 30
    assert drawn.max() <= 200
    assert (drawn < 40).mean() > 0.7
    assert NormalTail([0, 10, 20, 30, 40], counts).bins == ()
    assert NormalTail(edges, [0, 0, 0, 50]).bins == ()
    assert NormalTail(edges, [-4.0, -1.0, -2.0, -8.0]).bins == ()


def overlapping():
    """Tables that share variables, over patients whose numbers hang together."""
    rng = np.random.default_rng(0)
    cause = rng.integers(0, 4, 100_000)
    other = rng.integers(0, 4, (100_000, 5))
    codes = np.where(rng.random(other.shape) < 0.2, other, cause[:, None])
    sizes, pairs = [4] * 5, [(0, 1), (1, 2), (2, 3), (3, 4), (0, 4)]
    alone = [
        Measured((place,), np.bincount(codes[:, place], minlength=4).astype(float), 0.5)
        for place in range(5)
    ]
    tables = [
        Measured(pair, np.bincount(codes[:, pair] @ [4, 1], minlength=16).astype(float), 0.5)
        for pair in pairs
    ]
    return sizes, [log_shares(one, sizes) for one in alone], [*alone, *tables]


def test_what_was_opened_is_met_though_tables_overlap():
    """Of 100,000 patients each count to within its deviation, which is half a patient."""
    sizes, base, measured = overlapping()
    model = fit_loglinear(sizes, base, measured, (), 1e5)
    tree = JunctionTree(sizes, [one.clique for one in measured])
    _, marginal = tree.expected(list(zip(model.cliques, model.potentials, strict=True)))
    for one in measured:
        assert np.abs(1e5 * marginal(one.clique).ravel() - one.sums).max() < one.deviation


def test_the_last_digits_of_a_sum_change_nobody_who_is_drawn():
    """Machines add in another order; the fit ends where they meet again."""
    rng = np.random.default_rng(0)
    sizes, base, measured = overlapping()
    drawn = fit_loglinear(sizes, base, measured, (), 1e5).draw(5000, np.random.default_rng(1))
    for _ in range(3):
        shaken = [
            Measured(one.clique, one.sums * (1 + 1e-13 * rng.random(one.sums.size)), one.deviation)
            for one in measured
        ]
        model = fit_loglinear(sizes, base, shaken, (), 1e5)
        assert np.array_equal(model.draw(5000, np.random.default_rng(1)), drawn)
