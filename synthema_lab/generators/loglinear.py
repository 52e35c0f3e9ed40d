"""Which log-linear model agrees best with what was opened?

The distribution closest to the opened one-way counts, in relative entropy,
whose expected counts and moments are near the opened ones: near in units of
their noise. Its dual is smooth and has one parameter for each opened number, so
that L-BFGS solves it in a second or two: with potentials ``theta . f``, the
derivative is expected less opened plus the penalty (Dudik, Phillips and
Schapire 2007, maximum entropy with generalised regularisation). Post-processing
of opened sums: it costs no privacy.
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
    base: Sequence[Measured],
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
    base : sequence of Measured
        Tables of counts, of cliques without a common variable: what the model
        is closest to.
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
    >>> model = fit_loglinear([2, 2], [sexes, died], [sexes, died, both], (), 100.0)
    >>> cohort = model.draw(1000, np.random.default_rng(0))
    >>> bool(690 < cohort[:, 0].sum() < 710), bool(np.corrcoef(cohort.T)[0, 1] > 0.3)
    (True, True)
    """
    from scipy.optimize import minimize

    cliques = [one.clique for one in measured]
    tree = JunctionTree(
        sizes, [*cliques, *(c for c, _ in zeros), *((i,) for i in range(len(sizes)))]
    )
    starts = [(one.clique, _logarithm(one, sizes)) for one in base]
    fixed = tree.placed([*starts, *(forbidden(sizes, *zero) for zero in zeros)])
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
    gathered = _in_largest([*starts, *potentials(solved.x)], [clique for clique, _ in zeros], sizes)
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


def _logarithm(table: Measured, sizes: Sequence[int]) -> np.ndarray:
    # A cell that was opened empty or below holds as much as was left loose.
    counts = np.maximum(table.sums, table.deviation)
    return _shaped(np.log(counts / counts.sum()), sizes, table.clique)


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
