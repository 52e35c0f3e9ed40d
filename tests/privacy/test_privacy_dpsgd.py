"""A training with DP-SGD keeps what the ledger counts on, and notices what would void it."""

from __future__ import annotations

import pathlib
import random
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from synthema_lab import randomness
from synthema_lab.errors import ArgumentRefused, BudgetExhausted, DataMismatch, LabError
from synthema_lab.privacy import DpSgdEvent
from synthema_lab.privacy.dpsgd import (
    DpSgdSettings,
    PrivateTraining,
    clipping,
    gaussian,
    sampling,
    train_privately,
    training,
)
from synthema_lab.privacy.dpsgd.gaussian import STEPS, gaussian_steps
from synthema_lab.privacy.dpsgd.sampling import poisson_rows

AGREED = {
    "clip": 1.0, "noise_multiplier": 1.0, "sample_rate": 0.5, "steps": 1,
    "expected_batch_size": 10.0, "learning_rate": 1.0,
}  # fmt: skip
BOTH = pytest.mark.parametrize("kind", ["per-sample", "ghost"])


def squared(module, x, y):
    return (module(x) - y).square().sum(1)


def seeded(seed):
    """A source of repeatable bytes, for tests only."""
    generator = np.random.default_rng(seed)
    return lambda size: generator.bytes(size)


def patients(number, seed=0, spread=1.0):
    generator = np.random.default_rng(seed)
    x, y = generator.normal(0, spread, (number, 3)), generator.normal(0, spread, (number, 2))
    return [torch.tensor(x), torch.tensor(y)]


def small(seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2))


def begun(module=None, loss=squared, tensors=None, **changed):
    settings = DpSgdSettings(**{**AGREED, **changed})
    return PrivateTraining(module or small(), loss, tensors or patients(30), settings)


# The noise


def test_the_drawn_law_is_a_gaussian_on_a_grid():
    """Chi-square over 60 cells at a false-alarm rate of 1e-6."""
    with randomness.swapped(seeded(1)):
        drawn = (gaussian_steps(400_000) + 0.5) / STEPS
    ends = stats.norm.ppf(np.arange(1, 60) / 60)
    observed = np.bincount(np.searchsorted(ends, drawn), minlength=60)
    assert stats.chisquare(observed).pvalue > 1e-6


def test_every_last_digit_of_the_noise_is_equally_likely():
    """Chi-square of the grid points modulo 64 at a false-alarm rate of 1e-6."""
    with randomness.swapped(seeded(2)):
        digits = gaussian_steps(200_000) % 64
    assert stats.chisquare(np.bincount(digits, minlength=64)).pvalue > 1e-6


def test_the_law_within_a_block_falls_as_the_density_does():
    """Kolmogorov-Smirnov against the Gaussian between one and one and a half deviations, 1e-6."""
    with randomness.swapped(seeded(3)):
        drawn = (gaussian_steps(400_000) + 0.5) / STEPS
    low, high = stats.norm.cdf([1.0, 1.5])
    within = drawn[(drawn > 1.0) & (drawn < 1.5)]
    assert stats.kstest((stats.norm.cdf(within) - low) / (high - low), "uniform").pvalue > 1e-6


def test_the_table_of_blocks_agrees_with_the_normal_distribution():
    high, _ = gaussian._cumulative()
    ends = np.arange(1 - gaussian._REACH, gaussian._REACH + 1) / gaussian._BLOCKS_IN_DEVIATION
    assert np.abs(high / 2.0**64 - stats.norm.cdf(ends)).max() < 1e-15
    tail = np.exp(stats.norm.logcdf(-8.0))
    assert high[list(ends).index(-8.0)] / 2.0**64 == pytest.approx(tail, rel=1e-4)


def test_blocks_that_share_their_upper_bits_are_told_apart_by_the_lower_ones():
    high, low = gaussian._cumulative()
    entry = high.size // 2 + 3

    def bits(lower):
        answers = iter([high[entry], np.uint64(lower)])
        return lambda size: np.array([next(answers)], dtype="<u8").tobytes()

    with randomness.swapped(bits(int(low[entry]) - 1)):
        below = gaussian._blocks(1)
    with randomness.swapped(bits(int(low[entry]))):
        not_below = gaussian._blocks(1)
    assert not_below - below == 1


