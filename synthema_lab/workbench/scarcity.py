"""What do synthetic patients tell of a kind of whom there were few?

As many can be drawn as anybody wants, and an analysis that takes them for
patients grows ever surer. What is known about the kind does not grow: it came
from the real patients of that kind, and from nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import pandas as pd

from ..dictionary import DataDictionary
from ..errors import ArgumentRefused
from ..validation.units import readable_unit
from .differences import of_kind
from .disclosure import SMALL_COUNT

COLUMNS = ("table", "rows", "value", "low", "high", "naive_low", "naive_high", "label", "unit")


class Model(Protocol):
    """What can be asked for patients of one kind."""

    dictionary: DataDictionary

    def subgroup(self, where: str, rows: int, seed: int = 0) -> pd.DataFrame:
        """Draw patients who meet a condition."""
        ...


def rows_drawn(
    model: Model,
    where: str,
    real: pd.DataFrame,
    variable: str,
    sizes: Sequence[int] = (30, 100, 300, 1000),
    seed: int = 0,
) -> pd.DataFrame:
    """A mean or a share in ever more synthetic patients of one kind.

    Parameters
    ----------
    model : Model
    where : str
        The kind, in the language of the dictionary's rules.
    real : pandas.DataFrame
        Patients learnt from, of any kind.
    variable : str
        A number or a boolean.
    sizes : sequence of int
        Rows to draw; a larger draw begins with a smaller one.
    seed : int

    Returns
    -------
    pandas.DataFrame
        First the real patients of the kind, their number rounded to five, then
        one row a size: ``value`` with two 95% intervals. The naive one takes
        every row for a patient. The other (``low``, ``high``) has the variance
        s²/rows + s²/real, which does not fall below that of the real patients.
        Neither holds the noise of privacy nor what a model gets wrong.

    Raises
    ------
    ArgumentRefused
        If fewer than ten real patients are of the kind, or have or lack what a
        boolean says; if the variable is neither a number nor a boolean; or if
        the sizes cannot be used.

    References
    ----------
    Raab GM, Nowok B, Dibben C. Practical data synthesis for large samples.
    Journal of Privacy and Confidentiality 2016; 7(3): 67-97.

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> from synthema_lab.generators import get
    >>> cohort = load_cohort("leuksurv")
    >>> model = get("trees").fit([cohort.patients], cohort.dictionary, epsilon=None)
    >>> found = rows_drawn(model, "age_years < 30", cohort.patients, "wbc_gl", (50, 800), 1)
    >>> wide, naive = found["high"] - found["low"], found["naive_high"] - found["naive_low"]
    >>> bool(naive[2] < naive[1] / 2), bool(wide[2] > wide[0] / 2)
    (True, True)
    """
    known = model.dictionary.variables.get(variable)
    if known is None or not (known.numeric or known.type == "boolean"):
        raise ArgumentRefused(
            "A mean or a share of this variable cannot be computed.",
            "A number or a boolean of the dictionary.",
            "Name another variable.",
        )
    if not sizes or min(sizes) < 2:
        raise ArgumentRefused(
            "The numbers of rows to draw cannot be used.",
            "At least one, and each 2 or more.",
            "For example sizes=(30, 100, 300, 1000).",
        )
    there = of_kind(real.dropna(subset=[variable]), where, model.dictionary)
    share = known.type == "boolean"
    label = f"{known.label}, {'share' if share else 'mean'}"
    unit = "%" if share else readable_unit(known.unit)
    patients = _values(there, variable, share)
    number = len(patients)
    if share and min((patients > 0).sum(), (patients == 0).sum()) < SMALL_COUNT:
        raise ArgumentRefused(
            f"Fewer than {SMALL_COUNT} real patients of this kind have it, or lack it.",
            f"A share of which both sides hold at least {SMALL_COUNT} real patients.",
            "Name another variable, or widen the condition.",
        )
    rows = [("real", 5 * round(number / 5), *_intervals(patients, None, share), label, unit)]
    drawn = model.subgroup(where, max(sizes), seed)
    for size in sorted(sizes):
        values = _values(drawn.head(size), variable, share)
        rows.append(("synthetic", size, *_intervals(values, number, share), label, unit))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _values(patients: pd.DataFrame, variable: str, share: bool) -> np.ndarray:
    values = pd.to_numeric(patients[variable].dropna()).to_numpy(float)
    return 100 * values if share else values


def _intervals(
    values: np.ndarray, real: int | None, share: bool
) -> tuple[float, float, float, float, float]:
    """Value, honest interval, naive interval; the same where the rows are patients."""
    if len(values) < 2:
        return (np.nan,) * 5
    mean, variance = float(values.mean()), float(values.var(ddof=1))
    naive = 1.96 * np.sqrt(variance / len(values))
    honest = naive if real is None else 1.96 * np.sqrt(variance / len(values) + variance / real)
    least, most = (0.0, 100.0) if share else (-np.inf, np.inf)
    ends = np.clip([mean - honest, mean + honest, mean - naive, mean + naive], least, most)
    return (mean, *map(float, ends))
