"""What does each table keep of what its dictionary demands?

Rules that no patient may break, and derived variables that must follow from
what they are derived from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ..dictionary import DataDictionary, Variable


def rules_compared(
    tables: Mapping[str, pd.DataFrame],
    dictionary: DataDictionary,
    about: Sequence[str] = (),
) -> pd.DataFrame:
    """In how many rows of each table a rule is broken.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        With the same columns.
    dictionary : DataDictionary
    about : sequence of str
        Only rules that read one of these variables; all rules by default.

    Returns
    -------
    pandas.DataFrame
        Columns ``rule`` and ``meaning``, then one a table with the share of its
        rows that break the rule, in percent; the rules broken most come first.
        A rule that cannot be decided from the columns is left empty, at the end.

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> cohort = load_cohort("scd", patients=200)
    >>> found = rules_compared({"real": cohort.patients}, cohort.dictionary, ["tcd_tammv_cms"])
    >>> found[["rule", "real"]].values.tolist()
    [['doppler_at_screening_age', 0.0], ['doppler_in_sickle_cell_anaemia', 0.0]]
    """
    columns = set.intersection(*(set(table.columns) for table in tables.values()))
    decidable, undecidable = dictionary.decidable(columns)
    rows = []
    for rule in (*decidable, *undecidable):
        if about and not set(about) & set(rule.inputs):
            continue
        shares = dict.fromkeys(tables, np.nan)
        if rule not in undecidable:
            shares = {
                name: 100 * float((np.asarray(rule.holds(table)) == 0).mean())
                for name, table in tables.items()
            }
        rows.append({"rule": rule.name, "meaning": rule.text, **shares})
    found = pd.DataFrame(rows, columns=["rule", "meaning", *tables])
    worst = found[list(tables)].max(axis=1)
    order = worst.sort_values(ascending=False, kind="stable", na_position="last").index
    return found.loc[order].reset_index(drop=True)


def recomputed(
    tables: Mapping[str, pd.DataFrame],
    dictionary: DataDictionary,
    variables: Sequence[str] = (),
) -> pd.DataFrame:
    """Do derived variables follow from their inputs, as a clinician would compute them?

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
    dictionary : DataDictionary
    variables : sequence of str
        Derived variables; all that the tables hold by default.

    Returns
    -------
    pandas.DataFrame
        Columns ``variable`` and ``label``, then one a table with the share of
        its rows, in percent, whose value is another than that computed anew. A
        number may differ by the tolerance that its dictionary allows.

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> cohort = load_cohort("aml", patients=200)
    >>> found = recomputed({"real": cohort.patients}, cohort.dictionary, ["eln2022"])
    >>> found[["variable", "real"]].values.tolist()
    [['eln2022', 0.0]]
    """
    columns = set.intersection(*(set(table.columns) for table in tables.values()))
    names = [name for name in variables or dictionary.derived if name in columns]
    anew = {name: dictionary.derive(table) for name, table in tables.items()}
    rows = []
    for name in names:
        variable = dictionary.variables[name]
        shares = {
            said: 100 * _differing(table[name], anew[said][name], variable)
            for said, table in tables.items()
        }
        rows.append({"variable": name, "label": variable.label, **shares})
    return pd.DataFrame(rows, columns=["variable", "label", *tables])


def _differing(held: pd.Series, anew: pd.Series, variable: Variable) -> float:
    """Share of rows whose value is another than that computed anew."""
    gaps = held.isna().to_numpy() != anew.isna().to_numpy()
    if variable.numeric:
        mine, right = (
            pd.to_numeric(part).to_numpy(float, na_value=np.nan) for part in (held, anew)
        )
        allowed = variable.tolerance * np.abs(right) + (variable.resolution or 0.0)
        apart = np.abs(mine - right) > allowed
    else:
        mine, right = (part.astype("string").fillna("") for part in (held, anew))
        apart = (mine != right).to_numpy(bool)
    return float((gaps | apart).mean())
