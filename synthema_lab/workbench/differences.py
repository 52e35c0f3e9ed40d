"""By how much do tables differ from real patients, one variable at a time?

Each difference is in standard deviations, so that grams and shares stand on one
scale; its interval is as wide as the number of patients makes it. What fewer
than ten real patients have is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ..dictionary import DataDictionary, Variable
from ..errors import ArgumentRefused
from ..generators.subgroup import condition
from ..validation.units import readable_unit
from .disclosure import SMALL_COUNT

SMALL = 0.1
"""Standard deviations below which a difference is called small (Austin 2009)."""

HELD_OUT = "real patients held out"
COLUMNS = ("variable", "label", "unit", "table", "real", "value", "difference", "low", "high")


def of_kind(patients: pd.DataFrame, where: str, dictionary: DataDictionary) -> pd.DataFrame:
    """The patients who certainly meet a condition.

    Parameters
    ----------
    patients : pandas.DataFrame
    where : str
        In the language of the dictionary's rules; what ``model.subgroup`` takes too.
    dictionary : DataDictionary

    Raises
    ------
    ArgumentRefused
        If the condition cannot be used, or fewer than ten patients meet it.

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> cohort = load_cohort("leuksurv")
    >>> len(of_kind(cohort.patients, "age_years < 40", cohort.dictionary))
    161
    """
    kind = condition(where, dictionary, tuple(map(str, patients.columns)))
    those = patients[np.asarray(kind.holds(patients)) == 1]
    if len(those) < SMALL_COUNT:
        raise ArgumentRefused(
            f"Fewer than {SMALL_COUNT} patients are of this kind.",
            f"A kind of whom there are at least {SMALL_COUNT}, since summaries of fewer may "
            "give somebody away.",
            "Widen the condition.",
        )
    return those.reset_index(drop=True)


def with_held_out(
    tables: Mapping[str, pd.DataFrame], held_out: pd.DataFrame | None
) -> dict[str, pd.DataFrame]:
    """The tables to compare with the patients learnt from, those held out last."""
    return dict(tables) if held_out is None else {**tables, HELD_OUT: held_out}


def differences(
    real: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    dictionary: DataDictionary,
    variables: Sequence[str],
    held_out: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Means and shares of several tables beside those of real patients.

    Parameters
    ----------
    real : pandas.DataFrame
        Patients learnt from.
    tables : mapping of str to pandas.DataFrame
        Such as the synthetic patients and the floor.
    dictionary : DataDictionary
    variables : sequence of str
        Numbers, booleans and categories, derived ones too; a category takes one
        row a level.
    held_out : pandas.DataFrame, optional
        Real patients never learnt from, as the ceiling.

    Returns
    -------
    pandas.DataFrame
        One row a variable (or level) and table: mean or share among the real
        patients and in the table, and ``difference`` of the second from the
        first in standard deviations, with its 95% interval. Patients who lack a
        value are left out of both.

    Raises
    ------
    ArgumentRefused
        If a variable is not in every table, or nothing is left to compare.

    References
    ----------
    Austin PC. Balance diagnostics for comparing the distribution of baseline
    covariates. Statistics in Medicine 2009; 28: 3083-3107. Interval: Hedges LV,
    Olkin I. Statistical Methods for Meta-Analysis, 1985.

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> cohort = load_cohort("leuksurv")
    >>> old = of_kind(cohort.patients, "age_years >= 60", cohort.dictionary)
    >>> found = differences(cohort.patients, {"old": old}, cohort.dictionary, ["age_years"])
    >>> found[["label", "real", "value"]].round(1).values.tolist()
    [['Age at diagnosis', 60.7, 73.1]]
    """
    compared = with_held_out(tables, held_out)
    for name in variables:
        if not all(name in table.columns for table in (real, *compared.values())):
            raise ArgumentRefused(
                f"The variable {name} is not in every table.",
                "Variables that all tables hold.",
                "Leave it out, or derive it first: dictionary.derive(table)",
            )
    rows = []
    for name in variables:
        variable = dictionary.variables[name]
        for level, label, unit in _levels(variable):
            known = _numbers(real[name], variable, level)
            if _too_few(known, variable):
                continue
            for said, table in compared.items():
                other = _numbers(table[name], variable, level)
                if said == HELD_OUT and _too_few(other, variable):
                    continue
                rows.append((name, label, unit, said, *_compared(known, other)))
    if not rows:
        raise ArgumentRefused(
            "Nothing is left to compare.",
            f"A variable that at least {SMALL_COUNT} real patients have.",
            "Name other variables, or take a wider group.",
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _levels(variable: Variable) -> list[tuple[str | None, str, str]]:
    if variable.type == "category":
        return [
            (str(code), f"{variable.label}: {said}", "%")
            for code, said in variable.categories.items()
        ]
    return [(None, variable.label, readable_unit(variable.unit) if variable.numeric else "%")]


def _numbers(values: pd.Series, variable: Variable, level: str | None) -> np.ndarray:
    """Known values as numbers; of shares in percent."""
    known = values.dropna()
    if level is not None:
        return 100.0 * (known.astype(str) == level).to_numpy(float)
    numbers = pd.to_numeric(known).to_numpy(float)
    return numbers if variable.numeric else 100.0 * numbers


def _too_few(known: np.ndarray, variable: Variable) -> bool:
    if len(known) < SMALL_COUNT:
        return True
    having = int((known > 0).sum())
    return not variable.numeric and 0 < min(having, len(known) - having) < SMALL_COUNT


def _compared(real: np.ndarray, other: np.ndarray) -> tuple[float, float, float, float, float]:
    if len(other) < 2:
        return float(real.mean()), np.nan, np.nan, np.nan, np.nan
    apart = float(other.mean() - real.mean())
    spread = float(np.sqrt((real.var(ddof=1) + other.var(ddof=1)) / 2))
    standardised = apart / spread if spread else (np.nan if apart else 0.0)
    both, product = len(real) + len(other), len(real) * len(other)
    reach = 1.96 * np.sqrt(both / product + standardised**2 / (2 * both))
    return (float(real.mean()), float(other.mean()), standardised,
            standardised - reach, standardised + reach)  # fmt: skip
