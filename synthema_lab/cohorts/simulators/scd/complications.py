"""Which complications has a patient had by the age at the visit?

Each has a hazard over age, by genotype, with the modifiers that were published
for it; what is drawn is whether its integral was exceeded. The expected
numbers behind the draws stay in the complete table, where they are compared
with incidence rates.
"""

from __future__ import annotations

import numpy as np

from synthema_lab.cohorts.simulators.scd.centres import SBPLUS, SC, SS

# Constants below were solved by simulation so that the rows of `targets` are met; arrays by
# genotype (HbSS, HbSC, HbSb0, HbSb+, other).

# First stroke in 100 patient-years before screening and treatment (0.61 in HbSS).
_STROKE = 0.01 * np.array([0.61, 0.15, 0.08, 0.09, 0.10])
_STROKE_LEVEL = np.array([0.72, 0.72, 0.70, 0.69, 0.72])
_STROKE_AGES = [0, 2, 10, 20, 30, 80]
_STROKE_SUM = np.cumsum([0.0, 0.9, 13.0, 6.5, 6.0, 55.0])  # integral of the hazard, relative
_STROKE_NEITHER = 0.63  # logarithm of the ratio that neither modifier brings beyond its haemoglobin
# Doppler screening and transfusion of children; adults of today outlived the risk or were screened.
_PREVENTED_CHILD, _PREVENTED_ADULT = 0.10, 0.40
_ANAEMIA = -0.20  # a g/dL, on stroke, silent infarcts and leg ulcers

# Necrosis on imaging, in 100 patient-years from 5 years; what is diagnosed is a part of it.
_AVN = 0.01 * np.array([2.4, 1.9, 3.6, 3.3, 2.0])
_AVN_ALPHA = np.log(4.5 / 2.4)
_AVN_LEVEL = np.array([1.80, 1.63, 1.87, 1.69, 1.70])
_AVN_DIAGNOSED = 0.28


def stroke(
    people: dict[str, np.ndarray], blood: dict[str, np.ndarray], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Overt stroke ever, which comes before treatment because it decides on it.

    Parameters
    ----------
    people, blood : dict of str to array
        `blood` as without treatment.
    rng : numpy.random.Generator

    Returns
    -------
    dict of str to array, shape (patients,)
        ``stroke``; ``stroke_natural``, the expected number without screening
        and treatment; ``stroke_risk``, the chance that it was drawn with.
    """
    genotype, age = people["genotype"], people["age"]
    shape = np.interp(age, _STROKE_AGES, _STROKE_SUM)
    relative = np.exp(
        _ANAEMIA * (blood["hb"] - blood["hb_mean"]) + _STROKE_NEITHER * people["neither"]
    )
    natural = _STROKE[genotype] * _STROKE_LEVEL[genotype] * shape * relative
    kept = np.where(people["adult"], _PREVENTED_ADULT, _PREVENTED_CHILD)
    risk = -np.expm1(-natural * kept)
    happened = rng.random(len(age)) < risk
    return {"stroke": happened, "stroke_natural": natural, "stroke_risk": risk}


def ever(
    people: dict[str, np.ndarray], blood: dict[str, np.ndarray], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """The other complications.

    Parameters
    ----------
    people, blood : dict of str to array
        `blood` as without treatment.
    rng : numpy.random.Generator

    Returns
    -------
    dict of str to array of bool, shape (patients,)
        ``avn``, ``ulcer``, ``priapism`` (False in women), ``retinopathy``,
        ``ckd``, ``gallstones``, ``sequestration``; and ``avn_natural``, the
        expected number of necroses on imaging.
    """
    genotype, age, male = people["genotype"], people["age"], people["male"]
    count = len(age)
    anaemia = blood["hb"] - blood["hb_mean"]

    def drawn(hazard: np.ndarray) -> np.ndarray:
        return rng.random(count) < -np.expm1(-hazard)

    avn = _AVN[genotype] * _AVN_LEVEL[genotype] * necrosis_years(age)
    avn = avn * np.exp(
        0.12 * anaemia + np.where((genotype == SS) & (people["alpha_deleted"] > 0), _AVN_ALPHA, 0.0)
    )
    avn = avn * np.where(people["prone"], 1.1, 0.7)
    # Leg ulcers: 5% at 20 and 20% at 50 years in HbSS (assumed), fewer with alpha-thalassaemia
    # (Koshy 1989: 6.12 and 2.38 against 9.97), more in men, fewer with HbF.
    protection = np.array([1.0, 0.614, 0.239])[people["alpha_deleted"]] / 0.86
    protection = protection * np.exp(-0.03 * np.minimum(blood["hbf"] - 6.8, 15.0))
    ulcer = 0.00218 * np.maximum(age - 10, 0) ** 1.25 * np.where(male, 1.22, 0.80)
    ulcer = ulcer * protection * np.exp(_ANAEMIA * anaemia)
    grown = np.maximum(age - 8, 0)
    priapism = np.array([0.0046, 0.0018, 0.0045, 0.0018, 0.003])[genotype] * np.minimum(grown, 40)
    eyes = np.array([0.00029, 0.00150, 0.0003, 0.0010, 0.0005])[genotype]
    kidneys = np.array([0.0055, 0.00067, 0.0050, 0.0010, 0.0015])[genotype]
    stones = np.array([0.022, 0.009, 0.018, 0.009, 0.012])[genotype] * np.maximum(age - 3, 0)
    spleen = np.array([0.16, 0.06, 0.14, 0.08, 0.08])[genotype] * np.interp(
        age, [1, 3, 6], [0.35, 0.80, 1.0]
    )
    return {
        "avn": drawn(avn * _AVN_DIAGNOSED),
        "ulcer": drawn(np.where(people["sca"], ulcer, 0.0)),
        "priapism": drawn(priapism) & male,
        "retinopathy": drawn(eyes * np.maximum(age - 10, 0)),
        "ckd": drawn(kidneys * np.maximum(age - 16, 0)) & people["adult"],
        "gallstones": drawn(stones * (blood["bili"] / 2.0) ** 0.4),
        "sequestration": drawn(spleen),
        "avn_natural": avn,
    }


def necrosis_years(age: np.ndarray) -> np.ndarray:
    """Years at risk of necrosis: none before 5, full from 25."""
    ramp = np.clip(age - 5, 0, 20)
    return ramp**2 / 40 + np.maximum(age - 25, 0)


def spleen_status(
    people: dict[str, np.ndarray], sequestered: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """0 normal, 1 enlarged, 2 atrophic, 3 removed; it shrinks in the first decade (assumed)."""
    age, uniform = people["age"], rng.random(len(people["age"]))
    mild = np.isin(people["genotype"], (SC, SBPLUS))
    removed = np.where(sequestered, 0.30, 0.03) * np.interp(age, [2, 6], [0.0, 1.0])
    atrophic = np.interp(age, [1, 6, 15, 30], [0.05, 0.55, 0.85, 0.93])
    atrophic = np.where(mild, 0.35 * atrophic, atrophic) * (1 - removed)
    enlarged = np.interp(age, [1, 5, 12, 25], [0.35, 0.25, 0.10, 0.03])
    enlarged = np.where(mild, 0.30, enlarged) * (1 - removed - atrophic)
    return np.select(
        [uniform < removed, uniform < removed + atrophic, uniform < removed + atrophic + enlarged],
        [3, 2, 1],
        0,
    )
