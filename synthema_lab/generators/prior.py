"""What can a small cohort borrow from a larger or a simulated one?

Where a hospital has 80 patients, noise leaves little of what goes with what. A
*prior* says it instead: a model of other patients, of a simulator or of a large
site, over the same variables of the same dictionary. The small cohort's opened
sums are kept; the distribution nearest to the prior that agrees with them is
taken. They were paid for already, so this costs no privacy of the small
cohort's patients; the prior's patients are covered by its own statement only.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from ..dictionary import DataDictionary
from ..errors import ArgumentRefused
from .asked import require_seed
from .estimated import estimate
from .marginal import Marginal
from .model import FittedModel


def with_prior(model: FittedModel, prior: FittedModel, seed: int = 0) -> FittedModel:
    """The model again, with a prior.

    Parameters
    ----------
    model : FittedModel
        Of `marginal`; from one site, or from hospitals.
    prior : FittedModel
        Of `marginal`, with the same dictionary and variables. For a simulator's
        or a public cohort fit it with ``epsilon=None``.
    seed : int

    Returns
    -------
    FittedModel
        With the opened sums, the privacy statement and the release of `model`.
        ``provenance["prior"]`` names the prior and what it states.

    Raises
    ------
    ArgumentRefused
        If either is no model of `marginal`, or they differ in dictionary or variables.

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> scd = load_cohort("scd", patients=300, seed=1)
    >>> few = ["age_years", "sex", "genotype", "hb_gdl", "hbf_pct"]
    >>> small, other = scd.patients[few].head(60), scd.patients[few].tail(240)
    >>> prior = Marginal().fit([other], scd.dictionary, epsilon=None)
    >>> model = with_prior(Marginal().fit([small], scd.dictionary, epsilon=1.0), prior)
    >>> model.provenance["prior"]["privacy"]
    'noise off: no guarantee'
    """
    require_seed(seed)
    _require_marginal(model, "model")
    require_prior(prior, model.dictionary, model.columns)
    asked = None if model.privacy is None else model.privacy["asked"]
    delta = 1e-5 if model.privacy is None else model.privacy["delta"]
    plan = Marginal().plan(model.dictionary, model.columns, asked, delta)
    rng = np.random.default_rng(np.random.SeedSequence([seed, 0x50]))
    graph, left_out = estimate(plan, model.opened, model.graph.zeros, prior.graph, rng)
    stated = "noise off: no guarantee"
    if prior.privacy is not None:
        stated = f"epsilon {prior.privacy['epsilon']:.2f} (delta {prior.privacy['delta']:g})"
    borrowed = {"generator": prior.generator, "release": prior.release, "privacy": stated}
    provenance = model.provenance | {"pairs_left_out": left_out, "prior": borrowed}
    return replace(model, graph=graph, provenance=provenance)


def require_prior(prior: object, dictionary: DataDictionary, columns: Collection[str]) -> None:
    """Refuse what cannot be a prior, before anything is paid for.

    Parameters
    ----------
    prior : object
    dictionary : DataDictionary
    columns : collection of str
        Those of the table to be learnt from; what is not modelled is ignored.

    Raises
    ------
    ArgumentRefused
    """
    _require_marginal(prior, "prior")
    if dictionary.digest != prior.dictionary.digest:
        raise ArgumentRefused(
            f"The prior is of the dictionary {prior.dictionary.name} "
            f"{prior.dictionary.version}, the patients of {dictionary.name} {dictionary.version}.",
            "The same dictionary, unchanged.",
            "Fit the prior again with the patients' dictionary.",
        )
    modelled = [name for name in dictionary.modelled if name in set(columns)]
    if apart := sorted(set(modelled) ^ set(prior.columns)):
        raise ArgumentRefused(
            f"In one of prior and patients only: {', '.join(apart)}.",
            "The same variables in both.",
            f"Fit the prior again on a table with these alone: {', '.join(modelled)}.",
        )


def _require_marginal(model: object, what: str) -> None:
    if not isinstance(model, FittedModel) or model.generator != Marginal.name:
        raise ArgumentRefused(
            f"The {what} is of {getattr(model, 'generator', type(model).__name__)}.",
            "A model of marginal, whose sums were opened.",
            "Fit it again: synthema fit --generator marginal",
        )
