from __future__ import annotations

from types import MappingProxyType

import pytest

from synthema_lab.errors import ArgumentRefused
from synthema_lab.workbench import demo, reference
from synthema_lab.workbench.failures import NotebookFailed
from synthema_lab.workbench.folder import open_runs
from synthema_lab.workbench.verify import verify

PREPARE = """\
import pandas as pd

run.save_table(pd.DataFrame({"x": [seed]}), "patients", sensitivity="synthetic")
run.headline(patients=(1, None, None), fresh=(int(fresh_noise), None, None))
"""
VALIDATE = """\
path = run.upstream("12_prepare", "patients.csv")
run.headline(rows=(len(path.read_text().split()) - 1, None, None))
"""
PARAMETERS = 'seed = 1\ncohort_name = "none"\nfresh_noise = False'


@pytest.fixture
def chain(monkeypatch):
    chain = demo.Chain(("12_prepare", "50_validate"), "A demo", "In *plain* words.")
    monkeypatch.setattr(demo, "CHAINS", MappingProxyType({"leuksurv": chain}))


def test_a_demo_chains_its_notebooks_in_one_folder_with_one_report(chain, notebook, project):
    notebook("12_prepare", PREPARE, parameters=PARAMETERS)
    notebook("50_validate", VALIDATE)
    done = demo.run_demo("leuksurv", fresh_noise=True)
    assert sorted(p.name for p in done.path.iterdir()) == [
        "12_prepare", "50_validate", "report.html",
    ]  # fmt: skip
    assert done.path.parent == project / "runs"
    first, second = done.runs
    assert first.stable["cohort"] == "leuksurv"
    assert second.manifest["volatile"]["upstream"] == {"12_prepare/patients.csv": "12_prepare"}
    assert {h["name"]: h["value"] for h in done.headlines} == {
        "patients": 1, "fresh": 1, "rows": 1,
    }  # fmt: skip
    assert "Patients" in str(done)
    page = done.report.read_text()
    assert "<h1>A demo</h1>" in page
    assert "<em>plain</em>" in page
    assert "2 notebooks" in page
    assert "same" in str(verify(done.path, rerun=True))


def test_a_demo_that_fails_half_way_leaves_only_the_failed_notebook(chain, notebook, project):
    notebook("12_prepare", PREPARE, parameters=PARAMETERS)
    notebook("50_validate", "1 / 0")
    with pytest.raises(NotebookFailed, match="ZeroDivisionError"):
        demo.run_demo("leuksurv")
    assert {p.name for p in (project / "runs").iterdir()} == {"failed", ".key"}


def test_an_unknown_cohort_or_a_missing_notebook_stops_before_anything_runs(chain, project):
    with pytest.raises(ArgumentRefused, match="Did you mean leuksurv"):
        demo.run_demo("leuksurf")
    with pytest.raises(ArgumentRefused, match="12_prepare"):
        demo.run_demo("leuksurv")
    assert not (project / "runs").exists()


def test_references_hold_the_demo_and_the_notebooks_that_take_longer(
    notebook, project, monkeypatch
):
    chain = demo.Chain(("12_prepare",), "A demo", "Words.", longer=("43_longer",))
    for module in (demo, reference):
        monkeypatch.setattr(module, "CHAINS", MappingProxyType({"scd": chain}))
    notebook("12_prepare", PREPARE, parameters=PARAMETERS)
    notebook("43_longer", "run.headline(of=cohort_name)", parameters=PARAMETERS)
    written = reference.remake("scd", "standard")
    assert sorted(path.name for path in written.iterdir()) == ["12_prepare", "43_longer"]
    (longer,) = [run for run in open_runs(written) if run.notebook == "43_longer"]
    assert longer.headlines[0]["value"] == "scd"
    assert not list((project / "runs").glob("*43*")), "runs of a reference leave no trace"
