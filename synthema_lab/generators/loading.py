"""Which kind of model is in a file?"""

from __future__ import annotations

import json
import os
import zipfile

from .model import FittedModel
from .model_file import DESCRIBED, UNREADABLE
from .peers.model import FORMAT as POOL
from .peers.model import PoolModel
from .trees.model import FORMAT as TREES
from .trees.model import TreesModel
from .vae.model import VaeModel

_KINDS = {POOL: PoolModel, TREES: TreesModel}
_VAE = "synthema-lab vae "


def load_model(path: str | os.PathLike[str]) -> FittedModel | TreesModel | VaeModel | PoolModel:
    """Read a model of any kind.

    Raises
    ------
    DataMismatch
        If the file is missing or is no model.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            kind = str(json.loads(archive.read(DESCRIBED))["format"])
    except UNREADABLE:
        kind = ""
    # An earlier vae is refused by its own kind, which knows what to say.
    known = VaeModel if kind.startswith(_VAE) else _KINDS.get(kind, FittedModel)
    return known.load(path)
