"""Which findings go together, or exclude each other, in real and in synthetic patients?

The odds ratio of two findings is above 1 where they come together, and below 1
where one excludes the other. No small count is told: where fewer than ten real
patients are in a cell of the table of two findings, and chance alone would put
ten there, five are counted, among synthetic patients alike; so an exclusion is
drawn no stronger than the patients prove. Other pairs with so small a cell are
left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import NormalDist

import numpy as np
import pandas as pd

from ..dictionary import DataDictionary
from ..errors import ArgumentRefused
from .differences import HELD_OUT, with_held_out
from .disclosure import SMALL_COUNT

FEWEST = 20
_SMALL_AS = SMALL_COUNT / 2
COLUMNS = ("first", "second", "pair", "table", "real", "value", "low", "high", "same_side")


def odds_ratios(
    real: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    dictionary: DataDictionary,
    variables: Sequence[str],
    held_out: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Odds ratios of the pairs that are associated among real patients.

    Parameters
    ----------
    real : pandas.DataFrame
        Patients learnt from.
    tables : mapping of str to pandas.DataFrame
    dictionary : DataDictionary
    variables : sequence of str
        Booleans; those that fewer than 20 real patients have are left out.
    held_out : pandas.DataFrame, optional
        Real patients never learnt from, as the ceiling. Pairs of which one cell
        holds fewer than ten of them are left out there.

    Returns
    -------
    pandas.DataFrame
        One row a pair and table: the ratio among the real patients, that in the
        table with the 95% interval that as many rows as real patients would
        give (of held-out patients, their own), and whether both lie on the same
        side of 1. Pairs are those whose ratio differs from 1 at the 5% level
        after Bonferroni's correction.

    Raises
    ------
    ArgumentRefused
        If a variable is no boolean of every table, or no pair is associated.

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> cohort = load_cohort("aml", patients=600)
    >>> genes = ["mut_NPM1", "mut_DNMT3A", "mut_RUNX1"]
    >>> halves = {"half": cohort.patients.head(300)}
    >>> found = odds_ratios(cohort.patients, halves, cohort.dictionary, genes)
    >>> found[["pair", "same_side"]].values.tolist()
    [['NPM1 and DNMT3A', True], ['NPM1 and RUNX1', True]]
    """
    compared = with_held_out(tables, held_out)
    for name in variables:
        known = dictionary.variables.get(name)
        there = all(name in table.columns for table in (real, *compared.values()))
        if known is None or known.type != "boolean" or not there:
            raise ArgumentRefused(
                f"{name} cannot be paired.",
                "Boolean variables that every table holds.",
                "Leave it out.",
            )
    often = [name for name in variables if (real[name] == 1).sum() >= FEWEST]
    pairs = list(combinations(often, 2))
    rows = []
    for pair in pairs:
        mine, patients = _counts(real, pair)
        small = mine < SMALL_COUNT
        if (small & (_by_chance(mine) < SMALL_COUNT)).any():
            continue
        ratio, error = _ratio(mine, small)
        if abs(np.log(ratio)) <= NormalDist().inv_cdf(1 - 0.025 / len(pairs)) * error:
            continue
        said = " and ".join(_short(name) for name in pair)
        for table, others in compared.items():
            theirs, known = _counts(others, pair)
            if table == HELD_OUT and theirs.min() < SMALL_COUNT:
                continue
            scale = 1.0 if table == HELD_OUT else patients / max(known, 1)
            value, error = _ratio(scale * theirs, small)
            low, high = value * np.exp([-1.96 * error, 1.96 * error])
            rows.append((*pair, said, table, ratio, value, low, high, (value > 1) == (ratio > 1)))
    if not rows:
        raise ArgumentRefused(
            "No two of these variables are associated among the real patients.",
            f"Variables that at least {FEWEST} patients have, two of them associated.",
            "Name other variables.",
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _counts(table: pd.DataFrame, pair: tuple[str, str]) -> tuple[np.ndarray, int]:
    """Both, the first alone, the second alone, neither; and in all, of whom both are known."""
    first, second = table[list(pair)].dropna().to_numpy(dtype=float).T
    code = (2 * (1 - first) + (1 - second)).astype(int)
    return np.bincount(code, minlength=4).astype(float), len(code)


def _by_chance(cells: np.ndarray) -> np.ndarray:
    """Counts that would be there if the two had nothing to do with each other."""
    table = cells.reshape(2, 2)
    return np.outer(table.sum(axis=1), table.sum(axis=0)).ravel() / max(table.sum(), 1.0)


def _ratio(cells: np.ndarray, small: np.ndarray) -> tuple[float, float]:
    """Odds ratio and the standard error of its logarithm (Woolf 1955; Haldane 1956)."""
    told = np.where(small & (cells < SMALL_COUNT), _SMALL_AS, cells)
    both, one, other, neither = told if told.min() > 0 else told + 0.5
    ratio = both * neither / (one * other)
    return float(ratio), float(np.sqrt(1 / both + 1 / one + 1 / other + 1 / neither))


def _short(name: str) -> str:
    return name.removeprefix("mut_").replace("_", " ")
