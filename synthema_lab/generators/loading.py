"""Which kind of model is in a file?"""

from __future__ import annotations

import json
import os
import zipfile

from .model import FittedModel
from .vae.model import FORMAT, VaeModel


def load_model(path: str | os.PathLike[str]) -> FittedModel | VaeModel:
    """Read a model of any kind.

    Raises
    ------
    DataMismatch
        If the file is missing or is no model.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            kind = json.loads(archive.read("model.json"))["format"]
    except (OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile):
        kind = None
    return VaeModel.load(path) if kind == FORMAT else FittedModel.load(path)
