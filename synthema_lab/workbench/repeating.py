"""How does a run that asks hospitals come to the same numbers when it is repeated?

Hospitals draw fresh noise every time. What they opened is kept with the run; a
rerun asks them again, and then goes on with the sums of the first time, so
that every figure is the same to the last digit.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from ..errors import NotReproduced
from ..generators import FittedModel, get
from ..generators.learnt import learnt
from ..privacy import ReleaseStore, release_identifier
from .record import REPLAY


def released(model: FittedModel) -> FittedModel:
    """The model of a study, under a release that a rerun finds again.

    Parameters
    ----------
    model : FittedModel
        With noise, as hospitals have opened it.

    Returns
    -------
    FittedModel
        The same; in a rerun with the sums of the run that is repeated, and
        ``replayed`` set.

    Raises
    ------
    NotReproduced
        If the run that is repeated has kept no such sums.
    """
    opened = model.opened
    release = release_identifier({
        "generator": model.generator, "dictionary": model.dictionary.digest,
        "columns": model.columns, "cliques": opened.cliques, "variances": opened.variances,
        "sites": model.provenance["sites"], "by": "study",
    })  # fmt: skip
    privacy = {**(model.privacy or {}), "release": release}
    kept = os.environ.get(REPLAY)
    if not kept:
        return replace(model, opened=replace(opened, release=release), privacy=privacy)
    stored = ReleaseStore(Path(kept), read_only=True).get(release)
    if stored is None:
        raise NotReproduced(
            "The run that is repeated has kept no sums of this study.",
            "The same study as the first time.",
            "Run the notebook itself for a new release: synthema run NOTEBOOK",
        )
    asked, delta = privacy["asked"], privacy["delta"]
    plan = get(model.generator).plan(model.dictionary, model.columns, asked, delta)
    sites = model.provenance["sites"]
    again = learnt(
        plan, stored, asked=asked, delta=delta, colluding=0, sites=sites, counted=sites,
        checked=True, seed=model.provenance["seed"],
    )  # fmt: skip
    return replace(model, graph=again.graph, opened=stored, privacy=privacy, replayed=True)
