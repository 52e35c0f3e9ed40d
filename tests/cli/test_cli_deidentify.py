"""What is typed to make an export fit to leave."""

from __future__ import annotations

import json
import os
import stat

import numpy as np
import pandas as pd
import pytest

from synthema_lab.cli import main
from synthema_lab.cohorts import load_cohort, write_table
from synthema_lab.deidentify import export_example


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    cohort = load_cohort("leuksurv")
    raw = export_example(cohort.patients, cohort.dictionary, np.random.default_rng(1))
    return write_table(raw, tmp_path_factory.mktemp("export") / "export.csv")


@pytest.fixture
def call(tmp_path, export, monkeypatch):
    monkeypatch.setenv("SYNTHEMA_SITE_KEY", str(tmp_path / "site" / "site.key"))

    def typed(*more: object, file: object = export, out: object = None, policy="leuksurv") -> int:
        arguments = ["deidentify", file, "--dictionary", "leuksurv", "--policy", policy,
                     "--out", out or tmp_path / "out.csv", *more]  # fmt: skip
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as left:
            return left.code or 0
        return 0

    return typed


def test_an_export_becomes_a_table_with_its_dictionary_and_a_report(call, tmp_path, capsys):
    report = tmp_path / "report"
    assert call("--study", "survival", "--report", report) == 0
    said = capsys.readouterr().out
    assert "Assessment: pass" in said
    assert "A site key was made" in said
    assert stat.S_IMODE(os.stat(tmp_path / "site" / "site.key").st_mode) == 0o600
    left = pd.read_csv(tmp_path / "out.csv")
    assert list(left.columns) == [
        "patient_id", "age_years", "sex", "wbc_gl", "os_days", "os_event", "age_group",
    ]  # fmt: skip
    main(["data", "check", str(tmp_path / "out.csv"), "--dictionary",
          str(tmp_path / "out.dictionary.yaml"), "--quiet"])  # fmt: skip
    page = (report / "report.html").read_text()
    assert page.startswith("<!DOCTYPE html>")
    assert "<script" not in page
    record = json.loads((report / "record.json").read_text())
    assert record["assessment"] == "pass"
    for value in left["patient_id"]:
        assert value not in page


def test_json_is_one_object_and_quiet_is_quiet(call, capsys):
    assert call("--study", "survival", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["assessment"] == "pass"
    assert said["rows_in"] == 1043
    assert {row["measure"] for row in said["measures"]} >= {"k-anonymity", "unique patients"}
    assert call("--study", "survival", "--quiet") == 0
    assert capsys.readouterr().out == ""


def test_the_same_key_gives_the_same_table_and_another_another(call, tmp_path):
    assert call("--study", "survival") == call("--study", "survival", out=tmp_path / "b.csv") == 0
    first, second = (tmp_path / name for name in ("out.csv", "b.csv"))
    assert first.read_bytes() == second.read_bytes()
    assert call("--study", "survival", "--key", tmp_path / "k2", out=tmp_path / "c.csv") == 0
    third = pd.read_csv(tmp_path / "c.csv")
    assert not set(third["patient_id"]) & set(pd.read_csv(first)["patient_id"])


def test_a_dry_run_writes_no_table_and_makes_no_key(call, tmp_path, capsys):
    assert call("--dry-run") == 0
    assert "Nothing was written" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == []


def test_an_export_that_is_refused_leaves_no_key_behind(call, tmp_path):
    assert call(policy="scd") != 0
    assert not (tmp_path / "site" / "site.key").exists()


def test_variables_instead_of_a_study_limit_what_leaves(call, tmp_path):
    assert call("--variables", "sex,os_days,os_event") == 0
    assert list(pd.read_csv(tmp_path / "out.csv").columns) == [
        "patient_id", "sex", "os_days", "os_event",
    ]  # fmt: skip


def test_a_study_can_be_a_file(call, tmp_path):
    study = tmp_path / "study.yaml"
    study.write_text("name: small\npurpose: why\nvariables: [sex, os_days, os_event]\n")
    assert call("--study", study) == 0
    study.write_text("name: small\npurpos: why\nvariables: [sex]\n")
    assert call("--study", study, out=tmp_path / "b.csv") == 2


def test_an_unknown_column_leaves_with_three_and_writes_nothing(call, export, tmp_path, capsys):
    table = pd.read_csv(export, dtype=str).assign(remark="Zqx 7315081 seen with the family")
    file = write_table(table, tmp_path / "in.csv")
    assert call("--json", "--report", tmp_path / "report", file=file) == 3
    told = capsys.readouterr()
    error = json.loads(told.err)
    assert error["findings"][0]["rule"] == "free_text"
    assert "Zqx" not in told.err + told.out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "site"]


