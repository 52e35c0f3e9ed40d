from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from synthema_lab.cohorts.mock import mock_patients
from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import ArgumentRefused, BudgetExhausted, DataMismatch
from synthema_lab.generators import Custody, VaeModel, get, load_model
from synthema_lab.generators.vae import VaeSettings
from synthema_lab.generators.vae.decoder import can_draw, draw_codes
from synthema_lab.generators.vae.heads import Heads
from synthema_lab.generators.vae.network import loss_of
from synthema_lab.generators.vae.vae import prepared, tensors

from .conftest import toy_patients

DICTIONARY = DataDictionary.load("leuksurv")
SMALL = {"hidden": 8, "latent": 2}
LEARNT = {"hidden": 16, "latent": 4, "components": 2, "steps": 200, "learning_rate": 0.01}
QUICK = {**SMALL, "steps": 30, "patients": 80}


@pytest.fixture(scope="module")
def patients():
    return mock_patients(DICTIONARY, 80, np.random.default_rng(1))


@pytest.fixture(scope="module")
def patients_of_toy(toy):
    return toy.conform(toy_patients(600))


@pytest.fixture(scope="module")
def exact(patients):
    return get("vae").fit([patients], DICTIONARY, epsilon=None, seed=4, **QUICK)


def test_the_same_seed_gives_the_same_network_without_noise(patients, exact):
    again = get("vae").fit([patients], DICTIONARY, epsilon=None, seed=4, **QUICK)
    other = get("vae").fit([patients], DICTIONARY, epsilon=None, seed=5, **QUICK)
    assert all(np.array_equal(one, again.parameters[n]) for n, one in exact.parameters.items())
    assert not np.array_equal(
        exact.parameters["encode_in.bias"], other.parameters["encode_in.bias"]
    )


def test_training_beats_an_even_guess_and_draws_patients_like_those_it_saw():
    rng = np.random.default_rng(3)
    uneven = rng.choice(["F", "M"], 400, p=[0.9, 0.1])
    patients = mock_patients(DICTIONARY, 400, rng).assign(sex=uneven)
    model = get("vae").fit([patients], DICTIONARY, epsilon=None, seed=1, **LEARNT)
    heads, module = prepared(
        DICTIONARY, patients.columns, VaeSettings(hidden=16, latent=4, components=2), 1
    )
    trained = {name: torch.from_numpy(one) for name, one in model.parameters.items()}
    module.load_state_dict(trained, strict=False)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        losses = loss_of(VaeSettings())(module, *tensors(heads, patients))
    assert losses.mean() < np.log(heads.sizes).sum() - 0.5
    assert 0.8 < (model.sample(1000, 1)["sex"] == "F").mean() < 0.97


def test_training_that_diverges_is_refused(patients):
    wild = {**QUICK, "learning_rate": 1e8, "kl_weight": 9e8}
    with pytest.raises(ArgumentRefused, match="diverged"):
        get("vae").fit([patients], DICTIONARY, epsilon=None, **wild)


def test_sampled_patients_keep_the_rules_and_repeat_by_seed(exact):
    cohort = exact.sample(300, seed=2)
    assert DICTIONARY.check(cohort, require_core=False).ok
    assert cohort.equals(exact.sample(300, seed=2))
    assert not cohort.equals(exact.sample(300, seed=3))
    with pytest.raises(ArgumentRefused):
        exact.sample(0)


