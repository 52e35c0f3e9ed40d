"""Which noisy sums have been opened and paid for?

A release is a set of opened sums. It is stored once under an identifier that
is a hash of what was asked of which data; asking for the same again replays
the stored sums, gives the same numbers and costs nothing. Fresh noise is a new
release.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import DataMismatch
from ..storage import whole_file
from .skellam import SkellamEvent

MOST_EDITIONS = 256
LONGEST_WAIT = 600
"""Seconds to wait for another fit in the same workspace."""


@dataclass(frozen=True)
class OpenedVector:
    """One opened vector of sums that are no counts of cells.

    Attributes
    ----------
    name : str
    sums : numpy.ndarray of int64
    variance : float or None
        Noise variance that is counted on in each entry; None when noise was off.
    l1, l2_squared : int
        Largest change when one patient is added or removed.
    """

    name: str
    sums: np.ndarray
    variance: float | None
    l1: int
    l2_squared: int

    @property
    def event(self) -> SkellamEvent:
        """What it cost."""
        return SkellamEvent(self.variance, self.l1, self.l2_squared)


@dataclass(frozen=True)
class OpenedSums:
    """Sums over all sites that were opened, with the noise they carry.

    Attributes
    ----------
    release : str
        Identifier; the same request gives the same one.
    cliques : tuple of tuple of str
        The variables of each marginal.
    sums : tuple of numpy.ndarray of int64
        One flat vector a clique, in row-major order of its variables.
    variances : tuple of float or None
        Noise variance that is counted on in each cell; None when noise was off.
    vectors : tuple of OpenedVector
        What else was opened.
    """

    release: str
    cliques: tuple[tuple[str, ...], ...]
    sums: tuple[np.ndarray, ...]
    variances: tuple[float, ...] | None
    vectors: tuple[OpenedVector, ...] = ()

    def events(self) -> tuple[SkellamEvent, ...]:
        """What the ledger is charged for these sums; nothing when noise was off."""
        if self.variances is None:
            return ()
        counted = tuple(SkellamEvent(variance) for variance in self.variances)
        return (*counted, *(vector.event for vector in self.vectors))

    def to_bytes(self) -> bytes:
        """An ``.npz`` archive without pickled objects; equal sums give equal bytes."""
        content: dict[str, object] = {
            "release": self.release, "cliques": self.cliques, "variances": self.variances,
        }  # fmt: skip
        arrays = {f"sum_{i}": part for i, part in enumerate(self.sums)}
        if self.vectors:
            content["vectors"] = [
                [one.name, one.variance, one.l1, one.l2_squared] for one in self.vectors
            ]
            arrays |= {f"vector_{i}": one.sums for i, one in enumerate(self.vectors)}
        described = json.dumps(content)
        buffer = io.BytesIO()
        np.savez(buffer, described=np.frombuffer(described.encode(), dtype=np.uint8), **arrays)
        return buffer.getvalue()

    @staticmethod
    def from_bytes(content: bytes) -> OpenedSums:
        """Read what `to_bytes` wrote.

        Raises
        ------
        DataMismatch
            If the bytes are something else.
        """
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as archive:
                described = json.loads(archive["described"].tobytes().decode())
                sums = tuple(archive[f"sum_{i}"] for i in range(len(described["cliques"])))
                vectors = tuple(
                    OpenedVector(name, archive[f"vector_{i}"], variance, l1, l2_squared)
                    for i, (name, variance, l1, l2_squared) in enumerate(
                        described.get("vectors", ())
                    )
                )
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise DataMismatch(
                "A stored release cannot be read.",
                "An .npz file written by this package.",
                "Restore the file, or ask for fresh noise (a new release, charged again).",
            ) from error
        variances = described["variances"]
        return OpenedSums(
            described["release"],
            tuple(tuple(clique) for clique in described["cliques"]),
            sums,
            None if variances is None else tuple(variances),
            vectors,
        )


class ReleaseStore:
    """A folder of opened sums.

    Parameters
    ----------
    folder : path
        Made when the first release is stored.
    read_only : bool
        For sums kept with a run that is being repeated: nothing is written.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> store = ReleaseStore(tempfile.mkdtemp())
    >>> store.put(OpenedSums("r1", (("sex",),), (np.array([5, 7]),), (90.0,)))
    >>> store.get("r1").sums[0].tolist(), store.get("r2")
    ([5, 7], None)
    """

    def __init__(self, folder: str | os.PathLike[str], read_only: bool = False) -> None:
        self.folder, self.read_only = Path(folder), read_only

    def locked(self) -> AbstractContextManager[object]:
        """Held while a release is looked up, charged, opened and stored."""
        from filelock import FileLock

        if self.read_only:
            return nullcontext()
        self.folder.mkdir(parents=True, exist_ok=True)
        return FileLock(self.folder / ".lock", timeout=LONGEST_WAIT)

    def identify(self, request: dict[str, object], fresh: bool = False) -> str:
        """Identifier under which a request is stored, or is to be stored.

        Parameters
        ----------
        request : dict
            Everything that decides the sums: keyed fingerprints of the data,
            dictionary digest, cliques, variances, sites. Plain values only.
        fresh : bool
            Ask for a new edition: an identifier that is not stored yet.

        Returns
        -------
        str
            16 hexadecimal digits: of the newest stored edition, else of the first.
        """
        stored = [
            edition
            for edition in range(MOST_EDITIONS)
            if self.path(release_identifier(request, edition)).exists()
        ]
        newest = max(stored, default=-1)
        return release_identifier(request, newest + 1 if fresh else max(0, newest))

    def get(self, release: str) -> OpenedSums | None:
        """The stored sums, or None where this release was never opened."""
        path = self.path(release)
        return OpenedSums.from_bytes(path.read_bytes()) if path.exists() else None

    def put(self, opened: OpenedSums) -> None:
        """Store a release whole or not at all; it replaces one of the same request."""
        with whole_file(self.path(opened.release)) as path:
            path.write_bytes(opened.to_bytes())

    def path(self, release: str) -> Path:
        """Where a release is, or would be, stored."""
        return self.folder / f"{release}.npz"


def release_identifier(request: dict[str, object], edition: int = 0) -> str:
    """Identifier of a request: 16 hexadecimal digits of its SHA-256.

    Parameters
    ----------
    request : dict
        Plain values only.
    edition : int
        Counts how often fresh noise was asked for.

    Examples
    --------
    >>> release_identifier({"epsilon": 3.0}) == release_identifier({"epsilon": 3.0})
    True
    """
    content = json.dumps({"request": request, "edition": edition}, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]
