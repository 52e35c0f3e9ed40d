"""How is a model learnt from noisy sums over the sites?

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
    check_budget,
    release_identifier,
)
from .count_plan import CountPlan, Workload
from .counts import Total, addition
from .learnt import learnt
from .model import FittedModel


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
    workload: Workload,
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
    patterns: bool = False,
) -> FittedModel:
    """Learn a graphical model from sums over all sites together.

    Parameters
    ----------
    generator : str
        Name stored with the model.
    workload : callable
        See `count_plan.Workload`; it sees the public dictionary only, never
        patients.
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
    patterns : bool
        See `CountPlan.of`.

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
    conformed = [require_patients(table, dictionary) for table in tables]
    if len({tuple(table.columns) for table in conformed}) > 1:
        raise DataMismatch(
            "The sites' tables have different variables.",
            "The same variables at every site.",
            "Keep the variables that all sites have, then fit again.",
        )
    plan = CountPlan.of(
        generator, workload, dictionary, conformed[0].columns, epsilon, delta, patterns
    )
    columns = list(plan.encoder.columns)
    request = {
        "generator": generator,
        "fingerprints": [_fingerprint(table[columns], custody) for table in conformed],
        "dictionary": dictionary.digest,
        "columns": plan.encoder.names,
        **plan.request,
        "colluding": colluding,
    }
    counted = len(tables) - colluding
    with custody.store.locked() if custody.store else nullcontext():
        opened, replayed = _opened(request, plan, conformed, counted, fresh_noise, custody)
    return learnt(
        plan, opened, asked=epsilon, delta=delta, colluding=colluding, sites=len(tables),
        counted=counted, seed=seed, replayed=replayed, progress=progress,
        checked=all(dictionary.patient in table.columns for table in conformed),
    )  # fmt: skip


def _opened(
    request: dict[str, object],
    plan: CountPlan,
    tables: Sequence[pd.DataFrame],
    counted: int,
    fresh_noise: bool,
    custody: Custody,
) -> tuple[OpenedSums, bool]:
    """The sums, replayed where they were paid for, else charged and opened."""
    store = custody.store if plan.variances is not None else None
    release = store.identify(request, fresh_noise) if store else release_identifier(request)
    if store is not None and (stored := store.get(release)) is not None:
        return stored, True
    # Anything wrong with a table is found before anything is charged.
    codes = [plan.encoder.encode(table) for table in tables]
    if plan.variances is not None and custody.charge is not None:
        custody.charge(release, plan.events)
    totals: list[np.ndarray] = []
    for _ in plan.lengths:
        before = totals[0] if totals else None
        totals.append(custody.total([plan.vector_of_codes(one, counted, before) for one in codes]))
    opened = plan.opened(release, totals)
    if store is not None:
        store.put(opened)
    return opened, False


def require_patients(table: pd.DataFrame, dictionary: DataDictionary) -> pd.DataFrame:
    """A site's table, conformed, if it holds patients, one row each."""
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