def test_a_saved_network_draws_the_same_without_torch(exact, tmp_path):
    path = exact.save(tmp_path / "v.model")
    assert load_model(path).sample(20, 3).equals(exact.sample(20, 3))
    script = (
        "import sys; from synthema_lab.generators import load_model; "
        f"load_model({str(path)!r}).sample(5, 1); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


@pytest.mark.parametrize("name", ["decode_in.bias", "decode_out.weight"])
@pytest.mark.parametrize("spoil", [lambda one: one[:-1], lambda one: one * np.nan])
def test_parameters_that_cannot_be_drawn_from_are_refused(exact, tmp_path, name, spoil):
    spoilt = {**exact.parameters, name: spoil(exact.parameters[name])}
    path = replace(exact, parameters=spoilt).save(tmp_path / "v.model")
    with pytest.raises(DataMismatch, match="not a vae"):
        load_model(path)


@pytest.mark.parametrize("seed", [-1, 2**70, 1.5, True])
def test_a_seed_that_cannot_be_used_is_refused(patients, seed):
    with pytest.raises(ArgumentRefused, match="seed"):
        get("vae").fit([patients], DICTIONARY, epsilon=None, seed=seed, **QUICK)


@pytest.mark.parametrize("changed", ["format", "columns", "parameters"])
def test_a_file_that_was_changed_is_refused(exact, tmp_path, changed):
    path = with_parts(exact.save(tmp_path / "v.model"), changed)
    with pytest.raises(DataMismatch, match="not a vae"):
        VaeModel.load(path)
    with pytest.raises(DataMismatch):
        load_model(path)
    with pytest.raises(DataMismatch):
        VaeModel.load(tmp_path / "nothing")


def test_a_model_of_an_earlier_version_is_refused_with_what_to_do(exact, tmp_path):
    path = with_parts(exact.save(tmp_path / "v.model"), "earlier")
    with pytest.raises(DataMismatch, match="earlier version") as refused:
        VaeModel.load(path)
    assert "--generator vae" in str(refused.value)


def with_parts(path, changed):
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    told = json.loads(parts["model.json"])
    if changed == "parameters":
        del parts["parameters.npz"]
    else:
        told |= {"format": {"format": "another"}, "columns": {"columns": ["sex"]},
                 "earlier": {"format": "synthema-lab vae 1"}}[changed]  # fmt: skip
    parts["model.json"] = json.dumps(told).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def test_noise_is_charged_before_a_patient_is_read(patients):
    charged = []

    def charge(release, events):
        charged.append((release, events))
        raise BudgetExhausted("No budget.", "Some.", "Stop.")

    with pytest.raises(BudgetExhausted):
        get("vae").fit([patients], DICTIONARY, custody=Custody(charge=charge), **QUICK)
    assert charged[-1][1][0].steps == QUICK["steps"]


def test_a_budget_is_kept_and_told(patients):
    model = get("vae").fit([patients], DICTIONARY, epsilon=3.0, seed=1, **QUICK)
    assert 2.9 < model.privacy["epsilon"] <= 3.0
    assert "epsilon 3" in str(model) or "epsilon 2.9" in str(model)
    assert "vae" in model._repr_html_()


def test_several_tables_are_a_study(patients):
    with pytest.raises(ArgumentRefused, match="study"):
        get("vae").fit([patients] * 3, DICTIONARY, epsilon=None)


@pytest.mark.parametrize(
    "wrong",
    [{"depth": 3}, {"hidden": 0}, {"hidden": 10**6}, {"sample_rate": 2}, {"kl_weight": "much"}],
)
def test_settings_that_cannot_be_used_are_refused(patients, wrong):
    with pytest.raises(ArgumentRefused):
        get("vae").fit([patients], DICTIONARY, epsilon=None, **wrong)


def test_every_type_of_variable_has_its_likelihood(toy, patients_of_toy):
    assert Heads(toy, patients_of_toy.columns).likelihoods == {
        "age": "zero-inflated", "arm": "categorical", "pregnant": "categorical",
        "sex": "categorical", "hb": "quantile", "ferritin": "quantile",
        "pfs_days": "zero-inflated", "os_days": "survival", "os_event": "survival",
    }  # fmt: skip


def test_cells_lie_within_the_public_bins_and_share_them_out(toy):
    heads = Heads(toy, ["age", "hb", "ferritin", "os_days"])
    for name, cells in heads.cells.items():
        bins = heads.coded[name].edges
        assert set(bins) <= set(cells.coded.edges)
        assert sorted(cells.coded.edges) == list(cells.coded.edges)
        present = cells.log_width[: cells.coded.present]
        assert np.exp(present).sum() == pytest.approx(len(bins) - 1)
        # Level knots give a level density: the basis adds up to one in every cell.
        assert np.allclose(cells.basis.sum(1), 1.0)


def test_cells_of_patients_come_back_within_them(toy, patients_of_toy):
    heads = Heads(toy, patients_of_toy.columns)
    codes = heads.encode(patients_of_toy)
    assert all(codes[:, place].max() < size for place, size in enumerate(heads.sizes))
    back = heads.decode(codes, np.random.default_rng(0))
    assert np.array_equal(heads.encode(back), codes)
    assert back["os_event"].equals(patients_of_toy["os_event"])
    assert back["arm"].astype(str).equals(patients_of_toy["arm"].astype(str))
    assert abs(back["ferritin"] / patients_of_toy["ferritin"] - 1).median() < 0.3


def test_the_outcome_is_told_as_a_pair(toy):
    heads = Heads(toy, ["os_days", "os_event"])
    pair = pd.DataFrame({"os_days": [0, 0, 1000], "os_event": [0, 1, 1]})
    last = heads.sizes[0] - 1
    assert heads.encode(toy.conform(pair))[:, 0].tolist() == [0, 1, last]


def test_what_is_usually_missing_is_known_before_training():
    aml = DataDictionary.load("aml")
    heads, module = prepared(aml, ["anc_gl", "hb_gdl"], VaeSettings(), 0)
    parameters = {name: 0 * one.detach().numpy() for name, one in module.named_parameters()}
    drawn = heads.decode(
        draw_codes(parameters, heads, 20_000, np.random.default_rng(1)), np.random.default_rng(2)
    )
    for name in ("anc_gl", "hb_gdl"):
        expected = aml.variables[name].expected_missing
        assert drawn[name].isna().mean() == pytest.approx(expected, abs=0.01)


def test_cells_are_drawn_with_the_chances_of_the_decoder():
    heads = Heads(DICTIONARY, ["sex"])
    parameters = {
        "decode_in.weight": np.zeros((2, 1)), "decode_in.bias": np.zeros(2),
        "decode_out.weight": np.zeros((2, 2)), "decode_out.bias": np.log([0.25, 0.75]),
        "level.weight": np.zeros((2, 1)),
        "prior_weight.weight": np.zeros((1, 1)), "prior_middle.weight": np.zeros((1, 1)),
        "prior_spread.weight": np.zeros((1, 1)),
    }  # fmt: skip
    assert can_draw(parameters, heads)
    codes = draw_codes(parameters, heads, 20_000, np.random.default_rng(1))
    assert codes[:, 0].mean() == pytest.approx(0.75, abs=0.02)


def test_patients_are_drawn_from_every_component_of_the_prior():
    heads = Heads(DICTIONARY, ["sex"])
    # Two components, at -1 with one part and at 1 with three; the decoder tells them apart.
    parameters = {
        "decode_in.weight": np.array([[1.0]]), "decode_in.bias": np.zeros(1),
        "decode_out.weight": np.array([[0.0], [100.0]]), "decode_out.bias": np.array([0.0, -20.0]),
        "level.weight": np.zeros((2, 1)), "prior_weight.weight": np.log([[1.0], [3.0]]),
        "prior_middle.weight": np.array([[-1.0], [1.0]]),
        "prior_spread.weight": np.full((2, 1), -6.0),
    }  # fmt: skip
    codes = draw_codes(parameters, heads, 20_000, np.random.default_rng(1))
    assert codes[:, 0].mean() == pytest.approx(0.75, abs=0.02)


def test_the_prior_is_trained_with_the_rest(exact):
    _, module = prepared(DICTIONARY, exact.columns, VaeSettings(**SMALL), 4)
    for name, one in module.named_parameters():
        assert not np.array_equal(one.detach().numpy(), exact.parameters[name]), name


def test_the_loss_is_what_plain_numbers_give():
    settings = VaeSettings(hidden=2, latent=1, components=2, kl_weight=0.7)
    heads, module = prepared(DICTIONARY, ["sex", "os_event"], settings, 3)
    coded = tensors(heads, pd.DataFrame({"sex": ["F", "M"], "os_event": [1, 0]}))[0].double()
    module = module.double()
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(5)
        found = loss_of(settings)(module, coded).numpy()
        torch.manual_seed(5)
        noise = torch.randn(2, 1, dtype=torch.float64).numpy()
    p = {name: one.detach().numpy() for name, one in module.named_parameters()}
    seen = np.maximum(coded.numpy() @ p["encode_in.weight"].T + p["encode_in.bias"], 0)
    middle, spread = np.split(seen @ p["encode_out.weight"].T + p["encode_out.bias"], 2, axis=1)
    z = middle + np.exp(spread / 2) * noise
    hidden = np.maximum(z @ p["decode_in.weight"].T + p["decode_in.bias"], 0)
    logits = hidden @ p["decode_out.weight"].T + p["decode_out.bias"] + p["level.weight"][:, 0]
    chosen = coded.numpy().reshape(2, 2, 2).argmax(2)
    told = np.stack([logits[:, k : k + 2] for k in (0, 2)], 1)
    told = told - np.log(np.exp(told).sum(2, keepdims=True))
    likelihood = np.take_along_axis(told, chosen[:, :, None], 2)[:, :, 0].sum(1)

    def normal(m, s):
        return np.exp(-((z - m) ** 2) / (2 * np.exp(s))) / np.sqrt(2 * np.pi * np.exp(s))

    weights = np.exp(p["prior_weight.weight"][:, 0])
    weights /= weights.sum()
    prior = sum(
        weights[k] * normal(p["prior_middle.weight"][k], p["prior_spread.weight"][k])
        for k in range(2)
    )  # fmt: skip
    apart = (np.log(normal(middle, spread)) - np.log(prior))[:, 0]
    assert np.allclose(found, 0.7 * apart - likelihood)


@pytest.mark.parametrize("epsilon", [None, 3.0])
@pytest.mark.parametrize("spoil", ["constant", "all missing", "one category", "five", "no event"])
def test_odd_tables_are_learnt(toy, patients_of_toy, epsilon, spoil):
    table = patients_of_toy[:5] if spoil == "five" else patients_of_toy[:60]
    changed = {
        "constant": {"hb": 9.0, "age": 50}, "all missing": {"ferritin": np.nan},
        "one category": {"arm": "A"}, "five": {}, "no event": {"os_event": 0},
    }[spoil]  # fmt: skip
    model = get("vae").fit([table.assign(**changed)], toy, epsilon=epsilon, **QUICK)
    assert toy.check(model.sample(50, 1), require_core=False).ok


def test_a_gap_that_the_dictionary_does_not_allow_is_refused(toy, patients_of_toy):
    with pytest.raises(DataMismatch, match="hb") as refused:
        get("vae").fit([patients_of_toy.assign(hb=np.nan)], toy, epsilon=None, **QUICK)
    assert "data check" in str(refused.value)


def test_other_defaults_hold_where_there_is_noise():
    quiet, noisy = VaeSettings.of({}), VaeSettings.of({}, noise=True)
    assert noisy.hidden < quiet.hidden
    assert noisy.components < quiet.components
    assert VaeSettings.of({"hidden": 99}, noise=True).hidden == 99
