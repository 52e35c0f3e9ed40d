"""How is a data dictionary's file found and read, without guessing?"""

from __future__ import annotations

import os
from pathlib import Path

import yaml

from synthema_lab.dictionary.spelling import did_you_mean
from synthema_lab.errors import ArgumentRefused, DataMismatch

FOLDER = "data_dictionaries"
SUFFIXES = (".yaml", ".yml")
LARGEST_FILE = 5_000_000


class _StrictLoader(yaml.SafeLoader):
    """YAML in which a key that occurs twice is an error."""


class _RepeatedKeyError(Exception):
    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def _strict_mapping(loader: _StrictLoader, node: yaml.MappingNode) -> dict[object, object]:
    seen: set[tuple[str, str]] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode) or (key.tag, key.value) in seen:
            raise _RepeatedKeyError(key.start_mark.line + 1)
        if key.value != "<<":
            seen.add((key.tag, key.value))
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _strict_mapping)


def folders() -> list[Path]:
    """Where a dictionary is looked up by its bare name.

    Those that come with the workbench first, so that a packaged name always
    means the packaged file; then ``data_dictionaries/`` here and in the folders above.
    """
    here = Path.cwd()
    beside_package = Path(__file__).resolve().parents[2]
    candidates = [folder / FOLDER for folder in (beside_package, here, *here.parents)]
    return [folder for folder in dict.fromkeys(candidates) if folder.is_dir()]


def find(path: str | os.PathLike[str]) -> Path:
    """The file meant by a path or by a bare name such as ``leuksurv``.

    Raises
    ------
    ArgumentRefused
        If there is no such file.
    """
    asked = Path(path)
    if asked.suffix.lower() in SUFFIXES and asked.is_file():
        return asked
    bare = len(asked.parts) == 1
    if bare:
        for folder in folders():
            for suffix in SUFFIXES:
                candidate = folder / f"{asked.name.removesuffix(suffix)}{suffix}"
                if candidate.is_file():
                    return candidate
    if asked.is_file():
        raise DataMismatch(
            f"{asked.name} is not a data dictionary: its name does not end in .yaml.",
            "A YAML file that declares variables.",
            "Give a file such as data_dictionaries/leuksurv.yaml.",
        )
    known = sorted({file.stem for folder in folders() for file in folder.glob("*.yaml")})
    raise ArgumentRefused(
        f"There is no data dictionary {asked}.",
        f"A YAML file, or the name of one in {FOLDER}/.",
        did_you_mean(asked.stem, known),
    )


def read_yaml(text: str, name: str) -> dict[str, object]:
    """The content of a dictionary's text.

    Raises
    ------
    DataMismatch
        If it is no YAML mapping or a key occurs twice. The message gives the
        line only, since a wrong file may hold patients.
    """
    happened = ""
    content: object = None
    try:
        content = yaml.load(text, Loader=_StrictLoader)  # a SafeLoader
    except _RepeatedKeyError as repeated:
        happened = f"{name}: the key on line {repeated.line} occurs twice or is not a plain name."
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        where = f" near line {mark.line + 1}" if mark is not None else ""
        happened = f"{name} cannot be read as YAML{where}."
    except (RecursionError, ValueError, TypeError, AttributeError):
        happened = f"{name} cannot be read as YAML."
    if not happened and not isinstance(content, dict):
        happened = f"{name} is not a data dictionary: it holds no keys."
    if happened:
        raise DataMismatch(
            happened,
            "A YAML mapping with name, title, version, variables and rules, each key once.",
            "See data_dictionaries/README.md for how one is written.",
        )
    return content


def read_file(path: Path) -> dict[str, object]:
    """The content of a dictionary's file."""
    if path.stat().st_size > LARGEST_FILE:
        text = None
    else:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            text = None
    if text is None:
        raise DataMismatch(
            f"{path.name} is not a data dictionary: it is no UTF-8 text of at most 5 MB.",
            "A YAML file that declares variables.",
            "See data_dictionaries/README.md for how one is written.",
        )
    return read_yaml(text, path.name)
