"""What is each laboratory value in an adult without treatment, by genotype?

Published means and spreads stand in `targets`; what stands here are the
settings that reproduce them once age, sex and genetic modifiers are added. A
setting differs from its target where those shift it.
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

# One number a genotype: HbSS, HbSb0, HbSC, HbSb+, and HbS_other, which is assumed throughout.
_NORMAL = {
    # mean, standard deviation
    "hb": ((8.06, 8.60, 11.05, 10.75, 10.00), (1.20, 1.30, 1.30, 1.50, 1.40)),
    "mcv": ((89.0, 69.0, 84.4, 70.0, 82.0), (8.0, 6.0, 7.0, 7.25, 8.0)),
    "mchc": ((34.0, 32.0, 35.0, 32.0, 34.0), (1.3, 1.3, 1.3, 1.3, 1.3)),
    "rdw": ((22.5, 23.5, 17.5, 18.5, 19.5), (3.2, 3.4, 2.4, 2.8, 3.0)),
    "hba2": ((2.9, 4.8, 3.5, 4.7, 3.0), (0.5, 0.7, 0.5, 0.7, 0.6)),
}  # fmt: skip
_LOG_MEAN_SD = {
    # mean, standard deviation of a log-normal
    "wbc": ((11.8, 11.0, 8.6, 8.7, 9.5), (3.6, 4.0, 2.8, 3.0, 3.2)),
    "plt": ((405.0, 380.0, 260.0, 285.0, 320.0), (135.0, 160.0, 110.0, 120.0, 130.0)),
    "retic": ((10.5, 9.0, 4.03, 3.5, 5.5), (4.5, 4.0, 1.75, 1.7, 2.5)),
}
_LOG_MEDIAN = {
    # median, standard deviation of the logarithm
    "hbf": ((5.0, 6.0, 1.54, 3.33, 4.0), (0.80, 0.80, 0.946, 0.80, 0.80)),
    "ldh": ((420.0, 400.0, 237.0, 250.0, 320.0), (0.408, 0.408, 0.255, 0.292, 0.35)),
    "bili": ((2.9, 2.3, 1.3, 1.3, 1.8), (0.55, 0.607, 0.554, 0.554, 0.55)),
    "ast": ((40.0, 38.0, 25.0, 26.0, 32.0), (0.38, 0.38, 0.30, 0.32, 0.34)),
    "crp": ((4.50, 4.0, 3.5, 3.0, 3.5), (1.028, 1.028, 1.13, 1.10, 1.10)),
    "ferritin": ((196.0, 196.0, 106.0, 130.0, 160.0), (1.202, 1.202, 1.13, 1.10, 1.10)),
    "ntprobnp": ((75.0, 75.0, 55.0, 55.0, 60.0), (1.08, 1.08, 0.95, 0.95, 1.00)),
    # Women; men have CREATININE_OF_MEN times as much.
    "creat": ((0.55, 0.55, 0.70, 0.70, 0.62), (0.26, 0.26, 0.26, 0.26, 0.26)),
}
CREATININE_OF_MEN = 1.25


def _table() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    # centres.GENOTYPES is SS, SC, Sb0, Sb+, other; the rows above follow the published table,
    # SS, Sb0, SC, Sb+, other.
    order = [0, 2, 1, 3, 4]
    table = {}
    for name, rows in {**_NORMAL, **_LOG_MEAN_SD, **_LOG_MEDIAN}.items():
        first, second = (np.array(row)[order] for row in rows)
        if name in _LOG_MEAN_SD:
            spread = np.sqrt(np.log1p((second / first) ** 2))
            first, second = np.log(first) - spread**2 / 2, spread
        elif name in _LOG_MEDIAN:
            first = np.log(first)
        table[name] = (first, second)
    return table


# Location and spread by value, arrays by genotype; of the logarithm where the value is log-normal.
MARGINS = MappingProxyType(_table())


def soft_cap(values: np.ndarray, knee: float, ceiling: float) -> np.ndarray:
    """Values bent below a ceiling: unchanged up to the knee, never beyond the ceiling.

    Examples
    --------
    >>> soft_cap(np.array([20.0, 30.0, 1000.0]), 30.0, 45.0).round(1).tolist()
    [20.0, 30.0, 45.0]
    """
    room = ceiling - knee
    beyond = np.maximum(values - knee, 0.0)
    return np.minimum(values, knee) + room * -np.expm1(-beyond / room)
