"""How is a joint distribution learnt from a few clinical marginals? (the flagship)

The workload is public: every variable alone, then the pairs the dictionary
names, those with the outcome first. The counts are summed over the sites, the
joint distribution is estimated under the dictionary's rules.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from ..dictionary import DataDictionary
from .count_plan import CountPlan
from .counts import Clique
from .encoder import Encoder
from .measured import fit_measured
from .model import FittedModel

_ONE_WAY_SHARE = 0.2


class Marginal:
    """Marginals of a public clinical workload, joined by a graphical model."""

    name = "marginal"
    title = "Marginals of a clinical workload"
    use_when = "by default: for a stated privacy budget, and across hospitals"
    privacy = "differentially private by a proven bound when epsilon is given"
    federated = "yes, by secure-summed counts; equal to the pooled fit when noise is off"

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


def _workload(encoder: Encoder) -> tuple[list[Clique], list[float]]:
    """One-way marginals share a fifth of the budget, the dictionary's cliques the rest."""
    position = {name: place for place, name in enumerate(encoder.names)}
    alone: list[Clique] = [(place,) for place in position.values()]
    together = [
        tuple(sorted(position[name] for name in clique))
        for clique in encoder.dictionary.workload
        if all(name in position for name in clique)
    ]
    together = list(dict.fromkeys(together))
    if not together:
        return alone, [1.0] * len(alone)
    weights = [_ONE_WAY_SHARE / len(alone)] * len(alone)
    weights += [(1 - _ONE_WAY_SHARE) / len(together)] * len(together)
    return [*alone, *together], weights
