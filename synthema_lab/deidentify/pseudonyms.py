"""Which name does a patient get in a study?

HMAC-SHA256 over the source identifier, under a key derived for the study,
written in base32 and cut. The same patient has the same pseudonym in every
export of a study, another in every other study, and nobody without the site's
key can go back or test a guess.
"""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from synthema_lab.deidentify.keys import SiteKey, keyed
from synthema_lab.errors import ArgumentRefused, DataMismatch

CHARACTERS = 16
SHORTEST, LONGEST = 10, 52


def pseudonyms(
    identifiers: Sequence[str | None], key: SiteKey, study: str, characters: int = CHARACTERS
) -> pd.Series:
    """The pseudonyms of patients in a study.

    Parameters
    ----------
    identifiers : sequence of str or None
        As the source writes them; spaces around are not counted.
    key : SiteKey
    study : str
        Its name separates it from every other study.
    characters : int
        5 bits each; 10 to 52. With 16, two among a million patients share one with
        a chance below one in a trillion.

    Returns
    -------
    Series of string, shape (patients,)
        Missing where the identifier is.

    Raises
    ------
    DataMismatch
        If two identifiers got the same pseudonym.

    Examples
    --------
    >>> key = SiteKey.temporary()
    >>> first, again, other = pseudonyms(["A-1", " A-1 ", "A-2"], key, "survival")
    >>> first == again, first == other, len(first)
    (True, False, 16)
    """
    if not SHORTEST <= characters <= LONGEST:
        raise ArgumentRefused(
            "A pseudonym cannot have that length.",
            f"{SHORTEST} to {LONGEST} characters of 5 bits each.",
            f"As in pseudonym: {{characters: {CHARACTERS}}}.",
        )
    secret = key.derived("pseudonym", study)
    made: dict[str, str] = {}
    result: list[str | None] = []
    for identifier in identifiers:
        name = plain_identifier(identifier)
        if name is None:
            result.append(None)
            continue
        if name not in made:
            made[name] = base64.b32encode(keyed(secret, name)).decode("ascii")[:characters]
        result.append(made[name])
    if len(set(made.values())) < len(made):
        raise DataMismatch(
            "Two patients got the same pseudonym.",
            "A pseudonym long enough for this many patients.",
            "Raise characters under pseudonym in the policy.",
        )
    return pd.Series(result, dtype="string")


def plain_identifier(identifier: object) -> str | None:
    """An identifier without spaces around and in one spelling of its letters; None if empty."""
    if identifier is None or identifier is pd.NA:
        return None
    text = unicodedata.normalize("NFC", str(identifier)).strip()
    return text or None


def shifts(identifiers: Sequence[str | None], key: SiteKey, study: str, largest: int) -> np.ndarray:
    """By how many days the dates of each patient are moved, the same for all of one patient.

    Parameters
    ----------
    largest : int
        At least 1. The shift is one of -largest to largest, but never 0, each
        equally likely; secret, since it hangs on the key.

    Returns
    -------
    ndarray of int64, shape (patients,)
        0 where the identifier is missing.
    """
    if isinstance(largest, bool) or not isinstance(largest, int) or largest < 1:
        raise ArgumentRefused(
            "The largest shift cannot be used.", "Days, a whole number from 1.",
            "As in largest_shift: 180.",
        )  # fmt: skip
    secret = key.derived("date shift", study)
    moved = np.zeros(len(identifiers), dtype=np.int64)
    for row, identifier in enumerate(identifiers):
        name = plain_identifier(identifier)
        if name is not None:
            drawn = int.from_bytes(keyed(secret, name)[:16], "big") % (2 * largest)
            moved[row] = drawn - largest if drawn < largest else drawn - largest + 1
    return moved


@dataclass(frozen=True, eq=False)
class Rotation:
    """Old and new pseudonyms of a study, for the site alone.

    Attributes
    ----------
    mapping : DataFrame
        Columns old, new; no source identifier. It links: it stays at the site.
    audit : dict
        Who may see it sees key names and counts, no pseudonym.
    """

    mapping: pd.DataFrame
    audit: dict[str, object]

    def __repr__(self) -> str:
        return f"Rotation({self.audit['patients']} patients)"


def rotate(
    identifiers: Sequence[str | None], old: SiteKey, new: SiteKey, study: str,
    characters: int = CHARACTERS,
) -> Rotation:  # fmt: skip
    """Give the patients of a study new pseudonyms under a new key.

    Examples
    --------
    >>> turned = rotate(["A-1", "A-2"], SiteKey.temporary(), SiteKey.temporary(), "survival")
    >>> turned.mapping.columns.tolist(), turned.audit["patients"]
    (['old', 'new'], 2)
    """
    if old.id == new.id:
        raise ArgumentRefused(
            "The old and the new key are the same.",
            "Two keys.",
            "Give a new name to have one made.",
        )
    names = list(dict.fromkeys(plain_identifier(identifier) for identifier in identifiers))
    names = [name for name in names if name is not None]
    mapping = pd.DataFrame(
        {
            "old": pseudonyms(names, old, study, characters),
            "new": pseudonyms(names, new, study, characters),
        }
    )
    audit = {
        "action": "rotated the key of a study",
        "study": study,
        "old_key": old.id,
        "new_key": new.id,
        "patients": len(mapping),
        "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return Rotation(mapping.sort_values("new", ignore_index=True), audit)
