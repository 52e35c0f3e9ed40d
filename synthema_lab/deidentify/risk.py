"""How identifying is a table?

One call measures it from four sides: how few patients share a combination of
quasi-identifiers (k), what a class gives away (l, t), what three kinds of
intruder can hope for, and which small combinations already single patients out.

The three intruders (El Emam 2013; ISO/TS 25237:2017 speaks of the same threats).
The *prosecutor* knows that somebody is in the table: risk 1/f for a class of f.
The *journalist* knows only that somebody is in the population: 1/F, with F
counted in a population table or estimated from the sampling fraction. The
*marketer* wants as many as possible: the mean risk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np
import pandas as pd

from synthema_lab.deidentify.classes import (
    EquivalenceClasses,
    equivalence_classes,
    require_columns,
    value_codes,
)
from synthema_lab.deidentify.combinations import Combinations, unique_combinations
from synthema_lab.deidentify.population import (
    InPopulation,
    PopulationUniques,
    expected_risk,
    in_population,
    population_uniques,
)
from synthema_lab.deidentify.sensitive import Diversity, all_diversities
from synthema_lab.dictionary import DataDictionary

COLUMNS = ("measure", "value", "low", "high", "meaning")
CLASS_SIZES = (1, 2, 3, 5, 10, 20, 50, 100)


@dataclass(frozen=True, eq=False)
class Risk:
    """What was measured on one table.

    Attributes
    ----------
    rows : int
    quasi_identifiers : tuple of str
    classes : EquivalenceClasses
    diversities : mapping of str to Diversity
        By sensitive variable.
    combinations : Combinations
    journalist : ndarray of float64, shape (rows,)
        Risk of each row; equal to the prosecutor's where nothing is known of the population.
    population : InPopulation or None
    uniques : PopulationUniques or None
        Where a sampling fraction below 1 was given.
    threshold : float
        Risk above which a patient counts as at risk.
    """

    rows: int
    quasi_identifiers: tuple[str, ...]
    classes: EquivalenceClasses
    diversities: Mapping[str, Diversity]
    combinations: Combinations
    journalist: np.ndarray = field(repr=False)
    population: InPopulation | None
    uniques: PopulationUniques | None
    threshold: float

    @property
    def k(self) -> int:
        """Patients in the smallest class."""
        return self.classes.smallest

    @property
    def l(self) -> int | None:  # noqa: E743
        """The least distinct l over the sensitive variables; None without any."""
        return min((found.l for found in self.diversities.values()), default=None)

    @property
    def entropy_l(self) -> float | None:
        """The least entropy l over the sensitive variables; None without any."""
        return min((found.entropy_l for found in self.diversities.values()), default=None)

    @property
    def t(self) -> float | None:
        """The largest t over the sensitive variables; None without any."""
        return max((found.t for found in self.diversities.values()), default=None)

    @property
    def prosecutor(self) -> np.ndarray:
        """Risk of each row, one over the size of its class, shape (rows,)."""
        return 1.0 / self.classes.row_sizes

    @property
    def largest_risk(self) -> float:
        """The prosecutor's largest risk, 1/k."""
        return 1.0 / self.k if self.k else 0.0

    @property
    def marketer(self) -> float:
        """The mean of the prosecutor's risks: classes over rows."""
        return self.classes.sizes.size / self.rows if self.rows else 0.0

    @property
    def share_at_risk(self) -> float:
        """Share of patients whose risk lies above the threshold."""
        return float((self.prosecutor > self.threshold + 1e-12).mean()) if self.rows else 0.0

    @property
    def unique(self) -> int:
        """Patients who are alone in their class."""
        return int((self.classes.sizes == 1).sum())

    def table(self) -> pd.DataFrame:
        """Columns measure, value, low, high, meaning.

        Counts and shares of the table itself are exact: low and high equal the value.
        """
        exact: list[tuple[str, float, str]] = [
            ("k-anonymity", self.k, "patients in the smallest class"),
            ("unique patients", self.unique, "alone in their class"),
            ("prosecutor, largest risk", self.largest_risk, "somebody known to be in the table"),
            ("marketer, mean risk", self.marketer, "share of all patients that a match gets right"),
            (
                "patients at risk",
                self.share_at_risk,
                f"share with a risk above {self.threshold:g}",
            ),
            (
                "singled out by three or fewer",
                self.combinations.singled_out,
                "patients unique on a subset of at most three quasi-identifiers",
            ),
        ]
        if self.rows:
            known = "counted" if self.population else "estimated" if self.uniques else "not known"
            exact += [
                (
                    "journalist, largest risk",
                    float(self.journalist.max()),
                    f"somebody of the population, whose size is {known}",
                ),
                ("journalist, mean risk", float(self.journalist.mean()), "the same, on average"),
            ]
        if self.population:
            exact += [
                ("k-map", self.population.k_map, "people of the population in the smallest class"),
                ("delta-presence, low", self.population.delta_low, "least share of a class in it"),
                ("delta-presence, high", self.population.delta_high, "largest such share"),
            ]
        for name, found in self.diversities.items():
            exact += [
                (f"l-diversity, {name}", found.l, "different values in the poorest class"),
                (f"entropy l, {name}", found.entropy_l, "effective number of values there"),
                (f"t-closeness, {name}", found.t, "largest distance of a class from all"),
            ]
        rows = [(name, float(value), float(value), float(value), m) for name, value, m in exact]
        if self.uniques:
            u = self.uniques
            rows.append(
                ("population uniques", u.expected, u.low, u.high, "expected among the unique ones")
            )
        return pd.DataFrame(rows, columns=list(COLUMNS))

    def class_sizes(self) -> pd.DataFrame:
        """How many patients live in classes of which size.

        Returns
        -------
        DataFrame
            Columns class_size (such as "2" or "5 to 9"), low, patients, share.
        """
        edges = [*CLASS_SIZES, np.inf]
        held = np.histogram(self.classes.row_sizes, bins=edges)[0]
        rows = []
        for low, high, patients in zip(edges[:-1], edges[1:], held, strict=True):
            if np.isinf(high):
                said = f"{low:g} or more"
            else:
                said = f"{low:g}" if high - low == 1 else f"{low:g} to {high - 1:g}"
            rows.append((said, int(low), int(patients), patients / max(1, self.rows)))
        return pd.DataFrame(rows, columns=["class_size", "low", "patients", "share"])

    def __str__(self) -> str:
        words = [
            f"{self.rows} patients in {self.classes.sizes.size} classes over "
            f"{len(self.quasi_identifiers)} quasi-identifier"
            + ("" if len(self.quasi_identifiers) == 1 else "s"),
            f"k {self.k}",
            f"{self.unique} unique",
            f"largest risk {self.largest_risk:.2f}, mean {self.marketer:.2f}",
        ]
        if self.diversities:
            words.append(f"l {self.l}, t {self.t:.2f}")
        return "; ".join(words) + "."

    def _repr_html_(self) -> str:
        return f"<p>{escape(str(self))}</p>{self.table().to_html(index=False, border=0)}"


