"""What lies in a hospital's window, and is it what the hospital put there?

For each cohort its data dictionary, and patients that were invented from that
dictionary alone; no patient is read for them. A note under the site's
signature bears their digests, so that nobody has to trust the folder.
"""

from __future__ import annotations

import hashlib
import io
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ...cohorts.mock import mock_patients
from ...dictionary import DataDictionary
from ...dictionary.load import find
from ...secure_aggregation import Member
from ...storage import whole_file
from ..site.dictionaries import held
from ..site.errors import SiteRefused
from ..site.exchange import OUTBOX, heard, say
from ..site.folder import SiteFolder

NOTE, FOLDER = "window.json", "window"
ROWS, SEED = 200, 1
LARGEST = 20_000_000


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


def publish_window(site: SiteFolder) -> None:
    """Put the cohorts that studies may ask for into the window, where they have changed."""
    policy, digests = site.policy, {}
    contents: dict[str, bytes] = {}
    for name, dataset in policy.datasets.items():
        dictionary = held(dataset.dictionary)
        if dictionary is None:
            continue  # not offered until the owner has put its dictionary right
        mock = mock_patients(dictionary, ROWS, np.random.default_rng(SEED))
        if dataset.variables is not None:
            mock = mock[[one for one in mock.columns if one in dataset.variables]]
        contents[f"{name}.yaml"] = find(dataset.dictionary).read_bytes()
        contents[f"{name}.csv"] = mock.to_csv(index=False).encode("utf-8")
        digests[name] = {
            kind: hashlib.sha256(contents[f"{name}.{kind}"]).hexdigest() for kind in ("yaml", "csv")
        }
    note = {"site": policy.site, "cohorts": digests}
    try:
        told = heard(policy.exchange, NOTE, site.identity.member())
    except SiteRefused:
        told = None
    if told == note:
        return
    for name, content in contents.items():
        with whole_file(policy.exchange / OUTBOX / FOLDER / name) as path:
            path.write_bytes(content)
    say(policy.exchange, NOTE, note, site.identity)


def window_of(exchange: Path, member: Member) -> dict[str, Shown]:
    """What a hospital shows, by cohort.

    Raises
    ------
    SiteRefused
        If something is not what the hospital has signed.
    """
    note = heard(exchange, NOTE, member)
    found: dict[str, Shown] = {}
    for name, digests in (note or {"cohorts": {}})["cohorts"].items():
        parts = {
            kind: _content(exchange / OUTBOX / FOLDER / f"{name}.{kind}", digest, member.name)
            for kind, digest in digests.items()
        }
        dictionary = _dictionary(parts["yaml"], name)
        mock = dictionary.conform(pd.read_csv(io.BytesIO(parts["csv"]), dtype=str))
        mock.attrs["mock"] = f"Invented from the dictionary {dictionary.name}: no patient is in it."
        found[name] = Shown(dictionary, mock)
    return found


def _dictionary(content: bytes, name: str) -> DataDictionary:
    """The dictionary of bytes that were checked, whatever happens to the file meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.yaml"
        path.write_bytes(content)
        return DataDictionary.load(path)


def _content(path: Path, digest: str, site: str) -> bytes:
    content = path.read_bytes()[: LARGEST + 1] if path.is_file() else b""
    if hashlib.sha256(content).hexdigest() != digest:
        raise SiteRefused(
            f"{path.name} in the window of {site} is not what {site} has put there.",
            "A file with the digest that the site has signed.",
            f"Wait until the folder has been synchronised; else ask {site}.",
        )
    return content
