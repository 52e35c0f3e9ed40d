"""Can the patients who left an interval be solved for from opened risk-set sums?

The attack of a curious coordinator. How many of those who left have each value
of a covariate are small whole numbers; opened differences of S0 and S1, at
several coefficients, are linear in them. A short vector of a lattice built
from the equations, each in units of its error, is the solution where the
equations carry more digits than the solution (Lenstra, Lenstra, Lovasz 1982).
"""

from __future__ import annotations

import numpy as np
from sympy import QQ, ZZ
from sympy.polys.matrices import DomainMatrix


def solved(weights: np.ndarray, sums: np.ndarray, error: float) -> np.ndarray | None:
    """Whole numbers whose weighted sums are `sums`, or None if no short vector is one.

    Parameters
    ----------
    weights : numpy.ndarray, shape (equations, values)
    sums : numpy.ndarray, shape (equations,)
    error : float
        Of a sum.
    """
    left, sizes, _ = np.linalg.svd(weights, full_matrices=False)
    worth = sizes > error
    equations = np.rint((left.T @ weights)[worth] / error)
    right = np.rint((left.T @ sums)[worth] / error)
    values = weights.shape[1]
    rows = [
        [int(at == value) for at in range(values + 1)] + [int(x) for x in equations[:, value]]
        for value in range(values)
    ]
    rows.append([0] * values + [1] + [-int(x) for x in right])
    lattice = DomainMatrix(rows, (values + 1, len(rows[0])), ZZ)
    reduced = lattice.lll(delta=QQ(99, 100)).to_Matrix().tolist()
    for row in reduced:
        if abs(row[values]) == 1:
            found = np.array([int(x) for x in row[:values]]) * int(row[values])
            return found if (found >= 0).all() else None
    return None
