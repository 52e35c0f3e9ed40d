"""Which log-linear model agrees best with what was opened?

The distribution closest to a base, in relative entropy, such as the opened one-way
counts or a public cohort, whose expected counts and moments are near the opened
ones: near in units of their noise. Its dual is smooth and has one parameter for
each opened number: with potentials ``theta . f``, the derivative is expected less
opened plus the penalty (Dudik, Phillips and Schapire 2007, maximum entropy with
generalised regularisation).

Where opened numbers overlap, as the cells of tables that share variables do, the
dual is a narrow valley. The second derivative is the covariance of ``f`` times the
number of patients; taken from patients that the model itself draws, and anew from
time to time, it makes the valley round, so that L-BFGS needs twenty to two hundred
steps (Nocedal and Wright 2006, section 7.2, on preconditioning). The last digits
are those of a Newton-Krylov method (Knoll and Keyes 2004): the least point is
unique, and only there do machines that add in another order meet again, so that a
model draws the same patients on each. Post-processing of opened sums: it costs no
privacy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular

from .belief import Potential
from .counts import Clique
from .dual import Dual
from .graphical_model import GraphicalModel
from .measured_sums import Measured

_STAGES = (10, 20, 40, 80, 160, 320)
"""Steps between one covariance and the next."""
_DRAWN = 8000
"""Patients that a covariance is taken from."""
_NEAR, _CHANCE = 0.3, 1e-3
"""Near enough: in multiples of a number's deviation, and of its spread by chance."""
_USUAL = 20
"""Steps that many a fit needs, for the progress told."""
_LAST, _ROUNDS = 1e-7, 30
"""Largest derivative at the end, in units of its spread by chance; and rounds to come there."""


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

    Raises
    ------
    GateFailed
        If the zeros leave nobody.

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
    dual = Dual(sizes, base, measured, zeros, total)
    theta = np.zeros(dual.opened.size)
    rng = np.random.default_rng(0)
    done = 0

    def step(*_: object) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done / (done + _USUAL))

    for most in _STAGES:
        spread = dual.spread(theta)
        root = dual.root_of_curvature(dual.model(theta).draw(_DRAWN, rng), spread)
        theta, arrived = _descended(dual, theta, root, spread, most, step)
        if arrived:
            break
    theta = _settled(dual, theta, root, step)
    if progress is not None:
        progress(1.0)
    return dual.model(theta)


@dataclass(frozen=True)
class _Round:
    """The dual around a point, its parameters changed so that it curves alike every way."""

    dual: Dual
    start: np.ndarray
    root: np.ndarray

    def moved(self, by: np.ndarray) -> np.ndarray:
        return self.start + solve_triangular(self.root, by, lower=True, trans="T")

    def derivative(self, of_theta: np.ndarray) -> np.ndarray:
        return solve_triangular(self.root, of_theta, lower=True)


def _descended(
    dual: Dual, start: np.ndarray, root: np.ndarray, spread: np.ndarray, most: int,
    step: Callable[..., None],
) -> tuple[np.ndarray, bool]:  # fmt: skip
    """A lower point, and whether the expectations are as near as they need to be."""
    from scipy.optimize import minimize

    around = _Round(dual, start, root)
    near = _NEAR * dual.deviation + _CHANCE * spread
    farthest = np.inf

    def objective(by: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal farthest
        value, derivative = dual.value(around.moved(by))
        farthest = float(np.max(np.abs(derivative) / near))
        return value, around.derivative(derivative)

    def told(_: np.ndarray) -> None:
        step()
        if farthest <= 1.0:
            raise StopIteration

    solved = minimize(
        objective, np.zeros(start.size), jac=True, method="L-BFGS-B", callback=told,
        options={"maxiter": most, "maxcor": 30, "gtol": 0.0, "ftol": 1e-15},
    )  # fmt: skip
    return around.moved(solved.x), farthest <= 1.0


def _settled(
    dual: Dual, theta: np.ndarray, root: np.ndarray, step: Callable[..., None]
) -> np.ndarray:
    """The least point near one that is near enough, as far as numbers tell."""
    from scipy.optimize import NoConvergence, newton_krylov

    around = _Round(dual, theta, root)

    def derivative(by: np.ndarray) -> np.ndarray:
        return around.derivative(dual.value(around.moved(by))[1])

    by = np.zeros(theta.size)
    if np.abs(derivative(by)).max() <= _LAST:
        return theta
    try:
        by = newton_krylov(
            derivative, by, f_tol=_LAST, maxiter=_ROUNDS, line_search=None, callback=step,
            inner_maxiter=20, outer_k=0,
        )  # fmt: skip
    except (NoConvergence, ValueError):  # the second: no step that leads nearer
        # Still as near as the noise asks for; the last digits are then this machine's own.
        return theta
    return around.moved(by)


def log_shares(table: Measured, sizes: Sequence[int]) -> Potential:
    """Logarithm of the shares of a table; a cell that was opened empty holds what was left loose.

    Examples
    --------
    >>> log_shares(Measured((1,), np.array([1.0, 3.0]), 0.1), [9, 2])[1].round(2).tolist()
    [-1.39, -0.29]
    """
    counts = np.maximum(table.sums, table.deviation)
    return table.clique, table.potential(np.log(counts / counts.sum()), sizes)
