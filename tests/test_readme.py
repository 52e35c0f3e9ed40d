"""What the README tells people to type exists."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from synthema_lab.cli import command

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
TYPED = sorted(set(re.findall(r"`(synthema [^`]+)`", README)))


def test_it_names_the_commands_of_the_makefile_that_exist():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"make ([a-z]+)", README)) <= targets
    assert {"setup", "demo", "test", "lab", "docs", "bench"} <= targets


@pytest.mark.parametrize("line", TYPED)
def test_every_command_line_of_it_is_understood(line):
    words = line.split()[1:]
    context = click.Context(command, info_name="synthema")
    found: click.Command = command
    while isinstance(found, click.Group):
        name = words.pop(0)
        found = found.get_command(context, name)
        assert found is not None, name
    options = {option for parameter in found.params for option in parameter.opts}
    for word in words:
        if word.startswith("-"):
            assert word in options, word


def test_its_python_example_runs(monkeypatch, tmp_path):
    monkeypatch.setenv("SYNTHEMA_RUNS", str(tmp_path))
    monkeypatch.setenv("TQDM_DISABLE", "1")
    example = re.search(r"```python\n(.*?)```", README, re.DOTALL).group(1)
    namespace: dict[str, object] = {}
    exec(compile(example, "README.md", "exec"), namespace)
    assert len(namespace["synthetic"]) == 1000


def test_its_pictures_and_links_are_there():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
    assert re.search(r"!\[[^\]]{10,}\]\(reports/reference/report\.png\)", README)


def test_it_says_what_is_not_shown_and_shows_the_headlines():
    assert "## What this does not show" in README
    assert "| Epsilon spent |" in README
