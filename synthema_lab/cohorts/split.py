"""Which patients belong to which site, and which are set aside?"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from synthema_lab.dictionary import DataDictionary, did_you_mean
from synthema_lab.dictionary.columns import read_texts, row_numbers
from synthema_lab.errors import ArgumentRefused, DataMismatch

PUBLIC_HOLDOUT_KEY = b"synthema-lab public holdout"


def split_sites(
    patients: pd.DataFrame,
    dictionary: DataDictionary,
    groups: Mapping[str, str] | None = None,
    shares: Sequence[float] | None = None,
    seed: int = 0,
) -> dict[str, pd.DataFrame]:
    """Divide a pooled cohort into sites, by real centre or at random.

    Parameters
    ----------
    patients : DataFrame
        One row a patient.
    dictionary : DataDictionary
        Says which variable is the centre.
    groups : mapping of centre code to site name, optional
        Centres that form a site together. Without it every centre is a site.
    shares : sequence of float, optional
        Instead of by centre: relative sizes of sites named ``site_1``, ``site_2``, ...,
        filled at random, so ``[1, 1, 1]`` gives three even sites.
    seed : int
        For `shares`.

    Returns
    -------
    dict of str to DataFrame
        In the order of `groups` or of the centre's codes; a site without
        patients is left out. Rows are numbered afresh.

    Raises
    ------
    ArgumentRefused
        If the dictionary has no centre, or the groups or shares are unsound.
    DataMismatch
        If a centre is missing or in no group.
    """
    if shares is not None:
        if groups is not None:
            raise ArgumentRefused(
                "Both groups and shares were given.", "One of them.", "Drop one of them."
            )
        return _at_random(patients, shares, seed)
    centre = dictionary.centre
    if centre is None or centre not in patients.columns:
        raise ArgumentRefused(
            "The patients cannot be divided by centre: there is no centre variable.",
            "A dictionary that names its centre, and a table with that column.",
            "Divide at random: split_sites(patients, dictionary, shares=[1, 1, 1]).",
        )
    codes = tuple(dictionary.variables[centre].categories) or None
    texts = read_texts(patients[centre], codes)
    groups = groups if groups is not None else {label: label for label in texts.labels}
    for code in groups:
        if codes is not None and code not in codes:
            raise ArgumentRefused(
                f"{code!s:.60} is not a code of {centre}.",
                f"Codes of {centre} as keys of groups.",
                did_you_mean(str(code), codes),
            )
    site_of_label = [groups.get(label) for label in texts.labels]
    grouped = np.array([*(site is not None for site in site_of_label), False, False])
    outside = ~grouped[texts.codes]
    if outside.any():
        raise DataMismatch(
            f"{int(outside.sum())} rows have a {centre} that is missing or in no site: "
            f"{', '.join(map(str, row_numbers(outside, 10)))}"
            f"{', ...' if outside.sum() > 10 else ''}.",
            "Each patient at a centre that belongs to a site.",
            "Complete the groups, or see dictionary.check(patients).",
        )
    names = list(dict.fromkeys(groups.values()))
    position = np.array([names.index(site) if site else -1 for site in site_of_label] or [-1])
    site = position[texts.codes]
    return {
        str(name): patients[site == at].reset_index(drop=True)
        for at, name in enumerate(names)
        if (site == at).any()
    }


def _at_random(
    patients: pd.DataFrame, shares: Sequence[float], seed: int
) -> dict[str, pd.DataFrame]:
    sizes = np.asarray(list(shares), dtype=float)
    if sizes.size == 0 or not np.isfinite(sizes).all() or (sizes <= 0).any():
        raise ArgumentRefused(
            "The shares of the sites cannot be used.",
            "Positive numbers, one a site.",
            "As in shares=[1, 1, 1] or shares=[5, 3, 2].",
        )
    if len(patients) < sizes.size:
        raise DataMismatch(
            f"{len(patients)} patients cannot fill {sizes.size} sites.",
            "At least one patient a site.",
            "Ask for fewer sites.",
        )
    order = np.random.default_rng(seed).permutation(len(patients))
    ends = np.round(np.cumsum(sizes) / sizes.sum() * len(patients)).astype(int)
    parts = np.split(order, ends[:-1])
    return {
        f"site_{number}": patients.iloc[np.sort(part)].reset_index(drop=True)
        for number, part in enumerate(parts, start=1)
        if part.size
    }


def split_holdout(
    patients: pd.DataFrame,
    dictionary: DataDictionary,
    fraction: float = 0.3,
    key: bytes = PUBLIC_HOLDOUT_KEY,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Set patients aside by a keyed hash of their pseudonym.

    A patient is in the holdout if HMAC-SHA256 of the pseudonym, read as a
    number between 0 and 1, is below `fraction`. So a site fixes its holdout
    alone and before anything is fitted, rows of one patient stay together, and
    patients who arrive later change nobody's side.

    Parameters
    ----------
    patients : DataFrame
        With the dictionary's pseudonym column.
    dictionary : DataDictionary
    fraction : float
        Expected share of the holdout, between 0 and 1.
    key : bytes
        The site's secret. The default is public and meant for public or
        synthetic cohorts: with it anybody who knows a pseudonym knows the side.

    Returns
    -------
    train, holdout : DataFrame
        Rows in their order, numbered afresh.

    Raises
    ------
    ArgumentRefused
        If the dictionary has no pseudonym, or fraction or key cannot be used.
    DataMismatch
        If a pseudonym is missing.
    """
    if isinstance(fraction, bool) or not isinstance(fraction, int | float) or not 0 < fraction < 1:
        raise ArgumentRefused(
            "The fraction of the holdout cannot be used.",
            "A number above 0 and below 1.",
            "As in split_holdout(patients, dictionary, fraction=0.3).",
        )
    if not isinstance(key, bytes) or not key:
        raise ArgumentRefused(
            "The key of the holdout cannot be used.",
            "Bytes, at least one.",
            "Make one with secrets.token_bytes(32) and keep it at the site.",
        )
    patient = dictionary.patient
    if patient is None or patient not in patients.columns:
        raise ArgumentRefused(
            "The patients have no pseudonym, so no holdout can be fixed.",
            "A dictionary that names its patient variable, and a table with that column.",
            "Name it under patient: in the dictionary, or add the column.",
        )
    texts = read_texts(patients[patient])
    if texts.missing.any():
        raise DataMismatch(
            f"{int(texts.missing.sum())} rows have no {patient}: "
            f"{', '.join(map(str, row_numbers(texts.missing, 10)))}.",
            "A pseudonym in every row.",
            "Give each patient a pseudonym.",
        )
    aside = np.array([_position(label, key) < fraction for label in texts.labels], dtype=bool)
    held = aside[texts.codes] if len(patients) else np.zeros(0, dtype=bool)
    return patients[~held].reset_index(drop=True), patients[held].reset_index(drop=True)


def _position(pseudonym: str, key: bytes) -> float:
    digest = hmac.new(key, pseudonym.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
