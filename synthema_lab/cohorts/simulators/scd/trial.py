"""What does hydroxycarbamide do to events when everyone takes it, against nobody?

Within the cohort treatment is given to those who need it, so treated patients
do not show its effect. Here the same adults with HbSS are simulated twice, all
else drawn alike, as a trial would have it.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from synthema_lab.cohorts.simulators.scd.centres import SS
from synthema_lab.cohorts.simulators.scd.steps import simulate

PATIENTS, SEED = 20_000, 20


@lru_cache(maxsize=1)
def rate_ratios() -> dict[str, tuple[float, float]]:
    """Ratio of expected events, all treated over none, and its standard error.

    Returns
    -------
    dict of str to (ratio, standard error)
        ``voc_rate`` and ``acs_rate``, in adults with HbSS outside transfusion
        programmes.
    """
    treated = simulate(PATIENTS, np.random.default_rng(SEED), hydroxycarbamide=True)
    control = simulate(PATIENTS, np.random.default_rng(SEED), hydroxycarbamide=False)
    group = (control["genotype"] == SS) & control["adult"] & (control["tx"] < 2)
    found = {}
    for name in ("voc_rate", "acs_rate"):
        with_it, without = treated[name][group], control[name][group]
        value = with_it.sum() / without.sum()
        error = (with_it - value * without).std() / np.sqrt(group.sum()) / without.mean()
        found[name] = (float(value), float(error))
    return found


def crisis_ratio(patients: pd.DataFrame) -> tuple[float, float]:
    """Rate ratio of painful crises, from the trial; the patients given are not used."""
    return rate_ratios()["voc_rate"]


def chest_ratio(patients: pd.DataFrame) -> tuple[float, float]:
    """Rate ratio of acute chest syndrome, from the trial; the patients given are not used."""
    return rate_ratios()["acs_rate"]
