"""From files to a model to a cohort, and what is said when something is wrong."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from synthema_lab.cli import main
from synthema_lab.cohorts import load_cohort, read_table, split_sites, write_table


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return tmp_path_factory.mktemp("workspace")


@pytest.fixture(autouse=True)
def runs(workspace, monkeypatch):
    monkeypatch.setenv("SYNTHEMA_RUNS", str(workspace / "runs"))
    monkeypatch.setenv("TQDM_DISABLE", "1")


@pytest.fixture(scope="module")
def files(workspace):
    cohort = load_cohort("leuksurv")
    learnt_from, held_out = cohort.split(0.3)
    parts = split_sites(learnt_from.patients, cohort.dictionary, groups=cohort.site_of_centre)
    written = {name: write_table(part, workspace / f"{name}.csv") for name, part in parts.items()}
    written["train"] = write_table(learnt_from.patients, workspace / "train.csv")
    written["holdout"] = write_table(held_out.patients, workspace / "holdout.csv")
    return written


def call(*arguments: object) -> int:
    """Run the command line; its exit code."""
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as left:
        return left.code or 0
    return 0


def sites(files) -> list[object]:
    names = ("north_west", "north_east", "south_west", "south_east")
    return [part for name in names for part in ("--data", files[name])]


def test_four_files_become_a_federated_model_and_a_cohort(files, workspace, capsys):
    model = workspace / "federated.model"
    assert call("fit", *sites(files), "--dictionary", "leuksurv", "--epsilon", "3",
                "--out", model, "--json") == 0  # fmt: skip
    said = json.loads(capsys.readouterr().out)
    assert said["sites"] == 4
    assert said["privacy"]["epsilon"] == pytest.approx(3.0, rel=1e-3)
    assert said["replayed"] is False
    cohort = workspace / "synthetic.csv"
    assert call("sample", model, "--rows", 400, "--seed", 3, "--out", cohort) == 0
    assert "400 synthetic patients" in capsys.readouterr().out
    assert len(read_table(cohort)) == 400
    assert call("data", "check", cohort, "--dictionary", "leuksurv") == 3, "no pseudonym"


def test_the_same_fit_again_replays_and_the_budget_shows_one_release(files, workspace, capsys):
    for _ in range(2):
        call("fit", *sites(files), "--dictionary", "leuksurv", "--epsilon", "2.5",
             "--out", workspace / "again.model", "--json")  # fmt: skip
    assert '"replayed": true' in capsys.readouterr().out
    assert call("budget", "history", "--json") == 0
    charged = json.loads(capsys.readouterr().out)
    assert sum(round(entry["epsilon"], 1) == 2.5 for entry in charged) == 4, "one a site"
    assert call("budget", "show") == 0
    assert "spent" in capsys.readouterr().out


def test_sampling_is_deterministic_in_the_seed(workspace, files, capsys):
    model = workspace / "exact.model"
    call("fit", "--data", files["train"], "--dictionary", "leuksurv", "--epsilon", "none",
         "--generator", "independent", "--out", model, "-q")  # fmt: skip
    for name in ("one", "two"):
        call("sample", model, "--rows", 50, "--seed", 1, "--out", workspace / f"{name}.csv", "-q")
    assert (workspace / "one.csv").read_bytes() == (workspace / "two.csv").read_bytes()
    assert capsys.readouterr().out == ""


def test_noise_off_is_called_not_for_release(workspace, files, capsys):
    model = workspace / "off.model"
    call("fit", "--data", files["train"], "--dictionary", "leuksurv", "--epsilon", "none",
         "--generator", "independent", "--out", model)  # fmt: skip
    assert "not for release" in capsys.readouterr().out


@pytest.mark.parametrize("epsilon", ["0", "-1", "nan", "inf", "three"])
def test_a_meaningless_epsilon_leaves_with_two_and_no_model(files, workspace, capsys, epsilon):
    out = workspace / "refused.model"
    code = call("fit", "--data", files["train"], "--dictionary", "leuksurv", "--epsilon", epsilon,
                "--out", out)  # fmt: skip
    said = capsys.readouterr().err
    assert code == 2
    assert not out.exists()
    assert "Expected:" in said
    assert "Next:" in said


def broken(files, workspace, name: str, change) -> object:
    table = pd.read_csv(files["train"], dtype=str)
    path = workspace / f"{name}.csv"
    change(table).to_csv(path, index=False)
    return path


CHANGES = {
    "missing column": (lambda t: t.drop(columns="patient_id"), "patient_id"),
    "out of range": (lambda t: t.assign(age_years=["977.5", *t["age_years"][1:]]), "age_years"),
    "unknown category": (lambda t: t.assign(sex=["Quux", *t["sex"][1:]]), "sex"),
    "duplicate patient": (lambda t: pd.concat([t, t.head(1)]), "patient_id"),
    "empty": (lambda t: t.iloc[:0], ""),
    "all missing": (lambda t: t.assign(wbc_gl=None), "wbc_gl"),
    "text for a number": (lambda t: t.assign(wbc_gl=["Quux", *t["wbc_gl"][1:]]), "wbc_gl"),
    "unknown column": (lambda t: t.rename(columns={"wbc_gl": "wbc_g"}), "wbc_g"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_table_that_does_not_match_leaves_with_three_and_shows_no_value(
    files, workspace, capsys, name
):
    change, variable = CHANGES[name]
    path = broken(files, workspace, name.replace(" ", "_"), change)
    assert call("data", "check", path, "--dictionary", "leuksurv") == 3
    said = "".join(capsys.readouterr())
    assert variable in said
    assert "977" not in said
    assert "Quux" not in said


@pytest.mark.parametrize("name", ["out of range", "unknown category", "all missing", "empty"])
def test_such_a_table_is_not_fitted_either(files, workspace, capsys, name):
    path = broken(files, workspace, name.replace(" ", "_"), CHANGES[name][0])
    out = workspace / "never.model"
    code = call("fit", "--data", path, "--dictionary", "leuksurv", "--out", out)
    said = capsys.readouterr().err
    assert code == 3
    assert not out.exists()
    assert "Next:" in said
    assert "977" not in said


def test_one_patient_can_be_checked_and_fitted(files, workspace):
    path = broken(files, workspace, "one_patient", lambda t: t.head(1))
    assert call("data", "check", path, "--dictionary", "leuksurv") == 0
    out = workspace / "one.model"
    assert call("fit", "--data", path, "--dictionary", "leuksurv", "--epsilon", "none",
                "--generator", "independent", "--out", out, "-q") == 0  # fmt: skip


def test_a_file_that_is_no_table_leaves_with_three(workspace, capsys):
    path = workspace / "picture.csv"
    path.write_bytes(bytes(range(256)))
    assert call("data", "check", path, "--dictionary", "leuksurv") == 3
    assert "Next:" in capsys.readouterr().err


def test_a_dictionary_with_a_bad_rule_is_refused_by_the_rules_name(workspace, files, capsys):
    path = workspace / "bad.yaml"
    path.write_text(
        "name: bad\ntitle: bad\nversion: '1'\nsource: s\nlicence: l\n"
        "variables:\n  age_years: {label: Age, type: integer, range: [0, 120]}\n"
        "rules:\n  hostile: {text: t, expression: \"__import__('os').system('id')\"}\n"
    )
    assert call("data", "check", files["train"], "--dictionary", path) == 3
    assert "hostile" in capsys.readouterr().err


def test_two_sites_are_refused_because_each_would_learn_the_others_counts(files, workspace, capsys):
    code = call("fit", "--data", files["north_west"], "--data", files["north_east"],
                "--dictionary", "leuksurv", "--out", workspace / "two.model")  # fmt: skip
    assert code == 2
    assert "at least three" in capsys.readouterr().err


def test_a_patient_at_two_sites_is_refused(files, workspace, capsys):
    names = ("train", "north_east", "south_west")
    given = [part for name in names for part in ("--data", files[name])]
    code = call("fit", *given, "--dictionary", "leuksurv", "--out", workspace / "twice.model")
    assert code == 3
    assert "LS-" not in capsys.readouterr().err


def test_the_same_file_given_twice_is_refused(files, workspace, capsys):
    given = ["--data", files["train"]] * 3
    assert call("fit", *given, "--dictionary", "leuksurv", "--out", workspace / "x.model") == 2
    assert "given twice" in capsys.readouterr().err


def test_an_exhausted_budget_leaves_with_four_and_writes_no_model(files, workspace, capsys):
    out = workspace / "poor.model"
    code = call("fit", "--data", files["train"], "--dictionary", "leuksurv", "--epsilon", "3",
                "--budget", "1", "--ledger", workspace / "poor.jsonl", "--out", out)  # fmt: skip
    assert code == 4
    assert not out.exists()
    assert not (workspace / "poor.jsonl").exists()
    assert "budget" in capsys.readouterr().err


def test_an_unknown_generator_is_refused_before_the_files_are_read(workspace, capsys):
    code = call("fit", "--data", "nowhere.csv", "--dictionary", "leuksurv", "--generator",
                "marginl", "--out", workspace / "x.model")  # fmt: skip
    assert code == 2
    assert "Did you mean 'marginal'" in capsys.readouterr().err


def test_errors_are_machine_readable_when_asked(workspace, capsys):
    assert call("sample", workspace / "none.model", "--rows", 5, "--out", "x.csv", "--json") == 3
    said = json.loads(capsys.readouterr().err)
    assert set(said) == {"error", "happened", "expected", "next", "exit_code"}


def test_a_full_disk_leaves_with_two_and_nothing_half_written(
    files, workspace, capsys, monkeypatch
):
    import errno
    import os

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    out = workspace / "full" / "cohort.model"
    code = call("fit", "--data", files["train"], "--dictionary", "leuksurv", "--epsilon", "none",
                "--generator", "independent", "--out", out)  # fmt: skip
    assert code == 2
    assert "no space left" in capsys.readouterr().err
    assert list(out.parent.iterdir()) == []
