"""Which expressions may a dictionary hold?

The language of rules and derived variables is a small part of Python's
expression syntax, read with `ast` and never executed:

* names of variables, numbers, texts in quotes;
* ``+ - * /``, and ``**`` with a constant exponent between -10 and 10;
* comparisons, also chained (``0 < a <= b``), and ``in [..]``, ``not in [..]``;
* ``and``, ``or``, ``not``;
* ``implies(a, b)``, ``missing(x)``, ``present(x)``;
* ``certain(a)``: true where `a` certainly holds, false where it does not or is undecided;
* ``cut(x, [e0, e1, ..., ek], [label1, ..., labelk])``: label i where ``e(i-1) <= x < e(i)``;
* ``choose(condition, a, b)``: `a` where it holds, `b` where it does not.

A missing value makes what depends on it undecided (three-valued logic of
Kleene), so a rule is broken only where it is certainly broken.
"""

from __future__ import annotations

import ast
import math
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

from synthema_lab.dictionary.spelling import did_you_mean

FUNCTIONS = {"implies": 2, "missing": 1, "present": 1, "certain": 1, "cut": 3, "choose": 3}
LONGEST, DEEPEST, MOST_NODES = 10_000, 120, 4_000
LARGEST_NUMBER, LARGEST_EXPONENT = 1e15, 10

_BOUND = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)
_UNARY = (ast.Not, ast.UAdd, ast.USub)
_COMPARE = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn)

ALLOWED = (
    "variable names, numbers, 'texts', + - * / **, comparisons, in [..], and, or, not, "
    "implies(a, b), missing(x), present(x), certain(a), cut(x, [edges], [labels]), "
    "choose(condition, a, b)"
)


class ExpressionError(Exception):
    """An expression is outside the language; the message says what and why."""


@dataclass(frozen=True)
class Expression:
    """An expression that was read and found inside the language.

    Attributes
    ----------
    text : str
        As written.
    inputs : frozenset of str
        Names of the variables it uses.

    Examples
    --------
    >>> sorted(parse("os_days <= 6209 and age_years >= 14", ["os_days", "age_years"]).inputs)
    ['age_years', 'os_days']
    """

    text: str
    inputs: frozenset[str]
    tree: ast.expr

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


def parse(text: str, variables: Collection[str]) -> Expression:
    """Read an expression over `variables`.

    Raises
    ------
    ExpressionError
        If it is outside the language or names an unknown variable.
    """
    if not isinstance(text, str) or not text.strip():
        raise ExpressionError("it is empty")
    if len(text) > LONGEST:
        raise ExpressionError(f"it is longer than {LONGEST} characters")
    if "\\" in text or (not text.isprintable() and not text.replace("\n", " ").isprintable()):
        raise ExpressionError("it holds a backslash or an unprintable character")
    tree = _syntax_tree(" ".join(text.split("\n")).strip())
    names: set[str] = set()
    pending: list[tuple[ast.AST, int]] = [(tree, 1)]
    seen = 0
    while pending:
        node, depth = pending.pop()
        seen += 1
        if depth > DEEPEST or seen > MOST_NODES:
            raise ExpressionError("it is nested too deeply or too long")
        for child in _parts(node, names):
            pending.append((child, depth + 1))
    for name in sorted(names):
        if name not in variables:
            raise ExpressionError(
                f"{name} is not a variable of the dictionary. {did_you_mean(name, variables)}"
            )
    return Expression(" ".join(text.split()), frozenset(names), tree)


def _syntax_tree(text: str) -> ast.expr:
    problem = ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return ast.parse(text, mode="eval").body
    except (RecursionError, MemoryError):
        problem = "it is nested too deeply"
    except (SyntaxError, ValueError, Warning):
        problem = "it cannot be read as an expression"
    raise ExpressionError(problem)


