"""Which measures of the pooled suite cannot be had from one sum, and why?"""

from __future__ import annotations

_SIDE_BY_SIDE = "it compares the rows of all hospitals side by side, which nobody holds"
_MODELS = (
    "several models would have to be learnt from the patients of all hospitals together; the "
    "C-index beside it is averaged over models of each hospital"
)

NOT_SUMMED = {
    "correlation_difference": "hospitals count the dictionary's pairs on public bins: see the "
    "difference of association",
    "pmse_ratio": f"{_SIDE_BY_SIDE}; the classifier tests are averaged over hospitals",
    "alpha_precision": _SIDE_BY_SIDE,
    "beta_recall": _SIDE_BY_SIDE,
    "model_ranking": _MODELS,
    "augmentation_gain": _MODELS,
    "interval_coverage": _MODELS,
    "small_group_disclosure": "what is rare in one hospital may be common in another, and sums "
    "that told which combinations few patients have would point at them",
    "verbatim_values": "hospitals share values by chance, and a sum does not show the union of "
    "what they hold",
    "closer_to_training": f"{_SIDE_BY_SIDE}; distances are no evidence, and attacks are run",
}
"""By measure."""
UNBOUNDED = "one patient can change it by more than one count, so that no noise was agreed for it"
