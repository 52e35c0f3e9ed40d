"""Sites average a network; nobody sees a site's change of it."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from torch import nn

from synthema_lab.errors import ArgumentRefused, BudgetExhausted
from synthema_lab.federation.averaging import (
    AveragingSettings,
    AveragingSite,
    MemorySeries,
    ParameterLayout,
    SharedModel,
    fit_averaged,
    model_digest,
)
from synthema_lab.federation.averaging.clipped import clipped_change
from synthema_lab.privacy import DpSgdEvent, Ledger
from synthema_lab.privacy.dpsgd import DpSgdSettings
from synthema_lab.secure_aggregation import Identity, Roster, RoundSettings, default_scale
from synthema_lab.secure_aggregation.errors import (
    RoundAborted,
    RoundMismatch,
    TooFewSites,
    TooFewSurvivors,
)

NAMES = ("basel", "bern", "milan", "padua", "turin")
AGREED = AveragingSettings(
    rounds=3, local_steps=4, batch_size=16, learning_rate=0.05, clip=5.0, coordinate_clip=1.0
)
NOISE = DpSgdSettings(1.0, 1.1, 0.2, 1, expected_batch_size=8, learning_rate=0.1)
TRUTH = torch.tensor([[1.0, -1.0], [0.5, 2.0], [0.0, 1.0]])


def squared(module, x, y):
    return (module(x) - y).square().sum(1)


def network():
    return nn.Sequential(nn.Linear(3, 6), nn.Tanh(), nn.Linear(6, 2))


def patients(number, seed):
    x = torch.tensor(np.random.default_rng(seed).normal(size=(number, 3)), dtype=torch.float32)
    return [x, x @ TRUTH]


def hospitals(sites=3):
    return {name: patients(30 + 10 * place, place) for place, name in enumerate(NAMES[:sites])}


def fitted(sites=3, agreed=AGREED, factory=network, loss=squared, **named):
    return fit_averaged(hospitals(sites), factory, loss, agreed, **named)


def first_model(seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = network()
    layout = ParameterLayout.of(module)
    return module, SharedModel(layout, layout.flatten(dict(module.named_parameters())))


def averaged_plainly(agreed, survivors_by_round, sites=3):
    """The same steps at the same sites, averaged in the clear by numpy."""
    _, model = first_model(agreed.seed)
    equal = AveragingSettings(**{**vars(agreed), "weights": None})
    parties = {
        name: AveragingSite(name, rows, first_model()[0], squared, equal, number=place)
        for place, (name, rows) in enumerate(hospitals(sites).items())
    }
    parameters = model.parameters
    for number, survivors in enumerate(survivors_by_round):
        changes = {
            name: one.contribution(parameters, number).vector for name, one in parties.items()
        }
        weights = [1 if agreed.weights is None else agreed.weights[name] for name in survivors]
        kept = [changes[name] for name in survivors]
        parameters = parameters + np.average(kept, axis=0, weights=weights)
    return parameters


# One vector, one digest


def test_parameters_come_back_from_their_vector():
    module, model = first_model()
    other, _ = first_model(seed=9)
    model.layout.load(other, model.parameters)
    for one, again in zip(module.parameters(), other.parameters(), strict=True):
        assert torch.equal(one, again)
    assert model.layout.length == sum(one.numel() for one in module.parameters())


class Scaled(nn.Module):
    """A frozen scale beside a trained layer."""

    def __init__(self, scale):
        super().__init__()
        self.layer = nn.Linear(3, 2)
        self.register_buffer("scale", torch.tensor(scale))


def test_another_architecture_or_another_frozen_value_is_another_layout():
    modules = [
        nn.Sequential(nn.Linear(3, 2), nn.Tanh()), nn.Sequential(nn.Linear(3, 2), nn.ReLU()),
        nn.Sequential(nn.Linear(3, 2, bias=False), nn.Tanh()), nn.Sequential(nn.Linear(2, 3)),
        Scaled(1.0), Scaled(2.0),
    ]  # fmt: skip
    digests = {ParameterLayout.of(module).digest for module in modules}
    assert len(digests) == len(modules)
    assert ParameterLayout.of(Scaled(1.0)).digest == ParameterLayout.of(Scaled(1.0)).digest


def test_frozen_parameters_are_not_averaged():
    module, _ = first_model()
    module[0].requires_grad_(False)
    assert ParameterLayout.of(module).names == ("2.weight", "2.bias")


def test_a_digest_names_every_digit_of_a_model():
    _, model = first_model()
    other = model.parameters.copy()
    other[3] = np.nextafter(other[3], np.inf)
    assert model.digest == model_digest(model.layout, model.parameters.copy())
    assert model.digest != model_digest(model.layout, other)


@pytest.mark.parametrize("module", [nn.Tanh(), nn.Linear(2, 2).requires_grad_(False)])
def test_a_module_without_anything_to_average_is_refused(module):
    with pytest.raises(ArgumentRefused, match="cannot be averaged"):
        ParameterLayout.of(module)


# Clipping a change

VECTORS = arrays.arrays(np.float64, st.integers(1, 30), elements=st.floats(-1e300, 1e300))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(VECTORS, st.floats(1e-3, 1e3), st.floats(0.01, 1.0))
def test_a_clipped_change_is_within_both_clips(change, clip, part):
    clipped = clipped_change(change, clip, part * clip)
    assert np.linalg.norm(clipped) <= clip * (1 + 1e-12)
    assert np.abs(clipped).max() <= part * clip


@settings(max_examples=100, deadline=None, derandomize=True)
@given(VECTORS, st.floats(1e-3, 1e3))
def test_a_change_beyond_the_norm_keeps_its_direction_and_a_smaller_one_stays(change, clip):
    clipped = clipped_change(change, clip, clip)
    largest = np.abs(change).max()
    if largest > 0 and largest * np.linalg.norm(change / largest) > clip:
        assert np.linalg.norm(clipped) == pytest.approx(clip, rel=1e-9)
        assert np.allclose(clipped / np.abs(clipped).max(), change / largest, rtol=1e-9, atol=1e-12)
    else:
        assert np.array_equal(clipped, change)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_change_that_is_not_finite_is_refused_without_a_number(value):
    with pytest.raises(ArgumentRefused, match="did not converge") as refused:
        clipped_change(np.array([1234.5, value]), 1.0, 1.0)
    assert "1234" not in str(refused.value)


# Averaging


@pytest.mark.parametrize(
    "weights", [None, {"basel": 30, "bern": 40, "milan": 50}, {"basel": 1, "bern": 1, "milan": 90}]
)
def test_one_round_is_plain_averaging_within_the_error_of_the_encoding(weights):
    agreed = AveragingSettings(
        rounds=1, local_steps=4, clip=5.0, coordinate_clip=1.0, weights=weights
    )
    ours = fitted(agreed=agreed).model.parameters
    plain = averaged_plainly(agreed, [NAMES[:3]])
    weight = 3 if weights is None else sum(weights.values()) / max(weights.values())
    bound = 3 / (2 * default_scale(3, 1.0)) / weight
    assert np.abs(ours - plain).max() <= bound * (1 + 1e-6)
    assert np.abs(ours - first_model()[1].parameters).max() > 1000 * bound, "the model moved"


def test_one_step_on_all_patients_weighted_by_their_number_is_a_step_on_the_pooled_patients():
    rows = hospitals()
    agreed = AveragingSettings(
        rounds=1, local_steps=1, batch_size=1000, learning_rate=0.1, clip=50.0,
        weights={name: len(one[0]) for name, one in rows.items()},
    )  # fmt: skip
    ours = fit_averaged(rows, network, squared, agreed).module
    pooled, _ = first_model()
    together = [torch.cat([one[k] for one in rows.values()]) for k in (0, 1)]
    squared(pooled, *together).mean().backward()
    for mine, theirs in zip(ours.parameters(), pooled.parameters(), strict=True):
        assert torch.allclose(mine, theirs.detach() - 0.1 * theirs.grad, atol=1e-5)


def test_several_rounds_stay_near_plain_averaging():
    plain = averaged_plainly(AGREED, [NAMES[:3]] * 3)
    assert np.abs(fitted().model.parameters - plain).max() < 1e-6


def test_the_same_seed_gives_the_same_model_to_the_last_bit_and_another_seed_another():
    torch.manual_seed(1)
    first = fitted().model
    torch.manual_seed(2)
    np.random.seed(2)
    assert fitted().model.digest == first.digest
    other = AveragingSettings(**{**vars(AGREED), "seed": 1})
    assert fitted(agreed=other).model.digest != first.digest


def test_the_seed_also_fixes_what_is_random_inside_a_network():
    def dropping():
        return nn.Sequential(nn.Linear(3, 6), nn.Dropout(0.5), nn.Linear(6, 2))

    torch.manual_seed(1)
    first = fitted(factory=dropping).model.digest
    torch.manual_seed(2)
    assert fitted(factory=dropping).model.digest == first


def test_the_order_in_which_sites_are_named_does_not_matter():
    turned = dict(reversed(hospitals().items()))
    assert fit_averaged(turned, network, squared, AGREED).model.digest == fitted().model.digest


def test_a_network_learns_what_no_site_shows():
    agreed = AveragingSettings(rounds=15, local_steps=10, learning_rate=0.05, clip=10.0)
    fit = fitted(agreed=agreed)
    x, y = patients(200, 77)
    start, _ = first_model()
    with torch.no_grad():
        assert squared(fit.module, x, y).mean() < 0.2 * squared(start, x, y).mean()
    assert not fit.module.training
    assert "3 sites in 15 rounds, without noise" in str(fit)


def test_a_fit_leaves_the_state_of_torch_as_it_was():
    torch.manual_seed(5)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    fitted()
    assert torch.equal(before, torch.get_rng_state())
    assert torch.get_num_threads() == threads


def test_a_site_moves_the_model_by_at_most_the_clip_over_the_number_of_sites():
    loud = hospitals()
    loud["milan"] = [loud["milan"][0], loud["milan"][1] * 50]
    agreed = AveragingSettings(rounds=1, local_steps=4, clip=0.5, coordinate_clip=0.5)
    quiet = fitted(agreed=agreed).model.parameters
    moved = fit_averaged(loud, network, squared, agreed).model.parameters
    assert 0.01 < np.linalg.norm(moved - quiet) <= 2 * 0.5 / 3 + 1e-6


# Sites that drop


@pytest.mark.parametrize("stage", ["silent", "share", "mask", "agree", "unmask"])
def test_a_site_that_drops_is_left_out_of_its_round_and_is_back_in_the_next(stage):
    fit = fitted(5, dropouts={1: {"milan": stage}})
    without = tuple(name for name in NAMES if name != "milan")
    second = without if stage in ("silent", "share") else NAMES
    assert fit.survivors == (NAMES, second, NAMES)
    plain = averaged_plainly(AGREED, fit.survivors, sites=5)
    assert np.abs(fit.model.parameters - plain).max() < 1e-6


def test_sites_may_drop_in_the_first_and_in_the_last_round():
    fit = fitted(5, dropouts={0: {"bern": "silent"}, 2: {"turin": "advertise"}})
    assert [len(names) for names in fit.survivors] == [4, 5, 4]


def test_three_sites_bear_no_dropout_and_no_part_of_the_round_is_used():
    told = []
    with pytest.raises(TooFewSurvivors):
        fitted(3, dropouts={1: {"milan": "share"}}, progress=told.append)
    assert told == [pytest.approx(1 / 3)]


def test_a_dropout_that_cannot_be_played_is_refused():
    with pytest.raises(ArgumentRefused, match="cannot be played"):
        fitted(dropouts={0: {"rome": "share"}})


# The series


def series(rounds, sites=5):
    people = [Identity.new(name) for name in NAMES[:sites]]
    roster = Roster.of(person.member() for person in people)

    def settings_of(number):
        return RoundSettings(roster, f"r{number}", 2, 100, 1, None, bytes(32))

    return MemorySeries(settings_of, people, rounds)


def counts(value, sites=5):
    return {name: np.array([value, -value]) for name in NAMES[:sites]}


def test_a_series_goes_on_after_a_round_that_failed():
    run = series(3)
    assert run.run(counts(1), bytes(32)).total.tolist() == [5, -5]
    with pytest.raises(TooFewSurvivors):
        run.run(counts(2), bytes(32), {"bern": "share", "milan": "share"})
    assert run.run(counts(3), bytes(32)).total.tolist() == [15, -15]
    assert run.run(counts(4), bytes(32)).total.tolist() == [20, -20]
    with pytest.raises(RoundAborted):
        run.run(counts(5), bytes(32))


def test_keys_of_the_next_round_ride_along_so_that_it_takes_three_exchanges():
    run, exchanges = series(3), []
    close = run.coordinator.close

    def counted():
        messages = close()
        exchanges.append(bool(messages))
        return messages

    run.coordinator.close = counted
    taken = []
    for _ in range(3):
        exchanges.clear()
        run.run(counts(1), bytes(32))
        taken.append(sum(exchanges))
    assert taken == [4, 3, 3], "and in the first round the sites speak first, with fresh keys"


def test_a_site_that_was_handed_another_model_stops_the_round():
    digests = {name: bytes(32) for name in ("", *NAMES)} | {"milan": bytes([1]) * 32}
    with pytest.raises(RoundAborted):
        series(1).run(counts(1), digests)


def test_sites_that_were_all_handed_another_model_than_the_coordinators_stop_the_round():
    digests = {"": bytes(32)} | dict.fromkeys(NAMES, bytes([1]) * 32)
    with pytest.raises(RoundMismatch):
        series(1).run(counts(1), digests)


def test_every_byte_of_a_series_is_counted():
    run = series(2)
    run.run(counts(1), bytes(32))
    once = run.transcript
    run.run(counts(1), bytes(32))
    assert once.rounds == 1
    assert run.transcript.rounds == 2
    assert all(0 < once.sent[name] < run.transcript.sent[name] for name in NAMES)
    assert all(0 < once.received[name] < run.transcript.received[name] for name in NAMES)


# Privacy


def test_every_site_pays_for_all_steps_of_all_rounds_before_a_patient_is_read():
    paid, read = {}, []

    def watched(module, x, y):
        read.append(float(x.detach().max()))
        return squared(module, x, y)

    def charge(site, events):
        assert all(0 <= one <= 1 for one in read), "only made-up rows so far"
        paid[site] = events

    agreed = AveragingSettings(rounds=2, local_steps=3)
    rows = {name: [torch.full((20, 3), 9.0), torch.ones(20, 2)] for name in NAMES[:3]}
    fit = fit_averaged(rows, network, watched, agreed, privacy=NOISE, charge=charge)
    assert paid == fit.events == dict.fromkeys(NAMES[:3], (DpSgdEvent(1.1, 0.2, 6),))
    assert max(read) == 9.0
    assert "with noise of each site" in str(fit)


def test_a_budget_that_does_not_cover_all_rounds_stops_the_fit_before_the_first(tmp_path):
    ledger = Ledger(tmp_path / "ledger.jsonl", epsilon=0.5)
    read = []

    def watched(module, x, y):
        read.append(len(x))
        return squared(module, x, y)

    def charge(site, events):
        ledger.charge(site, "study", events, "averaging")

    with pytest.raises(BudgetExhausted):
        fitted(loss=watched, privacy=NOISE, charge=charge)
    assert ledger.history() == ()
    assert set(read) == {3}, "made-up rows, three at a time"


def test_a_ledger_holds_the_cost_of_an_averaged_network(tmp_path):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    fitted(privacy=NOISE, charge=lambda site, events: ledger.charge(site, "s", events, "averaging"))
    assert ledger.datasets() == NAMES[:3]
    assert ledger.history("bern")[0].events == (DpSgdEvent(1.1, 0.2, 12),)
    assert 0 < ledger.spent("bern") < 10


def test_the_seed_of_a_study_does_not_repeat_the_noise_of_its_sites():
    changes = []
    for _ in range(2):
        torch.manual_seed(3)
        changes.append(fitted(privacy=NOISE).model.parameters)
    assert not np.any(changes[0] == changes[1])


def test_no_more_rounds_are_trained_than_were_paid():
    module, model = first_model()
    site = AveragingSite("basel", patients(30, 1), module, squared, AGREED, NOISE)
    for number in range(3):
        site.contribution(model.parameters, number)
    with pytest.raises(ArgumentRefused, match="have been taken"):
        site.contribution(model.parameters, 3)


def test_a_site_that_was_started_again_trains_the_rounds_that_are_left_and_pays_no_more():
    module, model = first_model()
    paid = []
    site = AveragingSite(
        "basel", patients(30, 1), module, squared, AGREED, NOISE, paid.append, taken=2
    )
    assert paid == []
    assert site.events == (DpSgdEvent(1.1, 0.2, 12),)
    site.contribution(model.parameters, 2)
    with pytest.raises(ArgumentRefused, match="have been taken"):
        site.contribution(model.parameters, 3)


@pytest.mark.parametrize("privacy", [None, NOISE])
def test_a_site_that_has_taken_every_round_does_not_begin_again_without_noise(privacy):
    with pytest.raises(ArgumentRefused, match="have been taken"):
        AveragingSite("basel", patients(9, 1), network(), squared, AGREED, privacy, taken=3)


def test_a_module_that_cannot_be_trained_privately_costs_nothing():
    def normalised():
        return nn.Sequential(nn.Linear(3, 6), nn.BatchNorm1d(6), nn.Linear(6, 2))

    paid = []
    with pytest.raises(ArgumentRefused, match="BatchNorm1d"):
        fitted(factory=normalised, privacy=NOISE, charge=lambda site, events: paid.append(site))
    assert paid == []


# Refused


@pytest.mark.parametrize(
    ("name", "value"),
    [("rounds", 0), ("local_steps", 1.5), ("batch_size", True), ("learning_rate", 0.0),
     ("clip", math.inf), ("coordinate_clip", 6.0), ("coordinate_clip", 0.0), ("seed", -1),
     ("optimizer", "lion"), ("weights", {}), ("weights", {"basel": 0}),
     ("weights", {"basel": 0.5})],
)  # fmt: skip
def test_a_setting_that_means_nothing_is_refused_by_name(name, value):
    with pytest.raises(ArgumentRefused, match=name):
        AveragingSettings(**{**vars(AGREED), name: value})


def test_weights_of_other_sites_are_refused():
    agreed = AveragingSettings(rounds=1, local_steps=1, weights={"basel": 1, "bern": 2, "rome": 3})
    with pytest.raises(ArgumentRefused, match="weights"):
        fitted(agreed=agreed)


def test_fewer_than_three_sites_are_refused():
    with pytest.raises(TooFewSites):
        fitted(2)


def test_running_statistics_of_patients_are_not_averaged_but_refused():
    def normalised():
        return nn.Sequential(nn.Linear(3, 6), nn.BatchNorm1d(6), nn.Linear(6, 2))

    with pytest.raises(ArgumentRefused, match="changed buffers"):
        fitted(factory=normalised)


def test_a_loss_that_is_a_mean_over_patients_is_refused():
    with pytest.raises(ArgumentRefused, match="one number a patient"):
        fitted(loss=lambda module, x, y: squared(module, x, y).mean())


def test_a_factory_that_makes_no_module_is_refused():
    with pytest.raises(ArgumentRefused, match="The factory made"):
        fitted(factory=lambda: network)


def test_progress_is_told_by_round():
    told = []
    fitted(progress=told.append)
    assert told == [pytest.approx(1 / 3), pytest.approx(2 / 3), 1.0]


def test_the_room_loads_no_torch():
    code = (
        "import sys, synthema_lab.federation.averaging;"
        "print(*{'torch', 'opacus', 'syft'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
