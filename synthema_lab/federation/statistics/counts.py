"""How many patients are there, over all sites?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .disclosure import named_unless_shown, shown_count
from .display import Shown, text
from .noise import Sensitivity

if TYPE_CHECKING:
    from .consortium import Consortium


@dataclass(frozen=True, repr=False)
class Count(Shown):
    """A number of patients.

    Attributes
    ----------
    variables : tuple of str
    where : str or None
    n : int or None
        Patients for whom the condition holds and no variable is missing; None
        where it may not be shown.
    unused : int or None
        Patients who miss a value.
    suppressed : tuple of str
    noise_sd : float
        Standard deviation of the noise in each number; 0 without noise.
    """

    variables: tuple[str, ...]
    where: str | None
    n: int | None
    unused: int | None
    suppressed: tuple[str, ...] = ()
    noise_sd: float = 0.0

    def _title(self) -> str:
        about = f" with {', '.join(self.variables)}" if self.variables else ""
        return f"Number of patients{about}" + (f" where {self.where}" if self.where else "")

    def _shown(self) -> pd.DataFrame:
        row = {"patients": text(self.n), "missing a value": text(self.unused)}
        if self.noise_sd:
            row["standard deviation of the noise"] = text(self.noise_sd)
        return pd.DataFrame([row], index=[""])


def count(consortium: Consortium, where: str | None = None, variables: Sequence[str] = ()) -> Count:
    """Count patients over all sites.

    Parameters
    ----------
    consortium : Consortium
    where : str, optional
        A condition in the dictionary's rule language, such as
        ``"age_years >= 60 and sex == 'F'"``.
    variables : sequence of str
        Patients who miss one of them are counted apart.

    Returns
    -------
    Count

    Raises
    ------
    ArgumentRefused, DataMismatch, BudgetExhausted

    Notes
    -----
    One patient added or removed changes one of the two numbers by one.

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> from synthema_lab.federation.statistics import Consortium
    >>> cohort = load_cohort("leuksurv")
    >>> count(Consortium(cohort.sites(), cohort.dictionary), "age_years >= 60").n
    632
    """
    variables = tuple(variables)
    opened = consortium.sum(
        "number of patients"
        + (f" with {', '.join(variables)}" if variables else "")
        + (f" where {where}" if where else ""),
        local_size,
        variables=variables,
        where=where,
        sensitivity=Sensitivity(),
        unused=True,
        table=True,
        key=("count", variables, where),
    )
    rule = consortium.smallest_cell, consortium.zeroed
    n, unused = (shown_count(max(int(number), 0), *rule) for number in opened)
    gone = named_unless_shown(patients=n, missing=unused)
    return Count(variables, where, n, unused, gone, consortium.noise_variance() ** 0.5)


def local_size(patients: pd.DataFrame) -> np.ndarray:
    """The local part: the number of patients, shape (1,)."""
    return np.array([len(patients)], dtype=np.int64)
