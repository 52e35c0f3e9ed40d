"""How much haemoglobin is there, of which kind, and in red cells of what size?"""

from __future__ import annotations

import numpy as np

from synthema_lab.cohorts.simulators.scd.centres import OTHER, SBPLUS, SC
from synthema_lab.cohorts.simulators.scd.margins import MARGINS, soft_cap

# Standard deviation of ln HbF below the median, by genotype. In HbSC quartiles of 1, 1.5 and 2.7%
# and a mean of 2.5% fit no log-normal; two halves of 0.60 and 0.946 fit all four within 5%.
HBF_LOWER = np.array([0.80, 0.60, 0.80, 0.80, 0.80])
HBF_SPREAD = np.array([0.80, 0.697, 0.80, 0.80, 0.80])  # of the whole, by which alleles are scaled
# Variance of the genetic part of ln HbF, from 400,000 simulated patients.
GENETIC_VARIANCE = 0.144
# Alpha-thalassaemia, one and two deletions: haemoglobin plus 0.4 and 1.0 is recalled, but with it
# patients with neither modifier lie 0.43 below the others, where 0.29 was published: so less.
# Then the shares with none, one and two, from 400,000 simulated patients.
ALPHA_HB, ALPHA_MCV = np.array([0.0, 0.22, 0.66]), np.array([0.0, -6.0, -15.0])
_ALPHA_SHARES = np.array([0.669, 0.293, 0.038])
G6PD_HB, _G6PD_SHARE = -0.2, 0.07
# Adults: men above women, from 17 years; children: boys below girls (sign West 1992, size assumed).
_SEX_ADULT, _SEX_CHILD = 0.31, -0.10
_FALL_AFTER_40 = -0.03
_MEAN_FALL = -0.105  # of the fall after 40 years among adults, analytically for their ages