def test_a_table_that_fails_its_assessment_leaves_with_five_and_is_not_written(
    call, tmp_path, capsys
):
    from pathlib import Path

    import yaml

    shipped = Path(__file__).parents[2] / "data_dictionaries" / "policies" / "leuksurv.yaml"
    content = yaml.safe_load(shipped.read_text())
    content["anonymity"] = {"search": False}
    lax = tmp_path / "lax.yaml"
    lax.write_text(yaml.safe_dump(content))
    assert call("--study", "survival", "--report", tmp_path / "report", policy=lax) == 5
    assert "must not leave" in capsys.readouterr().err
    assert not (tmp_path / "out.csv").exists()
    assert not (tmp_path / "out.dictionary.yaml").exists()
    assert (tmp_path / "report" / "report.html").exists()


def test_a_key_that_others_can_read_leaves_with_two(call, tmp_path, capsys):
    key = tmp_path / "open.key"
    assert call("--study", "survival", "--key", key) == 0
    key.chmod(0o644)
    assert call("--study", "survival", "--key", key, out=tmp_path / "b.csv") == 2
    assert "0600" in capsys.readouterr().err
    assert not (tmp_path / "b.csv").exists()


@pytest.mark.parametrize(
    "more",
    [("--study", "survivl"), ("--study", "survival", "--variables", "sex"), ("--variables", ","),
     ("--study", "none.yaml"), ("--sampling-fraction", "2")],
)  # fmt: skip
def test_bad_arguments_leave_with_two_and_write_nothing(call, tmp_path, more):
    assert call(*more) == 2
    assert not (tmp_path / "out.csv").exists()


def test_the_export_is_never_written_over(call, export):
    before = export.read_bytes()
    assert call(out=export) == 2
    assert export.read_bytes() == before


def test_rotating_the_key_maps_old_to_new_at_the_site_alone(call, tmp_path, capsys):
    assert call("--study", "survival") == 0
    capsys.readouterr()
    mapping, audit = tmp_path / "map.csv", tmp_path / "audit"
    arguments = ("--study", "survival", "--rotate-key", tmp_path / "new.key", "--report", audit)
    assert call(*arguments, "--json", out=mapping) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["patients"] == 1043
    assert stat.S_IMODE(os.stat(mapping).st_mode) == 0o600
    turned = pd.read_csv(mapping)
    assert set(pd.read_csv(tmp_path / "out.csv")["patient_id"]) <= set(turned["old"])
    again = tmp_path / "again.csv"
    assert call("--study", "survival", "--key", tmp_path / "new.key", out=again) == 0
    assert set(pd.read_csv(again)["patient_id"]) <= set(turned["new"])
    told = (audit / "audit.json").read_text() + json.dumps(said)
    for value in (*turned["old"].head(20), *turned["new"].head(20)):
        assert value not in told
    assert call(*arguments[:4], out=mapping) == 2  # a mapping is never written over


def test_a_key_that_never_was_cannot_be_rotated(call, tmp_path):
    arguments = ("--study", "survival", "--rotate-key", tmp_path / "new.key")
    assert call(*arguments, "--key", tmp_path / "none.key", out=tmp_path / "map.csv") == 2
    assert list(tmp_path.iterdir()) == []
