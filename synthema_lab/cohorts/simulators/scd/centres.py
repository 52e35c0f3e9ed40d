"""Which hospitals treat the simulated patients, and how do they differ?

Eight centres of uneven size in seven countries. They differ in the genotypes
and ages that come to them, in where families come from, in how often they
treat, and in what they measure. No centre stands for a real hospital: sizes
and differences are assumed (tag A), and only their weighted averages are held
to published figures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

GENOTYPES = ("HbSS", "HbSC", "HbSb0", "HbSb+", "HbS_other")
SS, SC, SB0, SBPLUS, OTHER = range(5)
ANCESTRIES = (
    "west_africa", "central_africa", "east_africa", "north_africa", "caribbean",
    "mediterranean", "middle_east", "south_asia", "americas", "other",
)  # fmt: skip


@dataclass(frozen=True)
class Centre:
    """A simulated hospital.

    Attributes
    ----------
    name, country : str
        Country by ISO 3166-1 alpha-2.
    weight : float
        Share of all patients.
    children : float
        Share of its patients under 18 years.
    genotypes : tuple of float
        Shares in the order of `GENOTYPES`.
    families : mapping of ancestry to float
        How much more often than elsewhere a family comes from there.
    hydroxycarbamide, exchange : float
        How readily it gives hydroxycarbamide (1 is usual); the share of
        transfusion programmes that exchange.
    ldh, ferritin : float
        Its assay over the usual assay.
    genetics : float
        Share of its patients whose genetic modifiers were measured.
    gaps : float
        How much more often than elsewhere a value is missing.
    first_year : float
        When it began to enrol.
    screening_since : float
        Year of birth from which newborns were screened.
    """

    name: str
    country: str
    weight: float
    children: float
    genotypes: tuple[float, ...]
    families: dict[str, float]
    hydroxycarbamide: float
    exchange: float
    ldh: float
    ferritin: float
    genetics: float
    gaps: float
    first_year: float
    screening_since: float


# Genotype shares: assumed differences between centres, scaled by iterative proportional fitting
# until their weighted averages are those of RADeep (HbSS 71.6, HbSC 15.0, S-beta 10.9, other 2.5%).
# Weights times children average to 62.1% under 18 years.
CENTRES = (
    Centre("FR1", "FR", 0.24, 0.55, (0.741, 0.162, 0.028, 0.046, 0.023),
           {"caribbean": 1.5, "north_africa": 1.5},
           1.05, 0.55, 1.00, 1.00, 0.70, 0.80, 2013.0, 1996.0),
    Centre("FR2", "FR", 0.10, 0.90, (0.778, 0.129, 0.028, 0.046, 0.019),
           {"caribbean": 0.6, "north_africa": 2.0, "central_africa": 1.5},
           1.10, 0.30, 1.05, 0.95, 0.45, 1.00, 2015.0, 1996.0),
    Centre("GB1", "GB", 0.17, 0.40, (0.679, 0.249, 0.017, 0.033, 0.022),
           {"caribbean": 2.0, "south_asia": 2.0, "north_africa": 0.2, "central_africa": 0.3},
           0.85, 0.70, 0.95, 1.05, 0.80, 0.70, 2012.0, 2003.0),
    Centre("IT1", "IT", 0.13, 0.70, (0.522, 0.070, 0.153, 0.217, 0.038),
           {"mediterranean": 4.0, "caribbean": 0.1, "north_africa": 1.5, "middle_east": 1.5},
           1.00, 0.45, 1.00, 1.10, 0.60, 0.95, 2014.0, 2010.0),
    Centre("BE1", "BE", 0.12, 0.80, (0.823, 0.109, 0.017, 0.033, 0.018),
           {"central_africa": 6.0, "caribbean": 0.1},
           1.20, 0.35, 1.00, 0.90, 0.55, 1.00, 2013.0, 1997.0),
    Centre("NL1", "NL", 0.09, 0.55, (0.662, 0.208, 0.028, 0.068, 0.034),
           {"caribbean": 1.5, "americas": 2.0, "middle_east": 2.0},
           0.95, 0.50, 1.05, 1.00, 0.50, 1.10, 2016.0, 2007.0),
    Centre("ES1", "ES", 0.09, 0.85, (0.791, 0.125, 0.027, 0.039, 0.018),
           {"americas": 5.0, "caribbean": 0.5, "north_africa": 1.5},
           1.05, 0.25, 0.95, 1.00, 0.25, 1.25, 2017.0, 2006.0),
    Centre("PT1", "PT", 0.06, 0.30, (0.795, 0.063, 0.041, 0.067, 0.034),
           {"central_africa": 5.0, "caribbean": 0.1, "mediterranean": 1.5},
           0.80, 0.20, 1.00, 1.05, 0.00, 1.60, 2018.0, 2020.0),
)  # fmt: skip

# Region of family origin by genotype, in the order of ANCESTRIES: assumed shapes, scaled until the
# average over centres and genotypes is that of CASiRe (West Africa 73, Europe 10, Caribbean 8%).
_ORIGINS = (
    (0.8113, 0.0211, 0.0061, 0.0135, 0.0827, 0.0379, 0.0107, 0.0057, 0.0064, 0.0046),
    (0.8640, 0.0051, 0.0020, 0.0174, 0.1012, 0.0027, 0.0008, 0.0008, 0.0034, 0.0027),
    (0.2712, 0.0055, 0.0032, 0.0469, 0.0690, 0.5138, 0.0601, 0.0169, 0.0037, 0.0097),
    (0.4218, 0.0053, 0.0031, 0.0456, 0.1006, 0.3649, 0.0334, 0.0123, 0.0036, 0.0094),
    (0.5847, 0.0108, 0.0104, 0.0460, 0.0901, 0.0968, 0.0841, 0.0414, 0.0073, 0.0284),
)


def of_centres(attribute: str) -> np.ndarray:
    """One attribute of every centre, in the order of `CENTRES`.

    Examples
    --------
    >>> of_centres("country").tolist()
    ['FR', 'FR', 'GB', 'IT', 'BE', 'NL', 'ES', 'PT']
    """
    return np.array([getattr(centre, attribute) for centre in CENTRES])


def origins() -> np.ndarray:
    """Probability of each ancestry, by centre and genotype.

    Returns
    -------
    array, shape (centres, genotypes, ancestries)
        Sums to 1 over ancestries.

    Examples
    --------
    >>> origins().shape
    (8, 5, 10)
    """
    pull = np.array([[centre.families.get(name, 1.0) for name in ANCESTRIES] for centre in CENTRES])
    weighted = pull[:, None, :] * np.array(_ORIGINS)[None, :, :]
    return weighted / weighted.sum(axis=2, keepdims=True)
