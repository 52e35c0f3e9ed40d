"""How does a whole patient come about, from the genomic class to the last contact?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from synthema_lab.cohorts.simulators.aml.centres import draw_centre, draw_period
from synthema_lab.cohorts.simulators.aml.classes import class_names, draw_classes, draw_lesions
from synthema_lab.cohorts.simulators.aml.constants import Columns
from synthema_lab.cohorts.simulators.aml.cytogenetics import coarse_karyotype, draw_karyotype
from synthema_lab.cohorts.simulators.aml.followup import draw_last_contact, seen
from synthema_lab.cohorts.simulators.aml.genes import draw_genes
from synthema_lab.cohorts.simulators.aml.laboratory import draw_age, draw_laboratory
from synthema_lab.cohorts.simulators.aml.network import draw_node
from synthema_lab.cohorts.simulators.aml.presentation import draw_presentation
from synthema_lab.cohorts.simulators.aml.response import draw_response
from synthema_lab.cohorts.simulators.aml.survival import GROUPS, draw_death
from synthema_lab.cohorts.simulators.aml.transplant import draw_transplant
from synthema_lab.cohorts.simulators.aml.treatment import draw_treatment
from synthema_lab.dictionary import DataDictionary

REFERRED = ("tp53_aneuploidy", "chromatin_spliceosome", "inv3")
"""Classes for which patients are sent to some centres more than to others."""


EXTRA = ("genomic_class", "transplant_in_cr1")
"""What targets are measured on and no hospital records: the class that was drawn, and
whether a transplant was given in first remission (0 or 1, never missing)."""


def simulate_complete(patients: int, rng: np.random.Generator) -> pd.DataFrame:
    """Patients with every value recorded that applies to them.

    Parameters
    ----------
    patients : int
    rng : Generator

    Returns
    -------
    DataFrame, shape (patients, variables)
        Conformed to the dictionary ``aml``, derived variables included, and after
        them the columns of `EXTRA`.

    Examples
    --------
    >>> patients = simulate_complete(200, np.random.default_rng(1))
    >>> int(patients["os_days"].isna().sum()), bool((patients["os_days"] > 0).all())
    (0, True)
    """
    dictionary = DataDictionary.load("aml")
    classes = draw_classes(patients, rng)
    columns = at_diagnosis(classes, rng)
    before = dictionary.derive(_table(columns, dictionary))
    course = outcome(_groups(before), columns, rng)
    whole = pd.concat([before, dictionary.conform(_table(course, dictionary))], axis=1)
    return whole[[name for name in dictionary.variables if name in whole]].assign(
        genomic_class=np.array(class_names(), dtype=object)[classes],
        transplant_in_cr1=(course["hct_phase"] == "CR1").astype(int),
    )


def at_diagnosis(classes: np.ndarray, rng: np.random.Generator) -> Columns:
    """All that is known before treatment has an effect, the treatment included."""
    columns = draw_lesions(classes, rng)
    columns["male"] = draw_node("male", classes, columns, rng)
    columns |= draw_karyotype(classes, columns, rng)
    columns |= draw_genes(classes, columns, rng)
    columns |= draw_age(columns, rng)
    columns |= draw_laboratory(columns, rng)
    columns |= draw_presentation(classes, columns, rng)
    columns |= draw_period(columns, rng)
    columns["treatment_line1"] = draw_treatment(columns, rng)
    referred = np.isin(classes, [class_names().index(name) for name in REFERRED])
    columns |= draw_centre(referred, columns, rng)
    columns["karyotype_iscn"] = coarse_karyotype(columns)
    columns["sex"] = np.where(columns["male"] == 1, "M", "F").astype(object)
    width = max(5, len(str(len(classes))))
    names = [f"AML-{number:0{width}d}" for number in range(1, len(classes) + 1)]
    return columns | {"patient_id": np.array(names, dtype=object)}


def group_of(columns: Columns) -> np.ndarray:
    """The ELN 2022 group of each patient, as a code into `survival.GROUPS`."""
    dictionary = DataDictionary.load("aml")
    return _groups(dictionary.derive(_table(columns, dictionary)))


def _groups(patients: pd.DataFrame) -> np.ndarray:
    return patients["eln2022"].cat.set_categories(list(GROUPS)).cat.codes.to_numpy()


def outcome(group: np.ndarray, columns: Columns, rng: np.random.Generator) -> Columns:
    """Response, transplant and survival as recorded; see `followup.seen`."""
    death = draw_death(group, columns, rng)
    course = columns | draw_response(group, death, columns, rng)
    course |= draw_transplant(group, death, course, rng)
    return seen(death, draw_last_contact(columns, rng), course, rng)


def _table(columns: Columns, dictionary: DataDictionary) -> pd.DataFrame:
    return pd.DataFrame({name: columns[name] for name in dictionary.variables if name in columns})
