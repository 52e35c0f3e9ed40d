"""What is a trained network, and how is it kept? (one file, without pickled objects)"""

from __future__ import annotations

import html
import io
import json
import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from ...dictionary import DataDictionary
from ...errors import DataMismatch
from ...storage import whole_file
from ..encoder import Encoder
from ..kept_rules import draw_cohort
from .network import can_draw, draw_codes

FORMAT = "synthema-lab vae 1"
_UNREADABLE = (OSError, KeyError, ValueError, TypeError, AttributeError, zipfile.BadZipFile)


@dataclass(frozen=True, eq=False)
class VaeModel:
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
        packed = io.BytesIO()
        np.savez_compressed(packed, **self.parameters)
        described = {
            "format": FORMAT, "generator": self.generator, "columns": self.columns,
            "privacy": self.privacy, "provenance": self.provenance, "release": self.release,
        }  # fmt: skip
        with whole_file(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
            for name, content in {
                "model.json": json.dumps(described, sort_keys=True, indent=1).encode(),
                "dictionary.json": json.dumps(self.dictionary.as_dict()).encode(),
                "parameters.npz": packed.getvalue(),
            }.items():
                archive.writestr(zipfile.ZipInfo(name), content)
        return Path(path)

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
                told = json.loads(archive.read("model.json"))
                dictionary = DataDictionary.from_dict(json.loads(archive.read("dictionary.json")))
                with np.load(
                    io.BytesIO(archive.read("parameters.npz")), allow_pickle=False
                ) as kept:
                    parameters = {name: kept[name] for name in kept.files}
            sizes = Encoder(dictionary, told["columns"]).sizes
            if told["format"] == FORMAT and can_draw(parameters, sizes):
                model = cls(
                    dictionary, tuple(told["columns"]), parameters, told["privacy"],
                    told["provenance"], told["release"],
                )  # fmt: skip
        except _UNREADABLE:
            model = None
        if model is None:
            raise DataMismatch(
                f"'{Path(path).name}' is not a vae that can be read.",
                f"A model file of format {FORMAT}, not changed.",
                "Fit it again: synthema fit --data FILE --dictionary FILE --generator vae "
                "--out MODEL",
            )
        return model

    def _facts(self) -> list[tuple[str, str]]:
        facts = [
            ("Generator", self.generator),
            ("Variables", ", ".join(self.columns)),
            ("Sites", str(self.provenance["sites"])),
            ("Parameters", f"{sum(one.size for one in self.parameters.values()):,}"),
        ]
        if self.privacy is None:
            return [*facts, ("Privacy", "noise off: no guarantee; not for release")]
        views = self.privacy["views"]
        spent = "; ".join(f"epsilon {epsilon:.2f} against {who}" for who, epsilon in views.items())
        return [
            *facts,
            ("Privacy", f"{spent} (delta {self.privacy['delta']:g}, {self.privacy['unit']})"),
            ("Assumed", str(self.privacy["assumed"])),
            ("Release", self.release),
        ]

    def __str__(self) -> str:
        return "\n".join(f"{label + ':':<18}{text}" for label, text in self._facts())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th scope='row' style='text-align:left'>{html.escape(label)}</th>"
            f"<td style='text-align:left'>{html.escape(text)}</td></tr>"
            for label, text in self._facts()
        )
        return f"<table><caption style='text-align:left'>Fitted model</caption>{rows}</table>"
