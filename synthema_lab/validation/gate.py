"""Is there a reason that forbids releasing this synthetic table?

Some findings forbid it whatever else is good: an attack that recognises
training patients, rows that reproduce training patients more often than
held-out patients do, and rows that lie closer to real patients than real
patients do to each other. Passing is not a permission: an attack without power
proves nothing, and the custodian decides.
"""

from __future__ import annotations

import math

from .result import Validation

NEAR_COPIES = 0.45
"""An AUC whose interval lies below this, where chance is 0.5, is what near copies give.

Between fair splits of the registry cohort it varies by 0.024 (standard deviation)."""
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
    closer = validation["c2st_auc"]
    if math.isfinite(closer.high) and closer.high < NEAR_COPIES:
        reasons.append(
            f"the synthetic rows lie closer to the training patients than real patients do "
            f"(classifier AUC {closer.value:.2f}, at most {closer.high:.2f}), as near copies do"
        )
    ranked = validation["membership_auc"]
    if math.isfinite(ranked.high) and ranked.high < NEAR_COPIES:
        reasons.append(
            f"the synthetic rows lie closer to the held-out patients than to the training patients "
            f"(attack AUC {ranked.value:.2f}, at most {ranked.high:.2f}), as if made from them"
        )
    copies = validation["row_copies"]
    by_chance = copies.ceiling if math.isfinite(copies.ceiling) else 0.0
    if math.isfinite(copies.low) and copies.low > by_chance:
        reasons.append(
            f"{copies.value:.1%} of {copies.n} synthetic rows equal a training patient in every "
            f"variable (95% interval {copies.low:.1%} to {copies.high:.1%}; held-out patients "
            f"{by_chance:.1%})"
        )
    return tuple(reasons)
