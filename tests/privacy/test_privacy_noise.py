"""The noise that a site draws has the distribution that the ledger counts on."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from synthema_lab import randomness
from synthema_lab.errors import ArgumentRefused
from synthema_lab.privacy import noise, skellam_share
from synthema_lab.privacy.noise import _cumulative


def seeded(seed: int):
    """A source of repeatable bytes, for tests only."""
    generator = np.random.default_rng(seed)
    return lambda size: generator.bytes(size)


@pytest.mark.parametrize("variance", [0.5, 9.0, 144.0])
def test_one_share_follows_the_skellam_distribution(variance):
    """Chi-square at a false-alarm rate of 1e-6 for each variance."""
    draws = 200_000
    with randomness.swapped(seeded(1)):
        noise = skellam_share(np.full(draws, variance), counted=1)
    reach = int(4 * np.sqrt(variance)) + 1
    cells = np.arange(-reach, reach + 1)
    share = stats.skellam.pmf(cells, variance / 2, variance / 2)
    kept = cells[share * draws >= 10]
    expected = share[share * draws >= 10] * draws
    observed = np.array([(noise == cell).sum() for cell in kept])
    expected = np.append(expected, draws - expected.sum())
    observed = np.append(observed, draws - observed.sum())
    assert stats.chisquare(observed, expected).pvalue > 1e-6


def test_the_shares_of_all_sites_add_up_to_the_variance_that_was_asked_for():
    """Variance of 100,000 sums within 2.5%: over five standard errors."""
    with randomness.swapped(seeded(2)):
        shares = [skellam_share(np.full(100_000, 50.0), counted=4) for _ in range(4)]
    total = np.sum(shares, axis=0)
    assert abs(total.var() / 50.0 - 1) < 0.025
    assert abs(total.mean()) < 5 * np.sqrt(50.0 / 100_000)


@pytest.mark.parametrize("rate", [0.3, 7.0, 2500.0])
def test_the_table_agrees_with_the_poisson_distribution(rate):
    high, _ = _cumulative(rate)
    values = np.arange(high.size)
    ours = high.astype(float) / 2.0**64
    assert np.abs(ours - stats.poisson.cdf(values, rate)).max() < 1e-12


def test_the_table_covers_all_but_a_vanishing_part_of_the_mass():
    high, low = _cumulative(30.0)
    before_last = (int(high[-2]) << 64) + int(low[-2])
    assert (1 << 128) - before_last < 1 << 30


def test_extreme_random_bits_give_the_ends_of_the_table_and_no_error():
    with randomness.swapped(lambda size: b"\x00" * size):
        assert skellam_share(np.array([8.0]), counted=1).tolist() == [0]
    with randomness.swapped(lambda size: b"\xff" * size):
        assert skellam_share(np.array([8.0]), counted=1).tolist() == [0]


def test_ties_in_the_upper_half_are_decided_by_the_lower_half():
    """Bits that equal an entry's upper half: below its lower half, and not below it."""
    high, low = _cumulative(4.0)
    entry = 3

    def bits(lower: int):
        words = np.array([high[entry], lower, 0, 0], dtype="<u8").tobytes()
        return lambda size: (words * (size // 16 + 1))[:size]

    with randomness.swapped(bits(int(low[entry]) - 1)):
        below = noise._inverted(4.0, 1)
    with randomness.swapped(bits(int(low[entry]))):
        not_below = noise._inverted(4.0, 1)
    assert below.tolist() == [entry]
    assert not_below.tolist() == [entry + 1]


def test_a_large_variance_is_drawn_as_a_sum_of_smaller_ones():
    """Variance within 10% from 4,000 draws: over four standard errors."""
    with randomness.swapped(seeded(3)):
        noise = skellam_share(np.full(4_000, 500_000.0), counted=1)
    assert abs(noise.var() / 500_000.0 - 1) < 0.1


def test_no_seed_of_numpy_changes_or_repeats_the_noise():
    np.random.seed(7)
    first = skellam_share(np.full(64, 400.0), counted=1)
    np.random.seed(7)
    second = skellam_share(np.full(64, 400.0), counted=1)
    assert not np.array_equal(first, second)


def test_every_cell_gets_the_variance_of_its_own_marginal():
    with randomness.swapped(seeded(4)):
        noise = skellam_share(np.repeat([4.0, 400.0], 50_000), counted=1)
    assert abs(noise[:50_000].var() / 4.0 - 1) < 0.05
    assert abs(noise[50_000:].var() / 400.0 - 1) < 0.05


def test_noise_that_no_site_is_counted_on_for_is_refused():
    with pytest.raises(ArgumentRefused):
        skellam_share(np.array([10.0]), counted=0)


def test_noise_far_above_any_cohort_is_refused():
    with pytest.raises(ArgumentRefused):
        skellam_share(np.array([1e12]), counted=1)
