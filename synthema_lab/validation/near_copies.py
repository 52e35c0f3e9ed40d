"""Which table looks private by its distances, and gives every patient away?

A generator to be caught, for teaching and for testing the attacks: each row is a
training patient whose numbers were moved a little and of whose categories a few were
drawn anew. No row equals a patient, and a report that counts copies finds none.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from synthema_lab.dictionary import DataDictionary


def near_copies(
    patients: pd.DataFrame, dictionary: DataDictionary, seed: int, moved: float = 0.05,
    redrawn: float = 0.05,
) -> pd.DataFrame:  # fmt: skip
    """Training patients, disguised.

    Parameters
    ----------
    patients : DataFrame
        One row a patient, raw or conformed.
    dictionary : DataDictionary
    seed : int
        Of the disguise. It protects nothing.
    moved : float
        Largest move of a number, in interquartile ranges; a whole number moves by at
        least one.
    redrawn : float
        Share of the categories that are drawn anew from the others' values.

    Returns
    -------
    DataFrame
        The modelled variables, as many rows, in another order.

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> cohort = load_cohort("leuksurv")
    >>> table = near_copies(cohort.patients, cohort.dictionary, seed=1)
    >>> len(table), bool(table["wbc_gl"].isin(cohort.patients["wbc_gl"]).mean() < 0.2)
    (1043, True)
    """
    rng = np.random.default_rng(seed)
    known = dictionary.conform(patients)
    names = [name for name in dictionary.modelled if name in known.columns]
    table = known[names].iloc[rng.permutation(len(known))].reset_index(drop=True)
    for name in names:
        variable = dictionary.variables[name]
        if variable.type in ("number", "integer"):
            values = pd.to_numeric(table[name]).to_numpy(float, na_value=np.nan)
            reach = moved * np.subtract(*np.nanquantile(values, [0.75, 0.25]))
            shift = rng.uniform(-reach, reach, len(values))
            if variable.type == "integer":
                sign = np.where(shift < 0, -1.0, 1.0)
                shift = sign * np.maximum(1.0, np.rint(np.abs(shift)))
            low, high = variable.range or (-np.inf, np.inf)
            table[name] = pd.Series(np.clip(values + shift, low, high)).astype(table[name].dtype)
        else:
            anew = rng.random(len(table)) < redrawn
            others = table[name].iloc[rng.permutation(len(table))].reset_index(drop=True)
            table[name] = table[name].where(~anew, others)
    return dictionary.conform(table)
