from __future__ import annotations

import sys

import pytest

import synthema_lab as lab
from synthema_lab.workbench import manifest


def test_by_hand_a_run_is_hidden_until_it_is_finished(notebook, project, monkeypatch):
    notebook("40_generate")
    monkeypatch.setattr(sys.modules["__main__"], "rows", 33, raising=False)
    run = lab.start("40_generate")
    assert run.parameters["rows"] == 33
    assert run.parameters["epsilon"] == 3.0
    assert [p.name[0] for p in (project / "runs").iterdir()] == ["."]
    run.finish()
    stable = manifest.read(run.folder)["stable"]
    assert stable["parameters"]["rows"] == {"value": 33, "from": "session"}
    assert stable["parameters"]["seed"]["from"] == "default"
    assert stable["notebook"]["source"].startswith("sha256:")
    assert run.folder.parent == project / "runs"
    run.finish()  # a cell may be run again


def test_by_hand_a_notebook_whose_source_is_nowhere_works_as_well(project, monkeypatch):
    for name, value in (("seed", 3), ("sites", ["a", "b"]), ("_hidden", 1), ("a_module", sys)):
        monkeypatch.setattr(sys.modules["__main__"], name, value, raising=False)
    run = lab.start("my_copy")
    assert run.seed == 3
    assert run.parameters["sites"] == ["a", "b"]
    assert not {"_hidden", "a_module"} & set(run.parameters)
    run.finish()
    assert manifest.read(run.folder)["stable"]["notebook"]["source"] == "unknown"


def test_starting_again_leaves_no_unfinished_run_behind(notebook, project):
    notebook("40_generate")
    lab.start("40_generate")
    lab.start("40_generate").finish()
    assert len([p for p in (project / "runs").iterdir() if p.is_dir()]) == 1


def test_the_runs_folder_can_be_set(notebook, project, tmp_path, monkeypatch):
    notebook("40_generate")
    monkeypatch.setenv("SYNTHEMA_RUNS", str(tmp_path / "elsewhere"))
    run = lab.start("40_generate")
    run.finish()
    assert run.folder.parent == tmp_path / "elsewhere"
    assert not (project / "runs").exists()


def test_without_a_checkout_the_message_says_where_to_go(tmp_path, monkeypatch):
    monkeypatch.setenv("SYNTHEMA_PROJECT", str(tmp_path))
    from synthema_lab.errors import ArgumentRefused
    from synthema_lab.workbench.paths import project_root

    with pytest.raises(ArgumentRefused, match="cd to the checkout"):
        project_root()


def test_the_project_is_found_upwards_from_the_current_folder(project, monkeypatch):
    from synthema_lab.workbench.paths import project_root, runs_folder

    deep = project / "notebooks" / "teaching"
    deep.mkdir()
    monkeypatch.delenv("SYNTHEMA_PROJECT")
    monkeypatch.chdir(deep)
    assert project_root() == project.resolve()
    assert runs_folder() == project.resolve() / "runs"
