"""Does a synthetic patient break a clinical rule?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .admission import listed
from .bootstrap import clopper_pearson
from .columns import Columns
from .metric import Estimate, Measure
from .reference import Reference

BROKEN = 0


def rules_broken(candidate: Columns, reference: Reference) -> Estimate:
    """Share of rows that break at least one rule of the dictionary."""
    broken = np.zeros(candidate.rows, dtype=bool)
    rows = []
    for rule in reference.rules:
        found = np.asarray(rule.holds(candidate.table)) == BROKEN
        broken |= found
        rows.append((rule.name, rule.text, int(found.sum()), float(found.mean())))
    low, high = clopper_pearson(int(broken.sum()), candidate.rows)
    note = f"{int(broken.sum())} of {candidate.rows} rows; {len(rows)} rules decided"
    if reference.undecided:
        note += f"; not decidable from these columns: {listed(reference.undecided)}"
    table = pd.DataFrame(rows, columns=["rule", "text", "count", "share"])
    value = float(broken.mean())
    return Estimate(value, low, high, candidate.rows, note, curves={"rules": table})


MEASURES = (
    Measure(
        "rules_broken",
        "Rows that break a clinical rule",
        "clinical",
        "minimise",
        (0.0, 1.0),
        "Share of patients who cannot exist by the dictionary's rules.",
        frozenset({"rules"}),
        "train",
        rules_broken,
        rows="all",
    ),
)
