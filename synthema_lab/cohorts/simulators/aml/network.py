"""How is a mutation or aberration drawn, given the class and those already there?

One after the other, each with a logistic regression on the class and on earlier
partners. The product of such conditionals is a joint distribution that can be drawn
exactly, and whose pairwise odds ratios follow those of the patients it was fitted to.
"""

from __future__ import annotations

import numpy as np

from synthema_lab.cohorts.simulators.aml.classes import class_names
from synthema_lab.cohorts.simulators.aml.constants import Columns, chance, constants, logistic


def node_names() -> tuple[str, ...]:
    """What is drawn by the network, in order.

    Examples
    --------
    >>> node_names()[:3]
    ('male', 'normal_karyotype', 'del5q_minus5')
    """
    return tuple(constants("genetics")["network"])


def draw_node(
    name: str, classes: np.ndarray, columns: Columns, rng: np.random.Generator
) -> np.ndarray:
    """0 or 1 for each patient, given the class and the columns drawn so far.

    Parameters
    ----------
    name : str
        One of `node_names`.
    classes : ndarray of int, shape (patients,)
    columns : mapping of name to ndarray
        Everything that stands before `name`.
    rng : Generator
    """
    node = constants("genetics")["network"][name]
    by_class = np.array([node["class"][each] for each in class_names()])
    logit = node["base"] + by_class[classes]
    for partner, effect in node.get("with", {}).items():
        logit = logit + effect * columns[partner]
    if "none_yet" in node:
        logit = logit + node["none_yet"] * _none_yet(name, classes, columns)
    return chance(logistic(logit), len(classes), rng)


def _none_yet(name: str, classes: np.ndarray, columns: Columns) -> np.ndarray:
    """Whether a patient still lacks all that makes the class to which this node belongs."""
    for made, marks in constants("genetics")["makes_class"].items():
        if name in marks:
            none = np.max([columns[mark] for mark in marks if mark in columns], axis=0) == 0
            return (none & (classes == class_names().index(made))).astype(float)
    return np.zeros(len(classes))
