"""Which genetic modifiers does a patient carry, and what do they do to fetal haemoglobin?

Frequencies by origin of the family; effects on the logarithm of HbF as
published (Makani 2011; Blood Adv: g(HbF)). Tags stand in `targets`.
"""

from __future__ import annotations

import numpy as np

from synthema_lab.cohorts.simulators.scd.centres import SC, SS
from synthema_lab.cohorts.simulators.scd.population import pick

HAPLOTYPES = ("BEN/BEN", "CAR/CAR", "SEN/SEN", "CAM", "AI", "mixed")
ALPHA = ("aa/aa", "-a/aa", "-a/-a", "other")
_BEN, _CAR, _SEN, _CAM, _AI, _ATYPICAL = range(6)

# Beta-S chromosomes by ancestry: Benin, Central African, Senegal, Cameroon, Arab-Indian, atypical.
# West Africa: midway in the recalled European ranges; Senegal 0.09 lies between its recalled 0.10
# and the verified 0.07 of XmnI, which travels with it. The rest is assumed.
_CHROMOSOMES = np.array([
    (0.60, 0.20, 0.082, 0.05, 0.000, 0.068),
    (0.10, 0.84, 0.010, 0.02, 0.000, 0.030),
    (0.15, 0.60, 0.020, 0.02, 0.100, 0.110),
    (0.82, 0.06, 0.040, 0.02, 0.010, 0.050),
    (0.70, 0.14, 0.070, 0.04, 0.005, 0.045),
    (0.80, 0.08, 0.040, 0.02, 0.010, 0.050),
    (0.30, 0.05, 0.020, 0.01, 0.550, 0.070),
    (0.04, 0.01, 0.010, 0.00, 0.900, 0.040),
    (0.38, 0.52, 0.030, 0.03, 0.000, 0.040),
    (0.50, 0.20, 0.080, 0.04, 0.080, 0.100),
])  # fmt: skip
_XMNI_ELSEWHERE = 0.008  # A allele on a chromosome that is not Senegal or Arab-Indian beta-S
_BCL11A_T = 0.25
_HMIP_C = np.array([0.052, 0.02, 0.06, 0.12, 0.06, 0.17, 0.14, 0.12, 0.08, 0.12])
# Alpha-thalassaemia, heterozygous and homozygous, by ancestry: about 30 and 3.5% overall
# (recalled), 23.6 and 25.5% in Kinshasa (verified, taken for Central Africa); non-deletional 1%.
_ALPHA_HET = np.array([0.308, 0.236, 0.30, 0.22, 0.31, 0.22, 0.33, 0.36, 0.27, 0.27])
_ALPHA_HOM = np.array([0.032, 0.255, 0.05, 0.02, 0.035, 0.02, 0.06, 0.08, 0.04, 0.03])
_ALPHA_IN_SC = 0.86  # of the usual frequency: 29% of HbSC carry a deletion (AJH 2002)
_G6PD_MALE, _G6PD_FEMALE = 0.115, 0.030

# ln-units of HbF for one allele more.
BCL11A_EFFECT, HMIP_EFFECT, XMNI_EFFECT = 0.433, 0.610, 0.339
# Central African chromosomes have the lowest HbF (recalled; the size is assumed).
CAR_EFFECT = -0.06
# Mean of the sum of effects over the cohort, from 400,000 simulated patients.
GENETIC_MEAN = 0.337


def draw(people: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw the modifiers of each patient.

    Parameters
    ----------
    people : dict of str to array
        From `population.draw`.
    rng : numpy.random.Generator

    Returns
    -------
    dict of str to array, shape (patients,)
        ``haplotype`` (position in `HAPLOTYPES`; a pair, so -1 unless HbSS),
        ``bcl11a``, ``hmip``, ``xmni`` (alleles that raise HbF, 0 to 2),
        ``alpha`` (position in `ALPHA`), ``alpha_deleted`` (0 to 2),
        ``g6pd``, ``neither`` (no alpha-thalassaemia and no BCL11A T), and
        ``genetic_hbf`` (what the alleles do to ln HbF, centred).
    """
    origin, count = people["ancestry"], len(people["age"])
    homozygous = people["genotype"] == SS
    first, second = (pick(_CHROMOSOMES[origin], rng.random(count)) for _ in range(2))
    on_first = np.isin(first, (_SEN, _AI)) | (rng.random(count) < _XMNI_ELSEWHERE)
    second_carries = homozygous & np.isin(second, (_SEN, _AI))
    on_second = second_carries | (rng.random(count) < _XMNI_ELSEWHERE)
    xmni = on_first.astype(int) + on_second
    bcl11a = rng.binomial(2, _BCL11A_T, count)
    hmip = rng.binomial(2, _HMIP_C[origin])
    less = np.where(people["genotype"] == SC, _ALPHA_IN_SC, 1.0)
    het, hom = less * _ALPHA_HET[origin], less * _ALPHA_HOM[origin]
    other = np.full(count, 0.01)
    alpha = pick(np.stack([1 - het - hom - other, het, hom, other], axis=1), rng.random(count))
    affected = np.where(people["male"], _G6PD_MALE, _G6PD_FEMALE)
    central = (first == _CAR).astype(int) + (homozygous & (second == _CAR))
    effect = BCL11A_EFFECT * bcl11a + HMIP_EFFECT * hmip + XMNI_EFFECT * xmni + CAR_EFFECT * central
    return {
        "haplotype": np.where(homozygous, _pair(first, second), -1),
        "bcl11a": bcl11a,
        "hmip": hmip,
        "xmni": xmni,
        "alpha": alpha,
        "alpha_deleted": np.select([alpha == 2, alpha >= 1], [2, 1], 0),
        "g6pd": rng.random(count) < affected,
        "neither": (alpha == 0) & (bcl11a == 0),
        "genetic_hbf": effect - GENETIC_MEAN,
    }


def _pair(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The pair as it is reported; two different chromosomes are mixed."""
    return np.where((first == second) & (first != _ATYPICAL), first, 5)