def test_extreme_random_bits_give_the_ends_of_the_law_and_no_error():
    with randomness.swapped(lambda size: b"\x00" * size):
        assert gaussian_steps(2).tolist() == [-13 * STEPS - 1] * 2, (
            "the outermost chance above 2**-128"
        )

    words = iter([b"\xff" * 8, b"\xff" * 8, b"\x00" * 8])
    with randomness.swapped(lambda size: next(words)):
        assert gaussian_steps(1).tolist() == [14 * STEPS - 2**16]


def test_a_point_of_a_block_is_kept_as_the_density_there_says(monkeypatch):
    distance = np.repeat(np.arange(gaussian._REACH), 20)
    words = np.random.default_rng(10).integers(0, 2**63, distance.size, dtype=np.uint64)
    seen = []

    def all_kept(chance, coins):
        seen.append(chance)
        return np.ones(len(chance), dtype=bool)

    monkeypatch.setattr(gaussian, "_happen", all_kept)
    with randomness.swapped(lambda size: words.astype("<u8").tobytes()):
        offset = gaussian._offsets(distance)
    start = distance / gaussian._BLOCKS_IN_DEVIATION
    inside = (words >> np.uint64(40)).astype(float) + 0.5
    inside *= 2.0**-24 / gaussian._BLOCKS_IN_DEVIATION
    expected = np.exp(stats.norm.logpdf(start + inside) - stats.norm.logpdf(start))
    assert np.allclose(seen[0], expected, rtol=1e-12)
    assert np.array_equal(offset, np.floor(inside * STEPS))


def test_a_point_that_is_not_kept_is_drawn_again_in_its_block():
    words = iter([2**64 - 1, (7 << 48) + 2**40 - 1, 5 << 48])
    with randomness.swapped(lambda size: np.array([next(words)], dtype="<u8").tobytes()):
        assert gaussian._offsets(np.array([20])).tolist() == [5]


def test_a_coin_that_forty_bits_leave_open_is_decided_by_further_ones():
    chance, coins = np.array([0.5 + 2.0**-42] * 2), np.full(2, 2**39, dtype=np.uint64)
    words = iter([2**62 - 2**20, 2**62])
    with randomness.swapped(lambda size: np.array([next(words)], dtype="<u8").tobytes()):
        assert gaussian._happen(chance, coins).tolist() == [True, False]
    assert gaussian._happen(np.array([0.5, 0.5]), np.uint64([2**39 - 1, 2**39 + 1])).tolist() == [
        True,
        False,
    ]


def test_what_a_step_opens_lies_on_a_public_grid_whatever_the_patients_are():
    """An attack on the digits of floating-point noise (Mironov 2012) finds the same digits."""
    for spread in (1e-3, 0.1, 7.0):
        one = begun(tensors=patients(30, spread=spread), sample_rate=1.0)
        points = one._noised_sum() * STEPS - 0.5
        assert np.array_equal(points, np.rint(points))
        assert len(np.unique(points % 64)) > 8, "and on every residue of it"


# The draws


def test_a_patient_is_drawn_with_the_agreed_probability():
    """Binomial at a false-alarm rate of 1e-6."""
    with randomness.swapped(seeded(4)):
        drawn = len(poisson_rows(100_000, 0.03))
    assert stats.binomtest(drawn, 100_000, 0.03).pvalue > 1e-6


def test_with_probability_one_everyone_is_drawn_and_with_a_tiny_one_nobody():
    assert poisson_rows(5, 1.0).tolist() == [0, 1, 2, 3, 4]
    assert poisson_rows(5, 2.0**-70).tolist() == []


# Audits: what must hold, tried on ours and on faults that are re-created


def hold_each_patient_within_the_clip(kind):
    """One patient more or less moves the sum by at most the clip, in whole grid points."""
    for seed, spread in ((1, 0.01), (2, 1.0), (3, 100.0), (4, 1e6)):
        one = begun(tensors=patients(30, seed, spread), clipping=kind, microbatch=8)
        for row in (0, 7, 29):
            everyone = one._summed_steps(np.arange(30))
            others = one._summed_steps(np.delete(np.arange(30), row))
            moved = int(np.square(everyone - others).sum())
            assert moved <= STEPS**2, "in grid points the clip is STEPS / noise_multiplier"


