"""Which kind of model is in a file?"""

from __future__ import annotations

import json
import os
import zipfile

from .model import FittedModel
from .model_file import DESCRIBED, UNREADABLE
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
            kind = json.loads(archive.read(DESCRIBED))["format"]
    except UNREADABLE:
        kind = None
    return VaeModel.load(path) if kind == FORMAT else FittedModel.load(path)
