"""What does an attacker, who can fit the generator himself, make of a synthetic table?

A world is one fit on half of the patients, with each target in or out by a fair coin.
Three kinds of evidence are read out of its synthetic table: how near the nearest rows
are (Stadler, Oprisanu and Troncoso 2022), how many rows agree with the patient in sets of
one to six variables (the query-based attack of Houssiau et al. 2022), and how far the
means of the columns lean towards the patient (Homer et al. 2008). The scale, the means
and the widths come from patients who are no target: the attacker knows the population.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from synthema_lab.dictionary import DataDictionary

from .columns import Columns, read_columns
from .places import Scale, city_block
from .refitting import Fit, refitted

NEAREST = (1, 2, 3, 5, 10, 20)
WIDTHS = (0.1, 0.3, 1.0)
AGREEING = 3
WINDOW = 0.05
QUERIES = 60
MOST_JOINED = 6
SMALLEST = 1e-3
NO_ROW = 1e-12
PENALTY, FARTHEST = 1.0, 5.0


class Witness:
    """Reads features of some patients, the targets, out of synthetic tables.

    Parameters
    ----------
    targets : Columns
    others : Columns
        Patients who are no target.
    rng : numpy.random.Generator
        Draws the 60 sets of variables that are asked for, the same for every target.
    """

    def __init__(self, targets: Columns, others: Columns, rng: np.random.Generator) -> None:
        self._scale = Scale(others)
        self._targets, self._cells = self._scale.place(targets), self._cells_of(targets)
        known = self._scale.place(others)
        self._mean, self._variance = known.mean(axis=0), known.var(axis=0) + SMALLEST
        near = np.sort(city_block(self._targets, known), axis=1)[:, :5]
        self._widths = np.maximum(near.mean(axis=1), SMALLEST)
        variables = len(targets.variables)
        self._joined = 1 + np.arange(QUERIES) % max(1, min(MOST_JOINED, variables))
        rank = rng.permuted(np.tile(np.arange(variables), (QUERIES, 1)), axis=1)
        self._asked = (rank < self._joined[:, None]).astype(np.float32)
        numbers = len(targets.numeric)
        self._reach = np.r_[np.full(numbers, WINDOW), np.zeros(variables - numbers)]

    def features(self, synthetic: Columns) -> np.ndarray:
        """What a table shows about each target.

        Returns
        -------
        ndarray of float, shape (targets, features)
            Logarithms of distances to the nearest rows and of densities at three
            widths; in how many variables the rows that agree most do; how far the means
            lean; and by the number of variables joined, the mean logarithm of the share
            of rows that agree in all of them. Numbers agree where at most a twentieth of
            the patients lies between them.
        """
        points, cells = self._scale.place(synthetic), self._cells_of(synthetic)
        lean = (points.mean(axis=0) - self._mean) / self._variance
        apart = np.sort(city_block(self._targets, points), axis=1)
        places = np.minimum(NEAREST, synthetic.rows) - 1
        return np.array(
            [
                np.r_[
                    np.log(near[places] + SMALLEST),
                    [np.log(np.exp(-near / (width * w)).mean() + NO_ROW) for w in WIDTHS],
                    self._agreement(cells, own),
                    lean @ (target - self._mean),
                ]
                for near, width, own, target in zip(
                    apart, self._widths, self._cells, self._targets, strict=True
                )
            ]
        )

    def _agreement(self, cells: np.ndarray, own: np.ndarray) -> np.ndarray:
        """Best agreement of single rows, and shares that agree in sets of each size."""
        agrees = (np.abs(cells - own) <= self._reach).astype(np.float32)
        most = np.sort(agrees.sum(axis=1))[::-1][:AGREEING]
        joined = (agrees @ self._asked.T > self._joined - 0.5).mean(axis=0)
        shares = np.log(joined + 1 / len(agrees))
        by_size = [shares[self._joined == size].mean() for size in np.unique(self._joined)]
        return np.r_[most, np.zeros(AGREEING - len(most)), by_size]

    def _cells_of(self, columns: Columns) -> np.ndarray:
        """Numbers as shares of patients passed, a gap at -1; codes as they are."""
        numbers = [
            np.where(np.isnan(values), -1.0, self._scale.passed(name, values))
            for name, values in columns.numeric.items()
        ]
        return np.column_stack([*numbers, *columns.coded.values()]).astype(float)


@dataclass(frozen=True)
class Game:
    """What all worlds share; a world follows from its number and the seed alone.

    Parameters
    ----------
    fit : callable
    patients : DataFrame
    dictionary : DataDictionary
    columns : Columns
        The same patients as arrays.
    targets : ndarray of int
        Positions of the targets.
    seed : int
    """

    fit: Fit
    patients: pd.DataFrame
    dictionary: DataDictionary
    columns: Columns
    targets: np.ndarray
    seed: int

    @property
    def rows(self) -> int:
        """Rows of every training table, whoever is in it."""
        return self.columns.rows // 2

    @property
    def others(self) -> np.ndarray:
        """Positions of the patients who are no target."""
        return np.setdiff1d(np.arange(self.columns.rows), self.targets)

    def witness(self) -> Witness:
        """The eyes of the attacker, the same in every world."""
        rng = np.random.default_rng([self.seed, 0])
        return Witness(self.columns.take(self.targets), self.columns.take(self.others), rng)

    def play(self, number: int, witness: Witness) -> tuple[np.ndarray, np.ndarray | None]:
        """Make one world.

        Parameters
        ----------
        number : int
            From 1; worlds of different numbers are independent.
        witness : Witness
            That of this game.

        Returns
        -------
        tuple of ndarray
            Whether each target is in, shape (targets,), and the features, shape
            (targets, features); None for these if the generator refused the table.

        Raises
        ------
        DataMismatch
            A synthetic table with other columns.
        """
        rng = np.random.default_rng([self.seed, number])
        inside = rng.random(len(self.targets)) < 0.5
        filled = rng.choice(self.others, self.rows - int(inside.sum()), replace=False)
        drawn = rng.permutation(np.r_[self.targets[inside], filled])
        table = self.patients.iloc[drawn].reset_index(drop=True)
        variables = self.columns.variables
        synthetic = refitted(self.fit, table, rng, variables, self.dictionary)
        if synthetic is None:
            return inside, None
        return inside, witness.features(read_columns(synthetic, self.dictionary, variables))


def out_of_fold(features: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Score every world by a classifier that learnt from the other half of the worlds.

    Least squares with a strong penalty, one model for all targets after the features of
    each were put on one scale: it finds weak leaks more often than one model for each
    target, or a random forest, and can be learnt again for a thousand shuffles.

    Parameters
    ----------
    features : ndarray, shape (worlds, targets, features)
    inside : ndarray, shape (draws, worlds, targets)
        Who was in, as found or shuffled.

    Returns
    -------
    ndarray, shape (draws, worlds, targets)
        Higher says "was there".
    """
    scores, half = np.zeros(inside.shape), np.arange(inside.shape[1]) % 2
    for asked in (half == 0, half == 1):
        learnt = features[~asked]
        spread = learnt.std(axis=0)
        scaled = (features - learnt.mean(axis=0)) / np.where(spread > 1e-9, spread, np.inf)
        scaled = np.clip(scaled, -FARTHEST, FARTHEST)
        known = scaled[~asked].reshape(-1, features.shape[-1])
        labels = inside[:, ~asked].reshape(len(inside), -1).astype(float)
        labels -= labels.mean(axis=1, keepdims=True)
        gram = known.T @ known + PENALTY * len(known) * np.eye(known.shape[1])
        weights = np.linalg.solve(gram, known.T @ labels.T)
        scores[:, asked] = np.moveaxis(scaled[asked] @ weights, -1, 0)
    return scores.round(9)
