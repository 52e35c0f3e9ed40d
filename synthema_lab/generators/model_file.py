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
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ..dictionary import DataDictionary
from ..errors import DataMismatch
from ..storage import whole_file

Model = TypeVar("Model")

UNREADABLE = (
    OSError, LookupError, ValueError, TypeError, AttributeError, EOFError, zipfile.BadZipFile,
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


def read_model(
    path: str | os.PathLike[str],
    form: str,
    build: Callable[[zipfile.ZipFile, dict[str, Any], DataDictionary], Model],
    what: str,
    fit: str,
    earlier: Mapping[str, str] | None = None,
) -> Model:
    """Read a model of one kind.

    Parameters
    ----------
    path : path or str
    form : str
        The format that it must be of.
    build : callable
        ``build(archive, described, dictionary)``: the model; an error of `UNREADABLE`
        where its parts contradict each other.
    what : str
        What a file is that cannot be read, such as ``"not a pool that can be read"``.
    fit : str
        The generator that makes such a file again, and its options.
    earlier : mapping of str to str, optional
        By format that was written once, what such a file is.

    Raises
    ------
    DataMismatch
        If the file is missing or is not such a model.
    """
    model = None
    try:
        with zipfile.ZipFile(path) as archive:
            described, dictionary = described_in(archive)
            what = (earlier or {}).get(described["format"], what)
            if described["format"] == form:
                model = build(archive, described, dictionary)
    except (*UNREADABLE, DataMismatch):
        model = None
    if model is None:
        raise DataMismatch(
            f"'{Path(path).name}' is {what}.",
            f"A model file of format {form}, not changed.",
            f"Fit it again: synthema fit --data FILE --dictionary FILE --generator {fit} "
            "--out MODEL",
        )
    return model


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
