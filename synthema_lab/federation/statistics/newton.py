"""How is a likelihood maximised when each look at it opens a sum?

Newton's method with step-halving. Every point that is evaluated has been
opened, so their number is capped, the last step is taken without opening its
end (it is no longer than 1e-7, or than what the encoding leaves unsure), and a
likelihood without a maximum is recognised early. Columns are on a
common scale (standard deviations), so that one tolerance suits them all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .unfitted import CollinearDesign, MonotoneLikelihood, NotConverged

TOLERANCE = 1e-7
SLACK = 1e-9
FLATTEST = 1e-8
LEAST_INFORMATION = 1e-6
MOST_HALVINGS = 30
HARDLY_A_GAIN = 0.05


@dataclass(frozen=True, eq=False)
class Point:
    """What was opened at some coefficients.

    Parameters
    ----------
    beta : numpy.ndarray, shape (columns,)
    value : float
        Log likelihood.
    gradient : numpy.ndarray, shape (columns,)
    opened : object
        What `inform` needs to give the information there.
    gradient_error : float or numpy.ndarray, shape (columns,)
        Bound on the encoding error of the gradient.
    value_error : float
        Bound on the encoding error of the log likelihood.
    refused : bool
        Whether a site refused, so that nothing was opened.
    """

    beta: np.ndarray
    value: float
    gradient: np.ndarray
    opened: object = None
    gradient_error: float | np.ndarray = 0.0
    value_error: float = 0.0
    refused: bool = False


@dataclass(frozen=True, eq=False)
class Maximum:
    """Where the likelihood is largest.

    Parameters
    ----------
    beta : numpy.ndarray, shape (columns,)
    information : numpy.ndarray, shape (columns, columns)
        Minus the second derivative at the last opened point, one last step from `beta`.
    value, start_value : float
        Log likelihood at the last opened point and at zero.
    path : tuple of Point
        Every opened point, those of halved steps included.
    gradient_error : float or numpy.ndarray, shape (columns,)
        Bound on the encoding error of the last gradient.
    """

    beta: np.ndarray
    information: np.ndarray
    value: float
    start_value: float
    path: tuple[Point, ...]
    gradient_error: float | np.ndarray


def maximise(
    evaluate: Callable[[np.ndarray], Point],
    inform: Callable[[Point], np.ndarray],
    names: Sequence[str],
    most: int = 10,
) -> Maximum:
    """Maximise a concave log likelihood from zero.

    Parameters
    ----------
    evaluate : callable
        Opens value and gradient at some coefficients; a value of minus infinity
        says that the point is too far away, and the step is halved.
    inform : callable
        Opens the information at a point that was evaluated.
    names : sequence of str
        The columns, for messages.
    most : int
        Points that may be evaluated.

    Raises
    ------
    CollinearDesign, MonotoneLikelihood, NotConverged

    Examples
    --------
    >>> def evaluate(beta):
    ...     return Point(beta, float(3 * beta[0] - np.exp(beta[0])), 3 - np.exp(beta))
    >>> found = maximise(evaluate, lambda p: np.diag(np.exp(p.beta)), ["x"])
    >>> bool(np.isclose(found.beta[0], np.log(3), atol=1e-12)), len(found.path)
    (True, 6)
    """
    point = evaluate(np.zeros(len(names)))
    path, before = [point], np.full(len(names), np.inf)
    while True:
        information = inform(point)
        flat = flat_columns(information, names, LEAST_INFORMATION)
        if flat and len(path) == 1:
            raise collinear(flat)
        if flat:
            raise _monotone(flat)
        inverse = np.linalg.inv(information)
        step = inverse @ point.gradient
        unsure = np.abs(inverse) @ np.broadcast_to(point.gradient_error, step.shape)
        if (np.abs(step) <= np.maximum(unsure, TOLERANCE)).all():
            return Maximum(
                point.beta + step,
                information,
                point.value,
                path[0].value,
                tuple(path),
                point.gradient_error,
            )
        endless = _without_end(step, before, point.gradient)
        if endless.any():
            raise _monotone([name for name, far in zip(names, endless, strict=True) if far])
        share = 1.0
        while True:
            if len(path) >= most or share < 2.0**-MOST_HALVINGS:
                raise _unended(most)
            trial = evaluate(point.beta + share * step)
            if not trial.refused:
                path.append(trial)
            slack = SLACK * abs(point.value) + point.value_error + trial.value_error
            if trial.value >= point.value - slack:
                break
            share /= 2
        point, before = trial, share * step


def flat_columns(information: np.ndarray, names: Sequence[str], least: float) -> list[str]:
    """The columns along which a quadratic form is flat: constant or collinear ones.

    Parameters
    ----------
    information : numpy.ndarray, shape (columns, columns)
        Symmetric: an information matrix, or a matrix of centred cross products.
    names : sequence of str
    least : float
        A column is constant where its own entry is at most this.

    Examples
    --------
    >>> same = np.array([[2.0, 2.0, 0.0], [2.0, 2.0, 0.0], [0.0, 0.0, 5.0]])
    >>> flat_columns(same, "abc", least=1e-6)
    ['a', 'b']
    """
    spread = np.diag(information)
    constant = spread <= least
    if constant.any():
        return [name for name, none in zip(names, constant, strict=True) if none]
    root = np.sqrt(spread)
    values, vectors = np.linalg.eigh(information / np.outer(root, root))
    if values[0] > FLATTEST:
        return []
    shares = np.abs(vectors[:, values <= FLATTEST]).max(axis=1)
    return [name for name, share in zip(names, shares, strict=True) if share > 0.05]


def collinear(names: Sequence[str]) -> CollinearDesign:
    """The refusal of a design whose named columns cannot be told apart."""
    return CollinearDesign(
        f"These columns are constant or follow from each other: {', '.join(names)}.",
        "Columns that vary, none being a sum of others.",
        f"Leave out {names[-1]}.",
    )


def _monotone(names: Sequence[str]) -> MonotoneLikelihood:
    return MonotoneLikelihood(
        f"The likelihood rises without end along: {', '.join(names)}.",
        "Events and non-events on both sides of each covariate.",
        f"Leave out {names[0]}, or pool its levels: its hazard ratio cannot be estimated.",
    )


def _unended(most: int) -> NotConverged:
    return NotConverged(
        f"Newton's method did not end within {most} opened steps.",
        f"Steps below {TOLERANCE:g} standard deviations.",
        "Leave out covariates that are rare or nearly collinear, or set max_steps higher.",
    )


def _without_end(step: np.ndarray, before: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """Along which columns steps stay as long as before for hardly any gain.

    Near a maximum each step is a small part of the one before. Where the
    likelihood levels off towards infinity, steps stay alike while what they gain,
    half of step times gradient, falls by the same factor each time.
    """
    longest = float(np.abs(step).max())
    alike = longest > 0.5 * float(np.abs(before).max())
    gain = 0.5 * float(step @ gradient)
    return (np.abs(step) > 0.5 * longest) & (alike and gain < HARDLY_A_GAIN)
