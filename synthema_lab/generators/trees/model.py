"""What are grown trees, and how are they kept? (one file, without pickled objects)"""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd

from ...dictionary import DataDictionary
from ..asked import LARGEST_SEED, require_rows, require_seed
from ..model_facts import ShownModel
from ..model_file import packed, read_model, unpacked, write_model
from .forest import Forest
from .intervals import Intervals
from .sequence import Drawing

FORMAT = "synthema-lab trees 1"
_PARTS = tuple(one.name for one in fields(Forest))


@dataclass(frozen=True, eq=False, repr=False)
class TreesModel(ShownModel):
    """Trees that have learnt a cohort; as confidential as the patients.

    Attributes
    ----------
    drawing : Drawing
        The trees, and which values their codes stand for.
    provenance : dict
        Seed, sites, dictionary digest, settings, the order of drawing and how each
        rule is kept.
    """

    drawing: Drawing
    provenance: dict[str, object]
    privacy: None = None
    release: str = ""
    generator: str = "trees"
    transcript: object = None
    replayed: bool = False

    @property
    def dictionary(self) -> DataDictionary:
        """The dictionary of the patients."""
        return self.drawing.dictionary

    @property
    def columns(self) -> tuple[str, ...]:
        """Modelled variables, in the dictionary's order."""
        return tuple(name for name in self.dictionary.modelled if name in self.drawing.intervals)

    def sample(self, rows: int, seed: int = 0) -> pd.DataFrame:
        """Draw a synthetic cohort; see `FittedModel.sample`."""
        require_rows(rows)
        require_seed(seed, LARGEST_SEED, numpy_too=False)
        return self.drawing.cohort(int(rows), np.random.default_rng([seed, 0x5A]))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the model to one file, whole or not at all; keep it where the patients are."""
        drawing = self.drawing
        arrays: dict[str, np.ndarray] = {}
        for place, (forest, known, where) in enumerate(
            zip(drawing.forests, drawing.intervals.values(), drawing.axes, strict=True)
        ):
            arrays |= {f"{place}_{name}": getattr(forest, name) for name in _PARTS}
            arrays |= {f"{place}_low": known.low, f"{place}_high": known.high}
            arrays[f"{place}_axes"] = np.concatenate([np.empty(0), *where])
        if drawing.expected is not None:
            arrays["expected"] = drawing.expected
        described = {
            "format": FORMAT, "generator": self.generator, "order": list(drawing.intervals),
            "balanced": drawing.balanced, "privacy": None, "provenance": self.provenance,
        }  # fmt: skip
        return write_model(path, described, self.dictionary, {"trees.npz": packed(arrays)})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> TreesModel:
        """Read a model that `save` wrote.

        Raises
        ------
        DataMismatch
            If the file is missing or is not such a model.
        """

        def build(archive: zipfile.ZipFile, told: dict, dictionary: DataDictionary) -> TreesModel:
            arrays = unpacked(archive.read("trees.npz"))
            return cls(_drawing(told, dictionary, arrays), told["provenance"])

        what = "no model of trees that can be read"
        return read_model(path, FORMAT, build, what, "trees --epsilon none")

    def _size(self) -> tuple[str, str]:
        nodes = sum(one.feature.size for one in self.drawing.forests)
        return "Nodes", f"{nodes:,} in {sum(one.roots.size for one in self.drawing.forests)} trees"


def _drawing(
    told: dict[str, object], dictionary: DataDictionary, arrays: dict[str, np.ndarray]
) -> Drawing:
    """What was written, if its parts fit together; else ValueError."""
    order = told["order"]
    intervals = {
        name: Intervals(dictionary.variables[name], arrays[f"{p}_low"], arrays[f"{p}_high"])
        for p, name in enumerate(order)
    }
    sizes = [one.missing + 1 for one in intervals.values()]
    forests = tuple(
        Forest(**{name: arrays[f"{place}_{name}"] for name in _PARTS})
        for place in range(len(order))
    )
    axes = tuple(
        tuple(np.split(arrays[f"{place}_axes"], np.cumsum(sizes[:place])))[:place]
        for place in range(len(order))
    )
    expected = arrays.get("expected")
    for place, (forest, size) in enumerate(zip(forests, sizes, strict=True)):
        columns = place + (expected is not None and place > 1)
        if not _follows(forest, columns, size) or (
            arrays[f"{place}_axes"].shape != (sum(sizes[:place]),)
        ):
            raise ValueError("contradiction")
    if expected is not None and expected.shape != (sizes[1],):
        raise ValueError("contradiction")
    return Drawing(dictionary, intervals, forests, axes, expected, bool(told["balanced"]))


def _follows(forest: Forest, columns: int, size: int) -> bool:
    """Whether every patient who follows the trees comes to a leaf with contents."""
    nodes = np.arange(forest.feature.size)
    inner = forest.feature >= 0
    filled = np.unique(forest.contents // size)
    return bool(
        forest.roots.size > 0
        and set(forest.roots) <= set(nodes)
        and (forest.feature < max(columns, 1)).all()
        and (forest.left[inner] > nodes[inner]).all()
        and (forest.right[inner] > nodes[inner]).all()
        and (forest.left < nodes.size).all()
        and (forest.right < nodes.size).all()
        and not np.isnan(forest.threshold).any()
        and np.array_equal(filled, nodes[~inner])
        and (np.diff(forest.contents) >= 0).all()
    )
