"""How many painful crises and chest syndromes does a patient have in a year?

Counts are Poisson given a patient's rate, and the rate varies between patients:
through fetal haemoglobin, haemoglobin, leukocytes and hydroxycarbamide, and
through a frailty. A gamma frailty alone leaves too few adults with three or
more crises beside 45% with none (17 against 21.6% in HbSS), so a share of
patients is quiet there and the others have a gamma frailty. Given what is
measured, counts are negative binomial, with extra zeros in HbSS and HbSb0.

Crises are counted as in the CSSCD: pain that needed medical care. RADeep counts
fewer, those that led to a stay; ``voc_admitted`` follows its definition.
"""

from __future__ import annotations

import numpy as np

QUIET_RATE = 0.03  # rate of the quiet over that of others
# By genotype (HbSS, HbSC, HbSb0, HbSb+, other); solved by simulation, see `targets`.
_QUIET_SHARE = np.array([0.265, 0.0, 0.27, 0.0, 0.10])
_PAIN_SHAPE = np.array([60.0, 1.40, 60.0, 1.6, 2.0])
_PAIN_ADULT = np.array([2.03, 0.752, 2.62, 0.73, 1.00])
_PAIN_CHILD = np.array([0.40, 0.07, 0.45, 0.25, 0.35])  # at 6 years over adults
_ACS_ADULT = np.array([0.0905, 0.0295, 0.0712, 0.0242, 0.045])
_ACS_SHAPE = 0.45
_PAST_ACS = np.array([0.72, 0.58, 0.72, 0.58, 0.58])  # of today's rate, over a lifetime
_HBF, _HB, _WBC = -0.035, 0.12, 0.03
_HU, _HU_ACS = -0.45, -0.55
_TRANSFUSION = -0.50  # assumed, in place of the terms of haemoglobin
_ADMITTED_ADULT, _ADMITTED_CHILD = 0.50, 0.65
_OTHER_STAYS_ADULT, _OTHER_STAYS_CHILD = 0.09, 0.20


def frailties(people: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """What makes one patient's rate differ from another's beyond what is measured.

    Returns
    -------
    dict of str to array, shape (patients,)
        ``prone`` (not quiet), ``pain_frailty``, ``acs_frailty``.
    """
    genotype, count = people["genotype"], len(people["age"])
    prone = rng.random(count) >= _QUIET_SHARE[genotype]
    shape = _PAIN_SHAPE[genotype]
    pain = rng.gamma(shape) / shape * np.where(prone, 1.0, QUIET_RATE)
    chest = rng.gamma(_ACS_SHAPE, size=count) / _ACS_SHAPE * np.where(prone, 1.12, 0.70)
    return {"prone": prone, "pain_frailty": pain, "acs_frailty": chest}


def log_modifiers(people: dict[str, np.ndarray], blood: dict[str, np.ndarray]) -> np.ndarray:
    """What blood and transfusion do to the logarithm of the rates of pain and ACS."""
    chronic = people["tx"] >= 2
    by_blood = _HBF * (blood["hbf"] - 5) + _HB * (blood["hb"] - blood["hb_mean"])
    by_blood = by_blood + _WBC * (blood["wbc"] - 11)
    return np.where(chronic, _TRANSFUSION, by_blood)


def yearly(
    people: dict[str, np.ndarray], blood: dict[str, np.ndarray], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Events of the last twelve months, and acute chest syndrome ever.

    Parameters
    ----------
    people : dict of str to array
        With frailties and treatment.
    blood : dict of str to array
        Under treatment; ``hbf`` before dilution by donors.
    rng : numpy.random.Generator

    Returns
    -------
    dict of str to array, shape (patients,)
        ``voc``, ``voc_admitted``, ``acs``, ``acs_ever``, ``stays``, and the
        expected numbers ``voc_rate`` and ``acs_rate`` (events a year).
    """
    genotype, age = people["genotype"], people["age"]
    modifiers = log_modifiers(people, blood)
    base = _PAIN_ADULT[genotype] * pain_by_age(age, _PAIN_CHILD[genotype])
    voc_rate = base * people["pain_frailty"] * np.exp(modifiers + _HU * people["hu"])
    voc_rate = np.minimum(voc_rate, 25.0)
    base = _ACS_ADULT[genotype] * acs_by_age(age)
    acs_rate = base * people["acs_frailty"] * np.exp(modifiers + _HU_ACS * people["hu"])
    acs_rate = np.minimum(acs_rate, 4.0)
    voc, acs = np.minimum(rng.poisson(voc_rate), 40), np.minimum(rng.poisson(acs_rate), 8)
    past = _ACS_ADULT[genotype] * _PAST_ACS[genotype] * people["acs_frailty"] * acs_until(age)
    admitted = rng.binomial(voc, np.where(people["adult"], _ADMITTED_ADULT, _ADMITTED_CHILD))
    others = rng.poisson(np.where(people["adult"], _OTHER_STAYS_ADULT, _OTHER_STAYS_CHILD))
    return {
        "voc": voc,
        "voc_admitted": admitted,
        "acs": acs,
        "acs_ever": (acs > 0) | (rng.random(len(age)) < -np.expm1(-past)),
        "stays": np.minimum(admitted + acs + others, 40),
        "voc_rate": voc_rate,
        "acs_rate": acs_rate,
    }


def pain_by_age(age: np.ndarray, child: np.ndarray) -> np.ndarray:
    """Rate of pain over that of adults: it rises from childhood to 20 years."""
    return child + (1 - child) / (1 + np.exp(-(age - 15) / 2.0))


def acs_by_age(age: np.ndarray) -> np.ndarray:
    """Rate of ACS over that of adults, for the same blood; highest to 3 years (Castro 1994)."""
    return 1 + 3.3 * np.exp(-np.maximum(age - 3, 0) / 2.75)


def acs_until(age: np.ndarray) -> np.ndarray:
    """The integral of `acs_by_age` from birth."""
    return age + 3.3 * (np.minimum(age, 3) + 2.75 * -np.expm1(-np.maximum(age - 3, 0) / 2.75))
