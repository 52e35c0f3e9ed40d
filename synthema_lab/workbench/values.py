"""Which value does each parameter of a run have, and where does it come from?

The notebook's default, then the preset, then what was typed. A name or a type
that does not fit is refused before anything runs.
"""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..dictionary.spelling import did_you_mean
from ..errors import ArgumentRefused
from .parameters import Parameter, Value, checked, declared, example
from .paths import find_notebook, notebooks, presets

_WORDS = {"true": True, "false": False}
_NONE = ("none", "null")


@dataclass(frozen=True)
class Resolved:
    """Every parameter of a notebook with its value and where that comes from.

    Attributes
    ----------
    notebook : str
    source : pathlib.Path
    preset : str
    values : mapping of str to int, float, bool, str, list or None
    provenance : mapping of str to {"default", "preset", "override"}
    """

    notebook: str
    source: Path
    preset: str
    values: Mapping[str, Value]
    provenance: Mapping[str, str]


def resolve(
    notebook: str | os.PathLike[str],
    preset: str = "standard",
    overrides: Mapping[str, Any] | None = None,
) -> Resolved:
    """Decide the value of every parameter of a notebook.

    Parameters
    ----------
    notebook : str or path
        Name of a notebook, or a path to one.
    preset : str
        Name of a file in ``presets/``. A notebook that the preset does not
        name keeps its defaults.
    overrides : mapping of str to value
        What was typed; text is read as the declared type, and ``none`` as no
        value where that is allowed.

    Raises
    ------
    ArgumentRefused
        For an unknown notebook, preset or parameter, and for a wrong type.
    """
    name, source = find_notebook(notebook)
    known = declared(source)
    values = {parameter.name: parameter.default for parameter in known.values()}
    provenance = dict.fromkeys(values, "default")
    layers = [
        ("preset", read_preset(preset).get(name, {}), f"{name} in the preset '{preset}'"),
        ("override", overrides or {}, name),
    ]
    for layer, given, where in layers:
        for key, value in given.items():
            if key not in known:
                raise _unknown(key, known, where)
            values[key] = convert(known[key], value, where)
            provenance[key] = layer
    return Resolved(name, source, preset, values, provenance)


def read_preset(preset: str) -> Mapping[str, Mapping[str, Any]]:
    """The parameters that a preset sets, by notebook.

    Raises
    ------
    ArgumentRefused
        If there is no such preset, it names an unknown notebook, or it is not
        a mapping of notebook to parameter to value.
    """
    known = presets()
    if preset not in known:
        if preset == "standard":
            return {}
        raise ArgumentRefused(
            f"There is no preset called '{preset}'.",
            f"One of: {', '.join(known) or 'standard'}.",
            did_you_mean(preset, known),
        )
    try:
        content = yaml.load(known[preset].read_text(encoding="utf-8"), Loader=_NoDuplicates)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ArgumentRefused(
            f"presets/{preset}.yaml cannot be read"
            + (f" (line {mark.line + 1}: {error.problem})." if mark else "."),
            "YAML that maps each notebook to its parameters.",
            "Correct the file.",
        ) from None
    content = {} if content is None else content
    if not isinstance(content, dict):
        raise _shape(preset)
    names = notebooks()
    for key, given in content.items():
        if key not in names:
            raise ArgumentRefused(
                f"presets/{preset}.yaml names the notebook '{key}', which does not exist.",
                f"One of: {', '.join(names)}.",
                f"{did_you_mean(str(key), names)} Correct the file.",
            )
        if given is not None and not isinstance(given, dict):
            raise _shape(preset)
    return {key: given or {} for key, given in content.items()}


def check_preset(preset: str) -> Sequence[str]:
    """Resolve every notebook that a preset names; the names that were checked."""
    return [resolve(name, preset).notebook for name in read_preset(preset)]


def convert(parameter: Parameter, value: Any, where: str) -> Value:
    """A value as the declared type; text is read strictly.

    Examples
    --------
    >>> epsilon = Parameter("epsilon", "float", 3.0, optional=True)
    >>> convert(epsilon, "1e-1", "40_generate"), convert(epsilon, "none", "40_generate")
    (0.1, None)
    """
    if not isinstance(value, str):
        return checked(parameter, value, where)
    text = value.strip()
    if parameter.optional and text.lower() in _NONE:
        return None
    if parameter.type == "str":
        return value
    if parameter.type == "bool" and text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if parameter.type == "int" and re.fullmatch(r"[+-]?\d+", text):
        return int(text)
    if parameter.type == "float" and _number(text) is not None:
        return _number(text)
    if parameter.type == "list":
        listed = _listed(text)
        if listed is not None:
            if parameter.items is None:
                return checked(parameter, listed, where)
            item = Parameter(parameter.name, parameter.items, parameter.default)
            return [convert(item, part, where) for part in listed]
    raise ArgumentRefused(
        f"The parameter '{parameter.name}' of {where} cannot be '{value}'.",
        f"{parameter.described.capitalize()}; the default is {parameter.default!r}.",
        f"Use for example: -p {parameter.name} {example(parameter)}",
    )


def _number(text: str) -> float | None:
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None


def _listed(text: str) -> list | None:
    """A list from ``[1, 2]`` or ``1,2``; None when it is neither."""
    if text.startswith("["):
        for read in (json.loads, ast.literal_eval):
            try:
                parsed = read(text)
            except (ValueError, SyntaxError):
                continue
            return parsed if isinstance(parsed, list) else None
        return None
    return [part.strip() for part in text.split(",")] if text else []


def _unknown(key: str, known: Mapping[str, Parameter], where: str) -> ArgumentRefused:
    listed = "".join(f"\n              {parameter}" for parameter in known.values())
    return ArgumentRefused(
        f"There is no parameter '{key}' in {where}.",
        f"One of these, with their defaults:{listed}"
        if known
        else "No parameters: this notebook declares none.",
        did_you_mean(str(key), known) if known else "Leave it out.",
    )


def _shape(preset: str) -> ArgumentRefused:
    return ArgumentRefused(
        f"presets/{preset}.yaml is not a mapping of notebook to parameters.",
        "40_generate: {rows: 200, seed: 0}",
        "Correct the file.",
    )


class _NoDuplicates(yaml.SafeLoader):
    """YAML in which a key that stands twice is an error, not the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"'{key.value}' stands twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)
