"""How is a model learnt from one round of noisy marginals?

Plan publicly, charge, count at the sites, add noise, open the sums, estimate.
The sites' rows are only ever touched in the counting step; everything after it
reads opened sums.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from .. import randomness
from ..dictionary import DataDictionary
from ..errors import ArgumentRefused, DataMismatch
from ..privacy import (
    OpenedSums,
    ReleaseStore,
    SkellamEvent,
    calibrate,
    check_budget,
    epsilon_of,
    release_identifier,
)
from .counts import Clique, Total, addition, noisy_counts, split_marginals
from .encoder import Encoder
from .estimation import estimate
from .model import FittedModel
from .structural_zeros import rule_coverage

UNIT = "one patient added or removed; a patient at two sites counts twice"


@dataclass(frozen=True)
class Custody:
    """What the custodians of the data provide to a fit.

    Attributes
    ----------
    total : callable
        Sums one integer vector a site; addition in the clear by default,
        which is right for one custodian only.
    store : ReleaseStore or None
        Where opened sums are looked for before anything is charged, and kept.
    charge : callable or None
        Called with (release, events) before any noise is drawn; it raises
        where the budget does not cover them.
    fingerprint_key : bytes
        Secret key of the HMAC that stands for the data in a release's
        identifier; fresh for every fit by default, so that nothing is replayed
        by accident. A public cohort may use a public one.
    """

    total: Total = addition
    store: ReleaseStore | None = None
    charge: Callable[[str, Sequence[SkellamEvent]], object] | None = None
    fingerprint_key: bytes = field(default_factory=lambda: randomness.random_bytes(32), repr=False)


def fit_measured(
    generator: str,
    plan: Callable[[Encoder], tuple[list[Clique], list[float]]],
    tables: Sequence[pd.DataFrame],
    dictionary: DataDictionary,
    *,
    epsilon: float | None = 3.0,
    delta: float = 1e-5,
    seed: int = 0,
    colluding: int = 0,
    fresh_noise: bool = False,
    custody: Custody | None = None,
    progress: Callable[[float], None] | None = None,
) -> FittedModel:
    """Learn a graphical model from marginals of all sites together.

    Parameters
    ----------
    generator : str
        Name stored with the model.
    plan : callable
        From the encoder, the cliques to measure and the weight of each in the
        budget. It sees the public dictionary only, never patients.
    tables : sequence of pandas.DataFrame
        One a site; each patient is at one site.
    dictionary : DataDictionary
    epsilon : float or None
        Budget; None switches noise off, and then no privacy is claimed.
    delta : float
    seed : int
        Kept for sampling; it never touches privacy noise.
    colluding : int
        Sites whose share of the noise is not counted on.
    fresh_noise : bool
        Ask for a new release even where the same request was opened before.
    custody : Custody, optional
    progress : callable, optional
        Called with the share done, from 0 to 1.

    Returns
    -------
    FittedModel

    Raises
    ------
    ArgumentRefused, DataMismatch, BudgetExhausted
    """
    custody = custody or Custody()
    check_budget(epsilon, delta)
    _check_colluding(colluding, len(tables))
    conformed = [_checked(table, dictionary) for table in tables]
    if len({tuple(table.columns) for table in conformed}) > 1:
        raise DataMismatch(
            "The sites' tables have different variables.",
            "The same variables at every site.",
            "Keep the variables that all sites have, then fit again.",
        )
    encoder = Encoder(dictionary, conformed[0].columns)
    cliques, weights = plan(encoder)
    variances = None if epsilon is None else calibrate(weights, epsilon, delta)
    counted = len(tables) - colluding
    fingerprints = [_fingerprint(t[list(encoder.columns)], custody) for t in conformed]
    request = {
        "generator": generator,
        "fingerprints": fingerprints,
        "dictionary": dictionary.digest,
        "columns": encoder.columns,
        "cliques": cliques,
        "variances": variances,
        "colluding": colluding,
    }
    encoded = [encoder.encode(table) for table in conformed]
    with custody.store.locked() if custody.store else nullcontext():
        opened, replayed = _opened(
            request, encoder, encoded, cliques, variances, counted, fresh_noise, custody
        )
    coverage = rule_coverage(encoder)
    graph = estimate(
        encoder.sizes, cliques, opened.sums, variances,
        tuple(coverage.structural.values()), progress=progress,
    )  # fmt: skip
    return FittedModel(
        generator=generator,
        dictionary=dictionary,
        graph=graph,
        columns=encoder.columns,
        opened=opened,
        privacy=_statement(opened, epsilon, delta, colluding, conformed, dictionary),
        provenance={
            "dictionary": dictionary.digest,
            "sites": len(tables),
            "seed": seed,
            "rules_structural": sorted(coverage.structural),
            "rules_kept": [rule.name for rule in coverage.decidable],
            "rules_undecidable": list(coverage.undecidable),
        },
        replayed=replayed,
    )


def _opened(
    request: dict[str, object],
    encoder: Encoder,
    encoded: Sequence[np.ndarray],
    cliques: Sequence[Clique],
    variances: Sequence[float] | None,
    counted: int,
    fresh_noise: bool,
    custody: Custody,
) -> tuple[OpenedSums, bool]:
    """The sums, replayed where they were paid for, else charged and opened."""
    store = custody.store if variances is not None else None
    release = store.identify(request, fresh_noise) if store else release_identifier(request)
    if store is not None and (stored := store.get(release)) is not None:
        return stored, True
    if variances is not None and custody.charge is not None:
        custody.charge(release, [SkellamEvent(variance) for variance in variances])
    vectors = [noisy_counts(codes, encoder.sizes, cliques, variances, counted) for codes in encoded]
    sums = split_marginals(custody.total(vectors), encoder.sizes, cliques)
    named = tuple(tuple(encoder.columns[i] for i in clique) for clique in cliques)
    opened = OpenedSums(release, named, sums, None if variances is None else tuple(variances))
    if store is not None:
        store.put(opened)
    return opened, False


def _statement(
    opened: OpenedSums,
    epsilon: float | None,
    delta: float,
    colluding: int,
    tables: Sequence[pd.DataFrame],
    dictionary: DataDictionary,
) -> dict[str, object] | None:
    """What the noise proves, against whom, and what is assumed."""
    if epsilon is None:
        return None
    sites = len(tables)
    known = all(dictionary.patient in table.columns for table in tables)
    counted_on = epsilon_of(opened.events(), delta)
    if sites == 1:
        views = {"whoever sees the opened sums": counted_on}
    else:
        # The coordinator does not know the colluding sites' shares either.
        alone = [SkellamEvent(v * sites / (sites - colluding)) for v in opened.variances]
        # A site knows its own share, and so sees the opened sums with less noise.
        site = [SkellamEvent(v * (sites - 1) / (sites - colluding)) for v in opened.variances]
        views = {
            "the coordinator, or whoever gets the model": epsilon_of(alone, delta),
            "any one participating site": epsilon_of(site, delta),
        }
        if colluding:
            views[f"the coordinator with {colluding} colluding site(s)"] = counted_on
    return {
        "epsilon": counted_on,
        "delta": delta,
        "asked": epsilon,
        "unit": UNIT,
        "assumed": "one row a patient"
        + (" (checked by pseudonym)" if known else " (not checked: a table has no pseudonym)"),
        "mechanism": "Skellam noise on integer marginals, Renyi bound of Agarwal et al. 2021",
        "views": views,
        "marginals": [
            {"clique": list(clique), "noise_sd": float(variance**0.5)}
            for clique, variance in zip(opened.cliques, opened.variances, strict=True)
        ],
        "release": opened.release,
    }


def _checked(table: pd.DataFrame, dictionary: DataDictionary) -> pd.DataFrame:
    if len(table) == 0:
        raise DataMismatch(
            "A site's table has no patients.",
            "At least one patient at every site.",
            "Leave the site out, or check its file: synthema data check FILE --dictionary "
            f"{dictionary.name}",
        )
    patient = dictionary.patient
    if patient in table.columns and (repeated := int(table[patient].duplicated().sum())):
        raise DataMismatch(
            f"{repeated} row(s) repeat the {patient} of another row.",
            "One row a patient: epsilon is stated for one row added or removed.",
            "Keep one row a patient, or summarise the visits first.",
        )
    return dictionary.conform(table)


def _check_colluding(colluding: int, sites: int) -> None:
    if isinstance(colluding, bool) or not isinstance(colluding, int) or colluding < 0:
        raise ArgumentRefused(
            "The number of colluding sites is not a whole number from 0.",
            "How many sites might pool what they know with the coordinator.",
            "Use --colluding 0 or --colluding 1.",
        )
    if colluding and colluding >= sites - 1:
        raise ArgumentRefused(
            f"{colluding} colluding sites of {sites} leave no two honest ones.",
            f"At most {max(0, sites - 2)} for {sites} sites.",
            f"Use --colluding {max(0, sites - 2)} or add sites.",
        )


def _fingerprint(patients: pd.DataFrame, custody: Custody) -> str:
    """Keyed hash of a table: it decides whether a release is replayed, and stays here."""
    content = patients.to_csv(index=False).encode()
    return hmac.new(custody.fingerprint_key, content, hashlib.sha256).hexdigest()
