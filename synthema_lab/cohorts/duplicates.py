"""Does a patient occur at more than one site?

Privacy is counted for one patient at one site: a patient present at two is
counted twice and protected half as well. Here one custodian compares tables it
holds; sites that may not pool pseudonyms agree on a keyed hash first. Sites name
the same patient differently, so records that agree in every variable are told too.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from synthema_lab.dictionary import DataDictionary, Finding, Findings
from synthema_lab.dictionary.cells import Cells
from synthema_lab.dictionary.columns import read_texts
from synthema_lab.dictionary.findings import where_true
from synthema_lab.dictionary.suspicions.copies import fingerprints


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
        has no pseudonyms, since then nothing can be said, and one for each pair
        that holds records which agree in every variable under other pseudonyms.
        Never a pseudonym.

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
    records: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for site, table in tables.items():
        records[site] = fingerprints(dictionary, Cells(_distinct(table), dictionary.variables))
        if patient is None or patient not in table.columns:
            message = f"{site} has no pseudonyms, so shared patients cannot be found there."
            warnings.append(Finding("no_pseudonym", "warning", patient, (), 0, message))
            continue
        texts = read_texts(_distinct(table)[patient])
        pseudonyms[site] = np.array([*texts.labels, None], dtype=object)[texts.codes]
    for one, other in combinations(tables, 2):
        shared = _shared(pseudonyms.get(one), pseudonyms.get(other), len(tables[one]))
        message = (
            f"{_rows(shared)} of {one} {_has(shared)} a pseudonym that also occurs at {other}; "
            f"rows are counted at {one}."
        )
        errors.extend(where_true("patient_at_two_sites", patient, shared, message))
        alike = _alike(records[one], records[other]) & ~shared
        message = (
            f"{_rows(alike)} of {one} {_has(alike)} the same values as a row of {other} under "
            f"another pseudonym; rows are counted at {one}."
        )
        warnings.extend(where_true("record_at_two_sites", None, alike, message, "warning"))
    total = sum(len(table) for table in tables.values())
    return Findings(errors=tuple(errors), warnings=tuple(warnings), rows=total)


def _distinct(table: pd.DataFrame) -> pd.DataFrame:
    return table.loc[:, ~table.columns.duplicated()]


def _shared(one: np.ndarray | None, other: np.ndarray | None, rows: int) -> np.ndarray:
    if one is None or other is None:
        return np.zeros(rows, dtype=bool)
    there = {pseudonym for pseudonym in other if pseudonym is not None}
    return np.array([pseudonym in there for pseudonym in one], dtype=bool)


def _alike(one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    return np.isin(one[0], other[0][other[1]]) & one[1]


def _rows(mask: np.ndarray) -> str:
    count = int(mask.sum())
    return f"{count} row{'' if count == 1 else 's'}"


def _has(mask: np.ndarray) -> str:
    return "has" if mask.sum() == 1 else "have"
