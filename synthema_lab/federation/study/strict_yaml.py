"""How is a text from somebody else read as YAML without being fooled by it?

Plain mappings, lists, texts and numbers only. Aliases (with which a few lines
grow to gigabytes), tags, merge keys, repeated keys, deep nesting and large
files are refused, and so are characters that a terminal or a browser would
not show as they are. Messages give lines, never content.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NoReturn

import yaml

from .errors import StudyRefused

LARGEST = 300_000
DEEPEST = 10
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class _RefusedError(Exception):
    """What is wrong, and on which line."""

    def __init__(self, what: str, mark: yaml.Mark) -> None:
        super().__init__(what)
        self.what, self.line = what, mark.line + 1


class _PlainLoader(yaml.SafeLoader):
    """The core schema of YAML 1.2, without aliases and tags."""

    yaml_implicit_resolvers: dict = {}  # noqa: RUF012
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _RefusedError("refers to another place (& or *)", event.start_mark)
        if getattr(event, "tag", None):
            raise _RefusedError("carries a tag (!)", event.start_mark)
        if self.depth >= DEEPEST:
            raise _RefusedError("is nested too deeply", event.start_mark)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def _mapping(loader: _PlainLoader, node: yaml.MappingNode) -> dict[str, object]:
    seen: set[str] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode) or not _KEY.fullmatch(key.value):
            raise _RefusedError("has a key that is not a plain name", key.start_mark)
        if key.value in seen:
            raise _RefusedError("repeats a key", key.start_mark)
        seen.add(key.value)
    return {key.value: loader.construct_object(part, deep=True) for key, part in node.value}


_PlainLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
for _tag, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", ["n", "~", ""]),
    ("int", r"-?(0|[1-9][0-9]*)", "-0123456789"),
    ("float", _NUMBER.pattern, "-0123456789"),
):
    _PlainLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first)
    )


def read_strictly(content: bytes | str, what: str = "The study") -> dict[str, object]:
    """The mapping that a YAML text holds.

    Parameters
    ----------
    content : bytes or str
        UTF-8, at most 300 kB.
    what : str
        How messages call it.

    Returns
    -------
    dict of str to object
        Mappings, lists, str, int, float, bool and None.

    Raises
    ------
    StudyRefused
        With the line, never with what stands there.

    Examples
    --------
    >>> read_strictly("delta: 1e-5\\nname: no\\n")
    {'delta': 1e-05, 'name': 'no'}
    """
    text = content if isinstance(content, str) else _decoded(content, what)
    if len(text) > LARGEST:
        _refuse(f"{what} is longer than {LARGEST} characters.")
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.replace("\t", " ").isprintable():
            _refuse(f"{what} holds characters that are not shown, on line {number}.")
    happened = ""
    found: object = None
    try:
        found = yaml.load(unicodedata.normalize("NFC", text), Loader=_PlainLoader)  # a SafeLoader
    except _RefusedError as problem:
        happened = f"{what} {problem.what}, on line {problem.line}."
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        where = f" near line {mark.line + 1}" if mark is not None else ""
        happened = f"{what} cannot be read as YAML{where}."
    except (RecursionError, ValueError, OverflowError):
        happened = f"{what} cannot be read as YAML."
    if happened or not isinstance(found, dict):
        _refuse(happened or f"{what} holds no keys.")
    return found


class _PlainDumper(yaml.SafeDumper):
    """Writes texts so that `read_strictly` gives them back as texts."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _as_text(dumper: _PlainDumper, text: str) -> yaml.ScalarNode:
    style = "'" if _NUMBER.fullmatch(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_PlainDumper.add_representer(str, _as_text)


def write_plainly(content: dict[str, object]) -> str:
    """YAML text that `read_strictly` gives back as it was.

    Examples
    --------
    >>> print(write_plainly({"title": "1e5", "delta": 1e-5}), end="")
    title: '1e5'
    delta: 1.0e-05
    """
    return yaml.dump(content, Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, width=100)


def _decoded(content: bytes, what: str) -> str:
    try:
        return content[: 4 * LARGEST].decode("utf-8")
    except UnicodeDecodeError:
        pass
    _refuse(f"{what} is not UTF-8 text.")


def _refuse(happened: str) -> NoReturn:
    raise StudyRefused(
        happened,
        "A YAML mapping of plain texts, numbers and lists, each key once, without & * ! and <<.",
        "Write it as plainly as the example in the guide to running a study, and send it again.",
    )
