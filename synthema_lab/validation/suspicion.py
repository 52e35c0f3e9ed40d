"""Is there a sign that the comparison itself is wrong?

Floors, ceilings and attacks rest on two things: the patients learnt from and those
held out are of one kind, and the real table is the real one. If the held-out
patients can be told from the training patients, one of the two does not hold. If
moreover they cannot be told from the synthetic rows as easily, the real and the
synthetic table are likely to have been swapped.
"""

from __future__ import annotations

import math

from .result import Validation

APART = 0.6
"""Area under the ROC curve from which two tables are surely not of one kind."""


def suspicions(validation: Validation) -> tuple[str, ...]:
    """What a reader must clear up before relying on any number.

    Parameters
    ----------
    validation : Validation

    Returns
    -------
    tuple of str
        Sentences without a full stop; none found is no proof.

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> from synthema_lab.generators import floor_table
    >>> from synthema_lab.validation import validate
    >>> cohort = load_cohort("leuksurv")
    >>> train, held = (part.patients for part in cohort.split(0.4))
    >>> synthetic = floor_table(train, cohort.dictionary, 500, 1)
    >>> suspicions(validate(train, synthetic, cohort.dictionary, held, draws=20))
    ()
    >>> early, late = cohort.patients[:500], cohort.patients[500:]  # by survival time
    >>> suspicions(validate(early, synthetic, cohort.dictionary, late, draws=20))[0][:53]
    'held-out patients can be told from the training ones,'
    """
    bounds = validation.curves.get("bounds")
    if bounds is None or not (bounds["metric"] == "c2st_auc").any():
        return ()
    ceiling = bounds.set_index("metric").loc["c2st_auc"]
    if not math.isfinite(ceiling["ceiling_low"]) or ceiling["ceiling_low"] <= APART:
        return ()
    return (
        f"held-out patients can be told from the training ones, which are of one kind if both were "
        f"drawn from the same table (classifier AUC {ceiling['ceiling']:.2f}, 95% "
        f"{ceiling['ceiling_low']:.2f} to {ceiling['ceiling_high']:.2f}): neither ceilings nor "
        "attacks can be relied on; the split was not at random, or the real and the synthetic "
        "table were swapped",
    )
