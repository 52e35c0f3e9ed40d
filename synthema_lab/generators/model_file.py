"""How is a model's file written and opened, so that equal models give equal bytes?

A zip without pickled objects: ``model.json`` with what describes it,
``dictionary.json``, and further parts in bytes.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..dictionary import DataDictionary
from ..storage import whole_file

UNREADABLE = (
    OSError, KeyError, ValueError, TypeError, AttributeError, EOFError, zipfile.BadZipFile,
    zlib.error,
)  # fmt: skip
"""What reading a file may raise that is no model, or was changed."""
DESCRIBED = "model.json"


def write_model(
    path: str | os.PathLike[str], described: Mapping[str, Any], dictionary: DataDictionary,
    parts: Mapping[str, bytes],
) -> Path:  # fmt: skip
    """Write the file whole or not at all."""
    with whole_file(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, content in {
            DESCRIBED: json.dumps(described, sort_keys=True, indent=1).encode(),
            "dictionary.json": json.dumps(dictionary.as_dict()).encode(),
            **parts,
        }.items():
            archive.writestr(zipfile.ZipInfo(name), content)  # a fixed date: equal bytes
    return Path(path)


def described_in(archive: zipfile.ZipFile) -> tuple[dict[str, Any], DataDictionary]:
    """What describes the model, and its dictionary."""
    described = json.loads(archive.read(DESCRIBED))
    return described, DataDictionary.from_dict(json.loads(archive.read("dictionary.json")))


def packed(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Arrays in one part.

    Examples
    --------
    >>> unpacked(packed({"edges": np.array([1, 2])}))["edges"].tolist()
    [1, 2]
    """
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    return content.getvalue()


def unpacked(content: bytes) -> dict[str, np.ndarray]:
    """The arrays of a part."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
