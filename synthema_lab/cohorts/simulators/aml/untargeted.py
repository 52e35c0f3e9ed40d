"""Which known facts is the AML simulator not calibrated to, and why?"""

from __future__ import annotations

import pandas as pd

UNTARGETED = {
    "Frequencies in unselected and older patients (BeatAML-like, recalled)":
        "The cohort is one of trials; older registries need another age and class mix.",
    "Frequencies in TCGA, except FAB":
        "One cohort is reproduced; TCGA serves as an outside comparison.",
    "ETV6 and other genes of the panel below 1.5%, mutated genes per patient (2.11)":
        "They are not in the dictionary, so the count over all genes has no counterpart.",
    "Allele fractions other than TP53, length of FLT3-ITD":
        "The dictionary does not hold them.",
    "t(8;16), t(3q26.2;v)":
        "The release does not record them; their shares are assumed (0.1% each) for the rules.",
    "Associations beyond the 81 Bonferroni-significant pairs":
        "They follow from the classes; IDH2 with SRSF2 and RUNX1 with STAG2 are in the network.",
    "Laboratory regressions (coefficient by coefficient)":
        "The same patients give normal-score regressions; quantiles and correlations are held.",
    "Weibull scale and shape by group":
        "The hazard is piecewise constant; a Weibull curve misses the plateau.",
    "Survival of patients of 70 years and older, inv(3), and of age within risk group":
        "Between 20 and 66 patients each: too few to aim at; they follow from the hazards.",
    "Median survival of the favourable group (134 months)": (
        "It rests on the few who were followed for 11 years."
    ),
    "Effect of transplant in first remission on survival (hazard ratio about 0.74)":
        "Crude and confounded at the source. Death is drawn before the transplant, so nothing "
        "causal about transplant may be read from these patients.",
    "Effects of midostaurin, CPX-351 and venetoclax in their trials":
        "Few simulated patients receive them; midostaurin enters with its recalled ratio.",
    "LeukSurv, TCGA and BeatAML survival":
        "Other populations, other decades.",
    "Missing values by variable":
        "They are inputs from the dictionary, not outcomes of the simulation.",
}  # fmt: skip
"""Fact, and the reason why it is not aimed at."""


def untargeted() -> pd.DataFrame:
    """The facts left aside, one row each: ``fact`` and ``reason``.

    Examples
    --------
    >>> list(untargeted().columns)
    ['fact', 'reason']
    """
    return pd.DataFrame(list(UNTARGETED.items()), columns=["fact", "reason"])
