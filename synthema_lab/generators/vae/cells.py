"""Into which public cells does a variable fall, and how may its density bend between them?

A number's bins are cut into finer cells, evenly on the scale that the
dictionary states for it (the logarithm for skewed laboratory values), never
finer than it is recorded. Their chances come from a few numbers, one at each
edge of the dictionary's bins, between which the logarithm of the density is a
straight line: a logspline with public knots (Kooperberg and Stone 1991). Zero
at the lower limit has a cell and a number of its own, since counts of none are
often more than the rest would say. A category has one number for each level,
and a gap one for itself.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from ..encoder import CodedVariable

CELLS_IN_BIN = 6


@dataclass(frozen=True, eq=False)
class Cells:
    """One variable in public cells.

    Attributes
    ----------
    coded : CodedVariable
        Its codes are the cells.
    basis : numpy.ndarray, shape (codes, knots)
        What each knot adds to the logarithm of a cell's density.
    log_width : numpy.ndarray, shape (codes,)
        Logarithm of a cell's width as a share of its bin; 0 for categories.
    likelihood : {"categorical", "quantile", "zero-inflated"}
    """

    coded: CodedVariable
    basis: np.ndarray
    log_width: np.ndarray
    likelihood: str

    @property
    def size(self) -> int:
        """Number of codes."""
        return self.coded.size


def cells_of(coarse: CodedVariable) -> Cells:
    """Public cells of a variable.

    Parameters
    ----------
    coarse : CodedVariable
        With the dictionary's own bins, or with categories.

    Examples
    --------
    >>> from synthema_lab.dictionary import DataDictionary
    >>> from synthema_lab.generators.encoder import Encoder
    >>> aml = DataDictionary.load("aml")
    >>> blasts = cells_of(Encoder(aml, ["pb_blasts_pct"]).coded["pb_blasts_pct"])
    >>> blasts.coded.edges[:6], blasts.basis.shape, blasts.likelihood
    ((0.0, 1.0, 2.0, 3.0, 4.0, 5.0), (35, 10), 'zero-inflated')
    """
    if coarse.levels:
        return Cells(coarse, np.eye(coarse.size), np.zeros(coarse.size), "categorical")
    variable, bins = coarse.variable, np.asarray(coarse.edges)
    step = 1.0 if variable.type == "integer" else variable.resolution or 0.0
    zero = bool(step and bins[0] == 0)
    edges = _edges(bins, step, variable.within_bin == "log", zero)
    basis, log_width = _between(edges, bins, variable.within_bin == "log")
    if zero:
        basis[0] = 0.0
        basis = _with_own(basis, 0)
    if variable.missing:
        basis = _with_own(np.vstack([basis, np.zeros(basis.shape[1])]), len(basis))
        log_width = np.append(log_width, 0.0)
    fine = CodedVariable(variable, tuple(float(edge) for edge in edges), ())
    return Cells(fine, basis, log_width, "zero-inflated" if zero else "quantile")


def _edges(bins: np.ndarray, step: float, log: bool, zero: bool) -> np.ndarray:
    """Edges of the cells; those of the bins among them."""
    edges = [bins[:1]]
    for low, high in itertools.pairwise(bins):
        if log and low > 0:
            inside = np.geomspace(low, high, CELLS_IN_BIN + 1)[1:-1]
        else:
            inside = np.linspace(low, high, CELLS_IN_BIN + 1)[1:-1]
        if step:
            inside = np.round(np.round(inside / step) * step, 9)
        edges += [inside[(inside > low) & (inside < high)], [high]]
    if zero and step < bins[1]:
        edges.append([step])
    return np.unique(np.concatenate(edges))


def _between(edges: np.ndarray, bins: np.ndarray, log: bool) -> tuple[np.ndarray, np.ndarray]:
    """Weights of the two knots around each cell's middle, and the cells' log widths."""
    low, high = edges[:-1], edges[1:]
    found = np.searchsorted(bins, (low + high) / 2, side="right") - 1
    start, end = bins[found], bins[found + 1]
    on_log = log & (start > 0)

    def place(points: np.ndarray) -> np.ndarray:
        safe = np.where(on_log, start, 1.0)
        logs = np.log(np.where(on_log, points, 1.0) / safe) / np.log(
            np.where(on_log, end, 2.0) / safe
        )
        return np.where(on_log, logs, (points - start) / (end - start))

    left, right = place(low), place(high)
    basis = np.zeros((len(low), len(bins)))
    rows = np.arange(len(low))
    basis[rows, found] = 1 - (left + right) / 2
    basis[rows, found + 1] = (left + right) / 2
    return basis, np.log(right - left)


def _with_own(basis: np.ndarray, row: int) -> np.ndarray:
    """The basis with one more knot, for a row alone."""
    own = np.zeros((len(basis), 1))
    own[row] = 1.0
    return np.hstack([basis, own])
