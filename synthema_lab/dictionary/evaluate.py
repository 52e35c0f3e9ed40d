"""What is an expression worth on every row of a table?"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from synthema_lab.dictionary.columns import read_numbers, read_texts
from synthema_lab.dictionary.expressions import Expression, constant_list, constant_number
from synthema_lab.dictionary.spelling import did_you_mean
from synthema_lab.dictionary.values import (
    FALSE,
    TRUE,
    UNDECIDED,
    KindError,
    Number,
    Text,
    Truth,
    Value,
    as_number,
    as_truth,
    decided,
)
from synthema_lab.dictionary.variable import UNMODELLED, Variable

_ARITHMETIC: dict[type, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
}
_COMPARISON: dict[type, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
}


class Rows:
    """A table, read column by column as an expression asks for it.

    Parameters
    ----------
    table : DataFrame
        Raw or conformed; column names are unique.
    variables : mapping of name to Variable
        How each column is declared.
    derivations : mapping of name to Expression
        Used for a derived variable that has no column of its own.
    """

    def __init__(
        self,
        table: pd.DataFrame,
        variables: Mapping[str, Variable],
        derivations: Mapping[str, Expression] | None = None,
    ) -> None:
        self.table = table
        self.variables = variables
        self.derivations = derivations or {}
        self._read: dict[str, Value] = {}

    def __len__(self) -> int:
        return len(self.table)

    def read(self, name: str) -> Value:
        """A variable's values; derived, or absent, where it has no column."""
        if name not in self._read:
            self._read[name] = self._read_now(name)
        return self._read[name]

    def _read_now(self, name: str) -> Value:
        variable = self.variables[name]
        texts = variable.type in ("category", *UNMODELLED)
        known = tuple(variable.categories) if variable.type == "category" else None
        if name in self.table.columns:
            column = self.table[name]
            if texts:
                read = read_texts(column, known)
                return Text(read.codes, read.labels, known, name=name)
            return Number(read_numbers(column).values, variable.type == "boolean")
        if name in self.derivations:
            expression = self.derivations[name]
            absent = any(getattr(self.read(used), "absent", False) for used in expression.inputs)
            return self._named(evaluate(expression, self), variable, known, absent)
        if texts:
            absent = np.full(len(self), -1, dtype=np.int64)
            return Text(absent, known or (), known, absent=True, name=name)
        return Number(np.full(len(self), np.nan), variable.type == "boolean", absent=True)

    def _named(
        self, value: Value, variable: Variable, known: tuple[str, ...] | None, absent: bool
    ) -> Value:
        if isinstance(value, Text):
            codes, labels = value.codes, value.labels
            if known is not None and set(labels) <= set(known):
                codes, labels = value.recoded(known), known
            codes = np.broadcast_to(codes, (len(self),))
            return Text(codes, labels, known, absent=absent, name=variable.name)
        values = np.broadcast_to(as_number(value).values, (len(self),))
        return Number(values, variable.type == "boolean", absent=absent)


def evaluate(expression: Expression, rows: Rows) -> Value:
    """The expression's value on each row.

    Returns
    -------
    Number, Text or Truth
        With arrays of shape (rows,), or () where the expression is constant.

    Raises
    ------
    KindError
        If a text meets a number, or a category is compared with an unknown
        code. It does not depend on the rows, so a dictionary finds it on an
        empty table when it is loaded.
    """
    with np.errstate(all="ignore"):
        return _value(expression.tree, rows)


def _value(node: ast.expr, rows: Rows) -> Value:
    match node:
        case ast.Name(id=name):
            return rows.read(name)
        case ast.Constant(value=str(text)):
            return Text(np.zeros((), dtype=np.int64), (text,))
        case ast.Constant(value=number):
            return Number(np.asarray(float(number)))
        case ast.BoolOp(op=operator, values=operands):
            states = [as_truth(_value(operand, rows)).states for operand in operands]
            join = np.minimum if isinstance(operator, ast.And) else np.maximum
            joined = states[0]
            for state in states[1:]:
                joined = join(joined, state)
            return Truth(joined)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return Truth(TRUE - as_truth(_value(operand, rows)).states)
        case ast.UnaryOp(op=operator, operand=operand):
            values = as_number(_value(operand, rows)).values
            return Number(values if isinstance(operator, ast.UAdd) else -values)
        case ast.BinOp(left=left, op=operator, right=right):
            a, b = as_number(_value(left, rows)).values, as_number(_value(right, rows)).values
            result = _ARITHMETIC[type(operator)](a, b)
            # Of numpy's operations nan ** 0 and 1 ** nan are numbers; here they stay missing.
            known = np.isfinite(result) & ~np.isnan(a) & ~np.isnan(b)
            return Number(np.where(known, result, np.nan))
        case ast.Compare(left=left, ops=operators, comparators=rights):
            return _comparison(left, operators, rights, rows)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _FUNCTIONS[name](arguments, rows)
    raise KindError("it holds a construct outside the language")


