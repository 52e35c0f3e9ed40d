"""How long was a patient followed, and did the patient die?

Death follows a Gompertz hazard a*exp(b*age) that gives a median age at death of
49.3 years and 98% alive at 18 in HbSS, scaled by genotype, and multiplied by
published hazard ratios. Their mean at each age is divided out, so that the
average patient keeps the Gompertz hazard.
"""

from __future__ import annotations

import numpy as np

from synthema_lab.cohorts.simulators.scd.population import CLOSING

GOMPERTZ_A, GOMPERTZ_B = 0.000338, 0.11
_GENOTYPE = np.array([1.0, 0.30, 1.0, 0.30, 0.45])
# Walk-PHaSST: jet of 3 m/s and more 11.1, NT-proBNP of 160 pg/mL and more 4.6, both 14.9.
HR_TRV, HR_NTPROBNP, HR_BOTH = 11.1, 4.6, 14.9
HR_HU = 0.38
# Mean of the hazard ratios among adults, exp(c0 + c1 x + c2 x^2) with x = (age - 33) / 10, for SCA
# and for variants; least squares on 400,000 simulated patients. Children: hydroxycarbamide alone.
_MEAN_SCA = (0.646, 0.216, -0.0197)
_MEAN_VARIANT = (0.26, 0.041, -0.0019)
_MEAN_CHILD_SCA, _MEAN_CHILD_VARIANT = 0.686, 0.963
_LOST = 0.03  # a year


def hazard_ratio(people: dict[str, np.ndarray]) -> np.ndarray:
    """Product of the published ratios, before their mean is divided out.

    Parameters
    ----------
    people : dict of str to array
        With ``hu``, ``trv`` and ``ntprobnp``.
    """
    fast, strained = people["trv"] >= 3.0, people["ntprobnp"] >= 160
    heart = np.select([fast & strained, fast, strained], [HR_BOTH, HR_TRV, HR_NTPROBNP], 1.0)
    return np.where(people["adult"], heart, 1.0) * np.where(people["hu"], HR_HU, 1.0)


def mean_ratio(people: dict[str, np.ndarray]) -> np.ndarray:
    """Mean hazard ratio of patients of that age and kind of genotype."""
    x = (np.minimum(people["age"], 70) - 33) / 10
    sca, variant = (np.exp(c0 + c1 * x + c2 * x**2) for c0, c1, c2 in (_MEAN_SCA, _MEAN_VARIANT))
    return np.select(
        [people["adult"] & people["sca"], people["adult"], people["sca"]],
        [sca, variant, _MEAN_CHILD_SCA],
        default=_MEAN_CHILD_VARIANT,
    )


def draw(people: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Years followed and whether death ended them.

    Returns
    -------
    dict of str to array, shape (patients,)
        ``years`` (to 0.1, at least 0.1), ``died``, ``hazard`` (deaths a year at
        the visit).
    """
    age, count = people["age"], len(people["age"])
    level = _GENOTYPE[people["genotype"]] * hazard_ratio(people) / mean_ratio(people)
    hazard = GOMPERTZ_A * level * np.exp(GOMPERTZ_B * age)
    death = np.log1p(GOMPERTZ_B * rng.exponential(size=count) / hazard) / GOMPERTZ_B
    lost = rng.exponential(1 / _LOST, size=count)
    seen = np.minimum(CLOSING - people["visit"], lost)
    years = np.minimum(seen, death)
    return {
        "years": np.maximum(np.round(years, 1), 0.1),
        "died": death <= seen,
        "hazard": hazard,
    }
