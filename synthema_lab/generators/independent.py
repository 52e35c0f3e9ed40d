"""What is lost when every variable is learnt alone? The floor for every metric."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from ..dictionary import DataDictionary
from .count_plan import CountPlan
from .counts import Clique
from .encoder import Encoder
from .measured import fit_measured
from .model import FittedModel


class Independent:
    """One-way marginals only.

    Each variable keeps its own distribution and no relation to any other,
    except where a dictionary rule forbids a combination.
    """

    name = "independent"
    openings = 1
    """How many sums it opens, one after the other."""
    title = "Independent marginals"
    use_when = "as the floor: what a method must beat to have learnt anything"
    privacy = "differentially private by a proven bound when epsilon is given"
    federated = "yes, by secure-summed counts"

    def fit(
        self, tables: Sequence[pd.DataFrame], dictionary: DataDictionary, **settings: object
    ) -> FittedModel:
        """Learn from one table a site; settings as in `fit_measured`."""
        return fit_measured(self.name, _one_way, tables, dictionary, **settings)

    def plan(
        self, dictionary: DataDictionary, columns: Collection[str], epsilon: float | None,
        delta: float = 1e-5,
    ) -> CountPlan:  # fmt: skip
        """What every site counts, before any patient is read."""
        return CountPlan.of(self.name, _one_way, dictionary, columns, epsilon, delta)


def _one_way(encoder: Encoder, noisy: bool) -> tuple[list[Clique], list[float], dict[str, float]]:
    cliques: list[Clique] = [(position,) for position in range(len(encoder.columns))]
    return cliques, [1.0] * len(cliques), {}


def floor_table(
    patients: pd.DataFrame, dictionary: DataDictionary, rows: int, seed: int = 0
) -> pd.DataFrame:
    """A cohort in which no variable knows of another, for the floor of a metric.

    Parameters
    ----------
    patients : pandas.DataFrame
        Real patients, conformed; counted without noise, so the table stays
        with the custodian.
    dictionary : DataDictionary
    rows : int
    seed : int

    Returns
    -------
    pandas.DataFrame
        Codes drawn variable by variable from the real shares, values drawn
        inside the public bins, derived variables recomputed.
    """
    rng = np.random.default_rng([seed, 0xF1])
    encoder = Encoder(dictionary, patients.columns)
    codes = encoder.encode(patients)
    drawn = np.stack([rng.choice(column, size=rows) for column in codes.T], axis=1)
    return encoder.decode(drawn, rng)