def hold_the_noise_to_its_size(kind):
    """Nobody is drawn, so all is noise: variance of 40,200 draws at a false-alarm rate of 1e-6."""
    wide = nn.Linear(200, 200)
    with randomness.swapped(seeded(5)):
        update = train_privately(
            wide, squared, [torch.ones(4, 200), torch.ones(4, 200)],
            **AGREED | {"sample_rate": 2.0**-60, "noise_multiplier": 1.5, "clipping": kind},
        )  # fmt: skip
    noise = torch.cat([one.flatten() for one in update.changes.values()]).numpy() * 10
    draws = noise.size
    low, high = stats.chi2.ppf([5e-7, 1 - 5e-7], draws) / draws
    assert low < np.square(noise).mean() / 1.5**2 < high


def hold_the_noise_apart_from_seeds(kind):
    """The same seeds before two trainings, and in the loss, give two different noises."""

    def reseeding(module, x, y):
        np.random.seed(7)
        random.seed(7)
        return squared(module, x, y)

    changes = []
    for _ in range(2):
        torch.manual_seed(7)
        np.random.seed(7)
        random.seed(7)
        update = train_privately(
            small(), reseeding, patients(30), **AGREED | {"clipping": kind, "sample_rate": 1.0}
        )
        changes.append(torch.cat([one.flatten() for one in update.changes.values()]))
    assert int((changes[0] == changes[1]).sum()) == 0


def hold_the_draws_to_poisson(kind):
    """Sizes of 400 batches are binomial: mean and variance at false-alarm rates of 1e-6."""
    sizes = []
    one = begun(steps=400, sample_rate=0.3, clipping=kind)
    one._summed_steps = lambda rows: sizes.append(rows) or np.zeros(one._size, dtype=np.int64)
    with randomness.swapped(seeded(6)):
        for _ in range(400):
            one.step()
    counts = np.array([len(rows) for rows in sizes])
    assert abs(counts.mean() - 9) < 4.9 * np.sqrt(30 * 0.21 / 400)
    low, high = stats.chi2.ppf([5e-7, 1 - 5e-7], 399) / 399
    assert low < counts.var(ddof=1) / (30 * 0.21) < high
    together = sum(0 in rows and 1 in rows for rows in sizes)
    assert stats.binomtest(together, 400, 0.09).pvalue > 1e-6


def hold_the_denominator_to_what_was_agreed(kind):
    """Twice the patients move the parameters twice as far: nothing divides by their number."""
    moved = []
    for number in (40, 80):
        same = [torch.ones(number, 3), torch.full((number, 2), 50.0)]
        update = train_privately(
            small(), squared, same,
            **AGREED | {"sample_rate": 1.0, "noise_multiplier": 1e-4, "clipping": kind},
        )  # fmt: skip
        changes = torch.cat([one.flatten() for one in update.changes.values()])
        moved.append(float(changes.norm()))
    assert moved[1] / moved[0] == pytest.approx(2, rel=0.01)
    assert moved[0] == pytest.approx(40 / 10, rel=0.01)


AUDITS = [
    hold_each_patient_within_the_clip,
    hold_the_noise_to_its_size,
    hold_the_noise_apart_from_seeds,
    hold_the_draws_to_poisson,
    hold_the_denominator_to_what_was_agreed,
]


@BOTH
@pytest.mark.parametrize("audit", AUDITS, ids=lambda audit: audit.__name__)
def test_ours_passes_the_audit(audit, kind):
    audit(kind)


def without_clipping(patch):
    patch.setattr(clipping, "_factor", lambda norms, clip: torch.ones_like(norms))


def clipped_in_batches(patch):
    """The gradient of the whole batch is clipped, as a library without per-sample ones would."""

    def by_batch(self, losses_of, rows, clip):
        parameters = [one for _, one in training.trainable(self.whole)]
        with clipping._quiet():
            parts = torch.autograd.grad(losses_of(rows).mean(), parameters)
        flat = torch.cat([one.flatten() for one in parts])
        return len(rows) * flat * float(min(1.0, clip / flat.norm())), flat.norm()

    def way(module, kind, patients):
        one = clipping.PerSampleClipping(module)
        one.whole = module
        one._hooks.disable_hooks()
        one.clipped_sum = by_batch.__get__(one)
        return one

    patch.setattr(training, "clipping_for", way)
    patch.setattr(training, "require_by_patient", lambda *given: None)


