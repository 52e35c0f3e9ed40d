"""How near do synthetic rows lie to training patients? (which is no evidence of privacy)

Papers on synthetic data report distances to the closest record, so they are here, last
and in grey. A distance says how near a row is, not whether an attacker learns
anything: an epsilon can be proven for near rows, and far ones can give patients away,
since each may have been moved by as much (Ganev and De Cristofaro 2023; Yao et al.
2025). No verdict reads it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .bootstrap import LEVEL, percentile_interval
from .columns import Columns
from .metric import Estimate, Measure
from .places import Scale, city_block
from .reference import Reference

FEWEST, SHUFFLES = 20, 200
WORDS = "not evidence of privacy; no verdict reads it"


def closer_to_training(candidate: Columns, reference: Reference) -> Estimate:
    """Share of rows that lie nearer to a training patient than to one of as many others."""
    members, outsiders = reference.train, reference.holdout
    rows = min(members.rows, outsiders.rows)
    if min(rows, candidate.rows) < FEWEST:
        return Estimate.absent(f"a table has fewer than {FEWEST} rows; {WORDS}")
    scale, rng = Scale(members), reference.rng("as many patients on both sides")
    synthetic = scale.place(candidate)
    places, nearest = [], []
    for table in (members, outsiders):
        some = table.take(np.sort(rng.choice(table.rows, size=rows, replace=False)))
        apart = city_block(synthetic, scale.place(some))
        places.append(apart.argmin(axis=1))
        nearest.append(apart.min(axis=1))
    closer = (nearest[0] < nearest[1]) + 0.5 * (nearest[0] == nearest[1])
    value = float(closer.mean())
    low, high = percentile_interval(reference.counts(candidate) @ closer / candidate.rows)
    # Many rows share a nearest patient: the interval is never narrower than labels shuffled
    # among the patients make the share vary.
    patient = np.where(nearest[0] < nearest[1], places[0], rows + places[1])
    label = np.tile(np.arange(2 * rows) < rows, (SHUFFLES, 1))
    shuffled = rng.permuted(label, axis=1)[:, patient].mean(axis=1)
    reach = float(np.quantile(np.abs(shuffled - 0.5), LEVEL))
    low, high = max(0.0, min(low, value - reach)), min(1.0, max(high, value + reach))
    quartiles = np.quantile(nearest, [0.25, 0.5, 0.75], axis=1).T
    table = pd.DataFrame(quartiles.round(3), columns=["quarter", "half", "three_quarters"])
    table.insert(0, "patients", ["training", "held out"])
    note = (
        f"{WORDS}; among {rows} training patients and {rows} others; the median distance to the "
        f"closest is {quartiles[0, 1]:.3f} and {quartiles[1, 1]:.3f}, where 1 is a whole variable"
    )
    return Estimate(value, low, high, candidate.rows, note, 0.5, {"closest": table})


MEASURES = (
    Measure(
        "closer_to_training",
        "Distance to the closest record: rows nearer to training patients",
        "privacy",
        0.5,
        (0.0, 1.0),
        "How often a synthetic row lies nearer to a training patient than to another one; said "
        "for comparison with other work, and not evidence of privacy.",
        frozenset({"holdout"}),
        "chance",
        closer_to_training,
        standard_only=True,
    ),
)
