"""How are patients with acute myeloid leukaemia simulated?

The genomic class comes first, then genes and karyotype within it, then age,
laboratory values, treatment, response and survival, and last what is not recorded.
Everything was calibrated to aggregates of one public cohort; see `targets`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from synthema_lab.cohorts.aml_tables import ordered_table
from synthema_lab.cohorts.cohort import Cohort
from synthema_lab.cohorts.simulators.aml.centres import SITE_OF_CENTRE
from synthema_lab.cohorts.simulators.aml.complete import EXTRA, simulate_complete
from synthema_lab.cohorts.simulators.aml.missingness import leave_out
from synthema_lab.cohorts.simulators.aml.targets import TARGETS
from synthema_lab.cohorts.simulators.aml.untargeted import UNTARGETED, untargeted
from synthema_lab.cohorts.simulators.calibration import deviations
from synthema_lab.cohorts.simulators.sizes import refuse_patients, refuse_seed
from synthema_lab.dictionary import DataDictionary

__all__ = [
    "EXTRA",
    "TARGETS",
    "UNTARGETED",
    "calibrate",
    "load",
    "ordered_table",
    "simulate_complete",
    "untargeted",
]

CITATION = (
    "Simulated. Calibrated to Papaemmanuil E, et al. Genomic classification and prognosis in "
    "acute myeloid leukemia. N Engl J Med 2016; 374: 2209-2221, and Gerstung M, et al. "
    "Nat Genet 2017; 49: 332-340."
)
SOURCE = (
    "Simulated patients of no hospital, drawn from aggregates of the public AMLSG cohort "
    "(trials HD98A, HD98B and 07-04) and from assumptions marked as such."
)
LICENCE = "Apache-2.0, as this package. No row of a real patient is copied."


def load(patients: int = 1540, seed: int = 0) -> Cohort:
    """Simulate adults with acute myeloid leukaemia, mostly intensively treated.

    Parameters
    ----------
    patients : int
        From 1 to 1,000,000.
    seed : int
        0 or above. The same number and seed give the same patients.

    Returns
    -------
    Cohort
        The variables of the dictionary ``aml``, units as there; values are missing
        by centre and variable. ``cohort.sites()`` gives four sites of uneven size
        and mix, formed of twelve invented centres.

    Raises
    ------
    ArgumentRefused
        If the number of patients or the seed is not usable.

    References
    ----------
    Papaemmanuil E, et al. N Engl J Med 2016; 374: 2209-2221.

    Examples
    --------
    >>> cohort = load(patients=300, seed=7)
    >>> len(cohort.patients), sorted(cohort.sites())
    (300, ['alpine', 'south', 'university', 'west'])
    """
    patients, seed = refuse_patients(patients), refuse_seed(seed)
    dictionary = DataDictionary.load("aml")
    rng = np.random.default_rng(seed)
    complete = simulate_complete(patients, rng)
    unknown = [*EXTRA, *dictionary.derived]
    recorded = leave_out(complete.drop(columns=unknown), dictionary, rng)
    return Cohort(
        name="aml",
        patients=dictionary.derive(recorded),
        dictionary=dictionary,
        source=SOURCE,
        licence=LICENCE,
        citation=CITATION,
        site_of_centre=SITE_OF_CENTRE,
    )


def calibrate(patients: int = 20_000, seed: int = 0) -> pd.DataFrame:
    """Every target beside what complete simulated patients give.

    Parameters
    ----------
    patients : int
        From 1 to 1,000,000; with fewer than some thousands chance prevails.
    seed : int

    Returns
    -------
    DataFrame
        See `calibration.deviations`.

    Raises
    ------
    ArgumentRefused
        If the number of patients or the seed is not usable.
    """
    patients, seed = refuse_patients(patients), refuse_seed(seed)
    return deviations(TARGETS, simulate_complete(patients, np.random.default_rng(seed)))
