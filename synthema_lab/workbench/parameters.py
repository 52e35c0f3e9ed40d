"""Which parameters does a notebook declare, with which types and help?

They are read from the cell tagged ``parameters`` without running anything:
one assignment a line, a plain value, the trailing comment being the help text.
"""

from __future__ import annotations

import ast
import io
import json
import os
import tokenize
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ArgumentRefused

Value = int | float | bool | str | list | None
TYPES = ("int", "float", "bool", "str", "list")


@dataclass(frozen=True)
class Parameter:
    """One declared parameter.

    Attributes
    ----------
    name : str
    type : {"int", "float", "bool", "str", "list"}
    default : int, float, bool, str, list or None
    optional : bool
        Whether ``None`` is allowed.
    help : str
        The trailing comment.
    items : str or None
        For a list, the type of its items; None when any plain item will do.
    """

    name: str
    type: str
    default: Value
    optional: bool = False
    help: str = ""
    items: str | None = None

    def __str__(self) -> str:
        return f"{self.name} = {self.default!r}" + (f"  # {self.help}" if self.help else "")

    @property
    def described(self) -> str:
        """The type in words.

        Examples
        --------
        >>> Parameter("epsilon", "float", 3.0, optional=True).described
        'a number, or none'
        """
        words = {"int": "a whole number", "float": "a number", "bool": "true or false",
                 "str": "text", "list": "a list"}  # fmt: skip
        said = words[self.type] + (f" of {self.items}" if self.items else "")
        return said + (", or none" if self.optional else "")


def read_notebook(path: str | os.PathLike[str]) -> Mapping[str, Any]:
    """A notebook file as plain values.

    Raises
    ------
    ArgumentRefused
        If the file is not a notebook of format 4.
    """
    try:
        notebook = json.loads(Path(path).read_text(encoding="utf-8"))
        if notebook["nbformat"] != 4 or not isinstance(notebook["cells"], list):
            raise ValueError("format")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArgumentRefused(
            f"'{Path(path).name}' cannot be read as a notebook ({type(error).__name__}).",
            "A Jupyter notebook of format 4.",
            "Open and save it once in JupyterLab, or restore it from git.",
        ) from None
    return notebook


def source_of(cell: Mapping[str, Any]) -> str:
    """The text of a cell, however it is stored."""
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def tags_of(cell: Mapping[str, Any]) -> Sequence[str]:
    """The tags of a cell."""
    return cell.get("metadata", {}).get("tags", [])


def declared(path: str | os.PathLike[str]) -> Mapping[str, Parameter]:
    """The parameters that a notebook file declares, by name.

    Raises
    ------
    ArgumentRefused
        If a line of the cell is not one plain assignment.
    """
    cells = [
        cell
        for cell in read_notebook(path)["cells"]
        if cell.get("cell_type") == "code" and "parameters" in tags_of(cell)
    ]
    if len(cells) > 1:
        raise ArgumentRefused(
            f"'{Path(path).name}' has {len(cells)} cells tagged 'parameters'.",
            "At most one.",
            "Move all parameters into the first, one assignment a line.",
        )
    return parse(source_of(cells[0]), Path(path).name) if cells else {}


def parse(source: str, where: str = "the notebook") -> Mapping[str, Parameter]:
    """Read the source of a parameters cell.

    Examples
    --------
    >>> for parameter in parse("rows = 1000  # synthetic patients").values():
    ...     print(parameter.type, parameter)
    int rows = 1000  # synthetic patients
    """
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise _refused(where, error.lineno or 1, "is not Python") from None
    comments = _comments(source)
    found: dict[str, Parameter] = {}
    for statement in statements:
        line = statement.lineno
        if statement.end_lineno != line:
            raise _refused(where, line, "goes on over several lines")
        parameter = _parameter(statement, comments.get(line, ""), where)
        if parameter.name in found:
            raise _refused(where, line, f"declares '{parameter.name}' again")
        found[parameter.name] = parameter
    return found


