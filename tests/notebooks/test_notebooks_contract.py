"""Notebooks read like a short paper and hold no logic."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
import pytest

from synthema_lab.workbench.parameters import declared

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("[0-9]*.ipynb"))


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    read = nbformat.read(request.param, as_version=4)
    nbformat.validate(read)
    return request.param, read


def code_cells(read):
    return [cell for cell in read.cells if cell.cell_type == "code"]


def test_the_foundation_has_its_notebooks():
    assert {path.stem for path in NOTEBOOKS} >= {
        "00_start_here", "12_prepare_leuksurv", "30_train_across_hospitals", "40_generate",
        "41_generate_scd", "42_generate_aml", "43_compare_generators",
        "46_borrow_from_others", "50_validate", "51_validate_scd", "52_validate_aml",
        "53_measure_privacy_risk",
    }  # fmt: skip


def test_sources_are_stripped(notebook):
    _, read = notebook
    for cell in code_cells(read):
        assert cell.outputs == []
        assert cell.execution_count is None


def test_it_opens_with_a_question_for_whom_with_what_data_and_how_long_it_takes(notebook):
    _, read = notebook
    first = read.cells[0]
    assert first.cell_type == "markdown"
    assert first.source.startswith("# ")
    assert first.source.splitlines()[0].endswith("?")
    for said in ("**For**", "**Data:**", "**Time:**"):
        assert said in first.source


def test_it_says_what_it_does_not_show_and_finishes_its_run(notebook):
    _, read = notebook
    headings = [
        line
        for cell in read.cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
        if line.startswith("#")
    ]
    assert "## What this does not show" in headings
    assert "run.finish()" in read.cells[-1].source


def test_it_starts_the_run_of_its_own_name_right_after_its_parameters(notebook):
    path, read = notebook
    first, second = code_cells(read)[:2]
    assert first.metadata["tags"] == ["parameters"]
    assert f'lab.start("{path.stem}")' in second.source


def test_its_parameters_are_plain_and_explained(notebook):
    path, _ = notebook
    for parameter in declared(path).values():
        assert parameter.help, parameter.name


def test_it_is_short(notebook):
    _, read = notebook
    assert len(read.cells) <= 30
    for cell in code_cells(read):
        assert len(cell.source.splitlines()) <= 15


def test_it_defines_nothing_and_calls_no_shell_and_no_network(notebook):
    _, read = notebook
    for cell in code_cells(read):
        assert not cell.source.lstrip().startswith(("!", "%"))
        tree = ast.parse(cell.source)
        for node in ast.walk(tree):
            assert not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            if isinstance(node, ast.Import | ast.ImportFrom):
                assert ast.unparse(node) == "import synthema_lab as lab"
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert "://" not in node.value


def test_every_output_declares_its_sensitivity(notebook):
    _, read = notebook
    for cell in code_cells(read):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {
                "run.figure", "run.table", "run.save_table",
            }:  # fmt: skip
                assert any(keyword.arg == "sensitivity" for keyword in node.keywords)
