"""Which generator keeps how much of one cohort, over several divisions of its patients?

Every method learns from the same patients and is judged against the same ones
held out; then the patients are divided anew. What one division shows may be
luck, so that a number is told as a median with its range.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from tqdm import tqdm

from ..cohorts import Cohort
from ..errors import ArgumentRefused
from ..generators import FittedModel, get
from ..validation import Metric, prepare, validate
from .display import html_table, number, text_table
from .fitting import fit

SHORT = {
    "univariate_distance": "single variables",
    "c2st_auc": "two-sample test",
    "km_gap": "survival gap",
    "log_hr_error": "log hazard ratio error",
    "c_index": "C-index",
    "membership_tpr": "members found",
}
"""The metrics, and what stands above their columns."""

COLUMNS = ("method", "private", "division", "metric", "label", "best", "value", "floor",
           "ceiling")  # fmt: skip
_BUDGET = "@"
_FEWEST_DRAWS = 20


@dataclass(frozen=True)
class Method:
    """A generator with its privacy budget.

    Attributes
    ----------
    generator : str
    epsilon : float or None
        None where no privacy is stated.

    Examples
    --------
    >>> print(Method.read("marginal@3"), Method.read("trees"), sep="; ")
    marginal, epsilon 3; trees
    """

    generator: str
    epsilon: float | None = None

    @classmethod
    def read(cls, text: str) -> Method:
        """From the name of a generator, and ``@`` and a budget.

        Raises
        ------
        ArgumentRefused
            If there is no such generator, or the budget is no positive number.
        """
        generator, _, budget = str(text).partition(_BUDGET)
        get(generator)
        try:
            epsilon = float(budget) if budget else None
        except ValueError:
            epsilon = -1.0
        if epsilon is not None and not 0 < epsilon < float("inf"):
            raise ArgumentRefused(
                f"The privacy budget of the method {generator} is not a number above 0.",
                "The name of a generator, then @ and epsilon where it keeps a budget.",
                'For example "marginal@3" or "trees".',
            )
        return cls(generator, epsilon)

    def __str__(self) -> str:
        budget = "" if self.epsilon is None else f", epsilon {self.epsilon:g}"
        return f"{self.generator}{budget}"


@dataclass(frozen=True, repr=False)
class Comparison:
    """What each method reached in each division.

    Attributes
    ----------
    scores : pandas.DataFrame
        One row a method, division and metric: value, floor and ceiling, and
        whether the method states its privacy.
    seconds : pandas.DataFrame
        One row a method and division: how long the fit took, here and now.
    models : mapping of str to FittedModel
        Those that keep a privacy budget, by a name for their file.
    """

    scores: pd.DataFrame
    seconds: pd.DataFrame
    models: Mapping[str, FittedModel]

    def table(self) -> pd.DataFrame:
        """One row a method, one column a metric: median, smallest and largest value.

        Then the floor, the ceiling, and which direction is better.
        """
        parts = {str(name): part for name, part in self.scores.groupby("metric", sort=False)}
        rows = [
            {"method": method, **{SHORT[name]: _told(part[part["method"] == method]["value"])
                                  for name, part in parts.items()}}
            for method in dict.fromkeys(self.scores["method"])
        ]  # fmt: skip
        for bound in ("floor", "ceiling"):
            medians = {SHORT[name]: number(part[bound].median()) for name, part in parts.items()}
            rows.append({"method": bound, **medians})
        best = {SHORT[name]: part["best"].iloc[0] for name, part in parts.items()}
        return pd.DataFrame([*rows, {"method": "what is better", **best}])

    def costs(self) -> pd.DataFrame:
        """Seconds for one fit, median over the divisions; other on another machine."""
        median = self.seconds.groupby("method", sort=False)["seconds"].median()
        return median.round(1).rename("seconds for one fit").reset_index()

    def __repr__(self) -> str:
        return text_table(*_cells(self.table()))

    def _repr_html_(self) -> str:
        return html_table(*_cells(self.table()), "Median (smallest to largest)")


def compare_methods(
    cohort: Cohort,
    methods: Sequence[str],
    *,
    divisions: int = 3,
    holdout_share: float = 0.3,
    seed: int = 1,
    fresh_noise: bool = False,
    public: bool = False,
    progress: bool = True,
) -> Comparison:
    """Fit, draw and validate every method on several divisions of a cohort.

    Parameters
    ----------
    cohort : Cohort
    methods : sequence of str
        Names of generators, with ``@`` and epsilon where a budget is kept, such
        as ``"marginal@3"``, ``"trees"`` or ``"synthcity:arf"``.
    divisions : int
        Divisions into patients learnt from and held out, by a keyed hash of the
        pseudonym; each with fits and draws of its own.
    holdout_share : float
    seed : int
        Of the first division.
    fresh_noise : bool
        Ask for new releases, which are charged again.
    public : bool
        See ``lab.fit``.
    progress : bool

    Returns
    -------
    Comparison

    Raises
    ------
    ArgumentRefused
        Before anything is fitted: an unknown or repeated method, or no division.
    BudgetExhausted
        Every division of a method with a budget is a release of its own.
    """
    asked = [Method.read(text) for text in methods]
    if not asked or len(set(asked)) < len(asked) or divisions < 1:
        raise ArgumentRefused(
            "The comparison cannot be made.",
            "At least one method, each named once, and at least one division.",
            'For example methods=["marginal@3", "trees"], divisions=3.',
        )
    scores: list[tuple[object, ...]] = []
    seconds: list[tuple[str, int, float]] = []
    models: dict[str, FittedModel] = {}
    hidden = not progress or bool(os.environ.get("TQDM_DISABLE"))
    with tqdm(total=divisions * len(asked), desc="Comparing", unit="fit", disable=hidden) as bar:
        for division in range(seed, seed + divisions):
            learnt_from, held_out = cohort.split(holdout_share, _key(division))
            reference = prepare(learnt_from.patients, held_out.patients, cohort.dictionary,
                                draws=_FEWEST_DRAWS, seed=division)  # fmt: skip
            for method in asked:
                started = time.perf_counter()
                model = fit({"all sites": learnt_from.patients}, cohort.dictionary,
                            method.generator, epsilon=method.epsilon, seed=division,
                            fresh_noise=fresh_noise, public=public, progress=False)  # fmt: skip
                took = time.perf_counter() - started
                found = validate(reference, model.sample(len(learnt_from.patients), division))
                seconds.append((str(method), division, took))
                kept = model.privacy is not None
                scores += [(str(method), kept, division, *_row(found[name])) for name in SHORT]
                if kept:
                    named = f"{method.generator}_epsilon_{method.epsilon:g}_division_{division}"
                    models[named.replace(":", "_")] = model
                bar.update()
    return Comparison(
        pd.DataFrame(scores, columns=list(COLUMNS)),
        pd.DataFrame(seconds, columns=["method", "division", "seconds"]),
        models,
    )


def _told(values: pd.Series) -> str:
    """Such as ``0.638 [0.621 to 0.655]``."""
    middle, low, high = (
        number(float(end)) for end in (values.median(), values.min(), values.max())
    )
    return f"{middle} [{low} to {high}]"


def _row(metric: Metric) -> tuple[object, ...]:
    return (metric.name, metric.label, metric.direction, metric.value, metric.floor, metric.ceiling)


def _key(division: int) -> bytes:
    return f"synthema-lab division {division}".encode()


def _cells(table: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    return [str(name) for name in table.columns], table.astype(str).values.tolist()
