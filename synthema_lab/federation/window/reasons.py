"""Why is a variable asked for, where a study is to describe a whole cohort?

A first wording, from the data dictionary's workload, for the researcher to put
into words of their own: the owner of the data reads it beside each variable.
"""

from __future__ import annotations

from collections.abc import Collection

from ...dictionary import DataDictionary
from ...generators.encoder import Encoder


def reasons(dictionary: DataDictionary, columns: Collection[str]) -> dict[str, str]:
    """A reason for each variable that a generator can learn.

    Parameters
    ----------
    dictionary : DataDictionary
    columns : collection of str
        Variables that the hospitals have.

    Examples
    --------
    >>> leuksurv = DataDictionary.load("leuksurv")
    >>> reasons(leuksurv, ["age_years", "os_days", "os_event", "patient_id"])["os_days"]
    'The outcome.'
    """
    known = Encoder(dictionary, columns).columns
    outcome = dictionary.survival
    ends = () if outcome is None else (outcome.time, outcome.event)
    return {name: _reason(name, ends, dictionary, set(known)) for name in known}


def _reason(name: str, ends: tuple[str, ...], dictionary: DataDictionary, known: set[str]) -> str:
    if name in ends:
        return "The outcome."
    together = {
        other
        for clique in dictionary.workload
        if name in clique
        for other in clique
        if other != name and other in known
    }
    if together & set(ends):
        return "Its relation to the outcome is to be kept."
    if together:
        labels = sorted(dictionary.variables[other].label for other in together)
        return f"Its relation to {', '.join(labels)} is to be kept."
    return "The synthetic cohort is to describe it."