def _parameter(statement: ast.stmt, text: str, where: str) -> Parameter:
    line = statement.lineno
    annotation = None
    if isinstance(statement, ast.AnnAssign) and statement.value is not None:
        target, value, annotation = statement.target, statement.value, statement.annotation
    elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target, value = statement.targets[0], statement.value
    else:
        raise _refused(where, line, "is not one assignment")
    if not isinstance(target, ast.Name):
        raise _refused(where, line, "does not assign to one name")
    try:
        default = ast.literal_eval(value)
    except ValueError:
        raise _refused(where, line, "does not assign a plain value") from None
    kind, optional, items = _annotated(annotation, where, line)
    if kind is None:
        kind = type(default).__name__
        if default is None or kind not in TYPES:
            need = "needs a type, such as 'float | None'" if default is None else "is not plain"
            raise _refused(where, line, need)
    if kind == "list" and items is None and isinstance(default, list):
        kinds = {type(item).__name__ for item in default}
        items = kinds.pop() if len(kinds) == 1 and kinds <= set(TYPES[:4]) else None
    parameter = Parameter(target.id, kind, default, optional, text, items)
    return Parameter(target.id, kind, checked(parameter, default, where), optional, text, items)


def _annotated(
    annotation: ast.expr | None, where: str, line: int
) -> tuple[str | None, bool, str | None]:
    """Type, whether None is allowed, and type of items, from an annotation."""
    if annotation is None:
        return None, False, None
    text = ast.unparse(annotation).replace("typing.", "").strip("'\"").replace(" ", "")
    optional = False
    if text.startswith("Optional[") and text.endswith("]"):
        text, optional = text[len("Optional[") : -1], True
    parts = text.split("|")
    if "None" in parts:
        parts.remove("None")
        optional = True
    kind, _, inside = parts[0].partition("[")
    items = inside.removesuffix("]") or None
    if len(parts) != 1 or kind not in TYPES or (items and (kind != "list" or items not in TYPES)):
        raise _refused(where, line, "has a type that is not plain")
    return kind, optional, items


def checked(parameter: Parameter, value: Any, where: str) -> Value:
    """The value as the declared type; a whole number will do for a number.

    Raises
    ------
    ArgumentRefused
        If the type is wrong.
    """
    if value is None and parameter.optional:
        return None
    if parameter.type == "list":
        if isinstance(value, (list, tuple)):
            item = Parameter(parameter.name, parameter.items or "str", None)
            if parameter.items is None and all(isinstance(v, int | float | str) for v in value):
                return list(value)
            return [checked(item, part, where) for part in value]
    elif _fits(parameter.type, value):
        return float(value) if parameter.type == "float" else value
    raise ArgumentRefused(
        f"The parameter '{parameter.name}' of {where} was given "
        f"{'nothing' if value is None else 'a ' + type(value).__name__}.",
        f"{parameter.described.capitalize()}; the default is {parameter.default!r}.",
        f"Use for example: -p {parameter.name} {example(parameter)}",
    )


def example(parameter: Parameter) -> str:
    """A value to type in a terminal."""
    if parameter.default is None:
        return "none"
    if parameter.type == "bool":
        return str(parameter.default).lower()
    if parameter.type == "list":
        return "'" + json.dumps(parameter.default, ensure_ascii=False) + "'"
    return str(parameter.default) or "''"


def _fits(kind: str, value: Any) -> bool:
    if kind == "bool" or isinstance(value, bool):
        return kind == "bool" and isinstance(value, bool)
    accepted = {"int": int, "float": (int, float), "str": str}
    return isinstance(value, accepted[kind])


def _comments(source: str) -> Mapping[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {
        token.start[0]: token.string.lstrip("#").strip()
        for token in tokens
        if token.type == tokenize.COMMENT
    }


def _refused(where: str, line: int, what: str) -> ArgumentRefused:
    return ArgumentRefused(
        f"Line {line} of the parameters cell of {where} {what}.",
        "One assignment of a plain int, float, bool, str or list a line: "
        "rows = 1000  # synthetic patients",
        f"Correct that line of the cell tagged 'parameters' in {where}.",
    )
