"""What could patients look like, known from the data dictionary alone?

Mock patients are for writing and testing code before seeing any data. They have the
right types, limits and categories and keep every rule; they say nothing about how
often anything occurs, and no variable depends on another beyond the rules.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from synthema_lab.cohorts.cohort import Cohort
from synthema_lab.cohorts.mock_rules import Repair, drawn_names
from synthema_lab.cohorts.mock_values import draw, missing_share
from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import ArgumentRefused

CENTRES = 5


def mock_patients(
    dictionary: DataDictionary, patients: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Invent patients from a dictionary, without having seen one.

    Parameters
    ----------
    dictionary : DataDictionary
    patients : int
        How many, at least 1.
    rng : numpy.random.Generator
        The same state gives the same patients.

    Returns
    -------
    DataFrame, shape (patients, variables)
        Conformed, every rule kept, derived variables computed. Pseudonyms are
        ``MOCK-00001`` and on; a centre without codes is ``centre_1`` to
        ``centre_5``, of uneven size; other identifiers and texts are invented
        or left out.

    Raises
    ------
    ArgumentRefused
        If `patients` is no whole number above 0.
    DataMismatch
        If the rules cannot be kept together within the plausible limits.

    Examples
    --------
    >>> dictionary = DataDictionary.load("leuksurv")
    >>> invented = mock_patients(dictionary, 200, np.random.default_rng(1))
    >>> invented.shape, dictionary.check(invented).ok
    ((200, 9), True)
    """
    if isinstance(patients, bool) or not isinstance(patients, int | np.integer) or patients < 1:
        raise ArgumentRefused(
            "The number of mock patients is no whole number above 0.",
            "A number such as 500.",
            "As in mock_patients(dictionary, 500, numpy.random.default_rng(1)).",
        )
    size, variables = int(patients), dictionary.variables
    event = None if dictionary.survival is None else dictionary.survival.event
    values = {
        name: draw(variables[name], size, rng, true=0.5 if name == event else 0.2)
        for name in drawn_names(dictionary)
    }
    if values:
        Repair(dictionary)(values, rng)
    table: dict[str, object] = {}
    for name, variable in variables.items():
        if name in values:
            table[name] = _column(values[name], list(variable.categories))
        elif not variable.derive:
            table[name] = _texts(dictionary, name, size, rng)
    return dictionary.derive(pd.DataFrame(table, index=pd.RangeIndex(size)))


def load(name: str, patients: int = 500, seed: int = 1) -> Cohort:
    """Mock patients of a packaged dictionary, as a cohort; see `mock_patients`.

    Parameters
    ----------
    name : str
        A dictionary such as ``leuksurv``.
    patients : int
    seed : int

    Examples
    --------
    >>> load("leuksurv", patients=50).patients["os_event"].nunique()
    2
    """
    dictionary = DataDictionary.load(name)
    return Cohort(
        name=f"{name}-mock",
        patients=mock_patients(dictionary, patients, np.random.default_rng(seed)),
        dictionary=dictionary,
        source=f"Invented from the data dictionary {name} {dictionary.version} alone.",
        licence="CC0-1.0: no patient stands behind these rows.",
        citation=f"Mock patients of {dictionary.title}, seed {seed}.",
        site_of_centre=_sites(dictionary),
    )


def _sites(dictionary: DataDictionary) -> dict[str, str]:
    """Centres that the dictionary lists by code, dealt to at most five sites in turn."""
    if dictionary.centre is None:
        return {}
    codes = list(dictionary.variables[dictionary.centre].categories)
    return {code: f"site_{at % CENTRES + 1}" for at, code in enumerate(codes)}


def _column(values: np.ndarray, codes: list[str]) -> object:
    if not codes:
        return values
    positions = np.where(np.isnan(values), -1, values).astype(np.int64)
    return pd.Categorical.from_codes(positions, categories=codes)


def _texts(
    dictionary: DataDictionary, name: str, size: int, rng: np.random.Generator
) -> np.ndarray:
    """Invented pseudonyms, centres and other texts."""
    if name == dictionary.patient:
        return np.array([f"MOCK-{number:05d}" for number in range(1, size + 1)], dtype=object)
    if name == dictionary.centre:
        weights = 1 / np.arange(1, CENTRES + 1)
        drawn = rng.choice(CENTRES, size, p=weights / weights.sum())
        return np.array([f"centre_{number + 1}" for number in drawn], dtype=object)
    if dictionary.variables[name].type == "text":
        texts = np.full(size, "mock text", dtype=object)
    else:
        texts = np.array([f"mock_{name}_{number}" for number in range(1, size + 1)], dtype=object)
    texts[rng.random(size) < missing_share(dictionary.variables[name])] = None
    return texts
