"""How identifying is a sample, when the population it comes from is larger?

Three answers, by what is known. A population table: each class is looked up in
it (k-map, Sweeney 2002; delta-presence, Nergiz et al. 2007). Only the sampling
fraction: the size of a class in the population is estimated from its size in
the sample (Benedetti and Franconi 1998). Only that somebody is in the sample:
that is the prosecutor's case and needs no population.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from synthema_lab.deidentify.classes import group, require_columns
from synthema_lab.errors import ArgumentRefused


@dataclass(frozen=True)
class PopulationUniques:
    """How many unique patients of the sample are unique in the population too.

    Attributes
    ----------
    sample_uniques : int
    expected, low, high : float
        Estimated number, with a 95% interval of that number under the model.
        The interval does not hold the doubt about the model itself.
    fraction : float
        Sampling fraction that was assumed.
    """

    sample_uniques: int
    expected: float
    low: float
    high: float
    fraction: float

    def __str__(self) -> str:
        return (
            f"{self.sample_uniques} unique in the sample, of whom {self.expected:.1f} "
            f"({self.low:.1f} to {self.high:.1f}) are expected to be unique in the population"
        )


@dataclass(frozen=True)
class InPopulation:
    """What a population table says about the classes of a sample.

    Attributes
    ----------
    k_map : int
        The least number of people in the population who share a class of the sample.
    journalist : ndarray of float64, shape (rows,)
        One over that number, for each row.
    delta_low, delta_high : float
        The least and largest share of a population class that is in the sample:
        how surely membership can be denied or claimed (delta-presence).
    """

    k_map: int
    journalist: np.ndarray
    delta_low: float
    delta_high: float


def expected_risk(sizes: np.ndarray, fraction: float) -> np.ndarray:
    """Expected one over the population size of classes, from their sample size.

    Given f in the sample, the size in the population is f plus a negative
    binomial number of people who were not drawn; this is the mean of its
    reciprocal, ``fraction**f / f * 2F1(f, f; f + 1; 1 - fraction)``.

    Parameters
    ----------
    sizes : ndarray of int, each at least 1
    fraction : float
        Share of the population that is in the sample, above 0 and at most 1.

    References
    ----------
    Benedetti R, Franconi L. Statistical and technological solutions for
    controlled data dissemination. Pre-proceedings of New Techniques and
    Technologies for Statistics, 1998.

    Examples
    --------
    >>> expected_risk(np.array([1, 5]), 1.0).tolist()
    [1.0, 0.2]
    >>> round(float(expected_risk(np.array([1]), 0.1)[0]), 4)  # 0.1 / 0.9 * ln(10)
    0.2558
    """
    check_fraction(fraction)
    if fraction == 1.0:
        return 1.0 / sizes
    from scipy.special import hyp2f1

    distinct, back = np.unique(sizes, return_inverse=True)
    f = distinct.astype(np.float64)
    # Euler's transformation keeps the series small: 2F1(f,f;f+1;q) = (1-q)^(1-f) 2F1(1,1;f+1;q).
    risk = fraction / f * hyp2f1(1.0, 1.0, f + 1.0, 1.0 - fraction)
    return np.minimum(risk, 1.0 / f)[back]


def population_uniques(columns: Sequence[np.ndarray], fraction: float) -> PopulationUniques:
    """Estimate population uniques with a Poisson model of independent quasi-identifiers.

    The number of people in each combination is Poisson with a mean that is the
    population size times the product of the marginal shares. A patient unique in
    the sample is unique in the population if none of those not drawn shares the
    combination: with probability ``exp(-mean * (1 - fraction))``.

    Parameters
    ----------
    columns : sequence of ndarray of int64, each of shape (rows,)
        Codes of the quasi-identifiers.
    fraction : float

    References
    ----------
    Skinner CJ, Holmes DJ. Estimating the re-identification risk per record in
    microdata. Journal of Official Statistics 1998; 14: 361-372.
    """
    check_fraction(fraction)
    rows = len(columns[0]) if columns else 0
    if not rows:
        return PopulationUniques(0, 0.0, 0.0, 0.0, fraction)
    alone = group(columns, rows).row_sizes == 1
    log_share = np.zeros(int(alone.sum()))
    for codes in columns:
        log_share += np.log(np.bincount(codes)[codes[alone]] / rows)
    mean = rows / fraction * np.exp(log_share)
    chance = np.exp(-mean * (1.0 - fraction))
    expected, spread = float(chance.sum()), 1.96 * float(np.sqrt((chance * (1 - chance)).sum()))
    uniques = int(alone.sum())
    return PopulationUniques(
        uniques, expected, max(0.0, expected - spread), min(float(uniques), expected + spread),
        fraction,
    )  # fmt: skip


def in_population(
    patients: pd.DataFrame, population: pd.DataFrame, quasi_identifiers: Sequence[str]
) -> InPopulation:
    """Look the classes of a sample up in a table of the population.

    Parameters
    ----------
    patients, population : DataFrame
        Both with the quasi-identifiers, generalised alike. The population holds
        the patients.

    Raises
    ------
    ArgumentRefused
        If a class of the sample has fewer people in the population than in the
        sample: then the table is not its population.

    Examples
    --------
    >>> patients = pd.DataFrame({"sex": ["F", "M"]})
    >>> population = pd.DataFrame({"sex": ["F", "F", "F", "F", "M", "M"]})
    >>> found = in_population(patients, population, ["sex"])
    >>> found.k_map, found.delta_high
    (2, 0.5)
    """
    require_columns(patients, quasi_identifiers)
    require_columns(population, quasi_identifiers)
    names = list(quasi_identifiers)
    both = pd.concat(
        [patients[names].astype(object), population[names].astype(object)], ignore_index=True
    )
    rows = len(patients)
    of_row = group([pd.factorize(both[n], use_na_sentinel=False)[0] for n in names], len(both))
    sample, everyone = of_row.of_row[:rows], of_row.of_row[rows:]
    count = of_row.sizes.size
    here = np.bincount(sample, minlength=count)
    there = np.bincount(everyone, minlength=count)
    if (there[sample] < here[sample]).any() or not rows:
        raise ArgumentRefused(
            "The population table does not hold the patients: a class is larger among them.",
            "A table of everybody the patients were drawn from, generalised in the same way.",
            "Give the sampling fraction instead, as in sampling_fraction=0.1.",
        )
    share = here[sample] / there[sample]
    everywhere = here[everyone] / there[everyone]
    return InPopulation(
        k_map=int(there[sample].min()),
        journalist=1.0 / there[sample],
        delta_low=float(everywhere.min()),
        delta_high=float(share.max()),
    )


def check_fraction(fraction: float) -> None:
    """Refuse what is no share above 0 and up to 1."""
    if isinstance(fraction, bool) or not isinstance(fraction, int | float) or not 0 < fraction <= 1:
        raise ArgumentRefused(
            "The sampling fraction cannot be used.",
            "A share above 0 and at most 1: patients in the table over patients in the population.",
            "As in sampling_fraction=0.1; leave it out to assume that everybody is in the table.",
        )
