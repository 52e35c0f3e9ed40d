"""In which order are the variables drawn?"""

from __future__ import annotations

from collections.abc import Collection

from ...dictionary import DataDictionary


def drawing_order(dictionary: DataDictionary, columns: Collection[str]) -> tuple[str, ...]:
    """The modelled variables of a table in the order in which they are drawn.

    The outcome first, event before time, so that every later variable is
    drawn given it. Then what the dictionary's workload ties to the outcome, then
    what it ties to anything, then the covariates of the survival model, then the
    rest as the dictionary lists them. Nothing of the patients decides it.

    Parameters
    ----------
    dictionary : DataDictionary
    columns : collection of str

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> dictionary = DataDictionary.load("leuksurv")
    >>> drawing_order(dictionary, ["sex", "age_years", "os_days", "os_event"])
    ('os_event', 'os_days', 'age_years', 'sex')
    """
    outcome: tuple[str, ...] = ()
    covariates: tuple[str, ...] = ()
    if dictionary.survival is not None:
        outcome = (dictionary.survival.event, dictionary.survival.time)
        covariates = dictionary.survival.covariates
    tied = [name for group in dictionary.workload if set(group) & set(outcome) for name in group]
    others = [name for group in dictionary.workload for name in group]
    asked = (*outcome, *tied, *others, *covariates, *dictionary.modelled)
    there = set(columns) & set(dictionary.modelled)
    return tuple(name for name in dict.fromkeys(asked) if name in there)
