"""Generators are compared by the measures of the workbench, and a stopped comparison goes on."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from benchmarks import generators, generators_child, generators_sites, generators_table, run
from benchmarks.generators_cohorts import (
    AMLSG_COLUMNS,
    COHORTS,
    SCD_COLUMNS,
    CohortAbsent,
    amlsg,
    leuksurv,
    split,
)
from benchmarks.generators_kept import Kept, state_of_the_code
from benchmarks.generators_methods import METHODS, Method, chosen
from benchmarks.generators_score import pair_distance, real_against_real, rules_broken, score
from benchmarks.generators_sites import Grid, fidelity, sites_table
from benchmarks.generators_table import cell, goals, methods_table
from synthema_lab.cohorts import Cohort
from synthema_lab.dictionary import DataDictionary
from synthema_lab.generators import floor_table
from synthema_lab.validation import validate

FEW = ("age_years", "deprivation", "os_days", "os_event")


def few_patients() -> Cohort:
    cohort = leuksurv(FEW)
    return Cohort(
        cohort.name,
        cohort.patients.sample(240, random_state=1),
        cohort.dictionary,
        cohort.source,
        "",
        "",
    )


@pytest.fixture(scope="module")
def halves():
    cohort = few_patients()
    train, test = split(cohort, 1)
    drawn = floor_table(cohort.dictionary.conform(train), cohort.dictionary, len(train), 3)
    return train, test, drawn, cohort.dictionary


class Told(Kept):
    """Instead of a process, a function answers."""

    def __init__(self, folder, answer, **options):
        super().__init__(folder, **options)
        self.answer, self.asked = answer, []

    def _measured(self, job):
        self.asked.append(dict(job))
        code = state_of_the_code()
        return {"job": dict(job), "code": code, "load": 0.5} | self.answer(job)


def test_the_floor_on_a_few_patients_gives_every_figure(monkeypatch):
    monkeypatch.setitem(generators_child.COHORTS, "leuksurv", few_patients)
    answer = generators_child.answer(
        {"kind": "method", "data": "leuksurv", "method": "independent", "epsilon": None,
         "seed": 1, "checked": 500, "settings": {}}
    )  # fmt: skip
    figures = answer["figures"]
    assert (figures["rows_broken"], figures["rows_checked"]) == (0, 500)
    assert figures["rules"] >= 2
    assert 0.4 < figures["c2st_auc"] < 1
    assert 0 < figures["km_gap"] < 0.3
    assert figures["seconds"] > 0
    assert figures["processor"] > 0
    assert 0.05 < figures["gigabytes"] < 20
    assert all(isinstance(value, int | float) for value in figures.values())


def test_a_score_is_what_validate_says(halves):
    train, test, drawn, dictionary = halves
    figures = score(train, test, drawn, dictionary, seed=5)
    found = validate(train, drawn, dictionary, test, draws=20, seed=5)
    for name in ("c2st_auc", "km_gap", "log_hr_error", "c_index", "membership_tpr",
                 "verbatim_values", "rules_broken"):  # fmt: skip
        assert figures[name] == found[name].value, name
    assert figures["membership_chance"] == found["membership_tpr"].ceiling
    assert figures["verbatim_chance"] == found["verbatim_values"].ceiling
    assert figures["c_index_real"] == found["c_index"].ceiling
    assert 0 < figures["membership_p"] <= 1


def test_real_patients_against_real_ones_are_the_ceiling(halves):
    train, test, _, dictionary = halves
    ceiling = real_against_real(train, test, dictionary, seed=5)
    assert ceiling["c_index"] == ceiling["c_index_real"]
    assert math.isnan(ceiling["membership_tpr"])
    assert ceiling["verbatim_values"] == ceiling["verbatim_chance"]
    redrawn = real_against_real(train, test, dictionary, seed=5, redrawn=True)
    assert redrawn["pair_distance"] == ceiling["pair_distance"]
    assert redrawn["univariate_distance"] != ceiling["univariate_distance"]
    copied = score(train, test, train, dictionary, seed=5)
    assert (copied["membership_tpr"], copied["verbatim_values"], copied["km_gap"]) == (1, 1, 0)


def test_pairs_are_at_no_distance_from_themselves_and_apart_when_shuffled(halves):
    train, _, _, dictionary = halves
    assert pair_distance(train, train, dictionary) == 0
    shuffled = train.copy()
    shuffled["os_days"] = train["os_days"].sample(frac=1, random_state=1).to_numpy()
    assert 0.02 < pair_distance(train, shuffled, dictionary) < 0.5


def test_rows_that_break_a_rule_are_counted():
    cohort = COHORTS["scd"](("genotype", "sex", "priapism_ever", "fu_years", "vital_status"))
    patients = cohort.patients
    broken, decided = rules_broken(patients, cohort.dictionary)
    assert (broken, decided > 0) == (0, True)
    women = patients["sex"].eq("F")
    false = patients.assign(priapism_ever=patients["priapism_ever"].mask(women, 1))
    assert rules_broken(false, cohort.dictionary)[0] == women.sum()


def test_thirty_columns_hold_the_outcome_and_its_risk_factors():
    for name, columns in (("aml", AMLSG_COLUMNS), ("scd", SCD_COLUMNS)):
        dictionary = DataDictionary.load(name)
        outcome = dictionary.survival
        assert len(set(columns)) == 30
        assert set(columns) <= set(dictionary.modelled)
        assert {outcome.time, outcome.event, *outcome.covariates} <= set(columns)


def test_a_seed_is_another_split_of_the_same_patients():
    cohort = leuksurv()
    first, second = split(cohort, 1), split(cohort, 2)
    assert len(first[0]) + len(first[1]) == 1043
    assert 0.25 < len(first[1]) / 1043 < 0.35
    assert set(first[1]["patient_id"]) != set(second[1]["patient_id"])


@pytest.mark.parametrize("partition", ["even", "uneven", "centre"])
@pytest.mark.parametrize("sites", [3, 17])
def test_every_patient_is_at_one_site(partition, sites):
    cohort = leuksurv()
    tables = generators_child.parts(cohort.patients, cohort.dictionary, partition, sites)
    names = np.concatenate([table["patient_id"] for table in tables])
    assert len(tables) == sites
    assert sorted(names) == sorted(cohort.patients["patient_id"])
    if partition == "centre":
        assert sum(table["district"].nunique() for table in tables) == 24
    if partition == "even":
        assert max(map(len, tables)) - min(map(len, tables)) <= 1
    if partition == "uneven":
        assert len(tables[0]) > 1.3 * len(tables[1])


def test_a_comparison_that_was_killed_goes_on(tmp_path):
    first = Told(tmp_path, lambda job: {"figures": {"seed": job["seed"]}})
    first.run({"seed": 1})
    with first.path.open("a", encoding="utf-8") as lines:
        lines.write('{"job": {"seed": 2}, "co')
    again = Told(tmp_path, lambda job: {"figures": {"seed": job["seed"]}})
    assert [again.run({"seed": seed})["figures"]["seed"] for seed in (1, 2)] == [1, 2]
    assert again.asked == [{"seed": 2}]
    third = Told(tmp_path, lambda job: {"failed": "never asked"})
    assert [third.run({"seed": seed})["figures"]["seed"] for seed in (1, 2)] == [1, 2]


def test_failed_runs_and_those_of_other_code_are_made_again_where_asked(tmp_path):
    kept = Told(tmp_path, lambda job: {"failed": "MemoryError"})
    kept.run({"seed": 1})
    other = {"job": {"seed": 2}, "code": "before", "load": 3.0, "figures": {}}
    with kept.path.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(other) + "\n")

    def asked(**options):
        found = Told(tmp_path, lambda job: {"figures": {}}, **options)
        for seed in (1, 2):
            found.run({"seed": seed})
        return [job["seed"] for job in found.asked], found

    nothing, found = asked(only_kept=True)
    assert nothing == []
    assert any("1 of them were made by another state" in one for one in found.remarks())
    assert asked(retry=True)[0] == [1]
    assert asked(fresh=True)[0] == [2]
    assert "another state" not in " ".join(asked(fresh=True)[1].remarks())


def test_a_run_is_a_process_of_its_own_that_says_why_it_failed(tmp_path, capsys):
    job = {"kind": "method", "data": "leuksurv", "method": "rumour", "epsilon": None, "seed": 1,
           "checked": 10, "settings": {}}  # fmt: skip
    record = Kept(tmp_path).run(job)
    assert record["failed"] == "There is no generator named 'rumour'."
    assert "rumour" in capsys.readouterr().err
    assert Kept(tmp_path, minutes=1e-6).run(job | {"seed": 2})["failed"].startswith("ended after")


def test_of_a_foreign_error_only_the_kind_is_told(monkeypatch):
    def raises(job):
        raise ValueError("the patient of 93 years")

    monkeypatch.setitem(generators_child.KINDS, "method", raises)
    assert generators_child.answer({"kind": "method"}) == {"failed": "ValueError"}


def figures_of(seed: int) -> dict:
    """Figures that rise with the seed."""
    names = ("c2st_auc", "km_gap", "log_hr_error", "c_index", "c_index_real", "membership_tpr",
             "membership_chance", "verbatim_values", "verbatim_chance", "seconds",
             "gigabytes")  # fmt: skip
    return {name: 0.1 * seed for name in names} | {
        "membership_p": 0.04, "rows_broken": 1, "rows_checked": 10, "rules": 4
    }  # fmt: skip


def test_the_table_has_median_and_range_and_says_what_is_not_here(tmp_path):
    kept = Told(
        tmp_path,
        lambda job: (
            {"failed": "GateFailed"}
            if job["method"] == "vae"
            else {"figures": figures_of(job["seed"])}
        ),
    )
    rows = [Method("floor", "independent"), Method("rumour", "rumour"), Method("vae", "vae")]
    lines = methods_table(kept, rows, "leuksurv", range(1, 4), 10)
    assert lines[0] == "leuksurv: 1043 patients, 6 columns"
    faithful, safe = [line for line in lines if line.startswith("  floor")]
    assert faithful.split()[1:3] == ["0.200", "0.10-0.30"]
    assert "3/30" in safe
    assert "3/3" in safe.split()
    assert "  rumour                not here: There is no generator named 'rumour'." in lines
    assert "  vae                   failed: GateFailed" in lines
    assert len([job for job in kept.asked if job["method"] == "vae"]) == 1


def test_a_cohort_that_is_not_here_is_left_out_with_the_reason(tmp_path, monkeypatch):
    monkeypatch.setenv("SYNTHEMA_DATA", str(tmp_path))
    with pytest.raises(CohortAbsent):
        amlsg()
    kept = Told(tmp_path, lambda job: {"failed": "never asked"})
    for lines in (
        methods_table(kept, METHODS, "amlsg", [1], 10),
        sites_table(kept, "amlsg", Grid()),
    ):
        assert "left out, the AMLSG release is not in ../shared/data or $SYNTHEMA_DATA" in lines[0]
    assert kept.asked == []


def test_a_goal_is_met_by_the_median():
    told = {"trees": [{"c2st_auc": value, "log_hr_error": value} for value in (0.05, 0.2, 0.6)]}
    lines = goals(told)
    assert [line.split()[-1] for line in lines[1:]] == ["yes", "NO"]
    least = {"marginal, eps 1": [{"c2st_auc": 0.9, "log_hr_error": 0.1, "c_index": 0.65}]}
    assert [line.split()[-1] for line in goals(least)[1:]] == ["NO", "yes", "yes"]


def test_a_federated_fit_must_equal_the_pooled_one_and_its_loss_is_against_it(tmp_path):
    def answer(job):
        better = {"c2st_auc": 0.7, "km_gap": 0.1, "log_hr_error": 0.2, "c_index": 0.6,
                  "c_index_real": 0.6, "sums": "a", "sample": "b"}  # fmt: skip
        if job["alone"] is not None:
            better |= {"c2st_auc": 1.0}
        if job["partition"] == "uneven":
            better |= {"sums": "another", "log_hr_error": 0.9}
        return {"figures": better}

    kept = Told(tmp_path, answer)
    lines = sites_table(kept, "leuksurv", Grid(("even", "uneven"), (3,), draws=2))
    even, uneven = [line.split() for line in lines if line.split()[:1] in (["even"], ["uneven"])]
    assert even[2] == "yes"
    assert uneven[2] == "NO"
    assert even[3] == "0.0"
    assert (even[7], uneven[7]) == ("yes", "NO")
    assert float(even[-4]) > 15


def test_fidelity_is_one_at_best_and_not_below_nothing():
    best = {"c2st_auc": 0.5, "km_gap": 0, "log_hr_error": 0, "c_index": 0.7, "c_index_real": 0.7}
    assert fidelity(best) == 1
    assert fidelity(best | {"c2st_auc": 0.4}) == 1
    assert fidelity(best | {"log_hr_error": 3.0}) == 0.75
    assert fidelity(best | {"c_index": math.nan}) == 1


def test_options_narrow_the_benchmark_and_go_with_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "RESULTS", tmp_path)
    for arguments in (["demo", "--quick"], ["--quick"], ["rumour"]):
        with pytest.raises(SystemExit):
            run.main(arguments)
    monkeypatch.setattr(generators, "Kept", lambda folder, **_: Told(folder, lambda job: {}))
    options = ["--keep", str(tmp_path), "--data", "leuksurv", "--methods", "rumour"]
    with pytest.raises(SystemExit):
        generators.run(options)
    assert not list(tmp_path.glob("generators.txt"))


def test_what_takes_hours_runs_only_where_it_is_named(tmp_path, monkeypatch, capsys):
    class Quick:
        @staticmethod
        def run(*options):
            return f"table {options}"

    monkeypatch.setattr(run, "RESULTS", tmp_path)
    monkeypatch.setattr(run, "BENCHMARKS", {"demo": Quick, "generators": Quick})
    run.main([])
    assert [file.name for file in tmp_path.iterdir()] == ["demo.txt"]
    run.main(["generators", "--quick"])
    assert [file.name for file in tmp_path.iterdir()] == ["demo.txt"]
    run.main(["generators"])
    assert (tmp_path / "generators.txt").read_text() == "table ([],)\n"
    run.main(["generators", "--quick", "--write"])
    assert (tmp_path / "generators.txt").read_text() == "table (['--quick'],)\n"
    assert "Left out" in capsys.readouterr().out


def test_a_cell_without_numbers_is_a_dash_and_a_single_one_has_no_range():
    assert [cell([]), cell([math.nan]), cell([0.25])] == ["-", "-", "0.250"]
    assert cell([0.3, 0.1, 0.2]) == "0.200 0.10-0.30"


def test_every_row_can_be_chosen_by_its_generator():
    assert [row.name for row in chosen(["marginal"])] == ["marginal"] * 3
    assert chosen(None) == list(METHODS)
    assert {name for name, _ in generators_table.FAITHFUL} <= set(figures_of(1))
    assert generators_sites.EPSILON in {row.epsilon for row in chosen(["marginal"])}
