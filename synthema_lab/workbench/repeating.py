"""How does a notebook that asks hospitals come to the same numbers again?

Hospitals draw fresh noise every time, and keep their own ledgers. What they
opened is kept in the workspace and with the run; where the same was opened
before, the notebook goes on with those sums, so that every figure is the same
to the last digit.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import replace

import pandas as pd

from ..errors import NotReproduced
from ..generators import FittedModel, get
from ..generators.learnt import learnt
from ..privacy import OpenedSums, ReleaseStore
from .fitting import PUBLIC_KEY
from .paths import runs_folder
from .record import REPLAY


def released(model: FittedModel, patients: pd.DataFrame, fresh_noise: bool = False) -> FittedModel:
    """The model of a study over a public cohort, under a release that is found again.

    Parameters
    ----------
    model : FittedModel
        With noise, as hospitals have opened it.
    patients : pandas.DataFrame
        The patients of all hospitals together; public, so that everybody comes
        to the same release.
    fresh_noise : bool
        Keep the sums that were opened now, even where the same request was
        opened before.

    Returns
    -------
    FittedModel
        The same, or with the sums that were opened the first time, and
        ``replayed`` set.

    Raises
    ------
    NotReproduced
        If a run is repeated that has kept no such sums.
    """
    opened = model.opened
    content = patients[list(model.columns)].to_csv(index=False).encode()
    request = {
        "generator": model.generator, "dictionary": model.dictionary.digest,
        "columns": model.columns, "cliques": opened.cliques, "variances": opened.variances,
        "vectors": [[one.name, one.variance] for one in opened.vectors],
        "sites": model.provenance["sites"], "by": "study",
        "fingerprint": hmac.new(PUBLIC_KEY, content, hashlib.sha256).hexdigest(),
    }  # fmt: skip
    repeated = os.environ.get(REPLAY)
    store = ReleaseStore(repeated or runs_folder() / "releases", read_only=repeated is not None)
    with store.locked():
        release = store.identify(request, fresh_noise and not repeated)
        stored = store.get(release)
        if stored is None and repeated:
            raise NotReproduced(
                "The run that is repeated has kept no sums of this study.",
                "The same study as the first time.",
                "Run the notebook itself for a new release: synthema run NOTEBOOK",
            )
        if stored is None:
            store.put(replace(opened, release=release))
    privacy = {**(model.privacy or {}), "release": release}
    if stored is None:
        return replace(model, opened=replace(opened, release=release), privacy=privacy)
    return _with(stored, model, privacy)


def _with(stored: OpenedSums, model: FittedModel, privacy: dict[str, object]) -> FittedModel:
    """The model of other sums of the same plan."""
    asked, delta = privacy["asked"], privacy["delta"]
    plan = get(model.generator).plan(model.dictionary, model.columns, asked, delta)
    sites = model.provenance["sites"]
    again = learnt(
        plan, stored, asked=asked, delta=delta, colluding=0, sites=sites, counted=sites,
        checked=True, seed=model.provenance["seed"],
    )  # fmt: skip
    return replace(
        model, graph=again.graph, opened=stored, privacy=privacy, replayed=True,
        provenance=model.provenance | again.provenance,
    )  # fmt: skip
