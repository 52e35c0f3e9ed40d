"""What does the karyotype show?

Either it is normal and shows nothing, or a lesion that defines a class, other
aberrations, or something that is not recorded by name. A complex karyotype is one
without a class-defining lesion (ELN 2022). Women cannot lose a Y: theirs is 0.
"""

from __future__ import annotations

import numpy as np

from synthema_lab.cohorts.simulators.aml.classes import REARRANGEMENTS, rearranged
from synthema_lab.cohorts.simulators.aml.constants import Columns
from synthema_lab.cohorts.simulators.aml.network import draw_node

ABERRATIONS = (
    "del5q_minus5", "abn17p", "minus7", "complex_kt", "monosomal_kt", "del7q", "plus8",
    "plus13", "del9q", "minusY",
)  # fmt: skip
"""In the order in which they are drawn."""

FLAGS = ("normal_karyotype", *REARRANGEMENTS, *ABERRATIONS)
"""All that is reported from one karyotype, and missing together."""


def draw_karyotype(classes: np.ndarray, columns: Columns, rng: np.random.Generator) -> Columns:
    """0 or 1 for the normal karyotype and each aberration.

    Parameters
    ----------
    classes : ndarray of int, shape (patients,)
    columns : mapping of name to ndarray
        The lesions, and ``male``.
    rng : Generator
    """
    known = dict(columns)
    lesion = rearranged(columns)
    normal = draw_node("normal_karyotype", classes, known, rng)
    known["normal_karyotype"] = np.where(lesion, 0.0, normal)
    abnormal = known["normal_karyotype"] == 0
    for name in ABERRATIONS:
        there = draw_node(name, classes, known, rng)
        if name == "complex_kt":
            there = np.where(lesion, 0.0, there)
        if name == "monosomal_kt":
            # Core-binding factor leukaemias are excluded from the definition.
            there = np.where((known["t_8_21"] == 1) | (known["inv16"] == 1), 0.0, there)
        if name == "minusY":
            there = np.where(known["male"] == 1, there, 0.0)
        known[name] = np.where(abnormal, there, 0.0)
    return {name: known[name] for name in ("normal_karyotype", *ABERRATIONS)}


def coarse_karyotype(columns: Columns) -> np.ndarray:
    """A short invented karyotype that agrees with the flags; text, shape (patients,).

    Nothing of it is taken from a patient: it names the flags and the sex.

    Examples
    --------
    >>> flags = {name: np.zeros(2) for name in FLAGS} | {"male": np.array([1.0, 0.0])}
    >>> flags["normal_karyotype"] = np.array([1.0, 0.0])
    >>> flags["plus8"] = np.array([0.0, 1.0])
    >>> coarse_karyotype(flags).tolist()
    ['46,XY', 'abnormal,XX,+8']
    """
    male = columns["male"] == 1
    text = np.where(male, ",XY", ",XX").astype(object)
    for name, written in _WRITTEN.items():
        text = np.where(columns[name] == 1, text + "," + written, text)
    start = np.where(columns["normal_karyotype"] == 1, "46", "abnormal").astype(object)
    return start + text


_WRITTEN = {
    "t_8_21": "t(8;21)", "inv16": "inv(16)", "t_15_17": "t(15;17)", "inv3": "inv(3)",
    "t_6_9": "t(6;9)", "t_9_11": "t(9;11)", "kmt2a_other": "t(v;11q23)", "t_8_16": "t(8;16)",
    "mecom_other": "t(3q26;v)", "t_9_22": "t(9;22)", "del5q_minus5": "-5/del(5q)",
    "abn17p": "-17/abn(17p)", "minus7": "-7", "del7q": "del(7q)", "plus8": "+8",
    "plus13": "+13", "del9q": "del(9q)", "minusY": "-Y", "complex_kt": "complex",
    "monosomal_kt": "monosomal",
}  # fmt: skip
