"""Can a rule or a derived variable be decided from the variables that are declared?"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from synthema_lab.dictionary.evaluate import Rows, evaluate
from synthema_lab.dictionary.expressions import ALLOWED, Expression, ExpressionError, parse
from synthema_lab.dictionary.rules import Rule
from synthema_lab.dictionary.sections import Section
from synthema_lab.dictionary.values import KindError, Text, Truth, Value, as_truth
from synthema_lab.dictionary.variable import Variable
from synthema_lab.errors import DataMismatch

RULE_KEYS = ("text", "expression", "source")


def declare_derivations(variables: Mapping[str, Variable]) -> dict[str, Expression]:
    """Every derived variable's expression, inputs first, each checked for its kind."""
    parsed: dict[str, Expression] = {}
    for name, variable in variables.items():
        if variable.derive:
            parsed[name] = _parse(variable.derive, variables, f"Derived variable {name}")
    ordered: dict[str, Expression] = {}
    while len(ordered) < len(parsed):
        ready = [
            name
            for name in parsed
            if name not in ordered and not (parsed[name].inputs & parsed.keys()) - ordered.keys()
        ]
        if not ready:
            circle = ", ".join(name for name in parsed if name not in ordered)
            raise _refused(f"Derived variables depend on each other in a circle: {circle}.")
        ordered.update((name, parsed[name]) for name in ready)
    for name, expression in ordered.items():
        where = f"Derived variable {name}"
        value = _trial(expression, variables, ordered, where)
        _check_kind(variables[name], value, where)
    return ordered


def _check_kind(variable: Variable, value: Value, where: str) -> None:
    if isinstance(value, Text) != (variable.type == "category"):
        raise _refused(f"{where} is a {variable.type} and its expression gives a {value.kind}.")
    if isinstance(value, Text):
        for label in value.labels:
            if label not in variable.categories:
                raise _refused(f"{where} gives '{label}', which is none of its categories.")
    if isinstance(value, Truth) and variable.type != "boolean":
        raise _refused(f"{where} is a {variable.type} and its expression is a condition.")


def declare_rule(
    name: str,
    content: object,
    variables: Mapping[str, Variable],
    derivations: Mapping[str, Expression],
) -> Rule:
    """One rule from its section, or DataMismatch that names it and what is allowed."""
    section = Section(content, f"Rule {name}", RULE_KEYS)
    expression = _parse(section.text("expression"), variables, f"Rule {name}")
    value = _trial(expression, variables, derivations, f"Rule {name}")
    try:
        as_truth(value)
        problem = "" if expression.inputs else "it uses no variable"
    except KindError as wrong:
        problem = str(wrong)
    if problem:
        raise _refused(f"Rule {name} cannot be used: {problem}.")
    return Rule(
        name=name,
        text=section.text("text"),
        expression=expression.text,
        source=section.text("source", ""),
        inputs=expression.inputs,
        parsed=expression,
        variables=variables,
        derivations=derivations,
    )


def _parse(text: str, variables: Mapping[str, Variable], where: str) -> Expression:
    try:
        return parse(text, variables)
    except ExpressionError as refused:
        problem = str(refused)
    raise _refused(f"{where} cannot be used: {problem.rstrip('.')}.")


def _trial(
    expression: Expression,
    variables: Mapping[str, Variable],
    derivations: Mapping[str, Expression],
    where: str,
) -> Value:
    """What kind the expression gives, found on a table without rows."""
    try:
        return evaluate(expression, Rows(pd.DataFrame(), variables, derivations))
    except KindError as wrong:
        problem = str(wrong)
    raise _refused(f"{where} cannot be used: {problem.rstrip('.')}.")


def _refused(happened: str) -> DataMismatch:
    return DataMismatch(
        happened, f"An expression made of {ALLOWED}.", "Correct it in the data dictionary."
    )
