"""Does a patient occur at more than one site?

Privacy is counted for one patient at one site: a patient present at two is
counted twice and protected half as well. Here one custodian compares tables it
holds; sites that may not pool pseudonyms agree on a keyed hash first.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from synthema_lab.dictionary import DataDictionary, Finding, Findings
from synthema_lab.dictionary.columns import read_texts, row_numbers


def check_sites(tables: Mapping[str, pd.DataFrame], dictionary: DataDictionary) -> Findings:
    """Look for pseudonyms that occur at two sites.

    Parameters
    ----------
    tables : mapping of site name to DataFrame
    dictionary : DataDictionary

    Returns
    -------
    Findings
        An error for each pair of sites that share a patient, with the row
        numbers at the first of the two; a warning for each site whose table
        has no pseudonyms, since then nothing can be said. Never a pseudonym.

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> cohort = load_cohort("leuksurv")
    >>> check_sites(cohort.sites(), cohort.dictionary).ok
    True
    """
    patient = dictionary.patient
    errors: list[Finding] = []
    warnings: list[Finding] = []
    pseudonyms: dict[str, np.ndarray] = {}
    for site, table in tables.items():
        if patient is None or patient not in table.columns:
            message = f"{site} has no pseudonyms, so shared patients cannot be found there."
            warnings.append(Finding("no_pseudonym", "warning", patient, (), 0, message))
            continue
        texts = read_texts(table[patient])
        pseudonyms[site] = np.array([*texts.labels, None], dtype=object)[texts.codes]
    for one, other in combinations(pseudonyms, 2):
        there = {pseudonym for pseudonym in pseudonyms[other] if pseudonym is not None}
        shared = np.array([pseudonym in there for pseudonym in pseudonyms[one]], dtype=bool)
        count = int(shared.sum())
        if count:
            message = (
                f"{count} row{'s' if count > 1 else ''} of {one} {'have' if count > 1 else 'has'} "
                f"a pseudonym that also occurs at {other}; rows are counted at {one}."
            )
            rows = row_numbers(shared)
            errors.append(Finding("patient_at_two_sites", "error", patient, rows, count, message))
    total = sum(len(table) for table in tables.values())
    return Findings(errors=tuple(errors), warnings=tuple(warnings), rows=total)
