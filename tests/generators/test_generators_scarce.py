"""A few patients: what a prior adds, what augmentation keeps apart, and what noise costs."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from synthema_lab.cli import main
from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import ArgumentRefused, GateFailed
from synthema_lab.generators import Independent, Marginal, augment, load_model, with_prior
from synthema_lab.generators.expected_error import expected_error

from .conftest import DESCRIBED, toy_patients


def dependence(cohort: pd.DataFrame) -> float:
    """How survival falls with age."""
    return float(np.corrcoef(cohort["age"], cohort["os_days"])[0, 1])


@pytest.fixture(scope="module")
def prior(toy):
    return Marginal().fit([toy.conform(toy_patients(4000, 9))], toy, epsilon=None)


def test_a_prior_gives_forty_patients_what_noise_took_from_them(toy, prior):
    """4 of 100 fits stray further for their noise: 5 of 9 do once in 100,000 runs."""
    few, truth = toy.conform(toy_patients(40, 1)), dependence(toy_patients(4000, 9))
    assert truth < -0.2
    models = [Marginal().fit([few], toy, epsilon=1.0) for _ in range(9)]
    found = [dependence(with_prior(model, prior).sample(4000, 1)) for model in models]
    assert abs(np.median(found) - truth) < 0.12


def test_what_few_patients_say_themselves_is_not_lost_beside_a_prior(toy, prior):
    few = toy.conform(toy_patients(300, 1).assign(hb=6.5))
    model = with_prior(Marginal().fit([few], toy, epsilon=3.0), prior)
    assert (prior.sample(2000, 1)["hb"] < 8).mean() < 0.2
    assert (model.sample(2000, 1)["hb"] < 8).mean() > 0.8


def test_many_patients_overrule_a_prior_that_says_something_else(toy, prior):
    many = toy_patients(4000, 2)
    many["age"] = np.random.default_rng(0).permutation(many["age"])
    model = with_prior(Marginal().fit([toy.conform(many)], toy, epsilon=None), prior)
    assert abs(dependence(model.sample(4000, 1)) - dependence(many)) < 0.06


def test_a_prior_costs_nothing_and_is_named(toy, prior, patients, tmp_path):
    model = Marginal().fit([patients], toy, epsilon=3.0)
    beside = with_prior(model, prior, seed=4)
    assert (beside.privacy, beside.release) == (model.privacy, model.release)
    assert beside.opened == model.opened
    assert beside.provenance["prior"] == {
        "generator": "marginal", "release": prior.release, "privacy": "noise off: no guarantee",
    }  # fmt: skip
    assert "whose patients have this alone: noise off" in str(beside)
    read = load_model(beside.save(tmp_path / "beside.model"))
    pd.testing.assert_frame_equal(read.sample(100, 1), beside.sample(100, 1))
    with_noise = with_prior(model, model)
    assert with_noise.provenance["prior"]["privacy"].startswith("epsilon 3.00")
    again = with_prior(model, prior, seed=4)
    assert all(
        np.array_equal(a, b)
        for a, b in zip(again.graph.potentials, beside.graph.potentials, strict=True)
    )


def test_no_rule_is_broken_beside_a_prior(toy, prior, patients):
    model = with_prior(Marginal().fit([patients.head(60)], toy, epsilon=1.0), prior)
    assert toy.check(model.sample(5000, 3), require_core=False).ok


def test_what_cannot_be_a_prior_is_refused(toy, prior, patients):
    model = Marginal().fit([patients], toy, epsilon=None)
    with pytest.raises(ArgumentRefused, match="prior is of independent"):
        with_prior(model, Independent().fit([patients], toy, epsilon=None))
    with pytest.raises(ArgumentRefused, match="prior is of str"):
        with_prior(model, "aml")
    with pytest.raises(ArgumentRefused, match="patients only: ferritin"):
        with_prior(model, Marginal().fit([patients.drop(columns="ferritin")], toy, epsilon=None))
    other = DataDictionary.from_dict(DESCRIBED | {"version": "2"})
    with pytest.raises(ArgumentRefused, match="dictionary toy 2, the patients of toy 1"):
        with_prior(model, Marginal().fit([patients], other, epsilon=None))


def test_a_prior_is_refused_in_a_terminal_before_anything_is_paid_for(
    toy, prior, patients, tmp_path, capsys, monkeypatch
):
    import yaml

    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy.yaml").write_text(yaml.safe_dump(DESCRIBED, sort_keys=False))
    patients.to_csv("few.csv", index=False)
    prior.save("prior.model")
    typed = ["fit", "--data", "few.csv", "--dictionary", "toy.yaml", "--prior", "prior.model",
             "--ledger", "ledger.jsonl", "--out", "few.model"]  # fmt: skip

    def call(*more: str) -> int:
        try:
            main([*typed, *more])
        except SystemExit as left:
            return left.code or 0
        return 0

    assert call("--generator", "independent") == 2
    assert not (tmp_path / "few.model").exists()
    assert not (tmp_path / "ledger.jsonl").exists()
    capsys.readouterr()
    assert call("--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["prior"]["privacy"] == "noise off: no guarantee"
    assert (tmp_path / "few.model").exists()


def test_an_arm_is_filled_up_and_the_patients_stay_as_they_were(toy, patients):
    model = Marginal().fit([patients], toy, epsilon=None)
    larger = augment(patients, model, "arm == 'C' and age < 40", to=150, seed=2)
    real, synthetic = (larger[larger["origin"] == one] for one in ("real", "synthetic"))
    pd.testing.assert_frame_equal(
        real.drop(columns="origin").reset_index(drop=True), patients, check_dtype=False
    )
    assert ((synthetic["arm"] == "C") & (synthetic["age"] < 40)).all()
    kind = (larger["arm"] == "C") & (larger["age"] < 40)
    assert kind.sum() == 150
    assert larger.attrs == {"added": len(synthetic), "not_drawn": []}
    assert synthetic["patient_id"].is_unique
    assert toy.check(larger.drop(columns="origin"), require_core=False).ok


def test_what_the_model_does_not_draw_is_missing_and_named(toy, patients):
    model = Marginal().fit([patients.drop(columns="ferritin")], toy, epsilon=None)
    larger = augment(patients, model, "arm == 'C'", to=400)
    assert larger.attrs["not_drawn"] == ["ferritin"]
    assert larger.loc[larger["origin"] == "synthetic", "ferritin"].isna().all()


def test_an_arm_that_cannot_be_filled_up_is_refused(toy, patients):
    model = Marginal().fit([patients], toy, epsilon=None)
    with pytest.raises(ArgumentRefused, match="already"):
        augment(patients, model, "arm == 'A'", to=10)
    with pytest.raises(ArgumentRefused, match="column origin"):
        augment(patients.assign(origin="x"), model, "arm == 'C'", to=400)
    with pytest.raises(ArgumentRefused, match="the table does not hold"):
        augment(patients.drop(columns="arm"), model, "arm == 'C'", to=400)
    with pytest.raises(GateFailed, match="all that is asked for"):
        augment(patients, model, "sex == 'M' and pregnant == 1", to=400)


def test_the_error_that_noise_brings_is_said_and_is_right(toy, patients, prior):
    few = Marginal().fit([patients.head(50)], toy, epsilon=0.5)
    assert "too much to rely on" in str(few)
    assert "comes from the prior" in str(with_prior(few, prior))
    many = Marginal().fit([toy.conform(toy_patients(5000, 3))], toy, epsilon=5.0)
    assert "too much to rely on" not in str(many)
    assert "Expected error" not in str(Marginal().fit([patients], toy, epsilon=None))
    truth = (patients["sex"] == "F").mean()
    models = [Marginal().fit([patients], toy, epsilon=0.5) for _ in range(30)]
    place = [clique for clique in models[0].opened.cliques].index(("sex",))
    off = [model.opened.sums[place][0] / len(patients) - truth for model in models]
    said = np.median([expected_error(model.opened) for model in models])
    assert said / 3 < np.std(off) < 3 * said


def test_a_cohort_without_an_event_is_fitted_and_says_so(toy, patients):
    """One site of a study may have none, as long as another has; all together may not."""
    time, event = toy.survival.time, toy.survival.event
    nobody = patients[patients[event] == 0]
    others = patients[patients[event] != 0]
    alone = Marginal().fit([nobody], toy, epsilon=3.0)
    assert "survival in what is drawn tells nothing" in str(alone)
    unseen = Marginal().fit([nobody], toy, epsilon=None)
    assert "about 0:" in str(unseen)
    drawn = unseen.sample(2000, seed=1)
    assert drawn[event].sum() == 0
    assert drawn[time].notna().any()
    both = Marginal().fit([nobody, others], toy, epsilon=3.0)
    assert "tells nothing" not in str(both)
