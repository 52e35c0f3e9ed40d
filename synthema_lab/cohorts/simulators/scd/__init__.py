"""Who are 1500 simulated patients with sickle-cell disease, and are they calibrated?

No patient-level registry of sickle-cell disease is public, so these patients
are made from what has been published: genotype first, then genetic modifiers,
haemoglobin and laboratory values, treatment, events, imaging, follow-up and
gaps. Eligibility follows NCT06794281: any genotype, from 1 year of age, without
transplant or gene therapy. `targets` lists everything the simulator is held to.
"""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pandas as pd

from synthema_lab.cohorts.cohort import Cohort
from synthema_lab.cohorts.simulators.calibration import deviations
from synthema_lab.cohorts.simulators.scd import missingness, recording
from synthema_lab.cohorts.simulators.scd.centres import GENOTYPES
from synthema_lab.cohorts.simulators.scd.recording import EXTRA
from synthema_lab.cohorts.simulators.scd.steps import simulate
from synthema_lab.cohorts.simulators.scd.targets import RARE, TARGETS, rare_genotype
from synthema_lab.cohorts.simulators.scd.untargeted import UNTARGETED
from synthema_lab.cohorts.simulators.sizes import refuse_patients, refuse_seed
from synthema_lab.dictionary import DataDictionary

SOURCE = (
    "Simulated; no patient in it ever lived. Calibrated to published figures, which are listed "
    "with their sources in synthema_lab.cohorts.simulators.scd.targets."
)
CITATION = (
    "Synthema Lab, sickle-cell disease simulator. Cite it, and the sources of the figures used, "
    "as given in its table of targets."
)
LICENCE = "Apache-2.0"

__all__ = [
    "EXTRA",
    "TARGETS",
    "UNTARGETED",
    "calibrate",
    "load",
    "not_targeted",
    "simulate_complete",
]


def load(patients: int = 1500, seed: int = 0) -> Cohort:
    """Simulate a cohort of patients with sickle-cell disease.

    Parameters
    ----------
    patients : int
        From 1 to 1,000,000; 1500 is the enrolment of NCT06794281.
    seed : int
        0 or more; the same seed gives the same table.

    Returns
    -------
    Cohort
        Eight centres of uneven size in seven countries, with the gaps that
        registries have.

    Raises
    ------
    ArgumentRefused
        If either argument is no whole number in its range.

    Examples
    --------
    >>> cohort = load(patients=200, seed=1)
    >>> len(cohort.patients), cohort.patients["genotype"].mode()[0]
    (200, 'HbSS')
    >>> cohort.dictionary.check(cohort.patients).ok
    True
    """
    rng = np.random.default_rng(refuse_seed(seed))
    world, gaps = rng.spawn(2)
    dictionary = DataDictionary.load("scd")
    complete = _recorded(refuse_patients(patients), world, dictionary)
    expected = {name: variable.expected_missing for name, variable in dictionary.variables.items()}
    table = missingness.with_gaps(complete.drop(columns=list(EXTRA)), expected, gaps)
    return Cohort(
        name="scd",
        patients=dictionary.derive(table),
        dictionary=dictionary,
        source=SOURCE,
        licence=LICENCE,
        citation=CITATION,
    )


def simulate_complete(
    patients: int, rng: np.random.Generator, genotype: str | None = None
) -> pd.DataFrame:
    """Simulated patients before anything is missing.

    Parameters
    ----------
    patients : int
        From 1 to 1,000,000.
    rng : numpy.random.Generator
    genotype : str, optional
        Everyone has it; by default genotypes are mixed as in the cohort.

    Returns
    -------
    DataFrame, shape (patients, variables)
        The dictionary's variables in its order and types, and after them those
        of `EXTRA`, which no hospital records: expected numbers of events, and
        measurements outside their clinical use. Empty are only what does not
        apply (Doppler outside screening, priapism in women, a dose without the
        drug, a haplotype pair outside HbSS) and the image reference.
    """
    dictionary = DataDictionary.load("scd")
    table = _recorded(refuse_patients(patients), rng, dictionary, genotype)
    extra = table[list(EXTRA)]
    return pd.concat([dictionary.derive(table.drop(columns=list(EXTRA))), extra], axis=1)


def calibrate(patients: int = 200_000, seed: int = 0) -> pd.DataFrame:
    """Every target beside its simulated value; see `calibration.deviations`.

    Parameters
    ----------
    patients : int
        How many to simulate; the intervals narrow with more. HbSb0 and HbSb+
        are rare, so what is said of them alone is measured on a quarter as
        many simulated patients who all have that genotype.
    seed : int

    Returns
    -------
    DataFrame, one row a target, in the order of `TARGETS`

    Examples
    --------
    >>> table = calibrate(patients=2000)
    >>> len(table) >= 60, table.columns[:4].tolist()
    (True, ['quantity', 'tag', 'target', 'simulated'])
    """
    rng = np.random.default_rng(refuse_seed(seed))
    count = refuse_patients(patients)
    whole, *parts = rng.spawn(1 + len(RARE))
    cohort = simulate_complete(count, whole)
    tables = [deviations([t for t in TARGETS if rare_genotype(t) is None], cohort)]
    del cohort
    for genotype, part in zip(RARE, parts, strict=True):
        alike = simulate_complete(max(count // 4, 1), part, genotype)
        tables.append(deviations([t for t in TARGETS if rare_genotype(t) == genotype], alike))
    order = [target.quantity for target in TARGETS]
    return pd.concat(tables).set_index("quantity").loc[order].reset_index()


def not_targeted() -> pd.DataFrame:
    """Published facts that are not simulated, and why; one row a fact.

    Examples
    --------
    >>> not_targeted().columns.tolist()
    ['fact', 'source', 'tag', 'reason']
    """
    return pd.DataFrame([asdict(fact) for fact in UNTARGETED])


def _recorded(
    patients: int,
    rng: np.random.Generator,
    dictionary: DataDictionary,
    genotype: str | None = None,
) -> pd.DataFrame:
    only = None if genotype is None else GENOTYPES.index(genotype)
    kept = [name for name, variable in dictionary.variables.items() if not variable.derive]
    return recording.recorded(simulate(patients, rng, only=only), kept)
