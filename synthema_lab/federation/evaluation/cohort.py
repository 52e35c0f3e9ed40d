"""In which bytes does a synthetic cohort travel to the hospitals that judge it?

As CSV in one canonical form, so that its SHA-256 can stand in the study that a
site approves; a site refuses a table with another digest. Were the digest not
bound, a researcher could send a table made to ask whether one person was
learnt from. A digest does not say what is in the table: a hospital that approves
one trusts its maker not to have written it to ask about people: whether a record is
copied, joined or scored as near, or which value of a person is guessed right, would then
be answered by the exact sums. The researcher's side finds the table by its digest
among those that were brought.
"""

from __future__ import annotations

import hashlib
import io

import pandas as pd

from ...dictionary import DataDictionary
from ...errors import ArgumentRefused, DataMismatch
from ...validation.admission import admit_synthetic

_BROUGHT: dict[str, bytes] = {}


class SyntheticAbsent(ArgumentRefused):
    """The synthetic cohort that a study names is not here."""


def canonical(table: pd.DataFrame, dictionary: DataDictionary) -> bytes:
    """The one byte form of a synthetic cohort.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a synthetic patient; only variables that a generator models are kept.
    dictionary : DataDictionary

    Returns
    -------
    bytes
        CSV in UTF-8: columns in the dictionary's order, rows as they stand, lines
        ended by a line feed, numbers with as many digits as give them back, nothing
        where a value is missing.

    Examples
    --------
    >>> leuksurv = DataDictionary.load("leuksurv")
    >>> canonical(pd.DataFrame({"wbc_gl": [0.5], "sex": ["F"], "age_years": [61]}), leuksurv)
    b'age_years,sex,wbc_gl\\n61,F,0.5\\n'
    """
    names = [name for name in dictionary.modelled if name in table.columns]
    conformed = dictionary.conform(table[names])[names]
    return conformed.to_csv(index=False, lineterminator="\n").encode("utf-8")


def digest_of(content: bytes) -> str:
    """SHA-256 in hexadecimal, as a study's setting ``synthetic`` names it."""
    return hashlib.sha256(content).hexdigest()


def bring(table: pd.DataFrame, dictionary: DataDictionary) -> str:
    """Bring a synthetic cohort, so that a study that names its digest can send it.

    Kept for the life of this process; a study that has begun keeps its own copy.

    Returns
    -------
    str
        The digest, for the study's setting ``synthetic``.

    Examples
    --------
    >>> leuksurv = DataDictionary.load("leuksurv")
    >>> len(bring(pd.DataFrame({"sex": ["F", "M"]}), leuksurv))
    64
    """
    content = canonical(table, dictionary)
    digest = digest_of(content)
    _BROUGHT[digest] = content
    return digest


def brought(digest: str) -> bytes:
    """The canonical bytes of a cohort that was brought.

    Raises
    ------
    SyntheticAbsent
        If no cohort of that digest was brought in this process.
    """
    if digest not in _BROUGHT:
        raise SyntheticAbsent(
            "The synthetic cohort comes with the first round, and is not here yet.",
            "The table whose digest the study names.",
            "Bring it before the study runs: evaluation.bring(table, dictionary).",
        )
    return _BROUGHT[digest]


def read_synthetic(
    content: bytes, digest: str, dictionary: DataDictionary, columns: tuple[str, ...]
) -> pd.DataFrame:
    """The synthetic cohort that a study names, conformed.

    Parameters
    ----------
    content : bytes
        As it arrived.
    digest : str
        As the study names it.
    dictionary : DataDictionary
    columns : tuple of str
        The variables that it must have, and no other modelled ones.

    Raises
    ------
    DataMismatch
        If it is another table, or its variables are not those of the study.

    Examples
    --------
    >>> leuksurv = DataDictionary.load("leuksurv")
    >>> content = b"sex\\nF\\nM\\n"
    >>> len(read_synthetic(content, digest_of(content), leuksurv, ("sex",)))
    2
    """
    if digest_of(content) != digest:
        raise DataMismatch(
            "The synthetic cohort that arrived is not the one that was approved.",
            "A table with the SHA-256 that the study names under synthetic.",
            "Send the table that the study was drafted for, or submit another study.",
        )
    table = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False, na_values=[""])
    admit_synthetic(table, columns, dictionary)
    return dictionary.conform(table)
