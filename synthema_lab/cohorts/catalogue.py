"""Which cohorts come with the workbench?"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pandas as pd

from synthema_lab.cohorts.cohort import Cohort
from synthema_lab.dictionary import did_you_mean
from synthema_lab.errors import ArgumentRefused


@dataclass(frozen=True)
class Entry:
    """A cohort that can be loaded by name.

    `module` has a function ``load()`` that returns a Cohort; it is imported
    only when the cohort is asked for. That of a simulated cohort takes the
    number of patients and a seed.
    """

    name: str
    disease: str
    patients: str
    kind: str
    module: str
    simulated: bool = False


CATALOGUE: Mapping[str, Entry] = MappingProxyType(
    {
        "scd": Entry(
            "scd",
            "sickle-cell disease",
            "1500, or as many as asked for",
            "simulated, calibrated to the literature",
            "synthema_lab.cohorts.simulators.scd",
            simulated=True,
        ),
        "aml": Entry(
            "aml",
            "acute myeloid leukaemia",
            "1540, or as many as asked for",
            "simulated, calibrated to a public cohort",
            "synthema_lab.cohorts.simulators.aml",
            simulated=True,
        ),
        "leuksurv": Entry(
            "leuksurv",
            "acute myeloid leukaemia",
            "1043",
            "real, public (extra: data)",
            "synthema_lab.cohorts.leuksurv",
        ),
    }
)


def simulated_against_target(name: str, patients: int | None = None, seed: int = 1) -> pd.DataFrame:
    """How far a simulated cohort is from the figures it was calibrated to.

    Parameters
    ----------
    name : {"scd", "aml"}
    patients : int, optional
        Simulated for the comparison, before values go missing; by default enough
        that chance does not hide an error.
    seed : int

    Returns
    -------
    DataFrame
        One row a calibrated quantity: tag (V verified, C computed, R recalled,
        A assumed), target, simulated with its 95% interval, deviation,
        tolerance, whether it is within, and the source.

    Raises
    ------
    ArgumentRefused
        If there is no simulated cohort of that name.
    """
    simulated = [entry.name for entry in CATALOGUE.values() if entry.simulated]
    if name not in simulated:
        raise ArgumentRefused(
            f"There is no simulated cohort {str(name)[:60]!r}.",
            f"One of: {', '.join(simulated)}.",
            did_you_mean(str(name), simulated),
        )
    chosen = {} if patients is None else {"patients": patients}
    return importlib.import_module(CATALOGUE[name].module).calibrate(seed=seed, **chosen)


def available_cohorts() -> pd.DataFrame:
    """The cohorts that `load_cohort` knows.

    Returns
    -------
    DataFrame
        Columns name, disease, patients, kind.

    Examples
    --------
    >>> "leuksurv" in available_cohorts()["name"].tolist()
    True
    """
    columns = ["name", "disease", "patients", "kind"]
    rows = [[getattr(entry, column) for column in columns] for entry in CATALOGUE.values()]
    return pd.DataFrame(rows, columns=columns)


def load_cohort(
    name: str, *, patients: int | None = None, seed: int | None = None, mock: bool = False
) -> Cohort:
    """Load a cohort by name.

    Parameters
    ----------
    name : str
        One of ``available_cohorts()``.
    patients : int, optional
        How many to simulate; only for a simulated or a mock cohort.
    seed : int, optional
        Seed of a simulated or mock cohort; 1 by default. The same seed gives
        the same patients.
    mock : bool
        Make patients from the data dictionary alone: right in type, limits and
        rules and in nothing else. For writing code before seeing any data.

    Returns
    -------
    Cohort

    Raises
    ------
    ArgumentRefused
        If there is no cohort of that name, or a real one is asked for with a
        number of patients or a seed.
    ExtraMissing
        If the cohort needs a package that is not installed.

    Examples
    --------
    >>> load_cohort("leuksurv").patients.shape
    (1043, 9)
    >>> load_cohort("scd", patients=200, seed=7).patients["genotype"].nunique() > 2
    True
    """
    key = str(name).strip().lower()
    if key not in CATALOGUE:
        raise ArgumentRefused(
            f"There is no cohort {str(name)[:60]!r}.",
            f"One of: {', '.join(CATALOGUE)}.",
            f"{did_you_mean(key, CATALOGUE)} List them with: synthema data list",
        )
    entry = CATALOGUE[key]
    if mock:
        return importlib.import_module("synthema_lab.cohorts.mock").load(
            key, patients=patients or 500, seed=1 if seed is None else seed
        )
    if not entry.simulated:
        if patients is not None or seed is not None:
            raise ArgumentRefused(
                f"The cohort {key} is real: it has neither a seed nor another number of patients.",
                "patients and seed for a simulated cohort only.",
                f"Use load_cohort('{key}'), or mock=True for invented patients.",
            )
        return importlib.import_module(entry.module).load()
    chosen = {} if patients is None else {"patients": patients}
    return importlib.import_module(entry.module).load(seed=1 if seed is None else seed, **chosen)
