"""Sequential synthesis by trees: outcome first, no value copied, every rule kept."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from synthema_lab.cohorts import load_cohort
from synthema_lab.cohorts.mock import mock_patients
from synthema_lab.dictionary import DataDictionary, Variable
from synthema_lab.errors import ArgumentRefused, DataMismatch, GateFailed
from synthema_lab.generators.model_file import packed, unpacked
from synthema_lab.generators.trees import Trees, TreesModel, TreesSettings
from synthema_lab.generators.trees.draws import draw_codes, outcome_windows
from synthema_lab.generators.trees.forest import grow
from synthema_lab.generators.trees.intervals import learn_intervals
from synthema_lab.generators.trees.order import drawing_order
from synthema_lab.generators.trees.predictors import axes, expected_events, seen_by_trees
from synthema_lab.validation import prepare, validate

from .conftest import DESCRIBED, toy_patients

QUICK = {"trees": 2}
LEUKSURV = DataDictionary.load("leuksurv")


@pytest.fixture(scope="module")
def learnt(toy, patients):
    return Trees().fit([patients], toy, seed=3)


def without_rules(**changed) -> DataDictionary:
    content = {**DESCRIBED, "rules": {}}
    content["variables"] = {**DESCRIBED["variables"], **changed}
    return DataDictionary.from_dict(content)


# What it learns.


def test_the_outcome_is_drawn_first_and_then_what_the_workload_ties_to_it(toy):
    order = drawing_order(toy, toy.variables)
    assert order[:3] == ("os_event", "os_days", "age")
    assert set(order) == set(toy.modelled)


def test_what_depends_on_age_depends_on_it_in_the_synthetic_cohort(learnt, patients):
    cohort = learnt.sample(2000, 1)
    real = patients["age"].astype(float).corr(patients["os_days"].astype(float))
    drawn = cohort["age"].astype(float).corr(cohort["os_days"].astype(float))
    assert real < -0.2
    assert drawn == pytest.approx(real, abs=0.1)


def test_the_pattern_of_missing_values_is_learnt(toy):
    patients = toy.conform(toy_patients(600, 5))
    patients["ferritin"] = np.where(patients["arm"] == "C", np.nan, patients["hb"] * 10)
    cohort = Trees().fit([patients], toy, seed=1).sample(1000, 1)
    third = cohort["arm"] == "C"
    assert cohort.loc[third, "ferritin"].isna().mean() > 0.9
    assert cohort.loc[~third, "ferritin"].isna().mean() < 0.1


def test_survival_is_as_faithful_as_a_second_sample_of_patients():
    leuksurv = load_cohort("leuksurv")
    patients = leuksurv.patients
    chosen = np.random.default_rng(2).permutation(len(patients))
    train, held = patients.iloc[chosen[:730]], patients.iloc[chosen[730:]]
    cohort = Trees().fit([train], LEUKSURV, seed=1).sample(730, 1)
    found = validate(prepare(train, held, LEUKSURV, draws=20), cohort)
    assert found["km_gap"].value < 0.05
    assert found["log_hr_error"].value < 0.1
    assert found["c2st_auc"].value < 0.6
    assert found["rules_broken"].value == 0
    assert found["row_copies"].value == 0
    assert found["verbatim_values"].value < found["verbatim_values"].ceiling + 0.05


# What it does not copy.


def test_a_continuous_value_is_never_copied():
    dictionary = without_rules(
        ferritin={**DESCRIBED["variables"]["ferritin"], "missing": True},
        hb={"label": "Haemoglobin", "type": "number", "range": [2, 20], "bins": [2, 10, 20]},
    )
    patients = toy_patients(600, 1)
    patients["hb"] = np.clip(np.random.default_rng(0).normal(10, 2, 600), 2, 19)
    patients = dictionary.conform(patients)
    cohort = Trees().fit([patients], dictionary, seed=1).sample(5000, 1)
    for name in ("hb", "ferritin"):
        assert not np.isin(cohort[name].dropna(), patients[name].dropna()).any()


def test_recorded_values_are_met_as_often_as_their_resolution_makes_them():
    dictionary = without_rules(
        ferritin={"label": "Ferritin", "type": "number", "range": [0, 10000],
                  "bins": [0, 100, 10000], "resolution": 1},
    )  # fmt: skip
    rng = np.random.default_rng(4)
    values = np.floor(rng.uniform(0, 5000, 1200))
    train = dictionary.conform(toy_patients(600, 2).assign(ferritin=values[:600]))
    cohort = Trees().fit([train], dictionary, seed=1, **QUICK).sample(4000, 1)
    copied = np.isin(cohort["ferritin"], train["ferritin"]).mean()
    chance = np.isin(values[600:], train["ferritin"]).mean()
    # About 0.113 by chance; four standard errors of 4000 draws are 0.02.
    assert copied == pytest.approx(600 / 5000, abs=0.03)
    assert copied == pytest.approx(chance, abs=0.05)


def test_every_interval_holds_as_many_patients_as_it_is_smoothed_over():
    variable = Variable("wbc", "Leukocytes", "number", range=(0, 500), resolution=0.1,
                        within_bin="log")  # fmt: skip
    rng = np.random.default_rng(0)
    values = pd.Series(np.round(np.exp(rng.normal(2, 1.5, 400)).clip(0, 500), 1))
    learnt = learn_intervals(variable, values, smooth_over=20)
    counts = np.bincount(learnt.codes(values), minlength=learnt.missing)
    assert counts.min() >= 20
    drawn = learnt.values(np.repeat(np.arange(learnt.missing), 50), rng)
    assert drawn.between(0, 500).all()
    assert np.allclose(np.round(drawn * 10), drawn * 10)
    assert np.log1p(drawn).mean() == pytest.approx(np.log1p(values).mean(), abs=0.15)


def test_a_value_that_many_patients_share_stays_as_frequent_as_it_is():
    variable = Variable("blasts", "Blasts", "number", range=(0, 100), resolution=1)
    rng = np.random.default_rng(1)
    values = pd.Series(np.where(rng.random(500) < 0.4, 90.0, np.floor(rng.uniform(0, 100, 500))))
    learnt = learn_intervals(variable, values, smooth_over=20)
    drawn = learnt.values(learnt.codes(values), rng)
    assert (drawn == 90).mean() == pytest.approx((values == 90).mean(), abs=0.01)


@pytest.mark.parametrize("values", [[], [np.nan] * 30, [7.0] * 30, [7.0] * 3, [0.0, 500.0]])
def test_intervals_can_be_learnt_from_whatever_is_there(values):
    variable = Variable("wbc", "Leukocytes", "number", range=(0, 500), within_bin="log")
    column = pd.Series(values, dtype=float)
    learnt = learn_intervals(variable, column, smooth_over=20)
    drawn = learnt.values(learnt.codes(column), np.random.default_rng(0))
    assert drawn.isna().tolist() == column.isna().tolist()
    assert drawn.dropna().between(0, 500).all()


def test_every_leaf_holds_the_smallest_number_of_patients_or_more(learnt, patients):
    for forest, known in zip(
        learnt.drawing.forests, learnt.drawing.intervals.values(), strict=True
    ):
        leaves = np.unique(forest.contents // (known.missing + 1), return_counts=True)[1]
        assert leaves.min() >= 25
        assert forest.contents.size == forest.roots.size * len(patients)


# How it draws.


def test_trees_are_followed_as_scikit_learn_follows_them():
    from sklearn.tree import DecisionTreeClassifier

    rng = np.random.default_rng(0)
    seen = rng.normal(size=(300, 4)).astype(np.float32)
    seen[rng.random(seen.shape) < 0.2] = np.nan
    codes = (np.nan_to_num(seen[:, 0], nan=2) > rng.normal(size=300)).astype(int)
    settings = TreesSettings(10, 20, trees=1, features=1.0, patients=1.0)
    told = np.eye(3)[codes]
    forest = grow(seen, codes, 3, told, True, settings, np.random.default_rng(5))
    again = np.random.default_rng(5)
    number, shaping = int(again.integers(2**31)), again.permutation(300)
    tree = DecisionTreeClassifier(criterion="entropy", min_samples_leaf=10, random_state=number,
                                  max_features=1.0).fit(seen[shaping], codes[shaping])  # fmt: skip
    assert tree.get_n_leaves() > 3
    assert np.array_equal(forest.leaves(seen, np.zeros(300, dtype=int)), tree.apply(seen))


def test_levels_of_a_category_are_split_in_the_order_of_what_they_predict():
    variable = Variable("arm", "Arm", "category", categories={"A": "a", "B": "b", "C": "c"})
    arm = learn_intervals(variable, pd.Series(dtype=object), 20)
    codes = np.repeat([0, 1, 2], 50)[:, None]
    told = np.repeat([1.0, 9.0, 4.0], 50)[:, None]
    assert np.argsort(axes([arm], codes, told)[0][:3]).tolist() in ([0, 2, 1], [1, 2, 0])
    assert seen_by_trees(axes([arm], codes, told), codes, None).shape == (150, 1)


def test_balanced_draws_keep_each_rows_chance_and_lower_the_noise():
    rng = np.random.default_rng(0)
    contents = np.sort(np.r_[np.zeros(9), np.ones(1), 3 + np.zeros(5), 4 + np.ones(5) - 1])
    contents = contents.astype(int)  # leaf 0: a tenth has code 1; leaf 1: half has code 1
    leaves = np.tile([0, 1], 500)
    outcome = outcome_windows(rng.normal(size=1000), rng)
    balanced, alone = [], []
    for _ in range(200):
        balanced.append(draw_codes(contents, leaves, 3, outcome, rng))
        alone.append(draw_codes(contents, leaves, 3, None, rng))
    shares = np.mean(balanced, axis=0)
    # 200 draws a row: six standard errors are 0.13 and 0.21; over rows they average out.
    assert shares[leaves == 0].mean() == pytest.approx(0.1, abs=0.01)
    assert shares[leaves == 1].mean() == pytest.approx(0.5, abs=0.01)
    assert np.abs(shares[leaves == 0] - 0.1).max() < 0.15
    assert np.std(np.sum(balanced, axis=1)) < 0.3 * np.std(np.sum(alone, axis=1))


def test_balanced_draws_of_two_variables_do_not_depend_on_each_other():
    rng = np.random.default_rng(1)
    contents = np.array([0, 0, 0, 0, 1])
    everybody = np.zeros(400, dtype=int)
    windows = outcome_windows(rng.normal(size=400), rng)
    together = [
        (draw_codes(contents, everybody, 3, windows, rng)
         * draw_codes(contents, everybody, 3, windows, rng)).sum()
        for _ in range(400)
    ]  # fmt: skip
    # 16 of 400 if independent; the mean of 400 repeats has a standard error below 0.2.
    assert np.mean(together) == pytest.approx(16, abs=1)


def test_expected_events_are_those_of_nelson_and_aalen():
    from lifelines import NelsonAalenFitter

    rng = np.random.default_rng(2)
    time, event = rng.integers(0, 30, 200), rng.integers(0, 2, 200)
    fitted = NelsonAalenFitter(nelson_aalen_smoothing=False).fit(time + 1, event)
    expected = expected_events(time, event, 31)
    steps = np.diff(expected[:30])
    late = fitted.cumulative_hazard_.iloc[:, 0].to_numpy()
    assert expected[29] > expected[0] > 0
    assert expected[:30] == pytest.approx(
        np.interp(np.arange(30) + 0.5, fitted.cumulative_hazard_.index, late), abs=0.25
    )
    assert (steps >= 0).all()


# Rules, repetition and files.


def test_no_decidable_rule_is_broken_in_100000_rows(learnt, toy):
    cohort = learnt.sample(100_000, 7)
    assert len(cohort) == 100_000
    assert all((rule.holds(cohort) != 0).all() for rule in toy.rules)
    assert toy.check(cohort, require_core=False).ok
    assert 0 < cohort.attrs["redrawn"] < 0.5
    assert (cohort.loc[cohort["age"] >= 60, "elderly"] == "yes").all()


def test_the_same_seed_gives_the_same_model_and_the_same_cohort(learnt, toy, patients, tmp_path):
    again = Trees().fit([patients], toy, seed=3)
    other = Trees().fit([patients], toy, seed=4)
    files = [one.save(tmp_path / f"{i}").read_bytes() for i, one in enumerate((learnt, again))]
    assert files[0] == files[1]
    assert other.save(tmp_path / "other").read_bytes() != files[0]
    assert learnt.sample(200, 1).equals(again.sample(200, 1))
    assert not learnt.sample(200, 1).equals(learnt.sample(200, 2))


def test_a_saved_model_draws_the_same_without_scikit_learn(learnt, tmp_path):
    path = learnt.save(tmp_path / "trees.model")
    loaded = TreesModel.load(path)
    assert loaded.sample(50, 3).equals(learnt.sample(50, 3))
    assert loaded.columns == learnt.columns
    assert loaded.provenance == json.loads(json.dumps(learnt.provenance))
    script = (
        "import sys; from synthema_lab.generators.trees import TreesModel; "
        f"TreesModel.load({str(path)!r}).sample(5, 1); print('sklearn' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


def rewritten(path: Path, change) -> Path:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    told, arrays = json.loads(parts["model.json"]), unpacked(parts["trees.npz"])
    change(told, arrays)
    parts |= {"model.json": json.dumps(told).encode(), "trees.npz": packed(arrays)}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def nothing_left(told, arrays):
    arrays["3_contents"] = arrays["3_contents"][:1]


def in_a_circle(told, arrays):
    inner = np.flatnonzero(arrays["3_feature"] >= 0)
    arrays["3_left"][inner[0]] = inner[0]


def another_format(told, arrays):
    told["format"] = "synthema-lab vae 1"


def another_variable(told, arrays):
    told["order"][3] = "nobody"


def without_axes(told, arrays):
    arrays["3_axes"] = arrays["3_axes"][:-1]


def beyond_the_columns(told, arrays):
    arrays["3_feature"][arrays["3_feature"] >= 0] = 99


@pytest.mark.parametrize(
    "change",
    [nothing_left, in_a_circle, another_format, another_variable, without_axes, beyond_the_columns],
)
def test_a_file_that_was_changed_is_refused(learnt, tmp_path, change):
    path = rewritten(learnt.save(tmp_path / "trees.model"), change)
    with pytest.raises(DataMismatch, match="no model of trees"):
        TreesModel.load(path)


def test_a_file_that_is_missing_is_refused(tmp_path):
    with pytest.raises(DataMismatch, match="no model of trees"):
        TreesModel.load(tmp_path / "nothing")


def test_the_model_says_that_it_is_as_confidential_as_the_patients(learnt):
    assert "confidential" in learnt.provenance["holds"]
    assert learnt.privacy is None
    assert learnt.provenance["sites"] == 1
    assert "no guarantee" in str(learnt)
    assert "trees" in learnt._repr_html_()


def test_progress_is_told_from_the_first_variable_to_the_last(toy, patients):
    told = []
    Trees().fit([patients], toy, progress=told.append, **QUICK)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) == len(drawing_order(toy, patients.columns))


# What it refuses and what it copes with.


def test_an_epsilon_is_refused_with_what_to_type(toy, patients):
    with pytest.raises(ArgumentRefused, match="states no privacy") as refused:
        Trees().fit([patients], toy, epsilon=3.0)
    assert "--epsilon none" in refused.value.next_step
    assert "marginal" in refused.value.next_step


def test_several_tables_are_refused(toy, patients):
    with pytest.raises(ArgumentRefused, match="3 tables"):
        Trees().fit([patients] * 3, toy)


@pytest.mark.parametrize(
    "wrong",
    [{"depth": 3}, {"min_leaf": 9}, {"min_leaf": True}, {"trees": 0}, {"smooth_over": 2.5},
     {"features": 0}, {"patients": 1.5}, {"balanced": 1}],
)  # fmt: skip
def test_settings_that_cannot_be_used_are_refused(toy, patients, wrong):
    with pytest.raises(ArgumentRefused):
        Trees().fit([patients], toy, **wrong)


@pytest.mark.parametrize("seed", [-1, 2**70, 1.5, True])
def test_a_seed_that_cannot_be_used_is_refused(toy, patients, learnt, seed):
    with pytest.raises(ArgumentRefused, match="seed"):
        Trees().fit([patients], toy, seed=seed)
    with pytest.raises(ArgumentRefused, match="seed"):
        learnt.sample(5, seed)


@pytest.mark.parametrize("rows", [0, -1, 1.5, True, 10**8])
def test_a_number_of_rows_that_cannot_be_used_is_refused(learnt, rows):
    with pytest.raises(ArgumentRefused, match="patients"):
        learnt.sample(rows)


def test_too_few_patients_for_two_leaves_are_refused(toy):
    with pytest.raises(DataMismatch, match="5 patients"):
        Trees().fit([toy_patients(5)], toy)
    assert len(Trees().fit([toy_patients(20)], toy, **QUICK).sample(30, 1)) == 30
    with pytest.raises(DataMismatch, match="90 patients"):
        Trees().fit([toy_patients(90)], toy, min_leaf=50)


def test_a_table_of_few_variables_has_larger_leaves(learnt, toy):
    assert learnt.provenance["settings"]["min_leaf"] == 25
    assert TreesSettings().for_table(variables=30, patients=600).min_leaf == 10
    assert TreesSettings().for_table(variables=5, patients=44).min_leaf == 11
    assert TreesSettings(min_leaf=12).for_table(variables=5, patients=600).smooth_over == 24


def test_columns_outside_the_dictionary_and_values_outside_its_range_are_refused(toy):
    with pytest.raises(DataMismatch, match="weight"):
        Trees().fit([toy_patients(50).assign(weight=70)], toy)
    with pytest.raises(DataMismatch, match="without a code"):
        Trees().fit([toy_patients(50).assign(hb=99.0)], toy)
    with pytest.raises(DataMismatch, match="without a code"):
        Trees().fit([toy_patients(50).assign(arm=None)], toy)


@pytest.mark.parametrize(
    "odd",
    [{"hb": 7.0}, {"arm": "B"}, {"ferritin": np.nan}, {"pregnant": np.nan}, {"os_event": 0},
     {"os_event": 1}, {"os_days": 1000}],
)  # fmt: skip
def test_a_column_without_variation_stays_so(toy, odd):
    patients = toy_patients(80).assign(**odd)
    cohort = Trees().fit([patients], toy, **QUICK).sample(100, 1)
    ((name, value),) = odd.items()
    assert cohort[name].isna().all() if pd.isna(value) else (cohort[name] == value).all()


def test_a_table_without_an_outcome_or_with_one_column_is_learnt(toy):
    patients = toy_patients(80)
    for columns in (["age", "arm", "hb"], ["os_days", "age", "sex"], ["arm"], ["hb"]):
        cohort = Trees().fit([patients[columns]], toy, **QUICK).sample(40, 1)
        assert set(columns) <= set(cohort.columns)


def test_rules_that_contradict_each_other_end_with_an_error():
    content = {**DESCRIBED, "rules": {
        "old": {"text": "Everybody is old.", "expression": "age > 95"},
        "young": {"text": "Everybody is young.", "expression": "age < 5"},
    }}  # fmt: skip
    dictionary = DataDictionary.from_dict(content)
    model = Trees().fit([toy_patients(60)], dictionary, **QUICK)
    with pytest.raises(GateFailed, match="still break a rule"):
        model.sample(10)


def test_every_dictionary_of_the_house_can_be_learnt():
    for name in ("leuksurv", "aml", "scd"):
        dictionary = DataDictionary.load(name)
        patients = mock_patients(dictionary, 60, np.random.default_rng(1))
        cohort = Trees().fit([patients], dictionary, seed=1, trees=1).sample(60, 1)
        assert dictionary.check(cohort, require_core=False).ok
