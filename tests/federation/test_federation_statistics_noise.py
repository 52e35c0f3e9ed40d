"""Noise on a statistic comes from all sites, covers what one patient can do, and is paid for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from synthema_lab import randomness
from synthema_lab.errors import ArgumentRefused, BudgetExhausted, LabError
from synthema_lab.federation.statistics import (
    Consortium,
    DistributedNoise,
    Sensitivity,
    contingency,
    count,
    histogram,
    kaplan_meier,
    logrank,
    mean_variance,
)
from synthema_lab.federation.statistics.exits import without_negatives
from synthema_lab.federation.statistics.log_rank import _slope, excess_events
from synthema_lab.federation.statistics.product_limit import noise_variance, product_limit
from synthema_lab.federation.statistics.question import Question
from synthema_lab.federation.statistics.steps import Steps
from synthema_lab.privacy import Ledger, SkellamEvent, epsilon_of

from .tiny_cohort import DICTIONARY, any_sites, consortium, pooled, simulated

SITES = simulated([400, 300, 200, 100], missing=0.05)


@pytest.fixture
def seeded():
    """The same bytes at every run; nothing drawn here protects anybody."""
    with randomness.swapped(np.random.default_rng(11).bytes):
        yield


def size(patients):
    return np.array([len(patients)])


# What one patient can do

STATISTICS = {
    "rows": lambda asked: asked.rows(["lab", "arm"], "dead == 1"),
    "count": lambda asked: count(asked, "lab > 0", ["arm"]),
    "histogram": lambda asked: histogram(asked, "lab", bins=[-5, 0, 2]),
    "table": lambda asked: contingency(asked, ["arm", "female"]),
    "curves": lambda asked: kaplan_meier(asked, "arm", grid=6),
    "logrank": lambda asked: logrank(asked, "female", where="months > 3"),
    "mean": lambda asked: mean_variance(asked, "lab"),
    "means": lambda asked: mean_variance(asked, "lab", "arm", where="female == 1"),
}


class Asked(Consortium):
    """Keeps the first question that a statistic asks, and opens nothing."""

    def sum(self, purpose, local, **named):
        self.local, self.named = local, named
        raise LookupError


@pytest.mark.parametrize("name", STATISTICS)
@settings(max_examples=15, deadline=None)
@given(sites=any_sites(), data=st.data())
def test_a_patient_more_moves_no_statistic_further_than_it_states(name, sites, data):
    asked = Asked(sites, DICTIONARY)
    with pytest.raises(LookupError):
        STATISTICS[name](asked)
    everyone = pooled(sites)
    if everyone.empty:
        return
    gone = data.draw(st.integers(0, len(everyone) - 1))
    question = Question(DICTIONARY, tuple(asked.named["variables"]), asked.named["where"])
    vectors = []
    for table in (everyone, everyone.drop(index=gone)):
        complete, unused = question.select(table)
        vectors.append(np.append(asked.local(complete), unused))
    change = np.abs(vectors[0] - vectors[1])
    stated = asked.named["sensitivity"]
    assert (change <= np.asarray(stated.change) + 1e-9).all()
    assert np.count_nonzero(change > 1e-9) <= stated.coordinates


@settings(max_examples=100, deadline=None)
@given(
    st.floats(-1e6, 1e6),
    st.floats(-1.0, 1.0),
    st.floats(1e-3, 1e3),
    st.sampled_from([1, 2, 16, 64]),
)
def test_rounding_to_steps_adds_one_step_to_a_patients_change_at_most(total, share, change, parts):
    steps = Steps.of_size(np.array([change / parts]), np.array([1e7]))
    before = steps.encode("basel", np.array([total]))
    after = steps.encode("basel", np.array([total + share * change]))
    assert abs(int(after[0]) - int(before[0])) <= parts + 1


# How much noise


def test_the_opened_sum_carries_the_noise_that_is_listed(seeded):
    asked = consortium(SITES, noise=DistributedNoise(1.0))
    zeros = asked.sum(
        "noise", lambda patients: np.zeros(4000, dtype=np.int64), sensitivity=Sensitivity()
    )
    listed = asked.opened[0].noise_sd[0]
    assert listed == pytest.approx(np.sqrt(asked.noise_variance()))
    # Four standard errors of a variance of 4000 draws: a false alarm in 16,000.
    assert np.var(zeros) == pytest.approx(listed**2, rel=4 * np.sqrt(2 / 4000))
    assert abs(zeros.mean()) < 4 * listed / np.sqrt(4000)


def test_noise_on_real_sums_has_the_listed_size_in_their_own_unit(seeded):
    asked = consortium(SITES, noise=DistributedNoise(2.0))
    change = np.array([1.0, 1000.0] * 1000)
    opened = asked.sum(
        "noise",
        lambda patients: np.full(2000, 0.25),
        clip=1e5,
        sensitivity=Sensitivity(change, coordinates=2),
    )
    opening = asked.opened[0]
    for place in (0, 1):
        noise = opened[place::2] - 1.0
        sd = opening.noise_sd[place]
        assert sd / change[place] == pytest.approx(opening.noise_sd[0], rel=1e-9)
        assert np.var(noise) == pytest.approx(sd**2, rel=4 * np.sqrt(2 / 1000) + 0.01)


@pytest.mark.parametrize("openings", [1, 2, 10])
def test_openings_that_share_a_budget_spend_no_more_than_it_together(openings):
    noise = DistributedNoise(1.0)
    for sensitivity in (Sensitivity(), Sensitivity(3), Sensitivity(1, coordinates=4)):
        event = noise.calibrated(sensitivity, int(sensitivity.change), openings)
        spent = epsilon_of([event] * openings, noise.delta)
        assert 0.999 < spent <= 1.0 + 1e-9


def test_the_event_states_the_whole_change_of_a_patient():
    assert Sensitivity(3, coordinates=2).event(3, 10.0) == SkellamEvent(10.0, 6, 18)
    parts, event = DistributedNoise(1.0).finest(Sensitivity(0.5, coordinates=3), 1)
    assert (event.l1, event.l2_squared) == (3 * (parts + 1), 3 * (parts + 1) ** 2)


def test_with_colluding_sites_the_others_add_more():
    quiet, loud = (
        consortium(SITES, noise=DistributedNoise(1.0, colluding=number)) for number in (0, 1)
    )
    # Four sites, of which three must answer: their shares count, or those of two.
    assert loud.noise_variance() == pytest.approx(quiet.noise_variance() * 3 / 2)
    assert quiet.noise_variance() == pytest.approx(
        DistributedNoise(1.0).calibrated(Sensitivity(), 1).variance * 4 / 3
    )


def test_a_statistic_asked_again_is_not_paid_again(tmp_path):
    ledger = Ledger(tmp_path / "ledger.jsonl", epsilon=1.1)
    asked = consortium(SITES, noise=DistributedNoise(1.0, ledger=ledger))
    first = kaplan_meier(asked, "arm").table()
    assert kaplan_meier(asked, "arm").table().equals(first)
    logrank(asked, "arm")
    assert len(ledger.history("basel")) == 1


# Paid for


def test_every_site_is_charged_before_its_sum_is_opened(tmp_path):
    ledger = Ledger(tmp_path / "ledger.jsonl", epsilon=10.0)
    asked = consortium(SITES, noise=DistributedNoise(1.0, ledger=ledger))
    count(asked, "lab > 0")
    assert ledger.datasets() == tuple(SITES)
    (charge,) = ledger.history("milan")
    assert charge.purpose == "number of patients where lab > 0"
    assert charge.epsilon == asked.opened[0].epsilon <= 1.0


def test_an_exhausted_budget_opens_nothing_and_ends_with_exit_code_4(tmp_path):
    ledger = Ledger(tmp_path / "ledger.jsonl", epsilon=1.2)
    asked = consortium(SITES, noise=DistributedNoise(1.0, ledger=ledger))
    count(asked)
    computed = []

    def local(patients):
        computed.append(True)
        return size(patients)

    ledger_before = ledger.path.read_text()
    for _ in range(2):
        with pytest.raises(BudgetExhausted) as caught:
            asked.sum("more", local, sensitivity=Sensitivity())
        assert caught.value.exit_code == 4
    assert computed == []
    assert len(asked.opened) == 1
    assert ledger.path.read_text() == ledger_before


def test_a_question_that_cannot_be_asked_is_not_charged(tmp_path):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    asked = consortium(
        SITES | {"bern": SITES["bern"].drop(columns="lab")},
        noise=DistributedNoise(1.0, ledger=ledger),
    )
    for wrong in ({"variables": ["lab"]}, {"variables": ["labb"]}, {"where": "lab >"}):
        with pytest.raises(LabError, match=r"lab|condition"):
            asked.sum("x", size, sensitivity=Sensitivity(), **wrong)
    assert ledger.history() == ()


def test_noise_on_a_sum_without_a_stated_sensitivity_is_refused():
    asked = consortium(SITES, noise=DistributedNoise(1.0))
    with pytest.raises(ArgumentRefused, match="no stated sensitivity"):
        asked.sum("a sum", size)
    assert asked.opened == []


@pytest.mark.parametrize("epsilon", [None, 0, -1, np.nan, np.inf, "much"])
def test_an_epsilon_that_means_nothing_is_refused(epsilon):
    with pytest.raises(ArgumentRefused):
        DistributedNoise(epsilon)


@pytest.mark.parametrize("colluding", [-1, 0.5, True, 2])
def test_more_colluding_sites_than_can_be_covered_are_refused(colluding):
    with pytest.raises(ArgumentRefused, match="colluding"):
        consortium(SITES, noise=DistributedNoise(1.0, colluding=colluding))


@pytest.mark.parametrize(
    ("change", "coordinates"), [(0, 1), (-1, 1), (np.nan, 1), (np.array([1, 0]), 1), (1, 0)]
)
def test_a_sensitivity_that_means_nothing_is_refused(change, coordinates):
    with pytest.raises(ArgumentRefused, match="sensitivity"):
        Sensitivity(change, coordinates)


def test_an_epsilon_that_leaves_nothing_is_refused():
    asked = consortium(SITES, noise=DistributedNoise(1e-4))
    with pytest.raises(ArgumentRefused, match="larger epsilon"):
        mean_variance(asked, "lab")


# What is made of it


@settings(max_examples=100, deadline=None)
@given(arrays.arrays(np.int64, st.integers(1, 12), elements=st.integers(-30, 30)))
def test_noisy_counts_lose_their_negatives_and_keep_their_total(counts):
    whole = without_negatives(counts)
    assert (whole >= 0).all()
    assert whole.sum() == max(counts.sum(), 0)
    if (counts >= 0).all():
        assert whole.tolist() == counts.tolist()


def test_every_statistic_says_that_it_is_noised_and_stays_near_the_truth(seeded):
    exact = consortium(SITES)
    asked = consortium(SITES, noise=DistributedNoise(8.0))
    sd = np.sqrt(asked.noise_variance())
    assert abs(count(asked, "lab > 0").n - count(exact, "lab > 0").n) < 6 * sd
    bins = (histogram(one, "lab").counts.to_numpy(int) for one in (asked, exact))
    assert np.abs(next(bins) - next(bins)).max() < 6 * sd
    table, plain = (contingency(one, ["female", "dead"]) for one in (asked, exact))
    assert np.isnan(table.association.statistic)
    assert "No chi-square" in str(table)
    ratios = table.association.odds_ratio, plain.association.odds_ratio
    assert ratios[0][2] / ratios[0][1] > ratios[1][2] / ratios[1][1]
    noisy, true = (mean_variance(one, "lab")["all"] for one in (asked, exact))
    assert noisy["low"] < true["mean"] < noisy["high"]
    assert noisy["high"] - noisy["low"] > true["high"] - true["low"]
    curves = kaplan_meier(asked)
    assert curves.noised
    assert "with noise" in str(curves)
    assert asked.openings()["epsilon"].between(7.9, 8.0).all()


def test_the_noise_in_a_curves_interval_is_that_of_repeated_draws():
    rng = np.random.default_rng(2)
    events, censored = np.array([60, 50, 40, 30, 20]), np.array([20, 20, 20, 20, 60])
    noise = np.full((2, 5), 4.0)
    drawn = [
        np.log(
            product_limit(
                events + rng.normal(0, 2, 5).round(), censored + rng.normal(0, 2, 5).round()
            )[0]
        )
        for _ in range(2000)
    ]
    # Four standard errors of a variance, and a tenth for what is not of first order.
    np.testing.assert_allclose(
        np.var(drawn, axis=0), noise_variance(events, censored, noise), rtol=0.23
    )


def test_with_noise_the_log_rank_test_of_equal_groups_errs_as_often_as_it_says():
    rng = np.random.default_rng(4)
    rejected = 0
    for _ in range(400):
        leaving = rng.multinomial(400, [0.15, 0.12, 0.1, 0.08, 0.05] * 2, size=2)
        events, censored = leaving[:, :5].astype(float), leaving[:, 5:].astype(float)
        events += rng.normal(0, 6, events.shape)
        censored += rng.normal(0, 6, censored.shape)
        excess, variance = excess_events(events, censored)
        slope = _slope(events, censored)
        rejected += excess[1] ** 2 / (variance + 36 * slope @ slope.T)[1, 1] > 3.8415
    # 400 tests at 5%: outside 8 to 34 with a chance below 1 in 1,000.
    assert 8 <= rejected <= 34
