from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import torch

from synthema_lab.cohorts.mock import mock_patients
from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import ArgumentRefused, BudgetExhausted, DataMismatch
from synthema_lab.generators import Custody, VaeModel, get, load_model
from synthema_lab.generators.vae import VaeSettings
from synthema_lab.generators.vae.network import draw_codes, loss_of
from synthema_lab.generators.vae.vae import prepared, tensors

DICTIONARY = DataDictionary.load("leuksurv")
QUICK = {"hidden": 8, "latent": 2, "steps": 30, "patients": 80}


@pytest.fixture(scope="module")
def patients():
    return mock_patients(DICTIONARY, 80, np.random.default_rng(1))


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
    model = get("vae").fit([patients], DICTIONARY, epsilon=None, seed=1, hidden=16, steps=300)
    encoder, module = prepared(DICTIONARY, patients.columns, VaeSettings(hidden=16), 1)
    module.load_state_dict({name: torch.from_numpy(o) for name, o in model.parameters.items()})
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        losses = loss_of(encoder.sizes, VaeSettings())(module, *tensors(encoder, patients))
    assert losses.mean() < np.log(encoder.sizes).sum() - 0.5
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


@pytest.mark.parametrize("changed", ["format", "columns"])
def test_a_file_that_was_changed_is_refused(exact, tmp_path, changed):
    path = exact.save(tmp_path / "v.model")
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    told = json.loads(parts["model.json"])
    told[changed] = "synthema-lab vae 1" if changed == "format" else ["sex"]
    if changed == "format":
        parts.pop("parameters.npz")
    parts["model.json"] = json.dumps(told).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(DataMismatch, match="not a vae"):
        load_model(path)
    with pytest.raises(DataMismatch):
        VaeModel.load(tmp_path / "nothing")


def test_noise_is_charged_before_a_patient_is_read(patients):
    charged = []

    def charge(release, events):
        charged.append((release, events))
        raise BudgetExhausted("No budget.", "Some.", "Stop.")

    with pytest.raises(BudgetExhausted):
        get("vae").fit([patients], DICTIONARY, custody=Custody(charge=charge), **QUICK)
    assert charged[-1][1][0].steps == QUICK["steps"]


def test_a_budget_is_kept_and_told(patients):
    model = get("vae").fit([patients], DICTIONARY, epsilon=2.0, seed=1, **QUICK)
    assert 1.9 < model.privacy["epsilon"] <= 2.0
    assert "epsilon 2" in str(model) or "epsilon 1.9" in str(model)
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


def test_codes_are_drawn_with_the_chances_of_the_decoder():
    parameters = {
        "decode_in.weight": np.zeros((2, 1)), "decode_in.bias": np.zeros(2),
        "decode_out.weight": np.zeros((5, 2)),
        "decode_out.bias": np.log([0.25, 0.75, 0.2, 0.3, 0.5]),
    }  # fmt: skip
    codes = draw_codes(parameters, (2, 3), 20_000, np.random.default_rng(1))
    assert codes[:, 0].mean() == pytest.approx(0.75, abs=0.02)
    assert (codes[:, 1] == 2).mean() == pytest.approx(0.5, abs=0.02)
