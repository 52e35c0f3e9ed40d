"""The command line shows what there is and how it is called."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from synthema_lab.cli import _COMMANDS, main


def call(*arguments: str) -> int:
    try:
        main(list(arguments))
    except SystemExit as left:
        return left.code or 0
    return 0


@pytest.mark.parametrize("name", sorted(_COMMANDS))
def test_every_command_explains_itself(name, capsys):
    assert call(name, "--help") == 0
    assert "Usage: synthema" in capsys.readouterr().out


def test_help_is_fast_and_loads_nothing_heavy():
    code = (
        "import sys\nfrom synthema_lab.cli import main\n"
        "try:\n main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'pandas','torch','jax','matplotlib','papermill'} & set(sys.modules)\n"
        "sys.exit(1 if heavy else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


def test_a_command_that_does_not_exist_leaves_with_two(capsys):
    assert call("validte") == 2
    assert "No such command" in capsys.readouterr().err


def test_no_command_shows_the_help_and_leaves_with_two(capsys):
    assert call() == 2
    assert "Commands" in "".join(capsys.readouterr())


def test_the_doctor_finds_nothing_missing_in_the_locked_environment(capsys):
    assert call("doctor", "--json") == 0
    checks = {check["item"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert checks["packages"]["state"] == "ok"
    for extra in ("data", "federation", "deep", "test"):
        assert checks[f"extra '{extra}'"]["state"] == "ok"


def test_the_doctor_names_what_is_missing_and_how_to_get_it(capsys, monkeypatch):
    from synthema_lab.cli import doctor

    monkeypatch.setattr(doctor, "_importable", lambda package: package != "survset")
    assert call("doctor") == 0
    said = capsys.readouterr().out
    assert "without survset" in said
    assert "pip install 'synthema-lab[data]'" in said
    monkeypatch.setattr(doctor, "_importable", lambda package: package != "lifelines")
    assert call("doctor") == 7


def test_the_list_names_notebooks_and_generators(capsys):
    assert call("list", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert "40_generate" in [entry["notebook"] for entry in said["notebooks"]]
    assert [entry["generator"] for entry in said["generators"]] == [
        "marginal",
        "trees",
        "independent",
        "vae",
        "synthcity:<plugin>",
    ]


def test_a_cohort_is_written_to_a_file(tmp_path, capsys):
    out = tmp_path / "leuksurv.parquet"
    assert call("data", "load", "leuksurv", "--out", str(out), "--json") == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 1043
    assert call("data", "check", str(out), "--dictionary", "leuksurv") == 0


def test_an_unknown_cohort_is_refused_with_the_nearest_name(tmp_path, capsys):
    assert call("data", "load", "leuksrv", "--out", str(tmp_path / "x.csv")) == 2
    assert "leuksurv" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_parameter_of_a_notebook_is_refused_before_anything_runs(tmp_path, capsys):
    out = tmp_path / "run"
    code = call("run", "40_generate", "-p", "epsilonn", "3", "--out", str(out))
    assert code == 2
    assert "Next:" in capsys.readouterr().err
    assert not out.exists()


def test_a_parameter_of_the_wrong_type_is_refused_before_anything_runs(tmp_path, capsys):
    out = tmp_path / "run"
    assert call("run", "40_generate", "-p", "rows", "many", "--out", str(out)) == 2
    assert "rows" in capsys.readouterr().err
    assert not out.exists()
