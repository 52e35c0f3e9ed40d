"""The committed runs are what the notebooks give today."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from synthema_lab.workbench.demo import CHAINS
from synthema_lab.workbench.reference import carry_releases

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "reports" / "reference"
EXECUTED = sorted(REFERENCE.glob("*/*/*.ipynb"))


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A workspace in which the committed releases are paid for already."""
    workspace = tmp_path_factory.mktemp("workspace")
    for cohort in CHAINS:
        carry_releases(REFERENCE / cohort, workspace)
    return {
        **os.environ,
        "SYNTHEMA_RUNS": str(workspace),
        "TQDM_DISABLE": "1",
        "JAX_PLATFORMS": "cpu",
        "OMP_NUM_THREADS": "1",
    }


def compared(notebooks: list[Path], environment) -> subprocess.CompletedProcess[str]:
    """nbval over executed notebooks: every cell's output compared with a fresh one."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-c", os.devnull, "-p", "no:cacheprovider", "-q",
         "-W", "ignore", "--rootdir", str(notebooks[0].parent), "--nbval",
         "--nbval-current-env", "--nbval-cell-timeout", "300", *map(str, notebooks)],
        env=environment, capture_output=True, text=True, cwd=ROOT, timeout=900,
    )  # fmt: skip


class Rerun:
    """A cohort by itself, so that two cohorts run side by side."""

    cohort: str

    def test_every_cell_of_the_references_gives_the_committed_output_again(self, environment):
        executed = sorted((REFERENCE / self.cohort).glob("*/*.ipynb"))
        done = compared(executed, environment)
        assert done.returncode == 0, done.stdout[-4000:]
        passed = sum(
            cell.cell_type == "code" for path in executed for cell in nbformat.read(path, 4).cells
        )
        assert f"{passed} passed" in done.stdout


@pytest.mark.slow(300)
class TestScd(Rerun):
    cohort = "scd"


@pytest.mark.slow(250)
class TestAml(Rerun):
    cohort = "aml"


@pytest.mark.slow(120)
class TestLeuksurv(Rerun):
    cohort = "leuksurv"


def test_the_references_of_every_cohort_are_run_again():
    assert {rerun.cohort for rerun in Rerun.__subclasses__()} == set(CHAINS)


@pytest.mark.slow
def test_a_changed_output_is_noticed(environment, tmp_path):
    path = Path(shutil.copy(next(p for p in EXECUTED if p.stem == "00_start_here"), tmp_path))
    read = nbformat.read(path, 4)
    cell = next(c for c in read.cells if "secure_sum" in c.source and c.cell_type == "code")
    cell.outputs[0]["data"]["text/plain"] = "[35, 62, 64, 81]"
    nbformat.write(read, path)
    assert compared([path], environment).returncode == 1


def test_all_notebooks_of_the_demo_are_committed_as_executed_in_order():
    for cohort, chain in CHAINS.items():
        executed = sorted(path.stem for path in (REFERENCE / cohort).glob("*/*.ipynb"))
        assert executed == sorted([*chain.notebooks, *chain.longer])
    names = {path.stem for path in EXECUTED}
    assert names == {path.stem for path in (ROOT / "notebooks").glob("[0-9]*.ipynb")}
    for path in EXECUTED:
        counts = [c.execution_count for c in nbformat.read(path, 4).cells if c.cell_type == "code"]
        assert None not in counts


def test_no_reference_shows_a_patient_or_a_path_of_the_machine():
    for path in EXECUTED:
        text = path.read_text()
        assert "LS-0" not in text, "a pseudonym of the registry cohort"
        assert str(Path.home()) not in text
        assert "/tmp" not in text
    assert not list(REFERENCE.glob("*/*/restricted"))


def test_every_figure_has_its_data_a_caption_and_a_description():
    for picture in REFERENCE.glob("*/*/figures/*.png"):
        assert picture.with_suffix(".csv").exists()
        described = json.loads(picture.with_suffix(".json").read_text())
        assert len(described["caption"]) > 40
        assert len(described["alt"]) > 40
