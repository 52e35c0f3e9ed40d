from __future__ import annotations

import pytest

from synthema_lab.errors import ArgumentRefused
from synthema_lab.workbench.parameters import declared, parse
from synthema_lab.workbench.paths import find_notebook, notebooks
from synthema_lab.workbench.values import check_preset, convert, resolve


def test_parameters_are_read_with_type_default_and_help(notebook):
    found = declared(notebook("40_generate"))
    assert list(found) == ["seed", "rows", "epsilon", "label"]
    assert (found["rows"].type, found["rows"].default) == ("int", 20)
    assert found["rows"].help == "synthetic patients"
    assert found["epsilon"].optional
    assert found["label"].default == 'a "quoted" name'


@pytest.mark.parametrize(
    ("line", "kind", "default", "optional"),
    [
        ("x = -1.5", "float", -1.5, False),
        ("x: float = 3", "float", 3.0, False),
        ("x = True", "bool", True, False),
        ("x: str | None = None", "str", None, True),
        ("x: Optional[int] = None", "int", None, True),
        ('x = ["a", "b"]', "list", ["a", "b"], False),
    ],
)
def test_plain_values_are_understood(line, kind, default, optional):
    parameter = parse(line)["x"]
    assert (parameter.type, parameter.default, parameter.optional) == (kind, default, optional)


@pytest.mark.parametrize(
    "source",
    [
        "import os",
        "x = y = 1",
        "x = [1,\n 2]",
        "x = {'a': 1}",
        "x = 1 + 1j",
        "x = __import__('os').getcwd()",
        "x = None",
        "a.b = 1",
        "x = 1\nx = 2",
        "x: dict = {}",
        "x: int = 'a'",
        "x =",
    ],
)
def test_anything_else_in_the_parameters_cell_is_refused_and_nothing_is_run(source):
    with pytest.raises(ArgumentRefused):
        parse(source)


def test_two_parameters_cells_are_refused(project):
    cell = '{"cell_type": "code", "source": "a = 1", "metadata": {"tags": ["parameters"]}}'
    path = project / "notebooks" / "n.ipynb"
    path.write_text(f'{{"nbformat": 4, "cells": [{cell}, {cell}], "metadata": {{}}}}')
    with pytest.raises(ArgumentRefused, match="2 cells tagged"):
        declared(path)


def test_a_misspelt_parameter_is_refused_with_the_name_that_was_meant(notebook):
    notebook("40_generate")
    with pytest.raises(ArgumentRefused) as refused:
        resolve("40_generate", overrides={"row": "30"})
    assert "Did you mean rows?" in refused.value.next_step
    assert "rows = 20  # synthetic patients" in refused.value.expected
    assert refused.value.exit_code == 2


@pytest.mark.parametrize(
    ("name", "text"),
    [("rows", "3.5"), ("rows", "true"), ("rows", "none"), ("epsilon", "much"), ("rows", 2.0),
     ("rows", True), ("label", 3), ("epsilon", "1_0"), ("seed", None)],
)  # fmt: skip
def test_a_value_of_the_wrong_type_is_refused(notebook, name, text):
    notebook("40_generate")
    with pytest.raises(ArgumentRefused, match=f"'{name}'"):
        resolve("40_generate", overrides={name: text})


def test_typed_text_becomes_the_declared_type(notebook):
    notebook("40_generate")
    typed = {"rows": "30", "epsilon": "none", "label": "3", "seed": "+2"}
    resolved = resolve("40_generate", overrides=typed)
    assert resolved.values == {"seed": 2, "rows": 30, "epsilon": None, "label": "3"}
    assert convert(parse("x = [1.0]")["x"], "[1, 2.5]", "n") == [1.0, 2.5]
    assert convert(parse("x = ['a']")["x"], "b, c", "n") == ["b", "c"]
    assert convert(parse("x = False")["x"], "True", "n") is True
    assert str(resolve("40_generate", overrides={"epsilon": "NaN"}).values["epsilon"]) == "nan"


def test_a_preset_stands_between_the_default_and_what_is_typed(notebook, project):
    notebook("40_generate")
    (project / "presets" / "smoke.yaml").write_text("40_generate: {rows: 5, epsilon: 1e-1}")
    resolved = resolve("40_generate", "smoke", {"rows": "6"})
    assert resolved.values["rows"] == 6
    assert resolved.values["epsilon"] == 0.1
    assert resolved.provenance == {
        "seed": "default", "rows": "override", "epsilon": "preset", "label": "default",
    }  # fmt: skip
    assert check_preset("smoke") == ["40_generate"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("41_generate: {rows: 5}", "Did you mean 40_generate?"),
        ("40_generate: {rowz: 5}", "Did you mean rows?"),
        ("40_generate: [rows]", "Correct the file"),
        ("40_generate: {rows: 5, rows: 6}", "Correct the file"),
        ("just text", "Correct the file"),
    ],
)
def test_a_preset_with_an_unknown_name_is_an_error(notebook, project, content, said):
    notebook("40_generate")
    (project / "presets" / "smoke.yaml").write_text(content)
    with pytest.raises(ArgumentRefused) as refused:
        resolve("40_generate", "smoke")
    assert said in refused.value.next_step


def test_an_unknown_preset_or_notebook_offers_the_nearest(notebook, project):
    notebook("40_generate")
    (project / "presets" / "smoke.yaml").write_text("")
    with pytest.raises(ArgumentRefused, match="smoke"):
        resolve("40_generate", "smok")
    with pytest.raises(ArgumentRefused, match="Did you mean 40_generate"):
        resolve("40_generat")


def test_notebooks_are_found_by_name_and_by_path(notebook, project, tmp_path):
    path = notebook("teaching/01_first")
    notebook(".ipynb_checkpoints/01_first-checkpoint")
    assert list(notebooks()) == ["teaching/01_first"]
    assert find_notebook(path) == ("teaching/01_first", path)
    elsewhere = tmp_path / "copy.ipynb"
    elsewhere.write_bytes(path.read_bytes())
    assert find_notebook(elsewhere)[0] == "copy"
