from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from synthema_lab.errors import ArgumentRefused, BudgetExhausted, LabError
from synthema_lab.workbench import failures, kernel, runner
from synthema_lab.workbench.comparison import differences
from synthema_lab.workbench.runner import run_notebook

LOOK = """\
import json, os, sys

from ipykernel.connect import get_connection_info

seen = {
    "python": sys.executable,
    "here": os.path.samefile(os.getcwd(), run.folder),
    "transport": json.loads(get_connection_info())["transport"],
    "hash": os.environ["PYTHONHASHSEED"],
    "threads": os.environ["OMP_NUM_THREADS"],
    "values": [seed, rows, epsilon, label],
}
print(json.dumps(seen))
"""


def inside(folder: Path) -> list[str]:
    """What lies in a folder, hidden things too, but for the workspace's key."""
    return [p.name for p in folder.iterdir() if p.name != ".key"] if folder.exists() else []


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"


def until(condition, seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def test_two_runs_agree_in_all_that_is_stable_and_in_their_notebooks(notebook, cells, project):
    notebook("40_generate", LOOK, cells.table, cells.figure)
    values = {"rows": "30", "epsilon": "none"}
    first = run_notebook("40_generate", parameters=values)
    second = run_notebook("40_generate", parameters=values, out=project / "given")
    assert second.path == project / "given"
    assert first.id.split("-")[2] == "40_generate"
    assert differences(first.stable, second.stable) == []
    assert first.stable["parameters"] == second.stable["parameters"]
    assert first.executed.read_bytes() == second.executed.read_bytes()
    assert not inside(project / "runs" / "failed")

    executed = nbformat.read(first.executed, as_version=4)
    said = next(c.outputs[0].text for c in executed.cells if "print(json" in c.source)
    assert json.loads(said) == {
        "python": sys.executable,
        "here": True,
        "transport": "ipc",
        "hash": "0",
        "threads": "1",
        "values": [1, 30, None, 'a "quoted" name'],
    }
    assert "papermill" not in first.executed.read_text()
    shown = [output for cell in executed.cells for output in cell.get("outputs", [])]
    pictures = [o.metadata["image/png"] for o in shown if "image/png" in o.get("data", {})]
    assert [picture["alt"][:6] for picture in pictures] == ["A line"]


def test_a_misspelt_parameter_stops_before_anything_runs(notebook, project):
    notebook("40_generate")
    with pytest.raises(ArgumentRefused, match="Did you mean rows"):
        run_notebook("40_generate", parameters={"row": 3})
    assert not (project / "runs").exists()


def test_a_folder_that_is_not_empty_is_refused(notebook, project):
    notebook("40_generate")
    (project / "kept").mkdir()
    (project / "kept" / "mine.txt").write_text("mine")
    with pytest.raises(ArgumentRefused, match="not an empty folder"):
        run_notebook("40_generate", out=project / "kept")
    assert inside(project / "kept") == ["mine.txt"]


def test_a_cell_that_fails_leaves_its_notebook_and_no_run_and_quotes_no_value(notebook, project):
    notebook("40_generate", 'raise KeyError("patient 4711")')
    with pytest.raises(failures.NotebookFailed) as failed:
        run_notebook("40_generate")
    said = str(failed.value)
    assert "stopped in cell 6 with KeyError" in said
    assert "4711" not in said
    (kept,) = (project / "runs" / "failed").glob("*/40_generate.ipynb")
    assert str(kept) in said
    assert "4711" in kept.read_text()
    assert inside(project / "runs") == ["failed"]


def test_an_error_of_the_workbench_keeps_its_class_its_parts_and_its_exit_code(notebook):
    cell = 'import synthema_lab.errors as e\n\nraise e.BudgetExhausted("Spent.", "Some.", "Wait.")'
    notebook("40_generate", cell)
    with pytest.raises(BudgetExhausted) as failed:
        run_notebook("40_generate")
    assert (failed.value.happened, failed.value.expected) == ("Spent.", "Some.")
    assert failed.value.next_step.startswith("Wait.\n")
    assert failed.value.exit_code == 4


def test_a_kernel_that_is_killed_leaves_no_run_and_no_process(notebook, project, tmp_path):
    killed = (
        "import os, signal, subprocess\n\n"
        'child = subprocess.Popen(["sleep", "600"])\n'
        f'_ = open("{tmp_path}/pid", "w").write(str(child.pid))\n'
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    notebook("40_generate", killed)
    with pytest.raises(failures.NotebookFailed, match="Python process"):
        run_notebook("40_generate")
    assert until(lambda: not alive(int((tmp_path / "pid").read_text())))
    assert inside(project / "runs") == ["failed"]


def test_a_notebook_that_never_finishes_its_run_is_an_error(notebook, project):
    notebook("40_generate", "x = 1", whole=False)
    with pytest.raises(failures.NotebookFailed, match=r"run\.finish"):
        run_notebook("40_generate")
    assert inside(project / "runs") == ["failed"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_no_run_and_no_process(notebook, project, tmp_path, number):
    marker = tmp_path / "pids"
    cell = (
        "import os, subprocess, time\n\n"
        'child = subprocess.Popen(["sleep", "600"])\n'
        f'open("{marker}.new", "w").write(f"{{os.getpid()}} {{child.pid}}")\n'
        f'os.rename("{marker}.new", "{marker}")\n'
        "time.sleep(600)"
    )
    notebook("40_generate", cell)
    # A shell starts background jobs with interrupts ignored; a person's terminal does not.
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        'from synthema_lab.workbench.runner import run_notebook; run_notebook("40_generate")'
    )
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE)
    try:
        assert until(marker.exists)
        pids = [int(pid) for pid in marker.read_text().split()]
        assert all(map(alive, pids))
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
    assert b"KeyboardInterrupt" in said
    assert until(lambda: not any(map(alive, pids)))
    assert inside(project / "runs") == []


def test_a_full_disk_is_said_in_three_parts_and_leaves_nothing(notebook, project, monkeypatch):
    notebook("40_generate")

    def full(*given):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(runner, "_run_cells", full)
    with pytest.raises(LabError, match="no space left") as failed:
        run_notebook("40_generate")
    assert "--out" in failed.value.next_step
    assert inside(project / "runs") == []


def test_a_full_disk_inside_the_notebook_is_said_in_the_same_words():
    error = failures.from_cell("40_generate", 3, "OSError", "[Errno 28] No space left", None)
    assert str(error) == str(failures.no_space("40_generate"))


def test_a_place_where_nobody_may_write_is_said_in_three_parts(notebook, project, monkeypatch):
    notebook("40_generate")

    def closed(*given):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(runner, "_run_cells", closed)
    with pytest.raises(LabError, match="cannot be written"):
        run_notebook("40_generate")


def test_what_a_notebook_shows_passes_a_strict_comparison(notebook, cells, project, tmp_path):
    notebook("40_generate", cells.table, cells.figure)
    run = run_notebook("40_generate")
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-q",
            "-p", "no:cacheprovider", "--rootdir", str(run.path), str(run.executed),
        ],
        capture_output=True, text=True, check=False, cwd=tmp_path,
        env={**os.environ, "SYNTHEMA_RUNS": str(tmp_path / "runs")},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert len(inside(tmp_path / "runs")) == 1


def test_a_long_temporary_folder_still_gives_a_socket_its_short_path(tmp_path, monkeypatch):
    import tempfile

    long = tmp_path / ("x" * 90)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    with kernel.control_folder() as control:
        assert len(str(control / "kernel-ipc-65535")) <= 100
        assert control.stat().st_mode & 0o077 == 0
    assert not control.exists()
