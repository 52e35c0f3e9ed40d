"""Which genomic class does a patient belong to, and which lesion makes it?

Fourteen classes of Papaemmanuil et al. (NEJM 2016; 374: 2209-2221) come first; genes
and karyotype are drawn within them. In the ambiguous class, whose patients have the
marks of two classes, the lesion is drawn too.
"""

from __future__ import annotations

import numpy as np

from synthema_lab.cohorts.simulators.aml.constants import Columns, constants, pick

LESIONS = (
    "mut_NPM1", "t_8_21", "inv16", "t_15_17", "inv3", "t_6_9", "t_9_11", "kmt2a_other",
    "t_8_16", "mecom_other", "t_9_22",
)  # fmt: skip
"""What defines a class by itself; nobody has two of them."""

REARRANGEMENTS = LESIONS[1:]
"""Those seen in the karyotype."""


def class_names() -> tuple[str, ...]:
    """The classes, in the order of their codes.

    Examples
    --------
    >>> class_names()[:3]
    ('npm1', 'chromatin_spliceosome', 'tp53_aneuploidy')
    """
    return tuple(constants("genetics")["class_share"])


def draw_classes(patients: int, rng: np.random.Generator) -> np.ndarray:
    """The class of each patient, as a code into `class_names`; shape (patients,)."""
    shares = np.array(list(constants("genetics")["class_share"].values()))
    return rng.choice(len(shares), size=patients, p=shares / shares.sum())


def draw_lesions(classes: np.ndarray, rng: np.random.Generator) -> Columns:
    """The lesion that makes the class of each patient, as 0 or 1 for each of `LESIONS`."""
    table = constants("genetics")["lesions"]
    weights = np.zeros((len(class_names()), len(LESIONS) + 1))
    for row, name in enumerate(class_names()):
        for lesion, probability in table.get(name, {}).items():
            weights[row, LESIONS.index(lesion)] = probability
    weights[:, -1] = np.clip(1 - weights.sum(axis=1), 0, None)
    drawn = pick(weights[classes], rng)
    return {lesion: (drawn == number).astype(float) for number, lesion in enumerate(LESIONS)}


def rearranged(columns: Columns) -> np.ndarray:
    """Whether the karyotype shows a lesion that defines a class; shape (patients,)."""
    return np.max([columns[name] for name in REARRANGEMENTS], axis=0) > 0
