"""What is a fitted generator, and how is it kept?

One file without pickled objects: a zip with `model.json`, the dictionary, the
log-potentials and the opened sums that were paid for. Equal models give equal
bytes. Sampling is post-processing: it can be repeated at no cost in privacy.
"""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from ..dictionary import DataDictionary
from ..errors import DataMismatch
from ..privacy import OpenedSums, epsilon_of
from .counts import one_way_counts
from .encoder import Encoder
from .expected_error import error_in_words, events_in_words
from .graphical_model import GraphicalModel
from .kept_rules import draw_cohort
from .model_facts import ShownModel
from .model_file import UNREADABLE, described_in, packed, unpacked, write_model
from .subgroup import cells_to_leave_out, subgroup

_FORMAT = 1


@dataclass(frozen=True, repr=False)
class FittedModel(ShownModel):
    """A generator that has learnt a cohort.

    Attributes
    ----------
    generator : str
        Name of the method, such as ``"marginal"``.
    dictionary : DataDictionary
    graph : GraphicalModel
        The joint distribution over the dictionary's public codes.
    columns : tuple of str
        Modelled variables, in the order of the codes.
    opened : OpenedSums
        The sums it was learnt from.
    privacy : dict or None
        What was spent and against whom; None when noise was off.
    provenance : dict
        Seed, sites, dictionary digest, how each rule is kept. Nothing of the
        data but what was opened.
    replayed : bool
        True when the sums had been opened before, so that nothing was charged.
        Not stored: a saved model does not say who asked first.
    transcript : object or None
        What went over the wire when the sums were opened. Not stored.
    """

    generator: str
    dictionary: DataDictionary
    graph: GraphicalModel
    columns: tuple[str, ...]
    opened: OpenedSums
    privacy: dict[str, object] | None
    provenance: dict[str, object]
    replayed: bool = False
    transcript: object = None

    @property
    def release(self) -> str:
        """Identifier of the opened sums."""
        return self.opened.release

    def sample(self, rows: int, seed: int = 0) -> pd.DataFrame:
        """Draw a synthetic cohort.

        Parameters
        ----------
        rows : int
            Number of synthetic patients, from 1 to 10 million.
        seed : int
            The same seed gives the same cohort.

        Returns
        -------
        pandas.DataFrame
            Conformed to the dictionary, derived variables included. Every rule
            whose inputs are present holds in every row.
            ``.attrs["redrawn"]`` is the share of rows that were drawn again.

        Raises
        ------
        ArgumentRefused
            If `rows` or `seed` is not such a whole number.
        GateFailed
            If the rules cannot be met within the cap on redraws.
        """
        encoder = self._encoder()
        counts = one_way_counts(self.opened, encoder)
        return draw_cohort(self.graph.draw, encoder, rows, seed, counts)

    def subgroup(self, where: str, rows: int, seed: int = 0) -> pd.DataFrame:
        """Draw patients of one kind; the joint distribution is conditioned on it first."""
        left_out = cells_to_leave_out(where, self._encoder())
        return subgroup(replace(self, graph=self.graph.conditioned(left_out)), where, rows, seed)

    def _encoder(self) -> Encoder:
        """With patterns where there are more codes than columns."""
        return Encoder(self.dictionary, self.columns, len(self.graph.sizes) > len(self.columns))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the model to one file, whole or not at all."""
        arrays = {f"potential_{i}": values for i, values in enumerate(self.graph.potentials)}
        arrays |= {f"zeros_{i}": codes for i, (_, codes) in enumerate(self.graph.zeros)}
        described = {
            "format": _FORMAT,
            "generator": self.generator,
            "columns": self.columns,
            "sizes": self.graph.sizes,
            "total": self.graph.total,
            "cliques": self.graph.cliques,
            "zero_cliques": [clique for clique, _ in self.graph.zeros],
            "privacy": self.privacy,
            "provenance": self.provenance,
        }
        parts = {"arrays.npz": packed(arrays), "opened_sums.npz": self.opened.to_bytes()}
        return write_model(path, described, self.dictionary, parts)

    @staticmethod
    def load(path: str | os.PathLike[str]) -> FittedModel:
        """Read a model that `save` wrote; for any kind of model, see `load_model`.

        Raises
        ------
        DataMismatch
            If the file is missing or is not a model.
        """
        try:
            with zipfile.ZipFile(path) as archive:
                described, dictionary = described_in(archive)
                opened = OpenedSums.from_bytes(archive.read("opened_sums.npz"))
                arrays = unpacked(archive.read("arrays.npz"))
            potentials = tuple(arrays[f"potential_{i}"] for i in range(len(described["cliques"])))
            zeros = tuple(
                (tuple(clique), arrays[f"zeros_{i}"])
                for i, clique in enumerate(described["zero_cliques"])
            )
            graph = GraphicalModel(
                tuple(described["sizes"]),
                float(described["total"]),
                tuple(tuple(clique) for clique in described["cliques"]),
                potentials,
                zeros,
            )
            model = FittedModel(
                described["generator"], dictionary, graph, tuple(described["columns"]),
                opened, described["privacy"], described["provenance"],
            )  # fmt: skip
            _refuse_inconsistent(model, described["format"])
        except UNREADABLE as error:
            raise DataMismatch(
                f"'{Path(path).name}' is not a model that can be read ({type(error).__name__}).",
                f"A model file of format {_FORMAT}, written by synthema fit and not changed.",
                "Fit it again: synthema fit --data FILE --dictionary FILE "
                "--generator marginal --out MODEL",
            ) from None
        return model

    def _size(self) -> tuple[str, str]:
        moments = sum(len(one.sums) for one in self.opened.vectors)
        said = f"{len(self.opened.cliques)} tables of counts"
        return "Opened", said + (f", {moments} moments" if moments else "")

    def _facts(self) -> list[tuple[str, str]]:
        facts = super()._facts()
        prior = self.provenance.get("prior")
        if (error := error_in_words(self.opened, prior is not None)) is not None:
            facts.append(("Expected error", error))
        if not prior and (events := events_in_words(self.opened, self.dictionary)) is not None:
            facts.append(("Events", events))
        if prior:
            facts.append(("Prior", f"{prior['generator']}, release {prior['release']}, whose "
                                   f"patients have this alone: {prior['privacy']}"))  # fmt: skip
        if left_out := self.provenance.get("pairs_left_out"):
            shown = ", ".join(left_out[:5])
            more = f" and {len(left_out) - 5} more" if len(left_out) > 5 else ""
            facts.append(("Pairs left out", f"{shown}{more}: they stand out, and do not fit"))
        return facts


def _refuse_inconsistent(model: FittedModel, form: int) -> None:
    """Raise ValueError where a file's parts contradict each other."""
    encoder = model._encoder()
    shapes = [tuple(model.graph.sizes[i] for i in clique) for clique in model.graph.cliques]
    consistent = (
        form == _FORMAT
        and encoder.columns == model.columns
        and encoder.sizes == model.graph.sizes
        and [tuple(values.shape) for values in model.graph.potentials] == shapes
        and (model.privacy is None) == (model.opened.variances is None)
    )
    if consistent and model.privacy is not None:
        proven = epsilon_of(model.opened.events(), model.privacy["delta"])
        consistent = abs(proven - model.privacy["epsilon"]) <= 1e-9 * proven
    if not consistent:
        raise ValueError("contradiction")
