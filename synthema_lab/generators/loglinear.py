"""Which log-linear model agrees best with what was opened?

The distribution closest to a base, in relative entropy, such as the opened one-way
counts or a public cohort, whose expected counts and moments are near the opened
ones: near in units of their noise. Its dual is smooth and has one parameter for
each opened number, so that L-BFGS solves it in a second or two: with potentials
``theta . f``, the derivative is expected less opened plus the penalty (Dudik,
Phillips and Schapire 2007, maximum entropy with generalised regularisation).
Post-processing of opened sums: it costs no privacy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .belief import JunctionTree, Potential, forbidden, widened
from .counts import Clique
from .graphical_model import GraphicalModel

_STEPS = 300


@dataclass(frozen=True)
class Measured:
    """Numbers that the model's expectation should come near.

    Attributes
    ----------
    clique : tuple of int
        In increasing order.
    sums : numpy.ndarray of float
        One for each cell of the clique; or one number, with `weights`.
    deviation : float
        How near, in the units of `sums`.
    weights : numpy.ndarray or None
        What each cell of the clique counts, shaped as its codes.
    """

    clique: Clique
    sums: np.ndarray
    deviation: float
    weights: np.ndarray | None = None


def fit_loglinear(
    sizes: Sequence[int],
    base: Sequence[Potential],
    measured: Sequence[Measured],
    zeros: Sequence[tuple[Clique, np.ndarray]],
    total: float,
    progress: Callable[[float], None] | None = None,
) -> GraphicalModel:
    """Fit potentials.

    Parameters
    ----------
    sizes : sequence of int
        Number of codes of each variable.
    base : sequence of Potential
        What the model is closest to; see `log_shares`.
    measured : sequence of Measured
        The tables again and the moments.
    zeros : sequence of (clique, forbidden codes)
    total : float
        Number of patients, from the noisy sums.
    progress : callable, optional
        Called with the share done, from 0 to 1.

    Examples
    --------
    >>> sexes = Measured((0,), np.array([30.0, 70.0]), 1.0)
    >>> died = Measured((1,), np.array([50.0, 50.0]), 1.0)
    >>> both = Measured((0, 1), np.array([10.0]), 0.1, np.outer([-0.7, 0.3], [-0.5, 0.5]))
    >>> base = [log_shares(one, [2, 2]) for one in (sexes, died)]
    >>> model = fit_loglinear([2, 2], base, [sexes, died, both], (), 100.0)
    >>> cohort = model.draw(1000, np.random.default_rng(0))
    >>> bool(690 < cohort[:, 0].sum() < 710), bool(np.corrcoef(cohort.T)[0, 1] > 0.3)
    (True, True)
    """
    from scipy.optimize import minimize

    cliques = [*(one.clique for one in measured), *(clique for clique, _ in base)]
    tree = JunctionTree(
        sizes, [*cliques, *(c for c, _ in zeros), *((i,) for i in range(len(sizes)))]
    )
    fixed = tree.placed([*base, *(forbidden(sizes, *zero) for zero in zeros)])
    _, expected = tree.expected([], fixed)
    opened = np.concatenate([one.sums for one in measured])
    deviation = np.concatenate([np.full(one.sums.size, one.deviation) for one in measured])
    # One unit of a parameter is what would move its expectation by its own spread.
    scale = np.sqrt(total * np.concatenate([_variance(one, expected) for one in measured]))
    scale = np.sqrt(scale**2 + deviation**2)
    ends = np.cumsum([one.sums.size for one in measured])[:-1]
    done = {"steps": 0}

    def potentials(parameters: np.ndarray) -> list[Potential]:
        parts = np.split(parameters / scale, ends)
        return [
            (one.clique, _shaped(part, sizes, one.clique) if one.weights is None
             else float(part[0]) * one.weights)
            for one, part in zip(measured, parts, strict=True)
        ]  # fmt: skip

    def objective(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        log_sum, marginal = tree.expected(potentials(parameters), fixed)
        found = np.concatenate(
            [total * _expectation(one, marginal(one.clique)) for one in measured]
        )
        theta = parameters / scale
        value = total * log_sum - theta @ opened + 0.5 * np.sum((deviation * theta) ** 2)
        return value, (found - opened + deviation**2 * theta) / scale

    def step(_: np.ndarray) -> None:
        done["steps"] += 1
        if progress is not None:
            progress(min(1.0, done["steps"] / _STEPS))

    solved = minimize(
        objective, np.zeros(opened.size), jac=True, method="L-BFGS-B", callback=step,
        options={"maxiter": _STEPS, "maxcor": 30, "gtol": 1e-4, "ftol": 1e-11},
    )  # fmt: skip
    if progress is not None:
        progress(1.0)
    gathered = _in_largest([*base, *potentials(solved.x)], [clique for clique, _ in zeros], sizes)
    return GraphicalModel(
        tuple(int(size) for size in sizes), total, tuple(gathered), tuple(gathered.values()),
        tuple(zeros),
    )  # fmt: skip


def _in_largest(
    potentials: Sequence[Potential], others: Sequence[Clique], sizes: Sequence[int]
) -> dict[Clique, np.ndarray]:
    """Potentials by clique, each within one that lies in no other one."""
    cliques = sorted({tuple(sorted(clique)) for clique in (*others, *(c for c, _ in potentials))})
    largest = [c for c in cliques if not any(set(c) < set(other) for other in cliques)]
    found = {clique: np.zeros([sizes[i] for i in clique]) for clique in largest}
    for clique, values in potentials:
        home = next(other for other in largest if set(clique) <= set(other))
        found[home] = found[home] + widened(values, clique, home, sizes)
    return found


def log_shares(table: Measured, sizes: Sequence[int]) -> Potential:
    """Logarithm of the shares of a table; a cell that was opened empty holds what was left loose.

    Examples
    --------
    >>> log_shares(Measured((1,), np.array([1.0, 3.0]), 0.1), [9, 2])[1].round(2).tolist()
    [-1.39, -0.29]
    """
    counts = np.maximum(table.sums, table.deviation)
    return table.clique, _shaped(np.log(counts / counts.sum()), sizes, table.clique)


def _shaped(values: np.ndarray, sizes: Sequence[int], clique: Clique) -> np.ndarray:
    return values.reshape([sizes[i] for i in clique])


def _expectation(one: Measured, marginal: np.ndarray) -> np.ndarray:
    if one.weights is None:
        return marginal.ravel()
    return np.asarray([np.vdot(one.weights, marginal)])


def _variance(one: Measured, expected: Callable[[Clique], np.ndarray]) -> np.ndarray:
    # Rounded, a probability can lie above 1 and a variance below 0.
    marginal = np.minimum(expected(one.clique), 1.0)
    if one.weights is None:
        return (marginal * (1 - marginal)).ravel()
    mean = np.vdot(one.weights, marginal)
    return np.asarray([np.vdot((one.weights - mean) ** 2, marginal)])
