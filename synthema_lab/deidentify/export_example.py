"""What does a hospital's export look like before anybody has thought about privacy?

A cohort is dressed up as one: invented names, numbers with a valid check digit,
birth dates, postcodes, visit dates and notes. It shows the road from a raw
export; nobody in it exists, and nothing in it may be learnt from.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import ArgumentRefused

GIVEN = ("Anna", "Peter", "Maria", "John", "Laura", "Paul", "Sofia", "Thomas", "Elena", "David")
FAMILY = ("Ashby", "Brandt", "Castel", "Dorne", "Ellwood", "Ferro", "Grieve", "Holm", "Ivers",
          "Jansen", "Keller", "Lund")  # fmt: skip
AREAS = ("QA", "QB", "QC", "QD", "QE", "QF")
NOTES = (
    "Seen in clinic with {family} senior, who will bring the old records.",
    "{given} asks to be called at work; spoke about the diagnosis for half an hour.",
    "Transferred from another ward, see the letter to the family doctor of {given} {family}.",
)
FIRST_YEAR = {"leuksurv": (1982, 1998), "aml": (2015, 2023), "scd": (2015, 2023)}


def export_example(
    patients: pd.DataFrame, dictionary: DataDictionary, rng: np.random.Generator
) -> pd.DataFrame:
    """A cohort as a hospital might export it, with direct identifiers that are invented.

    Parameters
    ----------
    patients : DataFrame
        Conformed, with ``age_years``.
    dictionary : DataDictionary
    rng : numpy.random.Generator

    Returns
    -------
    DataFrame
        Texts as a CSV has them. New columns: hospital_number, family_name,
        given_name, national_number, birth_date, postcode, diagnosis_date,
        sample_date, clinical_note, and last_contact_date where survival is in days.
        Gone: the pseudonym, the age, derived variables, and what the dates tell.

    Examples
    --------
    >>> from synthema_lab.dictionary import DataDictionary
    >>> dictionary = DataDictionary.load("leuksurv")
    >>> patients = pd.DataFrame({"patient_id": ["LS-1"], "age_years": [61], "os_days": [40]})
    >>> export = export_example(patients, dictionary, np.random.default_rng(1))
    >>> "age_years" in export, "birth_date" in export
    (False, True)
    """
    if "age_years" not in patients.columns:
        raise ArgumentRefused(
            "The cohort has no age, from which a birth date could be invented.",
            "A column age_years.", "Use a cohort such as load_cohort('leuksurv').",
        )  # fmt: skip
    rows = len(patients)
    first, last = FIRST_YEAR.get(dictionary.name, (2015, 2023))
    year = rng.integers(first, last + 1, rows)
    if "dx_year" in patients.columns:
        year = np.where(patients["dx_year"].isna(), year, patients["dx_year"].fillna(first))
    diagnosis = _dates(year, rng.integers(1, 13, rows), rng.integers(1, 29, rows))
    age = patients["age_years"].to_numpy(dtype=np.float64, na_value=np.nan)
    if dictionary.variables["age_years"].type == "integer":
        birth = _dates(
            diagnosis.dt.year - np.nan_to_num(age), diagnosis.dt.month, diagnosis.dt.day
        ) - pd.to_timedelta(rng.integers(0, 360, rows), unit="D")
    else:
        birth = diagnosis - pd.to_timedelta(np.round(np.nan_to_num(age) * 365.25), unit="D")
    given, family = rng.choice(GIVEN, rows), rng.choice(FAMILY, rows)
    notes = rng.integers(0, len(NOTES), rows)
    new = pd.DataFrame(
        {
            "hospital_number": [f"H{number:07d}" for number in _distinct(rows, 10**7, rng)],
            "family_name": family,
            "given_name": given,
            "national_number": _national_numbers(rows, rng),
            "birth_date": birth.dt.strftime("%Y-%m-%d").where(~np.isnan(age)),
            "postcode": [
                f"{area}{district} {sector}XX"
                for area, district, sector in zip(
                    rng.choice(AREAS, rows), rng.integers(1, 10, rows), rng.integers(1, 10, rows),
                    strict=True,
                )
            ],
            "diagnosis_date": diagnosis.dt.strftime("%Y-%m-%d"),
            "sample_date": _later(diagnosis, rng.integers(0, 15, rows)),
        }
    )  # fmt: skip
    gone = {"age_years", "dx_year", "birth_year", dictionary.patient, *dictionary.derived}
    survival = dictionary.survival
    if survival and dictionary.variables[survival.time].unit == "d" and survival.time in patients:
        days = patients[survival.time].to_numpy(dtype=np.float64, na_value=np.nan)
        new["last_contact_date"] = pd.Series(_later(diagnosis, np.nan_to_num(days))).where(
            ~np.isnan(days)
        )
        gone.add(survival.time)
    new["clinical_note"] = [
        NOTES[note].format(given=one, family=other)
        for note, one, other in zip(notes, given, family, strict=True)
    ]
    rest = patients.drop(columns=[name for name in patients.columns if name in gone])
    return pd.concat([new, rest.reset_index(drop=True)], axis=1)


def _dates(year: np.ndarray, month: np.ndarray, day: np.ndarray) -> pd.Series:
    parts = {"year": np.asarray(year, int), "month": np.asarray(month), "day": np.asarray(day)}
    return pd.to_datetime(pd.DataFrame(parts))


def _later(dates: pd.Series, days: np.ndarray) -> pd.Series:
    return (dates + pd.to_timedelta(days, unit="D")).dt.strftime("%Y-%m-%d")


def _distinct(rows: int, below: int, rng: np.random.Generator) -> np.ndarray:
    return rng.choice(below, size=rows, replace=False)


def _national_numbers(rows: int, rng: np.random.Generator) -> list[str]:
    """Ten digits with a check digit modulo 11, beginning with 999, which is never issued."""
    numbers = []
    weights = np.arange(10, 1, -1)
    for body in _distinct(min(10**6, 4 * rows + 100), 10**6, rng):
        digits = np.array([9, 9, 9, *map(int, f"{body:06d}")])
        check = (11 - int(digits @ weights) % 11) % 11
        if check < 10:
            numbers.append("".join(map(str, digits)) + str(check))
    return [numbers[at % len(numbers)] for at in range(rows)]