def _comparison(
    left: ast.expr, operators: list[ast.cmpop], rights: list[ast.expr], rows: Rows
) -> Truth:
    before = _value(left, rows)
    states: np.ndarray | None = None
    for operator, right in zip(operators, rights, strict=True):
        if isinstance(operator, ast.In | ast.NotIn):
            truth = _membership(before, right, isinstance(operator, ast.NotIn))
        else:
            after = _value(right, rows)
            truth = _compared(before, operator, after)
            before = after
        states = truth.states if states is None else np.minimum(states, truth.states)
    return Truth(states)


def _compared(left: Value, operator: ast.cmpop, right: Value) -> Truth:
    if isinstance(left, Text) != isinstance(right, Text):
        raise KindError("it compares a text with a number")
    if not isinstance(left, Text):
        a, b = as_number(left).values, as_number(right).values
        return decided(_COMPARISON[type(operator)](a, b), ~(np.isnan(a) | np.isnan(b)))
    if not isinstance(operator, ast.Eq | ast.NotEq):
        raise KindError("texts are compared with == or != only")
    _check_codes(left, right)
    _check_codes(right, left)
    labels = tuple(dict.fromkeys((*left.labels, *right.labels)))
    same = left.recoded(labels) == right.recoded(labels)
    known = ~(left.missing | right.missing)
    return decided(same if isinstance(operator, ast.Eq) else ~same, known)


def _membership(value: Value, right: ast.expr, negated: bool) -> Truth:
    elements = constant_list(right, "in")
    if isinstance(value, Text):
        texts = [getattr(element, "value", None) for element in elements]
        if not all(isinstance(text, str) for text in texts):
            raise KindError("it looks for a number among texts")
        options = Text(np.zeros((), dtype=np.int64), tuple(texts))
        _check_codes(value, options)
        wanted = np.array([*(label in texts for label in value.labels), False])
        found = wanted[np.where(value.missing, len(value.labels), value.codes)]
    else:
        numbers = [constant_number(element) for element in elements]
        if None in numbers:
            raise KindError("it looks for a text among numbers")
        value = as_number(value)
        found = np.isin(value.values, numbers)
    return decided(~found if negated else found, ~value.missing)


def _check_codes(category: Text, constant: Text) -> None:
    if category.known is None or constant.known is not None or constant.name is not None:
        return
    for label in constant.labels:
        if label not in category.known:
            raise KindError(
                f"'{label}' is not a code of {category.name}. {did_you_mean(label, category.known)}"
            )


def _implies(arguments: list[ast.expr], rows: Rows) -> Truth:
    when, then = (as_truth(_value(argument, rows)).states for argument in arguments)
    return Truth(np.maximum(TRUE - when, then))


def _missing(arguments: list[ast.expr], rows: Rows) -> Truth:
    value = _value(arguments[0], rows)
    known = np.full(value.missing.shape, not getattr(value, "absent", False))
    return decided(value.missing, known)


def _present(arguments: list[ast.expr], rows: Rows) -> Truth:
    return Truth(TRUE - _missing(arguments, rows).states)


def _certain(arguments: list[ast.expr], rows: Rows) -> Truth:
    states = as_truth(_value(arguments[0], rows)).states
    return Truth(np.where(states == TRUE, TRUE, FALSE).astype(np.uint8))


def _cut(arguments: list[ast.expr], rows: Rows) -> Text:
    values = as_number(_value(arguments[0], rows)).values
    edges = np.array([constant_number(edge) for edge in constant_list(arguments[1], "cut")])
    written = [label.value for label in constant_list(arguments[2], "cut")]
    labels = tuple(dict.fromkeys(written))
    place = np.array([-1, *(labels.index(label) for label in written), -1], dtype=np.int64)
    interval = np.searchsorted(edges, np.where(np.isnan(values), -np.inf, values), side="right")
    return Text(place[interval], labels)


def _choose(arguments: list[ast.expr], rows: Rows) -> Value:
    states = as_truth(_value(arguments[0], rows)).states
    yes, no = (_value(argument, rows) for argument in arguments[1:])
    if isinstance(yes, Text) != isinstance(no, Text):
        raise KindError("choose gives a text in one case and a number in the other")
    if isinstance(yes, Text):
        labels = tuple(dict.fromkeys((*yes.labels, *no.labels)))
        chosen = np.where(states == TRUE, yes.recoded(labels), no.recoded(labels))
        return Text(np.where(states == UNDECIDED, -1, chosen), labels)
    if isinstance(yes, Truth) and isinstance(no, Truth):
        chosen = np.where(states == TRUE, yes.states, no.states)
        return Truth(np.where(states == UNDECIDED, UNDECIDED, chosen).astype(np.uint8))
    chosen = np.where(states == TRUE, as_number(yes).values, as_number(no).values)
    return Number(np.where(states == UNDECIDED, np.nan, chosen))


_FUNCTIONS: dict[str, Callable[[list[ast.expr], Rows], Value]] = {
    "implies": _implies,
    "missing": _missing,
    "present": _present,
    "certain": _certain,
    "cut": _cut,
    "choose": _choose,
}


def three_valued(value: Value, rows: int) -> np.ndarray:
    """A truth as 1 (holds), 0 (broken), -1 (undecided), int8, shape (rows,)."""
    states = np.broadcast_to(as_truth(value).states, (rows,))
    return np.where(states == TRUE, 1, np.where(states == FALSE, 0, -1)).astype(np.int8)
