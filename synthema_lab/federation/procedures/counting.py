"""How are counts and moments summed across hospitals, with the noise shared?

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
from .one_sum import require_settings, variables_of, whole_number_terms
from .procedure import Contribution, Given, Plan

if TYPE_CHECKING:
    from ...secure_aggregation import OpenedSum
    from ..study.study import Study

_WIRE = "<i8"
SETTINGS = ("seed",)
LARGEST_COUNT = 100_000_000
"""The largest number in a sum that is expected, noise included: of a moment, in its steps."""


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
    (2, True)
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.openings = get(name).openings

    def terms(self, sites: int, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Whole numbers, with room for large sites; see `Procedure.terms`."""
        return whole_number_terms(sites, LARGEST_COUNT)

    def plan(self, study: Study, dictionary: DataDictionary) -> Plan:
        """Counts, and moments where the method has them; see `Procedure.plan`."""
        counts = count_plan(study, dictionary)
        return Plan(counts.lengths, counts.events)

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
        """Counts, then moments, with this site's share of the noise, freshly drawn."""
        before = np.frombuffer(model, dtype=_WIRE).astype(np.int64) if opening else None
        vector = self._plan.vector(self._given.patients, self._given.shares, before)
        return Contribution(vector, hashlib.sha256(model).digest())


class CountingAssembly:
    """The model of the opened sums.

    Parameters
    ----------
    study : Study
    plan : CountPlan
    shares : int
        As in `Given`.
    """

    def __init__(self, study: Study, plan: CountPlan, shares: int) -> None:
        self._study, self._plan, self._shares = study, plan, shares
        self._totals: list[np.ndarray] = []
        self._sites: list[int] = []

    @property
    def model(self) -> bytes:
        """The opened counts, from which every site makes the same features."""
        return self._totals[0].astype(_WIRE).tobytes() if self._totals else b""

    @property
    def digest(self) -> bytes:
        """Digest of `model`."""
        return hashlib.sha256(self.model).digest()

    def take(self, opened: OpenedSum) -> None:
        """Keep the sum."""
        self._totals.append(np.asarray(opened.total, dtype=np.int64))
        self._sites.append(len(opened.survivors))

    def result(self, progress: Callable[[float], None] | None = None) -> FittedModel:
        """The model; its release bears the study's hash."""
        study = self._study
        opened = self._plan.opened(study.hash[:32], self._totals)
        return learnt(
            self._plan, opened, asked=study.budget.epsilon, delta=study.budget.delta,
            colluding=study.budget.colluding, sites=min(self._sites), counted=self._shares,
            checked=True, seed=int(dict(study.settings).get("seed", 0)), progress=progress,
        )  # fmt: skip

    def save(self) -> bytes:
        """The sums and how many sites are in each."""
        if not self._totals:
            return b""
        content = io.BytesIO()
        named = {f"total_{i}": total for i, total in enumerate(self._totals)}
        np.savez(content, sites=np.asarray(self._sites), **named)
        return content.getvalue()

    def restore(self, saved: bytes) -> None:
        """Go on from what `save` gave."""
        if saved:
            with np.load(io.BytesIO(saved), allow_pickle=False) as content:
                self._sites = [int(sites) for sites in content["sites"]]
                self._totals = [content[f"total_{i}"] for i in range(len(self._sites))]
