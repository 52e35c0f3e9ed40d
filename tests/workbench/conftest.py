"""A small project in a temporary folder, with notebooks made for the test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbformat import v4

from synthema_lab.workbench.run import Run
from synthema_lab.workbench.setting import Setting

PARAMETERS = """\
seed = 1  # start of all randomness
rows = 20  # synthetic patients
epsilon: float | None = 3.0  # privacy budget
label = "a \\"quoted\\" name"  # shown in the title
"""
START = 'import synthema_lab as lab\n\nrun = lab.start("{name}")'
TABLE = """\
import pandas as pd

ages = run.rng("ages").integers(18, 90, rows)
table = pd.DataFrame({"group": ["young", "old"], "n": [12, rows]})
run.table(table, "groups", caption="Patients by age group.", sensitivity="synthetic")
run.headline(mean_age=(ages.mean(), ages.min(), ages.max()))
"""
FIGURE = """\
import matplotlib.pyplot as plt

drawn, axes = plt.subplots(figsize=(3, 2))
axes.plot([0, 1, 2], [1.0, 0.7, 0.4])
curve = pd.DataFrame({"years": [0, 1, 2], "alive": [1.0, 0.7, 0.4]})
words = {"caption": "Survival <drawn>.", "alt": "A line that falls from 1 to 0.4 in two years."}
run.figure(drawn, "survival", data=curve, sensitivity="synthetic", **words)
"""
FINISH = "run.finish()"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with an empty folder of notebooks; runs stay inside it."""
    root = tmp_path / "project"
    (root / "notebooks").mkdir(parents=True)
    (root / "presets").mkdir()
    (root / "pyproject.toml").write_text('[project]\nname = "synthema-lab"\n')
    for name in ("SYNTHEMA_RUNS", "SYNTHEMA_RUN", "SYNTHEMA_REPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SYNTHEMA_PROJECT", str(root))
    return root


@pytest.fixture
def cells() -> SimpleNamespace:
    """Sources of cells that several tests use."""
    return SimpleNamespace(table=TABLE, figure=FIGURE)


@pytest.fixture
def notebook(project: Path) -> Callable[..., Path]:
    """Write a notebook: parameters, a start cell, the given cells and a finish cell."""

    def write(name: str, *sources: str, parameters: str = PARAMETERS, whole: bool = True) -> Path:
        if whole:
            sources = (START.format(name=name), *sources, FINISH)
        content = v4.new_notebook(
            cells=[
                v4.new_markdown_cell(f"# What does {name} show?"),
                v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}),
                v4.new_markdown_cell("## Draw"),
                *map(v4.new_code_cell, sources),
                v4.new_markdown_cell("## What this does not show\n\nAnything about *patients*."),
            ]
        )
        path = project / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(content, path)
        return path

    return write


@pytest.fixture
def run(project: Path) -> Run:
    """A run in this process, without a kernel."""
    folder = project / "runs" / "20260102-030405-40_generate-abcd"
    folder.mkdir(parents=True)
    values = {"seed": 7, "rows": 20}
    return Run(folder, Setting("40_generate", values, dict.fromkeys(values, "default")))
