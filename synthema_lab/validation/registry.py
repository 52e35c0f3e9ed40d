"""Which measures are there, and what does each declare?"""

from __future__ import annotations

import math

import pandas as pd

from synthema_lab.dictionary.spelling import nearest
from synthema_lab.errors import ArgumentRefused

from . import (
    added_value,
    association,
    attribute_inference,
    closest,
    co_occurrence,
    curves,
    group_contrasts,
    group_order,
    hazard_overlap,
    hazards,
    linkability,
    membership,
    membership_worst,
    model_ranking,
    precision_recall,
    propensity,
    published_findings,
    rare_categories,
    restricted_mean,
    rules,
    singling_out,
    small_groups,
    transfer,
    two_sample,
    two_sample_linear,
    univariate,
    verbatim,
)
from .metric import GROUPS, Measure

MEASURES: tuple[Measure, ...] = (
    *univariate.MEASURES,
    *two_sample.MEASURES,
    *association.MEASURES,
    *two_sample_linear.MEASURES,
    *propensity.MEASURES,
    *precision_recall.MEASURES,
    *rare_categories.MEASURES,
    *curves.MEASURES,
    *hazards.MEASURES,
    *transfer.MEASURES,
    *model_ranking.MEASURES,
    *added_value.MEASURES,
    *restricted_mean.MEASURES,
    *hazard_overlap.MEASURES,
    *group_order.MEASURES,
    *co_occurrence.MEASURES,
    *group_contrasts.MEASURES,
    *published_findings.MEASURES,
    *rules.MEASURES,
    *membership.MEASURES,
    *membership_worst.MEASURES,
    *attribute_inference.MEASURES,
    *singling_out.MEASURES,
    *linkability.MEASURES,
    *small_groups.MEASURES,
    *verbatim.MEASURES,
    *closest.MEASURES,
)
"""Every measure. A new one is added here; floor, ceiling and table follow by themselves."""

MEASURES = tuple(sorted(MEASURES, key=lambda measure: list(GROUPS).index(measure.group)))


def measures_of(metrics: str) -> tuple[Measure, ...]:
    """The measures of a set.

    Parameters
    ----------
    metrics : {"quick", "standard"}

    Examples
    --------
    >>> set(measures_of("quick")) <= set(measures_of("standard"))
    True
    """
    return tuple(known for known in MEASURES if metrics != "quick" or not known.standard_only)


def measure(name: str) -> Measure:
    """One measure by name.

    Raises
    ------
    ArgumentRefused
        For a name that is not known, with the nearest one.

    Examples
    --------
    >>> measure("km_gap").goal
    'minimise'
    """
    for known in MEASURES:
        if known.name == name:
            return known
    names = [known.name for known in MEASURES]
    near = nearest(str(name), names)
    raise ArgumentRefused(
        f"There is no measure named '{name}'.",
        f"One of: {', '.join(names)}.",
        f"Did you mean '{near}'?" if near else "See synthema_lab.validation.describe().",
    )


def describe() -> pd.DataFrame:
    """All measures, one row each: group, goal, range, needs, ceiling, set and meaning.

    Examples
    --------
    >>> describe().loc["c_index", "goal"]
    'maximise'
    """
    rows = {
        known.name: {
            "group": known.group,
            "label": known.label,
            "goal": known.goal,
            "range": tuple(limit if math.isfinite(limit) else None for limit in known.range),
            "needs": ", ".join(sorted(known.needs)) or "-",
            "ceiling": known.ceiling,
            "set": "standard" if known.standard_only else "quick",
            "meaning": known.meaning,
        }
        for known in MEASURES
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("metric")
