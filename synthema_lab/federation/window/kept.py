"""Where is a study that was submitted kept on the researcher's side, and found again?"""

from __future__ import annotations

import os
from pathlib import Path

from ...errors import ArgumentRefused
from ...storage import whole_file
from ..study.signed import SignedStudy

USUAL = "~/.local/state/synthema-lab/studies"
_SUFFIX, _LETTERS = ".study.yaml", 32


def place_of(study: str, folder: str | os.PathLike[str] | None = None) -> Path:
    """The folder of a study, given its hash, below `folder` or the usual one."""
    return Path(folder or USUAL).expanduser() / study[:_LETTERS]


def keep(signed: SignedStudy, folder: str | os.PathLike[str] | None = None) -> Path:
    """Keep a signed study in a file beside its folder, before it is sent."""
    place = place_of(signed.hash, folder).with_suffix(_SUFFIX)
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with whole_file(place) as path:
        path.write_bytes(signed.to_yaml())
    return place


def found(study: str, folder: str | os.PathLike[str] | None = None) -> SignedStudy:
    """The signed study whose hash begins like that.

    Parameters
    ----------
    study : str
        Hash of a study, or the beginning of it.
    folder : path, optional
        As it was given to `keep`.

    Raises
    ------
    ArgumentRefused
        If there is none, or more than one.
    """
    all_kept = sorted(place_of("", folder).glob(f"*{_SUFFIX}"))
    begin = study[:_LETTERS]
    fitting = [path for path in all_kept if begin and path.name.startswith(begin)]
    if len(fitting) != 1:
        known = ", ".join(path.name[:12] for path in all_kept) or "none"
        raise ArgumentRefused(
            f"{len(fitting)} studies that were submitted from here begin with {begin!r}.",
            f"The beginning of one of these: {known}.",
            "Name one of these, or give the folder where it is kept.",
        )
    return SignedStudy.from_yaml(fitting[0].read_bytes())
