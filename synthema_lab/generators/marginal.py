"""How is a joint distribution learnt from counts and moments? (the flagship)

Two openings, of lengths that are public. First every variable alone, and time
with event: counts. Then, with numbers that these counts centre, the moment of
each pair of variables and of each covariate with the outcome, all at once. The
pairs whose moment stands out of its noise are held by a log-linear model under
the dictionary's rules, as many as exact inference allows; choosing them looks
at opened sums only and costs nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from ..dictionary import DataDictionary
from .count_plan import CountPlan
from .counts import Clique
from .encoder import Encoder
from .features import outcome_places
from .measured import fit_measured
from .model import FittedModel

_ONE_WAY, _TIME_EVENT, _OUTCOME, _PAIRS = 0.40, 0.06, 0.32, 0.22
"""Shares of the budget."""
_CELLS_POWER = 2 / 3
"""A variable alone weighs by this power of its number of cells: the least mean absolute error."""


class Marginal:
    """Counts of each variable and moments of each pair, joined by a log-linear model."""

    name = "marginal"
    openings = 2
    """How many sums it opens, one after the other."""
    title = "Counts and moments, joined by a log-linear model"
    use_when = "by default: for a stated privacy budget, and across hospitals"
    privacy = "differentially private by a proven bound when epsilon is given"
    federated = "yes, by two secure sums; equal to the pooled fit when noise is off"

    def fit(
        self, tables: Sequence[pd.DataFrame], dictionary: DataDictionary, **settings: object
    ) -> FittedModel:
        """Learn from one table a site; settings as in `fit_measured`."""
        return fit_measured(self.name, _workload, tables, dictionary, patterns=True, **settings)

    def plan(
        self, dictionary: DataDictionary, columns: Collection[str], epsilon: float | None,
        delta: float = 1e-5,
    ) -> CountPlan:  # fmt: skip
        """What every site counts, before any patient is read."""
        return CountPlan.of(self.name, _workload, dictionary, columns, epsilon, delta, True)


def _workload(encoder: Encoder, noisy: bool) -> tuple[list[Clique], list[float], dict[str, float]]:
    """All variables alone, time with event, and both vectors of moments.

    Without noise the tables that the dictionary's workload names are counted too: they cost
    nothing then, and say more than a moment.
    """
    cliques: list[Clique] = [(place,) for place in range(len(encoder.names))]
    power = np.asarray([max(size - 1, 1) ** _CELLS_POWER for size in encoder.sizes])
    weights = list(_ONE_WAY * power / power.sum())
    of_vectors = {"pairs": _PAIRS}
    if (outcome := outcome_places(encoder)) is not None:
        cliques.append(tuple(sorted(outcome)))
        weights.append(_TIME_EVENT)
        of_vectors["outcome"] = _OUTCOME
    if not noisy:
        place = {name: number for number, name in enumerate(encoder.names)}
        named = [c for c in encoder.dictionary.workload if all(name in place for name in c)]
        cliques += [tuple(sorted(place[name] for name in clique)) for clique in named]
        cliques = list(dict.fromkeys(cliques))
    return cliques, weights, of_vectors