def _parts(node: ast.AST, names: set[str]) -> list[ast.expr]:
    """The operands of a node, after checking that the node itself is allowed."""
    match node:
        case ast.Name(id=name):
            names.add(name)
            return []
        case ast.Constant():
            _check_constant(node.value)
            return []
        case ast.BoolOp():
            return list(node.values)
        case ast.UnaryOp() if isinstance(node.op, _UNARY):
            return [node.operand]
        case ast.BinOp() if isinstance(node.op, _BOUND):
            if isinstance(node.op, ast.Pow):
                exponent = constant_number(node.right)
                if exponent is None or abs(exponent) > LARGEST_EXPONENT:
                    raise ExpressionError(
                        f"** takes a constant exponent between -{LARGEST_EXPONENT} "
                        f"and {LARGEST_EXPONENT}"
                    )
            return [node.left, node.right]
        case ast.Compare() if all(isinstance(operator, _COMPARE) for operator in node.ops):
            operands = [node.left]
            for operator, right in zip(node.ops, node.comparators, strict=True):
                if isinstance(operator, ast.In | ast.NotIn):
                    operands.extend(constant_list(right, "in"))
                else:
                    operands.append(right)
            return operands
        case ast.Call(func=ast.Name(id=name)) if name in FUNCTIONS:
            return _call_parts(node, name)
        case ast.Call():
            called = node.func.id if isinstance(node.func, ast.Name) else "what it calls"
            raise ExpressionError(f"{called} is not one of its functions")
    raise ExpressionError(f"{_described(node)} is not part of the language")


def _call_parts(node: ast.Call, name: str) -> list[ast.expr]:
    if node.keywords or len(node.args) != FUNCTIONS[name]:
        raise ExpressionError(f"{name} takes {FUNCTIONS[name]} arguments, without names")
    if name in ("missing", "present") and not isinstance(node.args[0], ast.Name):
        raise ExpressionError(f"{name} takes the name of one variable")
    if name != "cut":
        return list(node.args)
    edges = [constant_number(edge) for edge in constant_list(node.args[1], "cut")]
    labels = constant_list(node.args[2], "cut")
    if None in edges or any(low >= high for low, high in pairwise(edges)):
        raise ExpressionError("the edges of cut are numbers that increase")
    if len(labels) != len(edges) - 1:
        raise ExpressionError(
            f"cut has {len(edges)} edges, so it takes {len(edges) - 1} labels, not {len(labels)}"
        )
    if not all(isinstance(label, ast.Constant) and type(label.value) is str for label in labels):
        raise ExpressionError("the labels of cut are texts in quotes")
    return [node.args[0], *labels]


def constant_list(node: ast.expr, what: str) -> list[ast.expr]:
    """The constants of a list, a tuple or a set written out."""
    if not isinstance(node, ast.List | ast.Tuple) or not node.elts:
        raise ExpressionError(f"{what} takes a list in square brackets, as in ['F', 'M']")
    for element in node.elts:
        if not isinstance(element, ast.Constant) and constant_number(element) is None:
            raise ExpressionError(f"the list of {what} holds only numbers or texts in quotes")
    return list(node.elts)


def constant_number(node: ast.expr) -> float | None:
    """The number a node spells, also with a sign; None if it is none."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        inner = constant_number(node.operand) if isinstance(node.operand, ast.Constant) else None
        return inner if inner is None or isinstance(node.op, ast.UAdd) else -inner
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        _check_constant(node.value)
        return float(node.value)
    return None


def _check_constant(value: object) -> None:
    if type(value) in (int, float):
        if not (abs(value) <= LARGEST_NUMBER and math.isfinite(value)):
            raise ExpressionError(f"a number is larger than {LARGEST_NUMBER:.0e}")
    elif type(value) is bool:
        raise ExpressionError("True and False are written 1 and 0")
    elif type(value) is not str:
        raise ExpressionError("a constant is neither a number nor a text in quotes")


def _described(node: ast.AST) -> str:
    named = {
        ast.Attribute: "a dot after a name",
        ast.Subscript: "an index in square brackets",
        ast.Lambda: "lambda",
        ast.NamedExpr: "an assignment",
        ast.JoinedStr: "a formatted text",
        ast.IfExp: "if ... else (use choose)",
        ast.List: "a list outside 'in' and cut",
        ast.Tuple: "a list outside 'in' and cut",
        ast.Dict: "a dictionary",
        ast.Set: "a set",
        ast.Starred: "a star",
        ast.Compare: "'is'",
        ast.BinOp: "this operator",
        ast.UnaryOp: "this operator",
    }
    return named.get(type(node), "a comprehension or another construct")
