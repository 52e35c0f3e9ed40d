"""What is a synthetic cohort good for, as one table with the reasons?"""

from __future__ import annotations

import math

import pandas as pd

from ..validation import Validation
from ..validation.uses import CARE, GOOD, NEVER, NOT, UNKNOWN
from ..validation.uses import uses as found_uses
from .display import number


def uses(validation: Validation) -> pd.DataFrame:
    """Every use, how far it is supported, and by which numbers.

    Parameters
    ----------
    validation : Validation

    Returns
    -------
    pandas.DataFrame
        Columns ``use``, ``supported`` ("good for", "with care", "not for" or "not known")
        and ``because``: each metric with its value, floor and ceiling.

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> from synthema_lab.validation import validate
    >>> cohort = load_cohort("leuksurv")
    >>> train, other = (part.patients for part in cohort.split(0.3))
    >>> table = uses(validate(train, train, cohort.dictionary, other, draws=20))
    >>> table.loc[table["use"] == "the survival curve of all patients", "supported"].item()
    'good for'
    """
    rows = []
    for use in found_uses(validation):
        told = [
            f"{metric.label} {number(metric.value)} (floor {number(metric.floor)}, ceiling "
            f"{number(metric.ceiling)})"
            for metric in use.metrics
            if math.isfinite(metric.value)
        ]
        because = "; ".join(told) or "; ".join(metric.note for metric in use.metrics)
        rows.append({"use": use.use, "supported": use.level, "because": because})
    rows += [{"use": use, "supported": NOT, "because": "whatever the metrics say"} for use in NEVER]
    order = {level: place for place, level in enumerate((GOOD, CARE, UNKNOWN, NOT))}
    return pd.DataFrame(rows).sort_values(
        "supported", key=lambda level: level.map(order), kind="stable", ignore_index=True
    )
