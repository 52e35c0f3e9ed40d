"""A check is told so that a person knows what to do, and a machine what was found."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from synthema_lab.cli import main
from synthema_lab.cohorts import load_cohort, read_table, write_table


def call(*arguments):
    try:
        main(["data", "check", *map(str, arguments), "--dictionary", "leuksurv"])
    except SystemExit as left:
        return left.code or 0
    return 0


@pytest.fixture(scope="module")
def patients():
    return load_cohort("leuksurv").patients


@pytest.fixture
def bad(patients):
    """Sixty patients: counts per microlitre in 20, a negative time in one, no sex."""
    table = patients.head(60).astype({"wbc_gl": float, "os_days": object}).drop(columns="sex")
    table.loc[table.index[:20], "wbc_gl"] = 7500.0
    table.loc[table.index[3], "os_days"] = -4
    return table


def test_a_good_table_leaves_with_nought_and_says_that_it_matches(patients, tmp_path, capsys):
    assert call(write_table(patients, tmp_path / "good.csv")) == 0
    assert "good.csv matches leuksurv 1.0.0: 1043 rows: no error" in capsys.readouterr().out


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_bad_table_is_told_by_variable_errors_first_with_what_to_do(
    bad, tmp_path, capsys, suffix
):
    assert call(write_table(bad, tmp_path / f"bad.{suffix}")) == 3
    said = capsys.readouterr().out
    assert f"bad.{suffix} does not match leuksurv 1.0.0: 60 rows: 4 errors" in said
    assert "wbc_gl looks as if it were in /uL in 20 of 60 values" in said
    assert "os_days is negative: an event before the diagnosis. Rows 4." in said
    assert said.index(" error ") < said.index(" warning ")
    assert len([line for line in said.splitlines() if line.startswith("  wbc_gl ")]) == 1
    assert "What to do next\n  - Add the column" in said
    assert all(len(line) <= 100 for line in said.splitlines())


def test_rules_left_open_are_listed(patients, tmp_path, capsys):
    table = patients.head(30).drop(columns=["os_event"])
    assert call(write_table(table, tmp_path / "t.csv")) == 3
    said = capsys.readouterr().out
    assert "Not decided, since a column they need is absent\n  time_and_status" in said


def test_json_says_the_same_to_a_machine(bad, tmp_path, capsys):
    assert call(write_table(bad, tmp_path / "bad.csv"), "--json") == 3
    said = json.loads(capsys.readouterr().out)
    assert said["ok"] is False
    assert said["rows"] == 60
    found = {(entry["rule"], entry["variable"]): entry for entry in said["findings"]}
    assert found["unit_mixed_up", "wbc_gl"]["count"] == 20
    assert found["before_diagnosis", "os_days"]["rows"] == [4]
    assert set(said["findings"][0]) == {
        "severity", "rule", "variable", "count", "rows", "message",
    }  # fmt: skip


def test_findings_are_written_to_a_file_without_a_value(bad, tmp_path, capsys):
    out = tmp_path / "found.csv"
    assert call(write_table(bad, tmp_path / "bad.csv"), "--out", out) == 3
    written = read_table(out)
    assert {"missing_column", "unit_mixed_up"} <= set(written["rule"])
    assert "7500" not in out.read_text()
    assert call(tmp_path / "bad.csv", "--quiet") == 3
    assert capsys.readouterr().out.endswith(f"Written to {out}\n")


def test_files_of_several_sites_are_checked_and_shared_patients_told(patients, tmp_path, capsys):
    one, two = patients.iloc[:100], patients.iloc[95:200]
    renamed = patients.iloc[[0, 1]].assign(patient_id=["LS-9001", "LS-9002"])
    files = [
        write_table(one, tmp_path / "one.csv"),
        write_table(pd.concat([two, renamed]), tmp_path / "two.csv"),
    ]
    assert call(*files, "--json") == 3
    said = json.loads(capsys.readouterr().out)
    together = [entry for entry in said["findings"] if entry["file"] == "The files together"]
    assert [(entry["rule"], entry["severity"], entry["rows"]) for entry in together] == [
        ("patient_at_two_sites", "error", [96, 97, 98, 99, 100]),
        ("record_at_two_sites", "warning", [1, 2]),
    ]
    assert call(*files) == 3
    assert "Keep each patient at one site." in capsys.readouterr().out


def test_the_same_file_twice_is_refused(patients, tmp_path, capsys):
    path = write_table(patients.head(5), tmp_path / "one.csv")
    assert call(path, path) == 2
    assert "twice" in capsys.readouterr().err
