from __future__ import annotations

import pytest

from synthema_lab.errors import DataMismatch, NotReproduced
from synthema_lab.workbench.folder import RunFolder
from synthema_lab.workbench.runner import run_notebook
from synthema_lab.workbench.verify import verify

UPSTREAM = """\
path = run.upstream("30_train", "made.csv")
run.headline(made=(float(path.read_text().split()[1]), None, None))
"""
CHANGING = """\
import os
from pathlib import Path

marker = Path(os.environ["SYNTHEMA_RUNS"]) / ".seen"
run.headline(extra=(int(marker.exists()), None, None))
marker.touch()
"""
MADE = """\
import pandas as pd

run.save_table(pd.DataFrame({"x": [seed]}), "made", sensitivity="synthetic")
"""


@pytest.fixture
def finished(run):
    import pandas as pd

    run.table(pd.DataFrame({"x": [1, 2]}), "t", caption="T.", sensitivity="public")
    run.save_table(pd.DataFrame({"x": [3]}), "p", sensitivity="restricted")
    run.headline(patients=(2, None, None))
    run.finish()
    return RunFolder(run.folder)


def test_an_untouched_run_is_as_it_was_written(finished):
    assert "3 files of results are as they were written" in str(verify(finished))


def test_a_file_that_is_gone_is_caught(finished):
    (finished.path / "tables/t.csv").unlink()
    with pytest.raises(NotReproduced, match="is gone"):
        verify(finished)


def test_in_another_workspace_what_is_keyed_is_not_compared_and_that_is_said(
    finished, tmp_path, monkeypatch
):
    monkeypatch.setenv("SYNTHEMA_RUNS", str(tmp_path / "other"))
    told = verify(finished)
    assert told.files == 2
    assert "another workspace" in told.notes[0]
    (finished.path / "tables/t.csv").write_text("x\n")
    with pytest.raises(NotReproduced, match=r"t\.csv"):
        verify(finished)


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(DataMismatch, match="not a finished run"):
        verify(tmp_path)


def test_a_rerun_reads_the_same_inputs_replays_paid_sums_and_gives_the_same(
    notebook, project, tmp_path, monkeypatch
):
    seen = (
        "import os\n\n"
        f'with open("{tmp_path}/seen", "a") as stream:\n'
        '    print(os.environ.get("SYNTHEMA_REPLAY"), file=stream)'
    )
    notebook("30_train", MADE)
    notebook("50_validate", seen, UPSTREAM)
    for seed in (4, 5):
        run_notebook("30_train", parameters={"seed": seed})
    run = run_notebook("50_validate", parameters={"rows": 7})
    assert run.headlines[0]["value"] == 5
    run_notebook("30_train", parameters={"seed": 6})  # newer, and not what the run has read
    assert "every number is the same" in str(verify(run, rerun=True))
    assert (tmp_path / "seen").read_text().split() == ["None", str(run.path / "releases")]
    # Kernels stand in another folder: a folder named from here is made absolute for them.
    monkeypatch.chdir(run.path.parent)
    assert "every number is the same" in str(verify(run.path.name, rerun=True))
    assert (tmp_path / "seen").read_text().split()[-1] == str(run.path / "releases")


def test_a_rerun_that_differs_lists_what_differs(notebook):
    notebook("40_generate", CHANGING)
    run = run_notebook("40_generate")
    with pytest.raises(NotReproduced, match=r"headline extra \(recorded 0, now 1\)"):
        verify(run, rerun=True)


def test_when_the_notebook_has_changed_its_recorded_copy_is_run(notebook, cells):
    notebook("40_generate", cells.table)
    run = run_notebook("40_generate")
    notebook("40_generate", "1 / 0")
    told = verify(run, rerun=True)
    assert any("recorded copy" in note for note in told.notes)
