"""How is a generator fitted again and again, for attacks that need it?"""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..dictionary import DataDictionary
from ..generators import get
from ..validation import near_copies
from ..validation.refitting import Fit

NEAR_COPIES = "near copies"


def refit(name: str, dictionary: DataDictionary, **settings: Any) -> Fit:
    """A function that fits a generator on a table and draws as many rows.

    Parameters
    ----------
    name : str
        As `synthema_lab.generators.get` knows it; ``"near copies"`` for the leaky
        table of `validation.near_copies`.
    dictionary : DataDictionary
    **settings
        Of the fit, such as ``epsilon``.

    Returns
    -------
    callable
        ``fit(table, seed) -> table``, for `validation.shadow_attack` and
        `validation.false_findings`. Each call spends its budget anew, so it is for
        patients who may be fitted often: public or simulated ones.

    Raises
    ------
    ArgumentRefused
        For a name that is not known.

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> cohort = load_cohort("leuksurv")
    >>> fit = refit("marginal", cohort.dictionary, epsilon=3.0)
    >>> len(fit(cohort.patients[:200], 1))
    200
    """
    if name == NEAR_COPIES:
        return lambda table, seed: near_copies(table, dictionary, seed, **settings)
    generator = get(name)

    def fit(table: pd.DataFrame, seed: int) -> pd.DataFrame:
        fitted = generator.fit([table], dictionary, seed=seed, **settings)
        return fitted.sample(len(table), seed)

    return fit
