"""Which small tables does a notebook show between its figures?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import nbformat
import numpy as np
import pandas as pd

from ..cohorts import Cohort
from ..dictionary import DataDictionary
from ..generators import FittedModel, Marginal
from ..privacy import epsilon_of
from ..validation import Validation
from .attacked import shadowed
from .differences import differences, of_kind
from .display import interval, number
from .good_for import uses
from .histograms import Histogram, histogram
from .kept import recomputed, rules_compared
from .methods import compare_methods
from .paths import notebooks_folder
from .scarcity import rows_drawn
from .together import odds_ratios

__all__ = [
    "HEADLINES",
    "Histogram",
    "agreement",
    "caveats",
    "compare_methods",
    "differences",
    "headlines",
    "histogram",
    "notebooks",
    "odds_ratios",
    "of_kind",
    "recomputed",
    "rows_drawn",
    "rules_compared",
    "rules_kept",
    "shadowed",
    "sizes",
    "spent",
    "uses",
    "workload",
]


def notebooks() -> pd.DataFrame:
    """The notebooks of the project, with the question that each answers.

    Returns
    -------
    pandas.DataFrame
        Columns ``notebook`` and ``question``, in reading order.
    """
    rows = []
    for path in sorted(notebooks_folder().glob("[0-9]*.ipynb")):
        first = nbformat.read(path, as_version=4).cells[0].source.splitlines()[0]
        rows.append({"notebook": path.stem, "question": first.lstrip("# ")})
    return pd.DataFrame(rows, columns=["notebook", "question"])


def sizes(cohorts: Mapping[str, Cohort]) -> pd.DataFrame:
    """Patients, events and follow-up of several cohorts, one row each.

    Median follow-up is the Kaplan-Meier median of the time to censoring
    (reverse Kaplan-Meier; Schemper and Smith 1996).
    """
    from lifelines import KaplanMeierFitter

    rows = []
    for name, cohort in cohorts.items():
        row: dict[str, object] = {"part": name, "patients": len(cohort.patients)}
        survival = cohort.dictionary.survival
        if survival is not None:
            known = cohort.patients.dropna(subset=[survival.time, survival.event])
            time = known[survival.time].astype(float)
            event = known[survival.event].astype(int)
            unit = cohort.dictionary.variables[survival.time].unit
            median = KaplanMeierFitter().fit(time, 1 - event).median_survival_time_
            row |= {"events": int(event.sum()), f"median follow-up ({unit})": round(float(median))}
        rows.append(row)
    return pd.DataFrame(rows)


def workload(dictionary: DataDictionary) -> pd.DataFrame:
    """What `marginal` opens of a cohort with this dictionary, and how many numbers that is."""
    plan = Marginal().plan(dictionary, dictionary.modelled, 3.0)
    encoder = plan.encoder
    rows = [
        {
            "opened": " x ".join(encoder.names[place] for place in clique),
            "numbers": int(np.prod([encoder.sizes[place] for place in clique])),
        }
        for clique in plan.cliques
    ]
    rows += [
        {"opened": f"moments: {_MOMENTS[one.name]}", "numbers": one.length} for one in plan.vectors
    ]
    return pd.DataFrame(rows)


_MOMENTS = {
    "outcome": "the outcome with each variable",
    "pairs": "each variable with each other",
}


def agreement(one: FittedModel, other: FittedModel) -> pd.DataFrame:
    """Do two fits rest on the same sums? One row a kind of difference, all 0 when equal.

    Parameters
    ----------
    one, other : FittedModel
        Fitted with noise off, by four sites and by one custodian, say.
    """
    of_one, of_other = (
        [*model.opened.sums, *(vector.sums for vector in model.opened.vectors)]
        for model in (one, other)
    )
    pairs = list(zip(of_one, of_other, strict=True))
    same_potentials = all(
        np.array_equal(a, b)
        for a, b in zip(one.graph.potentials, other.graph.potentials, strict=True)
    )
    return pd.DataFrame(
        [
            {"compared": "opened vectors", "number": len(pairs),
             "different": sum(not np.array_equal(a, b) for a, b in pairs)},
            {"compared": "numbers in them", "number": sum(a.size for a, _ in pairs),
             "different": int(sum((a != b).sum() for a, b in pairs))},
            {"compared": "fitted models", "number": 1, "different": int(not same_potentials)},
        ]
    )  # fmt: skip


def rules_kept(cohort: pd.DataFrame, dictionary: DataDictionary) -> pd.DataFrame:
    """How often each rule of the dictionary is broken in a table.

    Returns
    -------
    pandas.DataFrame
        Columns ``rule``, ``meaning``, ``broken`` (rows) and ``undecided`` (rows).
    """
    decidable, undecidable = dictionary.decidable(cohort.columns)
    rows = []
    for rule in decidable:
        held = np.asarray(rule.holds(cohort))
        rows.append(
            {"rule": rule.name, "meaning": rule.text, "broken": int((held == 0).sum()),
             "undecided": int((held == -1).sum())}
        )  # fmt: skip
    rows += [
        {"rule": rule.name, "meaning": rule.text, "broken": None, "undecided": len(cohort)}
        for rule in undecidable
    ]
    return pd.DataFrame(rows, columns=["rule", "meaning", "broken", "undecided"])


def caveats(dictionary: DataDictionary) -> pd.DataFrame:
    """What to know before using each variable, as the dictionary says."""
    rows = [
        {"variable": variable.label, "caveat": variable.caveat}
        for variable in dictionary.variables.values()
        if variable.caveat
    ]
    return pd.DataFrame(rows, columns=["variable", "caveat"])


def spent(models: Mapping[str, FittedModel]) -> pd.DataFrame:
    """What several releases from the same patients cost, each and all together.

    Returns
    -------
    pandas.DataFrame
        Columns ``release``, ``epsilon``, ``delta``; the last row composes all
        events, which is less than their sum.
    """
    delta = max(float(model.privacy["delta"]) for model in models.values())
    rows = [
        {"release": name, "epsilon": round(float(model.privacy["epsilon"]), 2), "delta": delta}
        for name, model in models.items()
    ]
    events = [event for model in models.values() for event in model.opened.events()]
    together = round(epsilon_of(events, delta), 2)
    return pd.DataFrame([*rows, {"release": "all together", "epsilon": together, "delta": delta}])


HEADLINES = (
    "c2st_auc",
    "km_gap",
    "km_gap_by_group",
    "log_hr_error",
    "c_index",
    "membership_tpr",
    "membership_auc",
    "rules_broken",
)
"""The metrics that a reader sees first."""


def headlines(
    found: Mapping[str, Validation],
    epsilons: Mapping[str, float | None] | None = None,
    metrics: Sequence[str] = HEADLINES,
) -> pd.DataFrame:
    """Metrics of several synthetic cohorts side by side.

    Parameters
    ----------
    found : mapping of str to Validation
        Made against the same real patients.
    epsilons : mapping of str to float or None, optional
        Epsilon spent on each cohort, None for a table that is not for release; without
        the mapping there is no such row.
    metrics : sequence of str
        Names of metrics, by default those that a reader sees first.

    Returns
    -------
    pandas.DataFrame
        One row a metric, one column a cohort, then ``ceiling`` (real patients
        against real patients, or chance for an attack) and ``best``. Every
        cell but the last two holds a value and its 95% interval.
    """
    first = next(iter(found.values()))
    rows = []
    for name in metrics:
        row: dict[str, str] = {"metric": first[name].label}
        for cohort, validation in found.items():
            metric = validation[name]
            row[cohort] = interval(metric.value, metric.low, metric.high)
        rows.append(row | {"ceiling": number(first[name].ceiling), "best": first[name].direction})
    if epsilons is None:
        return pd.DataFrame(rows)
    spent = {
        cohort: "not for release" if epsilons[cohort] is None else f"{epsilons[cohort]:.2f}"
        for cohort in found
    }
    return pd.DataFrame(
        [*rows, {"metric": "Epsilon spent", **spent, "ceiling": "", "best": "smaller"}]
    )