def hbf_score(people: dict[str, np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Standard normal score of ln HbF: genetic part plus the rest."""
    spread = HBF_SPREAD[people["genotype"]]
    rest = np.sqrt(1 - GENETIC_VARIANCE / spread**2)
    return people["genetic_hbf"] / spread + rest * rng.standard_normal(len(spread))


def untreated(
    people: dict[str, np.ndarray], scores: dict[str, np.ndarray], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Haemoglobin, HbF and cell indices as they would be without treatment.

    Parameters
    ----------
    people : dict of str to array
        With genetics.
    scores : dict of str to array
        From `residuals.draw`.
    rng : numpy.random.Generator

    Returns
    -------
    dict of str to array, shape (patients,)
        ``hbf`` (%), ``hb`` and ``mchc`` (g/dL), ``mcv`` (fL), ``rdw`` and
        ``hba2`` (%), ``hb_mean`` (g/dL, of the genotype).
    """
    genotype, age = people["genotype"], people["age"]
    deleted = people["alpha_deleted"]

    def normal(name: str, score: np.ndarray, used: float = 0.0) -> np.ndarray:
        """Location plus spread times score; `used` is the variance that effects take up."""
        location, spread = MARGINS[name]
        return location[genotype] + np.sqrt(spread[genotype] ** 2 - used) * score

    adult_hbf = _adult_hbf(genotype, scores["hbf"])
    hb = normal("hb", scores["hb"], used=0.06 + _SEX_ADULT**2 + 0.02)
    hb += ALPHA_HB[deleted] - ALPHA_HB @ _ALPHA_SHARES
    hb += G6PD_HB * (people["g6pd"] - _G6PD_SHARE)
    sign = np.where(people["male"], 1.0, -1.0)
    hb += sign * np.where(age >= 17, _SEX_ADULT, _SEX_CHILD)
    hb += np.where(people["adult"], _FALL_AFTER_40 * np.maximum(age - 40, 0) - _MEAN_FALL, 0.0)
    mcv = normal("mcv", scores["mcv"], used=13.3)
    mcv += ALPHA_MCV[deleted] - ALPHA_MCV @ _ALPHA_SHARES
    return {
        "hbf": soft_cap(adult_hbf * by_age(age), 30.0, 44.5),
        "hb": np.clip(hb, 3.6, 15.8),
        "hb_mean": MARGINS["hb"][0][genotype],
        "mcv": np.clip(mcv, 51.0, 125.0),
        "mchc": np.clip(normal("mchc", rng.standard_normal(len(age))), 27.5, 39.5),
        "rdw": np.clip(normal("rdw", rng.standard_normal(len(age))), 12.0, 38.0),
        "hba2": np.clip(normal("hba2", rng.standard_normal(len(age))), 0.5, 7.8),
    }


def red_cells(blood: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Values kept where their product stays usual: red cells below 7, reticulocytes below 900.

    Parameters
    ----------
    blood : dict of str to array
        Under treatment.

    Returns
    -------
    dict of str to array, shape (patients,)
        ``hb``, ``mcv`` and ``retic``; few values change.
    """
    hb = soft_cap(blood["hb"], 15.0, 15.9)
    mcv = np.maximum(blood["mcv"], 1000 * hb / (blood["mchc"] * 6.7))
    count = 1000 * hb / (blood["mchc"] * mcv)
    return {"hb": hb, "mcv": mcv, "retic": np.clip(blood["retic"], 0.3, 85 / count)}


def _adult_hbf(genotype: np.ndarray, score: np.ndarray) -> np.ndarray:
    """HbF in percent; in HbSC the upper half is wider than the lower, as published."""
    location, spread = MARGINS["hbf"]
    wide = np.where(score > 0, spread[genotype], HBF_LOWER[genotype])
    return np.exp(location[genotype] + wide * score)


def by_age(age: np.ndarray) -> np.ndarray:
    """HbF over its adult level: fourfold at 1 year, falling with a time constant of 3 years.

    Examples
    --------
    >>> by_age(np.array([1.0, 5.0, 10.0, 40.0])).round(2).tolist()
    [4.0, 1.79, 1.15, 1.0]
    """
    return 1 + 3 * np.exp(-(age - 1) / 3)


def fractions(
    people: dict[str, np.ndarray], blood: dict[str, np.ndarray], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Haemoglobin fractions in percent, to 0.1, which sum to 100 at most.

    Parameters
    ----------
    people, blood : dict of str to array
        `blood` with ``hbf`` and ``hba2`` as without transfusion, and
        ``transfused`` (% of haemoglobin from donors).
    rng : numpy.random.Generator

    Returns
    -------
    dict of str to array, shape (patients,)
        ``hbs``, ``hbf``, ``hba2``, ``hba``, ``hbc``; HbA is 0 unless HbSb+ or
        transfused, HbC is above 0 in HbSC alone. In HbS_other the variant
        beside HbS is in no column.
    """
    genotype, count = people["genotype"], len(people["age"])
    own = 1 - blood["transfused"] / 100
    hbf = np.round(own * blood["hbf"], 1)
    hba2 = np.round(own * blood["hba2"] + (1 - own) * 2.5, 1)
    draw = rng.standard_normal(count)
    hba = np.round(blood["transfused"] * 0.975, 1)
    rest = 100 - hbf - hba2 - hba
    hbs = rest.copy()
    milder = (genotype == SC) | (genotype == OTHER)
    hbs[milder] = np.clip(own * (48 + 3 * draw), 5.0, 60.0)[milder]
    plus = genotype == SBPLUS
    # Own HbS of 70 (8)%, never so much that no HbA of their own is left.
    hbs[plus] = np.minimum(own * (70 + 8 * draw), 0.97 * rest)[plus]
    hbs = np.round(np.minimum(hbs, rest), 1)
    left = np.maximum(np.round(100 - hbf - hba2 - hba - hbs, 1), 0.0)
    hbc = np.where(genotype == SC, np.minimum(left, 54.5), 0.0)
    # Transfused patients with HbSb+ have no more HbA than others in a programme.
    hba = np.where(plus, np.minimum(np.round(hba + left, 1), 59.9), hba)
    return {"hbs": hbs, "hbf": hbf, "hba2": hba2, "hba": hba, "hbc": hbc}
