"""What is a table good for, and what is it not?

Each use hangs on one or two metrics. A metric counts as reached where it lies within a
quarter of the way from the ceiling (other real patients) to the floor (every variable by
itself), or beyond the ceiling; as partly reached up to half of the way; else as lost.
Where floor and ceiling cannot be told apart, it tells nothing: where they lie nearer to
each other than half of what the metric's own interval reaches to one side. Nothing here is about
privacy, which the verdict is about.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from .metric import Metric
from .result import Validation

REACHED, PARTLY = 0.25, 0.5
GOOD, CARE, NOT, UNKNOWN = "good for", "with care", "not for", "not known"

USES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("distributions of single variables", ("univariate_distance",)),
    ("how variables go together", ("c2st_auc",)),
    ("the survival curve of all patients", ("km_gap",)),
    ("survival by risk group", ("km_gap_by_group",)),
    ("effects of prognostic factors", ("log_hr_error",)),
    ("rehearsing a prognostic model", ("c_index", "outcome_auc")),
    ("choosing between kinds of model", ("model_ranking",)),
    ("which findings occur together", ("co_occurrence_error",)),
    ("differences between risk groups", ("contrast_error",)),
    ("rare values", ("rare_coverage",)),
)
NEVER = (
    "tests and intervals as if the rows were patients",
    "decisions about a patient",
    "rare kinds of patients beyond the real ones behind them",
)
"""Not for these, whatever the metrics say."""


@dataclass(frozen=True)
class Use:
    """One use, and how far it is supported.

    Attributes
    ----------
    use : str
    level : {"good for", "with care", "not for", "not known"}
    metrics : tuple of Metric
        What it hangs on.
    """

    use: str
    level: str
    metrics: tuple[Metric, ...]


def uses(validation: Validation) -> tuple[Use, ...]:
    """Every use whose metrics were asked for.

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> from synthema_lab.validation import validate
    >>> cohort = load_cohort("leuksurv")
    >>> train, other = cohort.patients[:500], cohort.patients[500:800]
    >>> uses(validate(train, train, cohort.dictionary, other, draws=20))[4].level
    'good for'
    """
    return tuple(_found(validation))


def uses_by_level(validation: Validation) -> dict[str, list[str]]:
    """Names of the uses of each level; those that no metric can support are among ``not for``."""
    found = {level: [] for level in (GOOD, CARE, NOT, UNKNOWN)}
    for use in uses(validation):
        found[use.level].append(use.use)
    found[NOT] += NEVER
    return found


def way_to_the_floor(metric: Metric) -> float:
    """Where a value lies from the ceiling, at 0, to the floor, at 1; not a number if unknown.

    Beyond the ceiling it is 0, and below the floor more than 1. Unknown, too, where floor
    and ceiling are nearer to each other than a quarter of the width of the interval.

    Examples
    --------
    >>> way_to_the_floor(Metric("clinical", "km_gap", "", "minimise", (0, 1), 0.1, floor=0.3,
    ...                         ceiling=0.05))
    0.2
    """
    if not all(map(math.isfinite, (metric.value, metric.floor, metric.ceiling))):
        return math.nan
    value, floor, ceiling = (
        (abs(one - metric.goal) if isinstance(metric.goal, float) else one)
        for one in (metric.value, metric.floor, metric.ceiling)
    )
    sign = -1.0 if metric.goal == "maximise" else 1.0
    whole = sign * (floor - ceiling)
    if whole <= 0 or (metric.high - metric.low) / 4 > whole:
        return math.nan
    return max(0.0, round(sign * (value - ceiling) / whole, 6))


def _found(validation: Validation) -> Iterator[Use]:
    by_name = {metric.name: metric for metric in validation}
    for use, names in USES:
        metrics = tuple(by_name[name] for name in names if name in by_name)
        if not metrics:
            continue
        ways = [way_to_the_floor(metric) for metric in metrics]
        known = [way for way in ways if way == way]
        if not known:
            level = UNKNOWN
        else:
            level = GOOD if max(known) <= REACHED else CARE if max(known) <= PARTLY else NOT
        yield Use(use, level, metrics)
