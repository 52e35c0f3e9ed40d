"""What lies in a hospital's window, and is it what the hospital put there?

For each cohort its data dictionary, and patients that were invented from that
dictionary alone; no patient is read for them. A note under the site's
signature bears their digests, so that nobody has to trust the folder. Files
are named by their digest: a new note finds its own, an old one still has its.

They are not PySyft's data sets, for what was tried with 0.10. To make one
copies the private table into PySyft's folder, a second copy that backups and
retention would have to know of. Its mock file is read from the folder as it
lies there: one that was altered on the way was taken without a word, so that a
signed note is needed beside it anyway. And who looks has to ask to be a peer
first. (Making one costs 0.05 s; PySyft itself 1 s and 50 MB at the start.)
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...cohorts.mock import mock_patients
from ...dictionary import DataDictionary
from ...dictionary.load import LARGEST_FILE, find
from ...errors import DataMismatch
from ...secure_aggregation import Member
from ...storage import whole_file
from ..site.dictionaries import held
from ..site.errors import SiteRefused
from ..site.exchange import OUTBOX, heard, require_plain, say
from ..site.folder import SiteFolder
from ..site.policy import Dataset

NOTE, FOLDER = "window.json", "window"
ROWS, SEED = 200, 1
LARGEST = 20_000_000
KINDS = {"yaml": LARGEST_FILE, "csv": LARGEST}
"""Largest file of each kind, in bytes."""
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Shown:
    """One cohort in a window.

    Attributes
    ----------
    dictionary : DataDictionary
    mock : pandas.DataFrame
        Invented patients.
    """

    dictionary: DataDictionary
    mock: pd.DataFrame


def publish_window(site: SiteFolder) -> tuple[str, ...]:
    """Put the cohorts that studies may ask for into the window, where something has changed.

    Parameters
    ----------
    site : SiteFolder

    Returns
    -------
    tuple of str
        Cohorts that are not shown, since their dictionary cannot be used, no
        patient can be invented within its rules, or no variable may be used.
    """
    policy = site.policy
    digests: dict[str, dict[str, str]] = {}
    contents: dict[str, bytes] = {}
    for name, dataset in policy.datasets.items():
        parts = _parts(dataset)
        if not parts:
            continue
        digests[name] = {kind: hashlib.sha256(part).hexdigest() for kind, part in parts.items()}
        contents |= {f"{digests[name][kind]}.{kind}": part for kind, part in parts.items()}
    window = policy.exchange / OUTBOX / FOLDER
    require_plain(policy.exchange / OUTBOX, window)
    for name, content in contents.items():
        if _read(window / name, len(content)) != content:
            with whole_file(window / name) as path:
                path.write_bytes(content)
    note = {"site": policy.site, "cohorts": digests}
    try:
        told = heard(policy.exchange, NOTE, site.identity.member())
    except SiteRefused:
        told = None
    if told != note:
        say(policy.exchange, NOTE, note, site.identity)
        _clear(window, contents)
    return tuple(name for name in policy.datasets if name not in digests)


def window_of(exchange: Path, member: Member) -> dict[str, Shown]:
    """What a hospital shows, by cohort.

    Parameters
    ----------
    exchange : pathlib.Path
    member : Member
        The hospital, with the key of its card.

    Raises
    ------
    SiteRefused
        If something is not what the hospital has signed.
    DataMismatch
        If it has signed something that cannot be used.
    """
    note = heard(exchange, NOTE, member)
    found: dict[str, Shown] = {}
    for name, digests in ({} if note is None else _cohorts(note, member.name)).items():
        parts = {
            kind: _content(exchange / OUTBOX / FOLDER, kind, digest, member.name)
            for kind, digest in digests.items()
        }
        dictionary = DataDictionary.from_text(_text(parts["yaml"], member.name))
        mock = dictionary.conform(_table(_text(parts["csv"], member.name), member.name))
        mock.attrs["mock"] = f"Invented from the dictionary {dictionary.name}: no patient is in it."
        found[name] = Shown(dictionary, mock)
    return found


def _parts(dataset: Dataset) -> dict[str, bytes]:
    """The two files of a cohort; none where it cannot be shown."""
    dictionary = held(dataset.dictionary)
    if dictionary is None:
        return {}
    try:
        mock = mock_patients(dictionary, ROWS, np.random.default_rng(SEED))
    except DataMismatch:
        return {}
    if dataset.variables is not None:
        mock = mock[[one for one in mock.columns if one in dataset.variables]]
    if mock.columns.empty:
        return {}
    return {
        "yaml": find(dataset.dictionary).read_bytes(),
        "csv": mock.to_csv(index=False).encode("utf-8"),
    }


def _clear(window: Path, kept: Mapping[str, bytes]) -> None:
    """Remove what no note names any more."""
    for path in window.glob("*.*") if window.is_dir() else ():
        ours = _DIGEST.fullmatch(path.stem) and path.suffix.removeprefix(".") in KINDS
        if ours and path.name not in kept:
            path.unlink(missing_ok=True)


def _cohorts(note: Mapping[str, Any], site: str) -> dict[str, dict[str, str]]:
    """Digests by cohort and kind: a hospital chooses them, and no more than them."""
    cohorts = note.get("cohorts")
    usable = isinstance(cohorts, dict) and all(
        isinstance(digests, dict)
        and set(digests) == set(KINDS)
        and all(isinstance(one, str) and _DIGEST.fullmatch(one) for one in digests.values())
        for digests in cohorts.values()
    )
    if not usable:
        raise SiteRefused(
            f"The window of {site} cannot be read.",
            "For each cohort the digests of two files.",
            f"Ask {site} which version of the workbench it has.",
        )
    return cohorts


def _content(window: Path, kind: str, digest: str, site: str) -> bytes:
    content = _read(window / f"{digest}.{kind}", KINDS[kind])
    if hashlib.sha256(content).hexdigest() != digest:
        raise SiteRefused(
            f"A file in the window of {site} is not what {site} has put there.",
            "A file with the digest that the site has signed.",
            f"Wait until the folder has been synchronised; else ask {site}.",
        )
    return content


def _read(path: Path, largest: int) -> bytes:
    """A plain file of at most so many bytes; nothing where there is none."""
    try:
        # A link, a pipe or a device put there by somebody else is not followed or waited for.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b""
    state = os.fstat(handle)
    if not stat.S_ISREG(state.st_mode) or state.st_size > largest:
        os.close(handle)
        return b""
    with os.fdopen(handle, "rb") as stream:
        return stream.read(largest + 1)


def _text(content: bytes, site: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise _unusable(site) from None


def _table(text: str, site: str) -> pd.DataFrame:
    try:
        return pd.read_csv(io.StringIO(text), dtype=str)
    except ValueError:
        raise _unusable(site) from None


def _unusable(site: str) -> DataMismatch:
    return DataMismatch(
        f"A file that {site} has put in its window cannot be read.",
        "A data dictionary and a table of invented patients, as UTF-8 text.",
        f"Ask {site} which version of the workbench it has.",
    )
