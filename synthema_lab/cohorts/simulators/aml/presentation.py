"""How did the leukaemia arise, what does it look like, and what does it express?"""

from __future__ import annotations

import numpy as np

from synthema_lab.cohorts.simulators.aml.classes import class_names
from synthema_lab.cohorts.simulators.aml.constants import Columns, pick

ONTOGENY = ("de_novo", "secondary", "therapy_related", "other")
FAB = ("M0", "M1", "M2", "M3", "M4", "M5", "M6", "M7")

# Shares in AMLSG (C) of groups of classes with alike ontogeny, pulled towards all patients
# with the weight of 30, since some kinds are rare in a group.
_ONTOGENY_SHARES = {
    "chromatin": (0.847, 0.078, 0.026, 0.049),
    "aneuploid": (0.818, 0.065, 0.094, 0.023),
    "rearranged": (0.920, 0.008, 0.066, 0.006),
    "rest": (0.930, 0.025, 0.028, 0.017),
}
_ONTOGENY_GROUP = {
    "chromatin_spliceosome": "chromatin", "ambiguous": "chromatin",
    "tp53_aneuploidy": "aneuploid", "inv3": "aneuploid",
    "inv16": "rearranged", "t_8_21": "rearranged", "t_15_17": "rearranged",
    "kmt2a": "rearranged", "t_6_9": "rearranged",
}  # fmt: skip

# FAB of patients without t(15;17): shares of TCGA (C) without M3, moved for lesions with a
# known look (A): t(8;21) has maturation, inv(16) is myelomonocytic, KMT2A monocytic.
_FAB_REST = (0.106, 0.245, 0.245, 0.0, 0.235, 0.123, 0.017, 0.017)
_FAB_LESION = {
    "t_8_21": (0.01, 0.10, 0.86, 0.0, 0.03, 0.0, 0.0, 0.0),
    "inv16": (0.0, 0.03, 0.07, 0.0, 0.86, 0.04, 0.0, 0.0),
    "t_9_11": (0.03, 0.05, 0.02, 0.0, 0.15, 0.74, 0.0, 0.01),
    "kmt2a_other": (0.04, 0.08, 0.05, 0.0, 0.23, 0.58, 0.01, 0.01),
    "t_15_17": (0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0),
}


def draw_presentation(classes: np.ndarray, columns: Columns, rng: np.random.Generator) -> Columns:
    """``aml_type``, ``prior_mds``, ``fab`` (texts and 0 or 1) and ``expr_pc1`` to ``expr_pc3``."""
    names = class_names()
    by_class = np.array([_ONTOGENY_SHARES[_ONTOGENY_GROUP.get(name, "rest")] for name in names])
    ontogeny = np.array(ONTOGENY, dtype=object)[pick(by_class[classes], rng)]
    fab = np.broadcast_to(np.array(_FAB_REST), (len(classes), len(FAB))).copy()
    for lesion, shares in _FAB_LESION.items():
        fab[columns[lesion] == 1] = shares
    return {
        "aml_type": ontogeny,
        "prior_mds": (ontogeny == "secondary").astype(float),
        "fab": np.array(FAB, dtype=object)[pick(fab, rng)],
        **_expression(classes, columns, rng),
    }


def _expression(classes: np.ndarray, columns: Columns, rng: np.random.Generator) -> Columns:
    """Three axes of expression, each with a centre by class (A).

    The first separates HOX-high leukaemias (NPM1, KMT2A) from those with a core-binding
    factor lesion or CEBPA, the second goes with monocytic maturation, the third with
    promyelocytes and with the age and chromatin of the clone.
    """
    centres = np.array([_EXPRESSION[name] for name in class_names()])[classes]
    centres[:, 0] += 0.6 * columns["mut_FLT3_ITD"]
    values = centres + rng.normal(scale=(0.9, 1.0, 0.9), size=centres.shape)
    return {f"expr_pc{axis + 1}": np.round(_ORIGIN + values[:, axis], 2) for axis in range(3)}


_ORIGIN = 8.0
"""Middle of each axis, on the scale of log2 expression."""

_EXPRESSION = {
    "npm1": (2.0, 0.6, -0.3), "chromatin_spliceosome": (-0.2, -0.4, 0.9),
    "tp53_aneuploidy": (-0.6, -0.6, 1.3), "no_class": (0.2, 0.0, 0.0),
    "inv16": (-2.2, 1.8, -0.6), "cebpa_biallelic": (-2.4, -1.2, -0.4),
    "no_drivers": (0.0, 0.0, 0.2), "t_8_21": (-3.0, -0.8, -0.5),
    "t_15_17": (-1.0, -1.4, -3.2), "ambiguous": (0.0, 0.1, 0.3), "kmt2a": (2.4, 2.2, 0.1),
    "inv3": (0.3, -0.9, 1.0), "idh2_r172": (-0.5, -1.0, 0.6), "t_6_9": (1.6, 0.2, 0.0),
}  # fmt: skip
