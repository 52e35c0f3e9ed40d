"""Which small cohorts do the federated statistics meet in these tests?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from synthema_lab.dictionary import DataDictionary
from synthema_lab.federation.statistics import Consortium

DICTIONARY = DataDictionary.from_text("""
name: tiny
title: A tiny cohort
version: "1"
source: none
licence: CC0-1.0
survival: {time: months, event: dead, horizon: 24}
variables:
  months: {label: Time followed, type: number, unit: mo, range: [0, 120], missing: true}
  dead: {label: Death observed, type: boolean, missing: true}
  arm: {label: Arm, type: category, categories: {A: a, B: b, C: c}, missing: true}
  female: {label: Female, type: boolean, missing: true}
  lab:
    {label: A laboratory value, type: number, range: [-5, 10], bins: [-5, 0, 2, 10], missing: true}
  note: {label: A note, type: text, missing: true}
""")

NAMES = ("basel", "bern", "milan", "padua", "turin")


def patients(rows):
    """A site's table from (months, dead, arm, female, lab)."""
    return pd.DataFrame(rows, columns=["months", "dead", "arm", "female", "lab"]).astype(
        {"months": float, "dead": "Int64", "arm": object, "female": "Int64", "lab": float}
    )


def simulated(sizes, seed=1, missing=0.0):
    """Sites of given sizes, by name."""
    rng = np.random.default_rng(seed)
    sites = {}
    for name, size in zip(NAMES, sizes, strict=False):
        table = pd.DataFrame(
            {
                "months": rng.exponential(12, size).round(1).clip(0, 120),
                "dead": rng.integers(0, 2, size).astype(float),
                "arm": rng.choice(["A", "B", "C"], size),
                "female": rng.integers(0, 2, size).astype(float),
                "lab": rng.normal(1, 1.5, size).clip(-5, 10),
            }
        )
        sites[name] = table.mask(rng.random(table.shape) < missing)
    return sites


def consortium(sites, **named):
    """A consortium over the tiny dictionary that shows every cell if nothing else is said."""
    return Consortium(sites, DICTIONARY, **{"smallest_cell": 1, **named})


def pooled(sites):
    """All patients in one table, as a custodian of everything would hold them."""
    return DICTIONARY.conform(pd.concat(sites.values(), ignore_index=True))


def _row():
    return st.tuples(
        st.one_of(st.none(), st.floats(0, 40).map(lambda value: round(value, 1))),
        st.sampled_from([None, 0, 1, 1]),
        st.sampled_from([None, "A", "B", "B"]),
        st.sampled_from([None, 0, 1]),
        st.one_of(st.none(), st.floats(-5, 10)),
    )


def any_sites():
    """Three to five sites of 0 to 12 patients; nobody is ever in arm C."""
    return st.lists(st.lists(_row(), max_size=12), min_size=3, max_size=5).map(
        lambda tables: {name: patients(rows) for name, rows in zip(NAMES, tables, strict=False)}
    )
