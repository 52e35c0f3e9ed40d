"""Where does a site keep the studies that it was sent?

One file a study, under its hash, as its researcher signed it. A file is read
anew and checked again each time: what it hashes to, not what it is called,
says which study it is.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from ...errors import ApprovalMissing
from ...storage import whole_file
from ..study.errors import StudyForged, StudyRefused
from ..study.signed import SignedStudy
from .errors import SiteRefused


class Shelf:
    """Signed studies in a folder.

    Parameters
    ----------
    folder : path
        Made at the first.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)

    def put(self, signed: SignedStudy) -> None:
        """Keep a study."""
        with whole_file(self._path(signed.hash)) as path:
            path.write_bytes(signed.to_yaml())

    def __contains__(self, study: str) -> bool:
        return self._path(study).is_file()

    def holds(self, study: str, content: bytes) -> bool:
        """Whether a study is kept in exactly these bytes."""
        path = self._path(study)
        return path.is_file() and path.read_bytes() == content

    def hashes(self) -> tuple[str, ...]:
        """All that are kept, in order of hash."""
        return tuple(sorted(path.stem for path in self.folder.glob("*.yaml")))

    def find(self, beginning: str) -> str:
        """The hash that is meant by its first digits.

        Raises
        ------
        SiteRefused
            If none or several begin like that.
        """
        found = [one for one in self.hashes() if beginning and one.startswith(beginning)]
        if len(found) != 1:
            raise SiteRefused(
                f"{len(found) or 'No'} studies here begin with {beginning[:64]!r}.",
                "Enough digits of one study's hash.",
                "See which there are: synthema site review",
            )
        return found[0]

    def get(self, study: str) -> SignedStudy:
        """The study of a hash.

        Raises
        ------
        ApprovalMissing
            Exit code 8: if the file is gone, was changed, or is another study.
        """
        happened = ""
        try:
            signed = _checked(self._path(study).read_bytes())
            if signed.hash == study:
                return signed
            happened = f"The file of study {study[:12]} holds another study."
        except FileNotFoundError:
            happened = f"Study {study[:12]} is not kept here."
        except (StudyRefused, StudyForged):
            happened = f"The file of study {study[:12]} was changed."
        raise ApprovalMissing(
            happened, "The study as it was signed and approved.",
            "Have the researcher send it again; unchanged, it is still approved.",
        )  # fmt: skip

    def _path(self, study: str) -> Path:
        return self.folder / f"{study}.yaml"


@lru_cache(maxsize=64)
def _checked(content: bytes) -> SignedStudy:
    """The study of these bytes, its signature checked; it is asked for before every round."""
    return SignedStudy.from_yaml(content)
