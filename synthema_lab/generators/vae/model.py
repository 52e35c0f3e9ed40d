"""What is a trained network, and how is it kept? (one file, without pickled objects)"""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from ...dictionary import DataDictionary
from ...errors import DataMismatch
from ..encoder import Encoder
from ..kept_rules import draw_cohort
from ..model_facts import ShownModel
from ..model_file import UNREADABLE, described_in, packed, unpacked, write_model
from .network import can_draw, draw_codes

FORMAT = "synthema-lab vae 1"


@dataclass(frozen=True, eq=False, repr=False)
class VaeModel(ShownModel):
    """A network that has learnt a cohort.

    Attributes
    ----------
    dictionary : DataDictionary
    columns : tuple of str
        Modelled variables, in the order of the codes.
    parameters : dict of str to numpy.ndarray
    privacy : dict or None
        What was spent and against whom; None when noise was off.
    provenance : dict
        Seed, sites, dictionary digest and settings.
    release : str
        Identifier of the training.
    """

    dictionary: DataDictionary
    columns: tuple[str, ...]
    parameters: dict[str, np.ndarray] = field(repr=False)
    privacy: dict[str, object] | None
    provenance: dict[str, object]
    release: str = ""
    generator: str = "vae"
    transcript: object = None
    replayed: bool = False

    def sample(self, rows: int, seed: int = 0) -> pd.DataFrame:
        """Draw a synthetic cohort; see `FittedModel.sample`."""
        encoder = Encoder(self.dictionary, self.columns)

        def draw(number: int, rng: np.random.Generator) -> np.ndarray:
            return draw_codes(self.parameters, encoder.sizes, number, rng)

        return draw_cohort(draw, encoder, rows, seed)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the model to one file, whole or not at all."""
        described = {
            "format": FORMAT, "generator": self.generator, "columns": self.columns,
            "privacy": self.privacy, "provenance": self.provenance, "release": self.release,
        }  # fmt: skip
        parts = {"parameters.npz": packed(self.parameters)}
        return write_model(path, described, self.dictionary, parts)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> VaeModel:
        """Read a model that `save` wrote.

        Raises
        ------
        DataMismatch
            If the file is missing or is not such a model.
        """
        model = None
        try:
            with zipfile.ZipFile(path) as archive:
                told, dictionary = described_in(archive)
                parameters = unpacked(archive.read("parameters.npz"))
            sizes = Encoder(dictionary, told["columns"]).sizes
            if told["format"] == FORMAT and can_draw(parameters, sizes):
                model = cls(
                    dictionary, tuple(told["columns"]), parameters, told["privacy"],
                    told["provenance"], told["release"],
                )  # fmt: skip
        except UNREADABLE:
            model = None
        if model is None:
            raise DataMismatch(
                f"'{Path(path).name}' is not a vae that can be read.",
                f"A model file of format {FORMAT}, not changed.",
                "Fit it again: synthema fit --data FILE --dictionary FILE --generator vae "
                "--out MODEL",
            )
        return model

    def _size(self) -> tuple[str, str]:
        return "Parameters", f"{sum(one.size for one in self.parameters.values()):,}"
