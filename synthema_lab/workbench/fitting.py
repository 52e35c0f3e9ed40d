"""How does a notebook or a command fit a generator, with the budget kept?

It joins the rooms: the secure sum over the sites, the ledger that is charged
before any noise is drawn, and the store of opened sums that are replayed when
the same is asked again.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd
from tqdm import tqdm

from ..cohorts import check_sites
from ..dictionary import DataDictionary
from ..errors import ArgumentRefused, DataMismatch, NotReproduced
from ..federation import SecureTotal, secure_total
from ..generators import Custody, FittedModel, addition, get
from ..privacy import Ledger, ReleaseStore, SkellamEvent
from .fingerprints import workspace_key
from .paths import runs_folder
from .record import REPLAY

PUBLIC_KEY = b"synthema-lab public cohort"
"""Fingerprint key of public cohorts, so that everybody computes the same fingerprint."""


def ledger(epsilon: float = 20.0, delta: float = 1e-5) -> Ledger:
    """The privacy ledger of this workspace.

    Parameters
    ----------
    epsilon, delta : float
        Budget for each data set over all releases. A hospital's own ledger and
        budget live at the hospital; this one is for data held in one place.
    """
    return Ledger(runs_folder() / "ledger.jsonl", epsilon, delta)


def fit(
    sites: Mapping[str, pd.DataFrame],
    dictionary: DataDictionary,
    generator: str = "marginal",
    *,
    epsilon: float | None = 3.0,
    delta: float = 1e-5,
    seed: int = 0,
    colluding: int = 0,
    fresh_noise: bool = False,
    public: bool = False,
    budget: Ledger | None = None,
    progress: bool = True,
) -> FittedModel:
    """Learn a synthetic cohort from one custodian or across sites.

    Parameters
    ----------
    sites : mapping of str to pandas.DataFrame
        Name of each site and its patients. One entry is a pooled fit; three
        or more are summed securely, none seeing another's counts.
    dictionary : DataDictionary
    generator : str
        See ``lab.generators.describe()``.
    epsilon : float or None
        Privacy budget of this release; None switches noise off, and then the
        model must not leave the custodian.
    delta : float
    seed : int
        Never touches privacy noise.
    colluding : int
        Sites whose share of the noise is not counted on.
    fresh_noise : bool
        Draw new noise even where the same release was paid for before; it is
        a new release and is charged again.
    public : bool
        True for a public cohort: its fingerprint can be compared anywhere.
    budget : Ledger, optional
        The workspace's ledger by default.
    progress : bool
        Show a progress bar.

    Returns
    -------
    FittedModel

    Raises
    ------
    ArgumentRefused
        Two sites: each could subtract its own counts from the sum.
    DataMismatch
        A table that does not fit the dictionary, or a patient at two sites.
    BudgetExhausted
        Refused before anything is computed.
    """
    if len(sites) == 2:
        raise ArgumentRefused(
            "Two sites were given.",
            "One table (a pooled fit), or at least three sites: with two, each could subtract "
            "its own counts from the sum.",
            "Add a site, or pool the tables where that is lawful.",
        )
    if len(sites) == 0:
        raise ArgumentRefused("No table was given.", "At least one table.", "Use --data FILE.")
    _refuse_shared_patients(sites, dictionary)
    kept = budget or ledger()
    replaying = os.environ.get(REPLAY)

    def charge(release: str, events: Sequence[SkellamEvent]) -> None:
        if replaying:
            raise NotReproduced(
                "This rerun asks for a release whose opened sums are not stored with the run.",
                "A rerun of the same request, which replays the stored sums.",
                "Run the notebook itself for a new release: synthema run NOTEBOOK",
            )
        owners = [f"{dictionary.name}/{site}" for site in sites]
        kept.charge_all(owners, release, events, f"{generator}, {len(sites)} site(s)")

    total: SecureTotal | None = None
    if len(sites) > 2:
        # Within one process no site drops out, so all shares of the noise are counted on.
        total = secure_total(len(sites), bound=(2**31 - 1) // len(sites), threshold=len(sites))
    custody = Custody(
        total=addition if total is None else total,
        # A repeated run replays the sums kept with it, whatever it asked for the first time.
        store=ReleaseStore(
            replaying or runs_folder() / "releases", read_only=replaying is not None
        ),
        charge=charge,
        fingerprint_key=PUBLIC_KEY if public else workspace_key(),
    )
    hidden = not progress or bool(os.environ.get("TQDM_DISABLE"))
    with tqdm(total=100, desc=f"Fitting {generator}", unit="%", disable=hidden) as bar:
        model = get(generator).fit(
            list(sites.values()), dictionary,
            epsilon=epsilon, delta=delta, seed=seed, colluding=colluding,
            fresh_noise=fresh_noise and not replaying, custody=custody,
            progress=lambda share: bar.update(int(100 * share) - bar.n),
        )  # fmt: skip
    return replace(model, transcript=None if total is None else total.transcript)


def _refuse_shared_patients(sites: Mapping[str, pd.DataFrame], dictionary: DataDictionary) -> None:
    findings = check_sites(dict(sites), dictionary)
    if findings.errors:
        raise DataMismatch(
            findings.errors[0].message,
            "Each patient at one site: privacy is counted for one patient at one site.",
            "Remove the duplicates at all sites but one.",
        )
