"""How are marginals counted across hospitals: one sum, with the noise shared?

For the generators that learn from counts. The plan of counts is public; each
site adds its share of the noise to its counts before they are covered. A round
may end without some of its sites, so the noise is dealt as if only those came
that must stay, less those that may collude: who stays beyond them adds noise
that nobody counts on.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...dictionary import DataDictionary
from ...generators import FittedModel, get
from ...generators.count_plan import CountPlan
from ...generators.learnt import learnt
from .one_sum import OneSum, require_settings, variables_of, whole_number_terms
from .procedure import Contribution, Given, Plan

if TYPE_CHECKING:
    from ..study.study import Study

_NO_MODEL = hashlib.sha256(b"").digest()
SETTINGS = ("seed",)
LARGEST_COUNT = 10_000_000
"""Patients in a cell, noise included, that are expected at most."""


class Counting:
    """`marginal` and `independent` as studies.

    Parameters
    ----------
    name : {"marginal", "independent"}

    Examples
    --------
    >>> from synthema_lab.federation.study.example import example_study
    >>> plan = Counting("marginal").plan(example_study(), DataDictionary.load("leuksurv"))
    >>> len(plan.lengths), len(plan.events) > 0
    (1, True)
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def terms(self, sites: int, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Whole numbers, with room for large sites; see `Procedure.terms`."""
        return whole_number_terms(sites, LARGEST_COUNT)

    def plan(self, study: Study, dictionary: DataDictionary) -> Plan:
        """One opening; see `Procedure.plan`."""
        counts = count_plan(study, dictionary)
        return Plan((counts.length,), counts.events)

    def task(self, given: Given) -> CountingTask:
        """A site's counts; see `Procedure.task`."""
        return CountingTask(given)

    def assembly(
        self, study: Study, dictionary: DataDictionary, sites: tuple[str, ...], shares: int
    ) -> CountingAssembly:
        """The model of the summed counts; see `Procedure.assembly`."""
        return CountingAssembly(study, count_plan(study, dictionary), shares)


def count_plan(study: Study, dictionary: DataDictionary) -> CountPlan:
    """The counts that a study asks for.

    Raises
    ------
    StudyRefused
        If a setting or a variable is unknown.
    """
    require_settings(study, SETTINGS)
    names = variables_of(study, dictionary)
    return get(study.generator).plan(dictionary, names, study.budget.epsilon, study.budget.delta)


class CountingTask:
    """A site's noisy counts. Parameters as `Given`."""

    def __init__(self, given: Given) -> None:
        self._given = given
        self._plan = count_plan(given.study, given.dictionary)

    def contribution(self, opening: int, model: bytes) -> Contribution:
        """The counts with this site's share of the noise, freshly drawn."""
        vector = self._plan.vector(self._given.patients, self._given.shares)
        return Contribution(vector, hashlib.sha256(model).digest())


class CountingAssembly(OneSum):
    """The model of one opened sum.

    Parameters
    ----------
    study : Study
    plan : CountPlan
    shares : int
        As in `Given`.
    """

    model, digest = b"", _NO_MODEL

    def __init__(self, study: Study, plan: CountPlan, shares: int) -> None:
        super().__init__()
        self._study, self._plan, self._shares = study, plan, shares

    def result(self, progress: Callable[[float], None] | None = None) -> FittedModel:
        """The model; its release bears the study's hash."""
        study = self._study
        opened = self._plan.opened(study.hash[:32], self.total)
        return learnt(
            self._plan, opened, asked=study.budget.epsilon, delta=study.budget.delta,
            colluding=study.budget.colluding, sites=self.sites, counted=self._shares,
            checked=True, seed=int(dict(study.settings).get("seed", 0)), progress=progress,
        )  # fmt: skip

    def save(self) -> bytes:
        """The sum and how many sites are in it."""
        if self.total is None:
            return b""
        content = io.BytesIO()
        np.savez(content, total=self.total, sites=self.sites)
        return content.getvalue()

    def restore(self, saved: bytes) -> None:
        """Go on from what `save` gave."""
        if saved:
            with np.load(io.BytesIO(saved), allow_pickle=False) as content:
                self.total, self.sites = content["total"], int(content["sites"])
