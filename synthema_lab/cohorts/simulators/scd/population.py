"""Who are the patients: genotype, age, sex, family origin, centre, diagnosis?"""

from __future__ import annotations

import numpy as np
from scipy import special

from synthema_lab.cohorts.simulators.scd.centres import (
    ANCESTRIES,
    GENOTYPES,
    SB0,
    SS,
    of_centres,
    origins,
)

CLOSING = 2025.9  # calendar time at which follow-up ends
OLDEST = 80.0
# Adults: 18 years + Gamma(shape 1.6, scale 9.5), children: 1 year + 16.9 * Beta(1.1, 1.2); assumed,
# together with 62.1% children they put the median age at 14 years as in RADeep.
_ADULT_SHAPE, _ADULT_SCALE = 1.6, 9.5
_CHILD_A, _CHILD_B, _CHILD_SPAN = 1.1, 1.2, 16.9
# Chance that somebody born after screening began was found by it (most missed were born abroad);
# solved so that 41.3% of all are, as in RADeep.
_SCREENED = 0.738


def pick(shares: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Draw one category a row.

    Parameters
    ----------
    shares : array, shape (categories,) or (patients, categories)
        Sums to 1 over categories.
    uniform : array, shape (patients,)
        Between 0 and 1.

    Returns
    -------
    array of int, shape (patients,)

    Examples
    --------
    >>> pick(np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.6, 0.95])).tolist()
    [0, 1, 2]
    """
    edges = np.cumsum(shares, axis=-1)[..., :-1]
    if edges.ndim == 1:
        return np.searchsorted(edges, uniform, side="right")
    return (uniform[:, None] >= edges).sum(axis=1)


def draw(patients: int, rng: np.random.Generator, only: int | None = None) -> dict[str, np.ndarray]:
    """Draw patients, genotype first.

    Parameters
    ----------
    patients : int
    rng : numpy.random.Generator
    only : int, optional
        Position in `GENOTYPES`: everyone has it, and comes to the centres that
        those patients go to.

    Returns
    -------
    dict of str to array, shape (patients,)
        ``centre``, ``genotype`` and ``ancestry`` as positions in `CENTRES`,
        `GENOTYPES`, `ANCESTRIES`; ``age`` (a), ``age_score`` (standard normal
        score of the age among adults), ``male``, ``adult``, ``sca`` (sickle
        cell anaemia: HbSS or HbSb0), ``visit`` (calendar time), ``born``,
        ``screened``, ``dx_mode``, ``age_dx``.
    """
    weights, mixes = of_centres("weight"), of_centres("genotypes")
    by_genotype = weights[:, None] * mixes
    genotype = pick(by_genotype.sum(axis=0) / by_genotype.sum(), rng.random(patients))
    if only is not None:
        genotype = np.full(patients, only)
    centre = pick((by_genotype / by_genotype.sum(axis=0)).T[genotype], rng.random(patients))
    adult = rng.random(patients) >= of_centres("children")[centre]
    age, score = _ages(adult, rng.random(patients))
    first = of_centres("first_year")[centre]
    visit = first + (CLOSING - 0.5 - first) * rng.random(patients)
    born = visit - age
    people = {
        "centre": centre,
        "genotype": genotype,
        "ancestry": pick(origins()[centre, genotype], rng.random(patients)),
        "age": age,
        "age_score": score,
        "adult": adult,
        "male": rng.random(patients) < 0.475,
        "sca": (genotype == SS) | (genotype == SB0),
        "visit": visit,
        "born": born,
    }
    return people | _diagnosis(people, rng)


def _ages(adult: np.ndarray, uniform: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ages to 0.1 a, and the adults' normal scores (children 0)."""
    oldest = special.gammainc(_ADULT_SHAPE, (OLDEST - 18) / _ADULT_SCALE)
    age, score = np.empty_like(uniform), np.zeros_like(uniform)
    grown = uniform[adult]
    age[adult] = 18 + _ADULT_SCALE * special.gammaincinv(_ADULT_SHAPE, grown * oldest)
    score[adult] = special.ndtri(np.clip(grown, 1e-12, 1 - 1e-12))
    age[~adult] = 1 + _CHILD_SPAN * special.betaincinv(_CHILD_A, _CHILD_B, uniform[~adult])
    return np.round(np.clip(age, 1.0, OLDEST), 1), score


def _diagnosis(people: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """How and when the disease was found; milder genotypes are found later."""
    count = len(people["age"])
    since = of_centres("screening_since")[people["centre"]]
    screened = (people["born"] >= since) & (rng.random(count) < _SCREENED)
    later = pick(np.array([0.72, 0.21, 0.07]), rng.random(count)) + 1
    mode = np.where(screened, 0, later)
    median = np.where(people["sca"], 1.8, 6.0)
    found = np.where(screened, 0.02 + 0.15 * rng.random(count) ** 2,
                     median * np.exp(0.9 * rng.standard_normal(count)))  # fmt: skip
    return {"dx_mode": mode, "age_dx": np.minimum(np.round(found, 1), people["age"])}


__all__ = ["ANCESTRIES", "CLOSING", "GENOTYPES", "draw", "pick"]
