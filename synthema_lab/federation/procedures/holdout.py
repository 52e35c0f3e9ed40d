"""Which patients of a site are never learnt from?

Fixed by a keyed hash under a secret of the site: the same patient is always on
the same side, whatever the order of the table and whoever else is in it, and
nobody outside can tell on which.
"""

from __future__ import annotations

import hashlib
import hmac

import numpy as np
import pandas as pd

from ...dictionary import DataDictionary

_SCALE = 2.0**64


def split_patients(
    patients: pd.DataFrame, dictionary: DataDictionary, secret: bytes, share: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Divide a site's patients into those to learn from and those held out.

    Parameters
    ----------
    patients : pandas.DataFrame
        Conformed, one row a patient. Patients are known by their pseudonym;
        where the table has none, by all that is in their row.
    dictionary : DataDictionary
    secret : bytes
        Of this site, for this cohort.
    share : float
        Expected share held out, from 0 to below 1.

    Returns
    -------
    tuple of pandas.DataFrame
        Learnt from, and held out; both in the order of the table.

    Examples
    --------
    >>> patients = pd.DataFrame({"patient_id": [f"P{n}" for n in range(1000)]})
    >>> leuksurv = DataDictionary.load("leuksurv")
    >>> learnt, held_out = split_patients(patients, leuksurv, b"secret", 0.2)
    >>> len(learnt) + len(held_out), 150 < len(held_out) < 250
    (1000, True)
    >>> again, _ = split_patients(patients[::-1].head(500), leuksurv, b"secret", 0.2)
    >>> set(again["patient_id"]) <= set(learnt["patient_id"])
    True
    """
    if dictionary.patient in patients:
        names = patients[dictionary.patient].astype(str)
    else:
        columns = [patients[name].astype(str) for name in sorted(patients.columns)]
        names = map("\x1f".join, zip(*columns, strict=True))
    drawn = np.fromiter((_place(secret, name) for name in names), float, len(patients))
    held_out = drawn < share
    return patients[~held_out], patients[held_out]


def _place(secret: bytes, name: str) -> float:
    """Where a patient lies between 0 and 1."""
    digest = hmac.new(secret, name.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
    return int.from_bytes(digest[:8], "big") / _SCALE
