"""Which genes are mutated, and how much of the sample carries the mutation?"""

from __future__ import annotations

import numpy as np

from synthema_lab.cohorts.simulators.aml.classes import class_names
from synthema_lab.cohorts.simulators.aml.constants import Columns, chance, constants
from synthema_lab.cohorts.simulators.aml.network import draw_node, node_names

ITD_RATIO = ([0, 0.05, 0.25, 0.5, 0.75, 0.95, 1], [0.02, 0.04, 0.13, 0.29, 0.44, 0.85, 4.0])
"""Quantiles of the FLT3-ITD allelic ratio: quartiles of AMLSG (C), the ends assumed (A)."""

TP53_VAF = ([0, 0.1, 0.25, 0.5, 0.75, 0.9, 1], [4, 13, 28, 54, 78, 89, 97])
"""Quantiles of the largest TP53 allele fraction, %: AMLSG (C), the ends assumed (A)."""


def draw_genes(classes: np.ndarray, columns: Columns, rng: np.random.Generator) -> Columns:
    """0 or 1 for each gene but NPM1, which comes with its class; and amounts.

    Parameters
    ----------
    classes : ndarray of int, shape (patients,)
    columns : mapping of name to ndarray
        The lesions and the karyotype.
    rng : Generator

    Returns
    -------
    mapping of name to ndarray
        ``mut_*``, with IDH2 as R140 and R172; ``flt3_itd_ar`` (ratio of ITD to
        wild type) and ``tp53_vaf`` (%) where the mutation is there.
    """
    known = dict(columns)
    drawn: Columns = {}
    for name in node_names():
        if name.startswith("mut_"):
            there = draw_node(name, classes, known, rng)
            if name == "mut_IDH2":
                there = np.where(classes == class_names().index("idh2_r172"), 1.0, there)
            drawn[name] = known[name] = there
    idh2 = drawn["mut_IDH2"]
    share = constants("genetics")["idh2_r172"]
    by_class = np.array([share.get(name, share["other"]) for name in class_names()])
    r172 = chance(by_class[classes], len(classes), rng)
    drawn["mut_IDH2_R172"] = idh2 * r172
    drawn["mut_IDH2_R140"] = idh2 * (1 - r172)
    ratio = np.round(np.interp(rng.random(len(classes)), *ITD_RATIO), 2)
    drawn["flt3_itd_ar"] = np.where(drawn["mut_FLT3_ITD"] == 1, ratio, np.nan)
    fraction = np.round(np.interp(rng.random(len(classes)), *TP53_VAF), 1)
    drawn["tp53_vaf"] = np.where(drawn["mut_TP53"] == 1, fraction, np.nan)
    return drawn