def measure(
    patients: pd.DataFrame,
    quasi_identifiers: Sequence[str],
    sensitive: Sequence[str] = (),
    dictionary: DataDictionary | None = None,
    *,
    k: int = 5,
    threshold: float = 0.2,
    population: pd.DataFrame | None = None,
    sampling_fraction: float = 1.0,
) -> Risk:
    """Measure how identifying a table is.

    Parameters
    ----------
    patients : DataFrame
        One row a patient.
    quasi_identifiers : sequence of str
        What an intruder may know from elsewhere.
    sensitive : sequence of str
        What an intruder may want to learn.
    dictionary : DataDictionary, optional
        Its public bins turn sensitive numbers into values for l and t.
    k : int
        Fewer patients than this in a class are rare.
    threshold : float
        Risk above which a patient counts as at risk.
    population : DataFrame, optional
        Everybody the patients come from, generalised alike.
    sampling_fraction : float
        Patients in the table over patients in the population, where no population
        table is at hand.

    Raises
    ------
    ArgumentRefused
        If a column is absent, or the population does not hold the patients.

    Examples
    --------
    >>> patients = pd.DataFrame({"sex": list("FFMMM"), "age": [40, 40, 61, 61, 70],
    ...                          "genotype": ["SS", "SC", "SS", "SS", "SC"]})
    >>> found = measure(patients, ["sex", "age"], ["genotype"])
    >>> print(found)
    5 patients in 3 classes over 2 quasi-identifiers; k 1; 1 unique; largest risk 1.00, mean 0.60; l 1, t 0.60.
    """  # noqa: E501
    names, held = tuple(dict.fromkeys(quasi_identifiers)), tuple(dict.fromkeys(sensitive))
    require_columns(patients, (*names, *held))
    classes = equivalence_classes(patients, names)
    looked_up = uniques = None
    journalist = 1.0 / classes.row_sizes
    if population is not None:
        looked_up = in_population(patients, population, names)
        journalist = looked_up.journalist
    elif sampling_fraction != 1.0:
        journalist = expected_risk(classes.row_sizes, sampling_fraction)
        columns = [value_codes(patients[name]) for name in names]
        uniques = population_uniques(columns, sampling_fraction)
    return Risk(
        rows=len(patients),
        quasi_identifiers=names,
        classes=classes,
        diversities=all_diversities(patients, classes, held, dictionary),
        combinations=unique_combinations(patients, names, k),
        journalist=journalist,
        population=looked_up,
        uniques=uniques,
        threshold=threshold,
    )
