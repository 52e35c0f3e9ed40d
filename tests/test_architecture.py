"""The house keeps its shape."""

from __future__ import annotations

import ast
import itertools
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "synthema_lab"
FLOORS = {
    "errors": 0,
    "storage": 0,
    "randomness": 0,
    "dictionary": 0,
    "privacy": 1,
    "secure_aggregation": 1,
    "cohorts": 1,
    "deidentify": 1,
    "generators": 2,
    "validation": 3,
    "federation": 4,
    "workbench": 5,
    "cli": 6,
}
SHARED_GROUND = {"errors", "storage", "randomness"}
MODULES = sorted(PACKAGE.rglob("*.py"))
SOURCES = [path for path in MODULES if path != PACKAGE / "__init__.py"]


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    """Rooms that a module imports anywhere, also inside functions."""
    package = ("synthema_lab", *path.relative_to(PACKAGE).parts[:-1])
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            stem = ".".join([*base, *([node.module] if node.module else [])])
            names = [f"{stem}.{alias.name}" for alias in node.names]
        else:
            continue
        found |= {n.split(".")[1] for n in names if n.startswith("synthema_lab.")}
    return found & set(FLOORS)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_arrows_point_down_only(path):
    room = room_of(path)
    for other in imported_rooms(path) - {room}:
        lower = FLOORS[other] < FLOORS[room]
        assert lower or (FLOORS[room] == 0 and other in SHARED_GROUND), f"{room} imports {other}"


def test_every_room_has_a_floor():
    assert {room_of(path) for path in SOURCES} == set(FLOORS)


def test_a_generator_never_imports_the_secure_sum_and_the_secure_sum_only_randomness():
    for path in (PACKAGE / "generators").rglob("*.py"):
        assert "secure_aggregation" not in imported_rooms(path)
    for path in (PACKAGE / "secure_aggregation").rglob("*.py"):
        assert imported_rooms(path) <= {"secure_aggregation", "randomness", "errors"}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_says_what_it_is_for_and_stays_small(path):
    text = path.read_text()
    described = ast.get_docstring(ast.parse(text))
    assert described, "a module without a docstring"
    assert len(text.splitlines()) <= 300
    assert path.stem not in {"utils", "helpers", "common", "misc"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_answers_one_question(path):
    first = ast.get_docstring(ast.parse(path.read_text())).split("\n\n")[0]
    assert "?" in first


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys, synthema_lab; dir(synthema_lab);"
        "print(*{'torch','jax','syft','synthcity','pandas','matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_every_name_of_the_package_can_be_looked_up():
    import synthema_lab as lab

    for name in lab.__all__:
        assert getattr(lab, name) is not None
    assert set(lab.__all__) <= set(dir(lab))


def test_the_lock_lists_names_and_versions_and_no_address():
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        assert re.fullmatch(r"[a-z0-9._-]+==[\w.+!-]+( ; [^:/]+)?", line), line
        assert "+cpu" not in line


def test_the_lock_pins_torch_exactly_and_none_of_its_accelerator_packages():
    lock = (ROOT / "requirements.lock").read_text()
    assert "torch==2.13.0\n" in lock
    for package in ("cuda-toolkit", "nvidia-cudnn", "nvidia-cublas", "triton"):
        assert package not in lock


def test_the_lock_holds_every_declared_requirement():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    declared = [*project["dependencies"], *itertools.chain.from_iterable(extras)]
    locked = {line.split("==")[0] for line in (ROOT / "requirements.lock").read_text().splitlines()}
    names = {re.match(r"[\w.-]+", requirement).group().lower() for requirement in declared}
    assert names <= locked
    known_for = {"jupyterlab", "papermill", "pandas", "torch", "opacus", "syft",
                 "schneiderkamplab-synthcity", "seaborn", "nbval"}  # fmt: skip
    assert known_for <= locked


def test_conda_gives_the_same_environment():
    described = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, *rest = described["dependencies"]
    assert python == "python=3.11"
    assert rest[:2] == ["pip", "make"]
    assert rest[2:] == [{"pip": ["-r requirements.lock", "-e ."]}]


def test_continuous_integration_runs_the_command_of_the_readme():
    assert "make test" in (ROOT / ".ci" / "run").read_text()
    assert "make test" in (ROOT / "README.md").read_text()


def test_no_source_names_an_address_of_a_registry():
    registries = re.compile(r"pypi\.org|pythonhosted|files\.python|conda\.anaconda|registry\.npm")
    for path in [*MODULES, ROOT / "pyproject.toml", ROOT / "Makefile", ROOT / "environment.yml"]:
        assert not registries.search(path.read_text()), path
