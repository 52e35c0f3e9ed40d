"""What is a trained network, and how is it kept? (one file, without pickled objects)"""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from ...dictionary import DataDictionary
from ..kept_rules import breaks_a_rule, draw_cohort
from ..model_facts import ShownModel
from ..model_file import packed, read_model, unpacked, write_model
from .decoder import can_draw, draw_codes
from .heads import Heads

FORMAT = "synthema-lab vae 2"
_EARLIER = {"synthema-lab vae 1": "a vae of an earlier version"}
_REDRAWS = 100


@dataclass(frozen=True, eq=False, repr=False)
class VaeModel(ShownModel):
    """A network that has learnt a cohort.

    Attributes
    ----------
    dictionary : DataDictionary
    columns : tuple of str
        Modelled variables, in the dictionary's order.
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
        """Draw a synthetic cohort; see `FittedModel.sample`.

        Patients who break a rule are drawn again whole, before other values are
        tried: what is left is the network's law given the rules.
        """
        heads = Heads(self.dictionary, self.columns)
        rules, _ = self.dictionary.decidable(self.columns)
        again = 0

        def draw(number: int, rng: np.random.Generator) -> np.ndarray:
            nonlocal again
            codes = draw_codes(self.parameters, heads, number, rng)
            broken = np.arange(number)
            for attempt in range(_REDRAWS):
                cohort = heads.decode(codes[broken], rng)
                broken = broken[breaks_a_rule(rules, cohort)]
                again += len(broken) if attempt == 0 else 0
                if not len(broken):
                    break
                codes[broken] = draw_codes(self.parameters, heads, len(broken), rng)
            return codes

        cohort = draw_cohort(draw, heads, rows, seed)
        cohort.attrs["redrawn"] = max(cohort.attrs["redrawn"], again / rows)
        return cohort

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

        def build(archive: zipfile.ZipFile, told: dict, dictionary: DataDictionary) -> VaeModel:
            parameters = unpacked(archive.read("parameters.npz"))
            columns = tuple(told["columns"])
            if not can_draw(parameters, Heads(dictionary, columns)):
                raise ValueError("contradiction")
            return cls(
                dictionary, columns, parameters, told["privacy"], told["provenance"],
                told["release"],
            )  # fmt: skip

        return read_model(path, FORMAT, build, "not a vae that can be read", "vae", _EARLIER)

    def _size(self) -> tuple[str, str]:
        return "Parameters", f"{sum(one.size for one in self.parameters.values()):,}"
