"""A good release passes the gate; a copy does not."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from synthema_lab.cli import main
from synthema_lab.cohorts import load_cohort, write_table
from synthema_lab.generators import get


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    cohort = load_cohort("leuksurv")
    learnt_from, held_out = cohort.split(0.3)
    model = get("marginal").fit([learnt_from.patients], cohort.dictionary, epsilon=3.0)
    return {
        "real": write_table(learnt_from.patients, folder / "real.csv"),
        "holdout": write_table(held_out.patients, folder / "holdout.csv"),
        "released": write_table(model.sample(700, 1), folder / "released.csv"),
        "copy": write_table(learnt_from.patients, folder / "copy.csv"),
    }


def call(command: str, synthetic: object, tables, out, *more: object) -> int:
    arguments = [command, "--real", tables["real"], "--synthetic", synthetic, "--holdout",
                 tables["holdout"], "--dictionary", "leuksurv", "--out", out, *more]  # fmt: skip
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as left:
        return left.code or 0
    return 0


def test_a_private_release_passes_and_leaves_metrics_and_a_report(tables, tmp_path, capsys):
    out = tmp_path / "validation"
    assert call("validate", tables["released"], tables, out) == 0
    said = capsys.readouterr().out
    assert "c2st_auc" in said
    assert "ceiling" in said
    metrics = json.loads((out / "metrics.json").read_text())
    assert {
        "group",
        "name",
        "goal",
        "value",
        "low",
        "high",
        "floor",
        "ceiling",
        "unit",
        "n",
    } <= set(metrics[0])
    assert {metric["group"] for metric in metrics} == {"fidelity", "clinical", "utility", "privacy"}
    report = (out / "report.html").read_text()
    assert "<html lang" in report
    assert 'src="http' not in report
    assert "src='http" not in report
    assert json.loads((out / "verdict.json").read_text())["verdict"] in ("release", "restrict")
    paper = (out / "report.pdf").read_bytes()
    assert paper.startswith(b"%PDF")
    assert b"pdfuaid" in paper


def test_a_copy_of_the_patients_is_refused_with_five_and_its_reasons(tables, tmp_path, capsys):
    out = tmp_path / "privacy"
    assert call("privacy", tables["copy"], tables, out, "-q") == 5
    said = capsys.readouterr().err
    assert "recognises" in said
    assert "equal a training patient" in said
    metrics = json.loads((out / "metrics.json").read_text())
    assert {metric["group"] for metric in metrics} == {"privacy"}


def test_the_held_out_patients_themselves_are_refused(tables, tmp_path, capsys):
    assert call("privacy", tables["holdout"], tables, tmp_path / "held", "-q") == 5
    assert "held-out patients" in capsys.readouterr().err


def test_near_copies_are_refused_also_without_a_holdout_and_no_verdict_is_claimed(
    tables, tmp_path, capsys
):
    near = pd.read_csv(tables["real"]).assign(patient_id=lambda t: "n" + t["patient_id"])
    near["wbc_gl"] = (near["wbc_gl"] + 0.1).clip(upper=500)
    near["os_days"] += 1
    near = write_table(near.drop(columns="patient_id"), tmp_path / "near.csv")
    arguments = ["validate", "--real", tables["real"], "--dictionary", "leuksurv", "-q"]
    with pytest.raises(SystemExit) as left:
        main([*map(str, arguments), "--synthetic", str(near), "--out", str(tmp_path / "near")])
    assert left.value.code == 5
    assert "near copies" in capsys.readouterr().err
    main([*map(str, arguments), "--synthetic", str(tables["released"]),
          "--out", str(tmp_path / "open")])  # fmt: skip
    assert "Not attacked" in (tmp_path / "open" / "report.html").read_text()


def test_a_holdout_that_overlaps_the_patients_leaves_with_three(tables, tmp_path, capsys):
    mixed = {**tables, "holdout": tables["real"]}
    out = tmp_path / "overlap"
    assert call("validate", tables["released"], mixed, out) == 3
    assert not out.exists()
    assert "Next:" in capsys.readouterr().err


def test_a_table_with_other_columns_leaves_with_three(tables, tmp_path, capsys):
    other = write_table(
        pd.read_csv(tables["released"]).drop(columns="wbc_gl"), tmp_path / "other.csv"
    )
    assert call("validate", other, tables, tmp_path / "x") == 3
    assert "wbc_gl" in capsys.readouterr().err


def test_a_folder_that_is_not_empty_is_not_written_into(tables, tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")
    assert call("validate", tables["released"], tables, tmp_path) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
