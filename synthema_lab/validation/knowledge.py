"""What may an attacker know of a patient, and what would he want to learn?"""

from __future__ import annotations

import re
from collections.abc import Sequence

from synthema_lab.dictionary import DataDictionary

EASILY_KNOWN = re.compile(r"(^|[_ ])(age|sex|gender|centre|center|hospital)([_ ]|$)", re.IGNORECASE)


def quasi_identifiers(dictionary: DataDictionary, names: Sequence[str]) -> tuple[str, ...]:
    """What others may know of a patient: the dictionary's mark, else age and sex by their name.

    Parameters
    ----------
    dictionary : DataDictionary
    names : sequence of str
        The modelled variables that are there.

    Returns
    -------
    tuple of str
        Those of class "quasi"; where the dictionary marks fewer than two, also those
        named after age, sex or centre.

    Examples
    --------
    >>> quasi_identifiers(DataDictionary.load("leuksurv"), ["age_years", "sex", "wbc_gl"])
    ('age_years', 'sex')
    """
    marked = [name for name in names if dictionary.variables[name].identifier == "quasi"]
    if len(marked) < 2:
        marked += [name for name in names if name not in marked and EASILY_KNOWN.search(name)]
    return tuple(marked)


def sensitive_variables(dictionary: DataDictionary, names: Sequence[str]) -> tuple[str, ...]:
    """What an attacker wants to learn.

    Parameters
    ----------
    dictionary : DataDictionary
    names : sequence of str
        The modelled variables that are there.

    Returns
    -------
    tuple of str
        Those of class "sensitive"; where the dictionary marks none, all but the
        quasi-identifiers and what is easily known.

    Examples
    --------
    >>> sensitive_variables(DataDictionary.load("leuksurv"), ["age_years", "sex", "wbc_gl"])
    ('wbc_gl',)
    """
    marked = tuple(name for name in names if dictionary.variables[name].identifier == "sensitive")
    known = set(quasi_identifiers(dictionary, names))
    rest = (name for name in names if name not in known and not EASILY_KNOWN.search(name))
    return marked or tuple(rest)
