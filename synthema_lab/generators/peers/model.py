"""What is kept of a plug-in that has learnt a cohort? (a pool of rows, in one file)

A plug-in of synthcity can only be stored by pickling it, and opening a pickled
file runs whatever is in it. So the plug-in is not stored at all: what is kept
are rows that it drew when it had learnt, all of which keep the dictionary's
limits and rules. The file holds numbers and text only, and whoever opens it
needs neither synthcity nor torch. The price: there are as many synthetic
patients as the pool has rows, and two samples of one model share rows.
"""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from ...dictionary import DataDictionary
from ...errors import ArgumentRefused
from ..asked import is_whole, require_seed
from ..model_facts import ShownModel
from ..model_file import packed, read_model, unpacked, write_model
from ..subgroup import subgroup
from .kept_pool import broken_rules
from .plain_numbers import from_numbers, within_limits

FORMAT = "synthema-lab pool 1"


@dataclass(frozen=True, eq=False, repr=False)
class PoolModel(ShownModel):
    """Rows that a plug-in drew, to sample from.

    Attributes
    ----------
    generator : str
        Such as ``"synthcity:ctgan"``.
    dictionary : DataDictionary
    columns : tuple of str
        Modelled variables, in the order of the pool's columns.
    pool : numpy.ndarray of float64, shape (rows, columns)
        Categories by their place in the dictionary, NaN where missing.
    provenance : dict
        Seed, sites, dictionary digest, settings, rows drawn and refused,
        seconds and memory it took.
    release : str
        Identifier of the fit.
    privacy : None
        No claim, whatever the plug-in claims.
    """

    generator: str
    dictionary: DataDictionary
    columns: tuple[str, ...]
    pool: np.ndarray = field(repr=False)
    provenance: dict[str, object]
    release: str = ""
    privacy: None = None
    transcript: object = None
    replayed: bool = False

    def subgroup(self, where: str, rows: int, seed: int = 0) -> pd.DataFrame:
        """Draw patients of one kind from the pool; see `ShownModel.subgroup`."""
        return subgroup(self, where, rows, seed, most=len(self.pool))

    def sample(self, rows: int, seed: int = 0) -> pd.DataFrame:
        """Draw a synthetic cohort from the pool, no row twice.

        Parameters
        ----------
        rows : int
            From 1 to the rows of the pool.
        seed : int
            The same seed gives the same cohort. Cohorts of two seeds share
            rows: fit twice for two independent ones.

        Returns
        -------
        pandas.DataFrame
            Conformed to the dictionary, derived variables included; every rule
            whose inputs are present holds in every row. ``.attrs["redrawn"]``
            is the share of drawn rows that were refused when the pool was
            filled.

        Raises
        ------
        ArgumentRefused
            If `rows` or `seed` is not such a whole number.
        """
        most = len(self.pool)
        if not (is_whole(rows, numpy_too=True) and 1 <= rows <= most):
            raise ArgumentRefused(
                "The number of synthetic patients cannot be used.",
                f"A whole number from 1 to {most:,}, the rows of the pool that {self.generator} "
                "drew when it was fitted.",
                f"Use --rows {min(1000, most)}, or fit again with a larger pool, such as "
                f"pool={_larger(rows, most)}.",
            )
        require_seed(seed)
        rng = np.random.default_rng([int(seed), 0x5A])
        chosen = rng.permutation(most)[: int(rows)]
        cohort = from_numbers(self.pool[chosen], self.columns, self.dictionary)
        drawn, kept = self.provenance["drawn"], self.provenance["kept"]
        cohort.attrs = {"redrawn": 1 - kept / drawn}
        return cohort

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the model to one file, whole or not at all."""
        described = {
            "format": FORMAT, "generator": self.generator, "columns": self.columns,
            "privacy": None, "provenance": self.provenance, "release": self.release,
        }  # fmt: skip
        return write_model(
            path, described, self.dictionary, {"pool.npz": packed({"pool": self.pool})}
        )

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> PoolModel:
        """Read a model that `save` wrote.

        Raises
        ------
        DataMismatch
            If the file is missing, is not such a model, or holds a row that
            breaks the dictionary's limits or rules.
        """

        def build(archive: zipfile.ZipFile, told: dict, dictionary: DataDictionary) -> PoolModel:
            pool = unpacked(archive.read("pool.npz"))["pool"]
            columns = tuple(told["columns"])
            sound = (
                pool.dtype == np.float64
                and pool.ndim == 2
                and pool.shape[1] == len(columns)
                and len(pool) > 0
                and columns == tuple(n for n in dictionary.modelled if n in set(columns))
                and within_limits(pool, columns, dictionary).all()
                and not broken_rules(pool, columns, dictionary)
                and told["provenance"]["drawn"] >= told["provenance"]["kept"] > 0
            )
            if not sound:
                raise ValueError("contradiction")
            return cls(
                told["generator"], dictionary, columns, pool, told["provenance"], told["release"]
            )

        what = "not a pool that can be read"
        return read_model(path, FORMAT, build, what, "synthcity:ctgan --epsilon none")

    def _size(self) -> tuple[str, str]:
        return "Rows in the pool", f"{len(self.pool):,}"


def _larger(rows: object, most: int) -> int:
    return int(rows) if is_whole(rows, numpy_too=True) and most < rows <= 1_000_000 else 2 * most
