"""At which times does a condition cut follow-up?

A condition such as ``os_days <= 41`` beside ``os_days <= 40`` shows who left on
one day, as a table by day would. So a condition names the outcome's time with
``<=`` and ``>`` only (the grid's intervals hold their upper edge), and the
times it names are held apart like edges of a grid.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import numpy as np

from ...dictionary.expressions import Expression, constant_number
from .disclosure import DisclosureRefused
from .grid import keep_apart

if TYPE_CHECKING:
    from .consortium import Consortium
    from .question import Question

_PRESENCE = ("missing", "present")


def hold_apart(consortium: Consortium, question: Question) -> None:
    """Refuse a condition that cuts follow-up finer than a grid may; remember where it cuts.

    Raises
    ------
    DisclosureRefused
    """
    outcome, condition = consortium.dictionary.survival, question.condition
    if outcome is None or condition is None or outcome.time not in condition.inputs:
        return
    times = landmarks(condition, outcome.time)
    if times.size:
        keep_apart(consortium, consortium.dictionary.variables[outcome.time], times)


def landmarks(condition: Expression, time: str) -> np.ndarray:
    """The times that a condition names.

    Parameters
    ----------
    condition : Expression
        In the dictionary's rule language.
    time : str
        The outcome's time variable.

    Returns
    -------
    numpy.ndarray of float64, shape (times,)

    Raises
    ------
    DisclosureRefused
        If it uses the time in another way than ``time <= 60`` and ``time > 60``.

    Examples
    --------
    >>> from synthema_lab.dictionary.expressions import parse
    >>> names = ["os_days", "os_event"]
    >>> landmarks(parse("30 < os_days <= 365 or os_event == 1", names), "os_days").tolist()
    [30.0, 365.0]
    """
    times: list[float] = []
    pending: list[ast.AST] = [condition.tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Compare):
            operands = [node.left, *node.comparators]
            for left, operator, right in zip(operands, node.ops, operands[1:], strict=False):
                if _names(left, time) or _names(right, time):
                    times.append(_cut(left, operator, right, time))
            pending.extend(part for part in operands if not _names(part, time))
        elif _names(node, time):
            raise _refused(time)
        elif not (isinstance(node, ast.Call) and node.func.id in _PRESENCE):
            pending.extend(ast.iter_child_nodes(node))
    return np.array(times)


def _cut(left: ast.AST, operator: ast.cmpop, right: ast.AST, time: str) -> float:
    """The time at which ``time <= c``, ``time > c``, ``c >= time`` or ``c < time`` cuts."""
    upper = isinstance(operator, ast.LtE | ast.Gt)
    lower = isinstance(operator, ast.GtE | ast.Lt)
    constant = None
    if upper and _names(left, time):
        constant = constant_number(right)
    elif lower and _names(right, time):
        constant = constant_number(left)
    if constant is None:
        raise _refused(time)
    return constant


def _names(node: ast.AST, time: str) -> bool:
    return isinstance(node, ast.Name) and node.id == time


def _refused(time: str) -> DisclosureRefused:
    return DisclosureRefused(
        f"The condition looks at {time} in a way that could show single days.",
        f"Comparisons of {time} with a number by <= and > only.",
        f'Write it as in: where="{time} > 60 and {time} <= 365".',
    )
