"""Would a hazard ratio be read the same way from synthetic as from real patients?

The overlap of two 95% intervals (Karr et al. 2006): the length they share, as a
share of each interval's own length, averaged over the two; 1 if they are the
same, 0 if they touch, below 0 if a gap lies between them. The mean is taken over
the hazard ratios of one Cox model.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .admission import listed
from .bootstrap import distance_interval
from .columns import Columns
from .metric import Estimate, Measure
from .reference import Reference
from .survival_model import fitted, planned, refitted, too_little


def hazard_interval_overlap(candidate: Columns, reference: Reference) -> Estimate:
    """Mean overlap of the intervals of each log hazard ratio."""
    plan, train = planned(reference), reference.train
    refused = too_little(plan, train, candidate)
    if refused:
        return Estimate.absent(refused)
    real, other = fitted(reference, train, plan), fitted(reference, candidate, plan)
    shown = plan.compared
    varies = np.ptp(plan.design(candidate)[0], axis=0)[shown] > 0
    half, other_half = real.half_widths[shown], other.half_widths[shown]
    difference = (other.log_hazard_ratios - real.log_hazard_ratios)[shown]
    overlap = np.where(varies, interval_overlap(difference, half, other_half), 0.0)
    value = float(overlap.mean())
    # The overlap moves by at most this factor times what the difference moves.
    slope = np.where(varies, (1 / half + 1 / other_half) / 4, 0.0)
    draws = refitted(reference, candidate, plan) - refitted(reference, train, plan)
    moved = (slope * np.abs(draws[:, shown] - difference)).mean(axis=1)
    low, high = distance_interval(value, moved, (-np.inf, 1.0))
    note = f"{len(overlap)} hazard ratios; {int((overlap < 0).sum())} with intervals apart"
    if not varies.all():
        note += f"; {int((~varies).sum())} that the table cannot estimate count as 0"
    if plan.left_out:
        note += f"; left out as constant or too rare: {listed(plan.left_out)}"
    named = [c for c, keep in zip(plan.covariates, shown, strict=True) if keep]
    table = pd.DataFrame(
        {
            "variable": [covariate.variable for covariate in named],
            "contrast": [covariate.label for covariate in named],
            "overlap": overlap.round(3),
        }
    )
    return Estimate(value, low, high, candidate.rows, note, curves={"hazard_overlap": table})


def interval_overlap(
    difference: np.ndarray, half: np.ndarray, other_half: np.ndarray
) -> np.ndarray:
    """Overlap of two symmetric intervals (Karr et al., Am Stat 2006; 60: 224-232).

    Parameters
    ----------
    difference : ndarray
        Distance between the two centres, of either sign.
    half, other_half : ndarray
        Half the length of each interval, above 0.

    Returns
    -------
    ndarray
        1 if they are the same, below 0 if they lie apart.

    Examples
    --------
    >>> ones = np.ones(4)
    >>> interval_overlap(np.array([0.0, 1.0, -2.0, 3.0]), ones, ones)
    array([ 1. ,  0.5,  0. , -0.5])
    """
    nested = 2 * np.minimum(half, other_half)
    shared = np.minimum(nested, half + other_half - np.abs(difference))
    return (shared / half + shared / other_half) / 4


MEASURES = (
    Measure(
        "hazard_interval_overlap",
        "Overlap of hazard ratio intervals",
        "clinical",
        "maximise",
        (float("-inf"), 1.0),
        "Share of the 95% interval of each hazard ratio that real and synthetic patients have in "
        "common; 1 is the same interval, below 0 a gap between them.",
        frozenset({"survival"}),
        "holdout",
        hazard_interval_overlap,
    ),
)
