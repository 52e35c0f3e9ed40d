"""Do opened risk-set sums give back the patients who left?"""

from __future__ import annotations

import numpy as np
import pytest

from synthema_lab.federation.statistics import Consortium, cox
from synthema_lab.federation.statistics.risk_sets import interval_of

from .lattice import solved
from .small_cohort import DICTIONARY, divided, invented

AGES = np.arange(20.0, 91.0, 5.0)


def attacked(resolution):
    """Groups of leaving patients, and those whose every age the coordinator finds."""
    patients = invented(260, seed=21)
    patients["age"] = (5 * np.rint(patients["age"] / 5)).clip(20, 90)
    consortium = Consortium(divided(patients, [80, 160, 260]), DICTIONARY)
    fit = cox(consortium, ["age"], grid=28, resolution=resolution)
    groups = len(fit.grid) - 1
    first, squares, _ = next(o for o in consortium.opened if "of their squares" in o.purpose).values
    mean = first / 260
    sd = np.sqrt(squares / 260 - mean**2)
    coded = ((AGES - 50) / 50 - mean) / sd
    steps = [one for one in consortium.opened if "S0 and S1" in one.purpose]
    betas = fit.path["age"] * 50 * sd
    sums = np.stack(
        [-np.diff(np.append(one.values.reshape(2, groups), [[0], [0]], axis=1)) for one in steps]
    )
    weights = np.concatenate([[np.exp(b * coded), coded * np.exp(b * coded)] for b in betas])
    error = 3e-13 if resolution == 0 else resolution
    interval = np.minimum(interval_of(patients["days"].to_numpy(), fit.grid), groups - 1)
    found = 0
    for group in range(groups):
        guess = solved(weights, sums[:, :, group].ravel(), error)
        truth = (patients["age"].to_numpy()[interval == group, None] == AGES).sum(axis=0)
        found += guess is not None and bool((guess == truth).all())
    return groups, found


def test_sums_with_all_their_digits_would_give_back_every_age():
    groups, found = attacked(resolution=0)
    assert groups >= 4
    assert found >= groups - 1


@pytest.mark.parametrize("resolution", [0.1, 1.0])
def test_rounded_sums_give_back_no_group(resolution):
    groups, found = attacked(resolution)
    assert groups >= 4
    assert found == 0
