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
    only when the cohort is asked for.
    """

    name: str
    disease: str
    patients: str
    kind: str
    module: str


CATALOGUE: Mapping[str, Entry] = MappingProxyType(
    {
        "leuksurv": Entry(
            "leuksurv",
            "acute myeloid leukaemia",
            "1043",
            "real, public (extra: data)",
            "synthema_lab.cohorts.leuksurv",
        ),
    }
)


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


def load_cohort(name: str) -> Cohort:
    """Load a cohort by name.

    Parameters
    ----------
    name : str
        One of ``available_cohorts()``.

    Returns
    -------
    Cohort

    Raises
    ------
    ArgumentRefused
        If there is no cohort of that name.
    ExtraMissing
        If the cohort needs a package that is not installed.

    Examples
    --------
    >>> load_cohort("leuksurv").patients.shape
    (1043, 9)
    """
    key = str(name).strip().lower()
    if key not in CATALOGUE:
        raise ArgumentRefused(
            f"There is no cohort {str(name)[:60]!r}.",
            f"One of: {', '.join(CATALOGUE)}.",
            f"{did_you_mean(key, CATALOGUE)} List them with: synthema data list",
        )
    return importlib.import_module(CATALOGUE[key].module).load()
