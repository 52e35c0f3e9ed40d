"""What do the trees of one variable look like, and to which leaf does a patient come?

Flat arrays, so that they are kept without pickled objects and followed without
scikit-learn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .settings import TreesSettings

if TYPE_CHECKING:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

_LEAF = -1


@dataclass(frozen=True, eq=False)
class Forest:
    """The trees of one variable.

    Attributes
    ----------
    roots : numpy.ndarray of int, shape (trees,)
        Node at which each tree starts.
    feature : numpy.ndarray of int, shape (nodes,)
        Column that a node splits; -1 for a leaf.
    threshold : numpy.ndarray of float, shape (nodes,)
        Up to it a patient goes left.
    left, right : numpy.ndarray of int, shape (nodes,)
        Where to go from a node.
    missing_left : numpy.ndarray of bool, shape (nodes,)
        Whether a patient without a value goes left.
    contents : numpy.ndarray of int, shape (trees * patients,)
        Leaf times the number of codes, plus code, of every patient in every tree,
        sorted.
    """

    roots: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    missing_left: np.ndarray
    contents: np.ndarray

    def leaves(self, seen: np.ndarray, tree: np.ndarray) -> np.ndarray:
        """The leaf that each patient comes to.

        Parameters
        ----------
        seen : numpy.ndarray of float32, shape (rows, columns)
        tree : numpy.ndarray of int, shape (rows,)
            Which tree each follows.

        Returns
        -------
        numpy.ndarray of int, shape (rows,)
        """
        node = self.roots[tree]
        moving = np.flatnonzero(self.feature[node] != _LEAF)
        while moving.size:
            at = node[moving]
            value = seen[moving, self.feature[at]]
            left = np.where(np.isnan(value), self.missing_left[at], value <= self.threshold[at])
            node[moving] = np.where(left, self.left[at], self.right[at])
            moving = moving[self.feature[node[moving]] != _LEAF]
        return node


def grow(
    seen: np.ndarray | None,
    codes: np.ndarray,
    size: int,
    told: np.ndarray,
    by_entropy: bool,
    settings: TreesSettings,
    rng: np.random.Generator,
) -> Forest:
    """Grow the trees of one variable.

    Parameters
    ----------
    seen : numpy.ndarray of float32, shape (patients, columns), or None
        What the trees may split; None for the variable that is drawn first.
    codes : numpy.ndarray of int, shape (patients,)
        What is predicted.
    size : int
        How many codes it has.
    told : numpy.ndarray of float, shape (patients, columns)
        Splits lower its variance.
    by_entropy : bool
        Splits lower the entropy of the codes instead, where there are few.
    settings : TreesSettings
    rng : numpy.random.Generator

    Returns
    -------
    Forest
    """
    patients = len(codes)
    grown, contents, first = [], [], 0
    for _ in range(1 if seen is None else settings.trees):
        leaf = np.zeros(patients, dtype=np.int64)
        nodes = _one_leaf()
        if seen is not None:
            number = int(rng.integers(2**31))
            shaping = rng.permutation(patients)[: _shaping(patients, settings)]
            few = by_entropy and 2 * np.unique(codes[shaping]).size <= shaping.size
            tree = _grown(
                seen[shaping], codes[shaping] if few else told[shaping], few, settings, number
            )
            leaf = tree.apply(seen)
            nodes = tree.tree_.__getstate__()["nodes"]
        inner = nodes["left_child"] >= 0
        grown.append(
            {
                "feature": np.where(inner, nodes["feature"], _LEAF),
                "threshold": np.where(inner, nodes["threshold"], 0.0),
                "left": np.where(inner, nodes["left_child"] + first, 0),
                "right": np.where(inner, nodes["right_child"] + first, 0),
                "missing_left": inner & nodes["missing_go_to_left"].astype(bool),
            }
        )
        contents.append((leaf + first) * size + codes)
        first += len(nodes)
    sizes = [len(one["feature"]) for one in grown]
    return Forest(
        roots=np.cumsum([0, *sizes[:-1]]),
        contents=np.sort(np.concatenate(contents)),
        **{name: np.concatenate([one[name] for one in grown]) for name in grown[0]},
    )


def _shaping(patients: int, settings: TreesSettings) -> int:
    return max(int(settings.patients * patients), min(patients, 2 * settings.min_leaf))


def _grown(
    seen: np.ndarray, told: np.ndarray, by_entropy: bool, settings: TreesSettings, number: int
) -> DecisionTreeClassifier | DecisionTreeRegressor:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    shape = {
        "min_samples_leaf": settings.min_leaf, "max_features": float(settings.features),
        "random_state": number,
    }  # fmt: skip
    if by_entropy:
        return DecisionTreeClassifier(criterion="entropy", **shape).fit(seen, told)
    return DecisionTreeRegressor(**shape).fit(seen, told)


def _one_leaf() -> np.ndarray:
    kinds = [("left_child", "i8"), ("right_child", "i8"), ("feature", "i8"),
             ("threshold", "f8"), ("missing_go_to_left", "u1")]  # fmt: skip
    return np.array([(-1, -1, -2, -2.0, 0)], dtype=kinds)