def batches_of_one_size(patch):
    """Shuffled batches, as with poisson_sampling=False."""

    def fixed(number, rate):
        return randomness.random_uint64(number).argsort()[: int(number * rate)]

    patch.setattr(training, "poisson_rows", fixed)


def noise_from_torch(patch):
    def from_torch(size):
        return (torch.normal(0.0, 1.0, (size,)).double() * STEPS).long().numpy()

    patch.setattr(training, "gaussian_steps", from_torch)


def noise_from_numpy(patch):
    def from_numpy(size):
        return np.rint(np.random.normal(0, STEPS, size)).astype(np.int64)

    patch.setattr(training, "gaussian_steps", from_numpy)


def noise_added_twice(patch):
    patch.setattr(training, "gaussian_steps", lambda n: gaussian_steps(n) + gaussian_steps(n))


def noise_divided_by_the_batch(patch):
    patch.setattr(training, "gaussian_steps", lambda size: gaussian_steps(size) // 10)


def denominator_from_the_data(patch):
    ours = PrivateTraining._noised_sum

    def counted(self):
        return ours(self) * self.settings.expected_batch_size / self._patients

    patch.setattr(PrivateTraining, "_noised_sum", counted)


@pytest.mark.parametrize(
    ("fault", "audit"),
    [
        (without_clipping, hold_each_patient_within_the_clip),
        (clipped_in_batches, hold_each_patient_within_the_clip),
        (batches_of_one_size, hold_the_draws_to_poisson),
        (noise_from_torch, hold_the_noise_apart_from_seeds),
        (noise_from_numpy, hold_the_noise_apart_from_seeds),
        (noise_added_twice, hold_the_noise_to_its_size),
        (noise_divided_by_the_batch, hold_the_noise_to_its_size),
        (denominator_from_the_data, hold_the_denominator_to_what_was_agreed),
    ],
    ids=lambda one: one.__name__,
)
def test_a_fault_that_other_code_has_does_not_pass_the_audit(fault, audit, monkeypatch):
    fault(monkeypatch)
    with pytest.raises(AssertionError):
        audit("per-sample")


# Clipping


def test_both_ways_of_clipping_and_every_microbatch_give_one_sum():
    sums = [
        begun(clipping=kind, microbatch=size)._summed_steps(np.arange(30))
        for kind in ("per-sample", "ghost")
        for size in (1, 7, 64)
    ]
    assert max(np.abs(one - sums[0]).max() for one in sums) <= 1, "rounding of the last grid point"


def test_a_sum_within_the_clip_is_the_plain_gradient():
    one = begun(clip=1e6, noise_multiplier=1e-6)
    plain = small().double()
    squared(plain, *patients(30)).sum().backward()
    expected = torch.cat([p.grad.flatten() for p in plain.parameters()]).numpy()
    assert np.allclose(one._summed_steps(np.arange(30)) * one._grid, expected, atol=1e-5)


@BOTH
def test_a_patient_whose_gradient_is_not_finite_counts_as_zero(kind):
    def exploding(module, x, y):
        return squared(module, x, y) * x[:, 0].abs() ** 40

    tensors = patients(10)
    tensors[0][4] = 1e200
    one = begun(loss=exploding, tensors=tensors, clipping=kind)
    others = one._summed_steps(np.delete(np.arange(10), 4))
    assert np.abs(others).max() > 0
    assert np.abs(one._summed_steps(np.arange(10)) - others).max() <= 1
    assert one._summed_steps(np.array([4])).tolist() == [0] * one._size


def test_ghost_clipping_is_taken_where_a_batch_of_gradients_is_large():
    wide = nn.Linear(300, 300)
    kinds = [type(clipping.clipping_for(small(), "auto", 64)).__name__,
             type(clipping.clipping_for(wide, "auto", 64)).__name__]  # fmt: skip
    assert kinds == ["PerSampleClipping", "GhostClipping"]


# What a study's code cannot do


def test_a_loss_that_swaps_the_source_of_randomness_does_not_reach_the_noise():
    def swapping(module, x, y):
        randomness._source.set(lambda size: b"\x00" * size)
        return squared(module, x, y)

    one = begun(loss=swapping, sample_rate=1.0)
    assert randomness.random_bytes(8) != bytes(8)
    first, second = one._noised_sum(), one._noised_sum()
    assert np.count_nonzero(first == second) == 0


def test_a_loss_that_seeds_torch_is_refused():
    def seeding(module, x, y):
        torch.manual_seed(3)
        return squared(module, x, y)

    with pytest.raises(ArgumentRefused, match="sets the seed"):
        begun(loss=seeding)


def test_nothing_that_a_study_can_hold_is_a_generator_or_a_sum_without_noise():
    one = begun(sample_rate=1.0)
    secret = one._summed_steps(np.arange(30)) * one._grid
    one.step()
    seen, waiting = set(), [one]
    while waiting:
        held = waiting.pop()
        if id(held) in seen:
            continue
        seen.add(id(held))
        assert not isinstance(held, (torch.Generator, np.random.Generator, random.Random))
        if isinstance(held, (np.ndarray, torch.Tensor)):
            flat = np.asarray(held.detach() if isinstance(held, torch.Tensor) else held).ravel()
            assert flat.size != secret.size or not np.allclose(flat, secret, atol=1e-3)
            waiting.append(getattr(held, "grad", None))
            waiting.append(getattr(held, "grad_sample", None))
        elif isinstance(held, dict):
            waiting.extend(held.values())
        elif isinstance(held, (list, tuple)):
            waiting.extend(held)
        elif hasattr(held, "__dict__") and type(held).__module__.startswith(
            ("synthema_lab", "torch.nn", "torch.optim", "opacus")
        ):
            waiting.extend(vars(held).values())
    for parameter in one.module.parameters():
        assert parameter.grad is None
        assert parameter.grad_sample is None


def test_randomness_inside_a_model_differs_from_call_to_call_and_the_state_outside_stays():
    dropped = nn.Sequential(nn.Linear(3, 40), nn.Dropout(0.5), nn.Linear(40, 2))
    one = begun(module=dropped)
    torch.manual_seed(7)
    before = torch.get_rng_state()
    first, second = one._losses(np.arange(5)), one._losses(np.arange(5))
    assert not torch.equal(first, second)
    assert torch.equal(before, torch.get_rng_state())
    assert torch.get_default_dtype() == torch.float32


def test_the_budget_is_charged_before_a_patient_is_read():
    rows = []

    def watched(module, x, y):
        rows.append(x.detach().clone())
        return squared(module, x, y)

    def exhausted(events):
        assert events == (DpSgdEvent(1.0, 0.5, 1),)
        raise BudgetExhausted("spent", "more", "stop")

    with pytest.raises(BudgetExhausted):
        train_privately(
            small(), watched, [torch.full((9, 3), 77.0), torch.ones(9, 2)],
            charge=exhausted, **AGREED,
        )  # fmt: skip
    assert rows, "made-up rows were tried"
    assert all(float(one.max()) < 1 for one in rows), "and no patient's"


def test_no_more_steps_are_taken_than_were_charged():
    one = begun(steps=2)
    one.step()
    one.step()
    with pytest.raises(ArgumentRefused, match="have been taken"):
        one.step()


# Modules and losses that are refused


class Centred(nn.Module):
    """Compares each patient with the batch."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, x):
        return self.layer(x - x.mean(0))


class Remembering(nn.Module):
    """Keeps a running mean in a buffer."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 2)
        self.register_buffer("mean", torch.zeros(3, dtype=torch.float64))

    def forward(self, x):
        self.mean = 0.9 * self.mean + 0.1 * x.detach().mean(0)
        return self.layer(x)


class Tied(nn.Module):
    """Uses one weight twice, once past its layer."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 3)
        self.last = nn.Linear(3, 2)

    def forward(self, x):
        return self.last(self.layer(x) @ self.layer.weight)


@pytest.mark.parametrize(
    "layer",
    [nn.BatchNorm1d(5), nn.BatchNorm1d(5, affine=False), nn.LSTM(5, 5),
     nn.BatchNorm1d(5, affine=False, track_running_stats=False),
     nn.InstanceNorm1d(5, affine=True, track_running_stats=True), nn.MultiheadAttention(5, 1)],
    ids=lambda layer: type(layer).__name__,
)  # fmt: skip
def test_a_layer_that_mixes_patients_or_keeps_them_is_refused_by_name(layer):
    module = nn.Sequential(nn.Linear(3, 5), layer, nn.Linear(5, 2))
    with pytest.raises(ArgumentRefused) as refused:
        begun(module=module)
    assert type(layer).__name__ in str(refused.value)
    assert "Expected:" in str(refused.value)
    assert "Next:" in str(refused.value)


def averaged(module, x, y):
    return (module(x) - y).square().mean()


def penalised(module, x, y):
    return squared(module, x, y) + sum(one.square().sum() for one in module.parameters())


def ranked(module, x, y):
    losses = squared(module, x, y)
    return losses - losses.mean()


@pytest.mark.parametrize(
    ("module", "loss", "why"),
    [
        (small, averaged, "one number a patient"),
        (small, penalised, "not seen patient by patient"),
        (small, ranked, "other rows of its batch"),
        (Centred, squared, "other rows of its batch"),
        (Tied, squared, "not seen patient by patient"),
        (lambda: nn.Linear(3, 2).requires_grad_(False), squared, "no parameter to train"),
        (lambda: "a model", squared, "torch.nn.Module"),
    ],
)
@BOTH
def test_a_loss_or_a_module_whose_gradients_are_not_one_a_patient_is_refused(
    module, loss, why, kind
):
    with pytest.raises(ArgumentRefused, match=why):
        begun(module=module(), loss=loss, clipping=kind)


def test_a_module_that_keeps_a_running_mean_of_patients_is_refused():
    with pytest.raises(ArgumentRefused, match="changed buffers"):
        begun(module=Remembering()).step()


def test_a_loss_that_needs_other_rows_than_made_up_ones_is_tried_on_mock_rows():
    def of_logarithm(module, x, y):
        return squared(module, (x - 4).log(), y)

    tensors = [torch.rand(20, 3) + 5, torch.rand(20, 2)]
    with pytest.raises(ArgumentRefused, match="probe="):
        train_privately(small(), of_logarithm, tensors, **AGREED)
    mock = [torch.rand(4, 3) + 5, torch.rand(4, 2)]
    assert train_privately(small(), of_logarithm, tensors, probe=mock, **AGREED).changes
    for other in (mock[:1], [mock[0][:2], mock[1]], [mock[0].double(), mock[1]], [*mock, mock[0]]):
        with pytest.raises(ArgumentRefused, match="given as probe"):
            train_privately(small(), of_logarithm, tensors, probe=other, **AGREED)


@pytest.mark.parametrize(
    "tensors",
    [[], [torch.ones(3, 3), torch.ones(4, 2)], [torch.tensor(1.0)], [np.ones((3, 3))],
     [torch.ones(3, 3), torch.full((3, 2), float("nan"))]],
)  # fmt: skip
def test_tensors_that_are_not_one_finite_row_a_patient_are_refused(tensors):
    with pytest.raises(DataMismatch):
        train_privately(small(), squared, tensors, **AGREED)


@pytest.mark.parametrize("correction", [0, 1])
def test_columns_standardised_by_their_own_patients_are_refused(correction):
    x, y = patients(50)
    fitted = (x - x.mean(0)) / x.std(0, correction=correction)
    for dtype in (torch.float32, torch.float64):
        with pytest.raises(ArgumentRefused, match="3 columns have mean 0"):
            begun(tensors=[fitted.to(dtype), y])
    by_limits = (x - 0.1) / 3
    signs = torch.where(torch.arange(50) % 2 == 0, 1.0, -1.0)
    begun(tensors=[torch.column_stack([by_limits[:, :2], signs]), y])


@pytest.mark.parametrize(
    ("name", "value"),
    [("clip", 0.0), ("clip", float("inf")), ("noise_multiplier", 0.0), ("noise_multiplier", None),
     ("sample_rate", 0.0), ("sample_rate", 1.5), ("steps", 0), ("steps", 2.5), ("steps", True),
     ("expected_batch_size", 0), ("microbatch", 0), ("optimizer", "lbfgs"), ("clipping", "none"),
     ("weight_decay", -1.0), ("learning_rate", float("nan"))],
)  # fmt: skip
def test_a_setting_that_means_nothing_is_refused_by_name(name, value):
    with pytest.raises(ArgumentRefused, match=name):
        DpSgdSettings(**{**AGREED, name: value})


def test_noise_too_coarse_for_the_size_of_a_model_is_refused():
    with pytest.raises(ArgumentRefused, match="too coarse"):
        begun(noise_multiplier=1e5)


# What comes out


def test_the_module_stays_and_the_update_applies_to_it():
    module = small()
    before = [one.detach().clone() for one in module.parameters()]
    update = train_privately(module, squared, patients(30), **AGREED)
    assert all(torch.equal(a, b) for a, b in zip(before, module.parameters(), strict=True))
    assert not hasattr(module, "autograd_grad_sample_hooks")
    update.apply_to(module)
    for was, (name, now) in zip(before, module.named_parameters(), strict=True):
        assert torch.allclose(now.double(), was.double() + update.changes[name], atol=1e-6)
    assert update.events == (DpSgdEvent(1.0, 0.5, 1),)
    assert "1 steps" in str(update)


def test_a_model_learns_under_ample_budget():
    generator = np.random.default_rng(3)
    x = torch.tensor(generator.normal(size=(2000, 3)))
    y = x @ torch.tensor([[1.0, -1.0], [0.5, 2.0], [0.0, 1.0]], dtype=torch.float64)
    module = nn.Linear(3, 2)
    before = float(squared(module.double(), x, y).mean().detach())
    with randomness.swapped(seeded(8)):
        update = train_privately(
            module, squared, [x, y], clip=1.0, noise_multiplier=1.0, sample_rate=0.1, steps=60,
            expected_batch_size=200, learning_rate=0.3,
        )  # fmt: skip
    update.apply_to(module)
    assert float(squared(module, x, y).mean().detach()) < 0.1 * before


def test_a_training_goes_on_from_an_average_with_the_steps_that_are_left():
    one = begun(steps=3, sample_rate=1.0)
    one.step()
    elsewhere = small(seed=5).double()
    one.restart(dict(elsewhere.named_parameters()))
    assert one.steps_left == 2
    assert all(not change.any() for change in one.update().changes.values())
    one.step()
    moved = {n: p + one.update().changes[n] for n, p in elsewhere.named_parameters()}
    assert all(torch.allclose(moved[n], p) for n, p in one.module.named_parameters())
    with pytest.raises(ArgumentRefused, match="go on from"):
        one.restart({"0.weight": torch.zeros(5, 3)})


def test_frozen_parameters_stay_and_are_not_in_the_update():
    module = small()
    module[0].requires_grad_(False)
    update = train_privately(module, squared, patients(30), **AGREED)
    assert set(update.changes) == {"2.weight", "2.bias"}


def test_progress_is_told_from_the_first_step_to_the_last():
    shares = []
    train_privately(small(), squared, patients(9), progress=shares.append, **AGREED | {"steps": 4})
    assert shares == [0.25, 0.5, 0.75, 1.0]


def test_the_room_loads_neither_torch_nor_opacus():
    code = (
        "import sys, synthema_lab.privacy.dpsgd;"
        "print(*{'torch', 'opacus', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(LabError, match="not installed") as refused:
        begun()
    assert refused.value.exit_code == 7


def test_noise_and_draws_are_made_where_no_torch_is_known():
    """What protects is in two modules; the others shape gradients and may know torch."""
    for module in (gaussian, sampling):
        source = pathlib.Path(module.__file__).read_text()
        imported = re.findall(r"^(?:from|import) (\S+)", source, flags=re.MULTILINE)
        assert set(imported) <= {"__future__", "functools", "decimal", "numpy", "..."}
    for path in pathlib.Path(gaussian.__file__).parent.glob("*.py"):
        drawn = re.findall(
            r"torch\.(?:randn|normal|bernoulli|randperm|randint)\b", path.read_text()
        )
        assert drawn == [], path


def test_all_random_bits_of_a_step_come_from_the_operating_system():
    drawn = []

    def counted(size):
        drawn.append(size)
        return seeded(9)(size)

    one = begun(sample_rate=0.5)
    with randomness.swapped(counted):
        one.step()
    rows, size = 30, one._size
    assert sum(drawn) >= 8 * rows + 16 * size
    assert sampling.randomness is gaussian.randomness is randomness
