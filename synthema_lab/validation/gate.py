"""Is there a reason that forbids releasing this synthetic table?

Two findings forbid it whatever else is good: an attack that recognises
training patients, and rows that reproduce training patients more often than
held-out patients do. Passing is not a permission: an attack without power
proves nothing, and the custodian decides.
"""

from __future__ import annotations

import math

from .result import Validation

TIMES_CHANCE = 3.0
"""Membership is recognised where the interval lies above this many times chance."""


def refusals(validation: Validation) -> tuple[str, ...]:
    """Reasons to refuse a release; none found gives an empty tuple.

    Parameters
    ----------
    validation : Validation

    Returns
    -------
    tuple of str
        Sentences with the figures that led to them.
    """
    reasons = []
    found = validation["membership_tpr"]
    if math.isfinite(found.low) and found.low > TIMES_CHANCE * found.ceiling:
        reasons.append(
            f"an attack recognises {found.value:.0%} of the training patients at 1% false alarms "
            f"(95% interval {found.low:.1%} to {found.high:.1%}; chance {found.ceiling:.0%})"
        )
    copies = validation["row_copies"]
    by_chance = copies.ceiling if math.isfinite(copies.ceiling) else 0.0
    if math.isfinite(copies.low) and copies.low > by_chance:
        reasons.append(
            f"{copies.value:.0%} of the synthetic rows equal a training patient in every variable "
            f"(95% interval {copies.low:.1%} to {copies.high:.1%}; held-out patients "
            f"{by_chance:.1%})"
        )
    return tuple(reasons)
