"""What does adding the table to the real patients give, and can its intervals be believed?

A table that is added to the patients it was learnt from holds nothing new: a gain in
prediction would come from smoothing alone. And whoever analyses synthetic rows as if
they were patients gets intervals that are too narrow (Decruyenaere et al. 2024).
"""

from __future__ import annotations

import numpy as np

from .bootstrap import clopper_pearson, percentile_interval
from .columns import Columns
from .cox import fit_cox
from .metric import Estimate, Measure
from .reference import Reference
from .survival_model import RIDGE, fitted, no_event_held_out, planned, ranked, too_little


def augmentation_gain(candidate: Columns, reference: Reference) -> Estimate:
    """C-index on held-out patients with the table added, less that without."""
    plan = planned(reference)
    refused = too_little(plan, reference.train, candidate) or no_event_held_out(reference)
    if refused:
        return Estimate.absent(refused)
    both = [
        np.concatenate(parts)
        for parts in zip(plan.design(reference.train), plan.design(candidate), strict=True)
    ]
    without = fitted(reference, reference.train, plan)
    gain = ranked(reference, plan, fit_cox(*both, ridge=RIDGE)) - ranked(reference, plan, without)
    low, high = percentile_interval(gain[1:])
    note = "the interval resamples the held-out patients, with the fitted models as they are"
    judged = int(plan.known(reference.holdout).sum())
    return Estimate(float(gain[0]), low, high, judged, note)


def interval_coverage(candidate: Columns, reference: Reference) -> Estimate:
    """Share of real log hazard ratios inside the 95% intervals that the table claims."""
    from scipy.special import ndtr, ndtri

    plan = planned(reference)
    refused = too_little(plan, reference.train, candidate)
    if refused:
        return Estimate.absent(refused)
    shown = plan.compared
    claimed = fitted(reference, candidate, plan)
    real = fitted(reference, reference.train, plan).log_hazard_ratios
    inside = (np.abs(claimed.log_hazard_ratios - real) <= claimed.half_widths)[shown]
    low, high = clopper_pearson(int(inside.sum()), len(inside))
    # The difference of two estimates as sure as each other is wider by the root of 2.
    expected = 2 * ndtr(ndtri(0.975) / np.sqrt(2)) - 1
    note = (
        f"{int(inside.sum())} of {len(inside)}; another sample as large as the real one would "
        f"cover {expected:.0%}; a table with many more rows than patients claims more than it knows"
    )
    return Estimate(float(inside.mean()), low, high, len(inside), note)


MEASURES = (
    Measure(
        "augmentation_gain",
        "Gain in C-index by adding the table",
        "utility",
        "maximise",
        (-1.0, 1.0),
        "How much better a Cox model ranks real held-out patients when the table is added to the "
        "real patients it learns from; 0 is no gain, below 0 a loss.",
        frozenset({"survival", "holdout"}),
        "train",
        augmentation_gain,
        standard_only=True,
    ),
    Measure(
        "interval_coverage",
        "Real hazard ratios inside the intervals of the table",
        "utility",
        "maximise",
        (0.0, 1.0),
        "Share of the real log hazard ratios that lie in the 95% interval computed from the table "
        "as if its rows were patients.",
        frozenset({"survival"}),
        "holdout",
        interval_coverage,
        standard_only=True,
    ),
)
