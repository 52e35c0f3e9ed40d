"""Which values may a variable take, drawn from its declaration alone?

Numbers fall evenly into the public bins, or into the plausible limits where there
are none; nothing says how often a value occurs among patients.
"""

from __future__ import annotations

import numpy as np

from synthema_lab.dictionary import Variable

SHARE_MISSING, SHARE_TRUE = 0.1, 0.2


def missing_share(variable: Variable) -> float:
    """The share of patients in whom a variable is left out."""
    if not variable.missing:
        return 0.0
    return SHARE_MISSING if variable.expected_missing is None else variable.expected_missing


def draw(
    variable: Variable,
    size: int,
    rng: np.random.Generator,
    missing: float | None = None,
    true: float = SHARE_TRUE,
) -> np.ndarray:
    """Invented values of one variable.

    Parameters
    ----------
    variable : Variable
        No identifier and no text.
    size : int
        How many.
    rng : numpy.random.Generator
    missing : float, optional
        The share left out; by default the dictionary's.
    true : float
        The share of ones in a boolean.

    Returns
    -------
    ndarray of float64, shape (size,)
        NaN where missing; a category as the position of its code.

    Examples
    --------
    >>> age = Variable("age_years", "Age", "integer", range=(14, 105), plausible=(18, 100))
    >>> drawn = draw(age, 1000, np.random.default_rng(1))
    >>> drawn.min() >= 18, drawn.max() <= 100
    (np.True_, np.True_)
    """
    if variable.type == "category":
        values = rng.integers(0, len(variable.categories), size).astype(np.float64)
    elif variable.type == "boolean":
        values = (rng.random(size) < true).astype(np.float64)
    else:
        values = _numbers(variable, size, rng)
    left_out = rng.random(size) < (missing_share(variable) if missing is None else missing)
    return np.where(left_out & variable.missing, np.nan, values)


def limits(variable: Variable) -> tuple[float, float]:
    """What a number usually lies between; 0 to 100 where nothing is declared."""
    return variable.plausible or variable.range or (0.0, 100.0)


def recorded(variable: Variable, values: np.ndarray) -> np.ndarray:
    """Numbers in the step they are recorded in, kept within what is usual.

    Examples
    --------
    >>> hb = Variable("hb_gdl", "Haemoglobin", "number", plausible=(4, 20), resolution=0.1)
    >>> recorded(hb, np.array([7.9312, 31.0])).tolist()
    [7.9, 20.0]
    """
    low, high = limits(variable)
    if variable.type == "integer":
        return np.clip(np.rint(values), np.ceil(low), np.floor(high))
    if variable.resolution:
        # Divided by a whole number where the step is one part of it: 79 / 10, not 79 * 0.1.
        per_unit = round(1 / variable.resolution)
        steps = np.rint(values / variable.resolution)
        exact = per_unit and abs(per_unit * variable.resolution - 1) < 1e-9
        return np.clip(steps / per_unit if exact else steps * variable.resolution, low, high)
    places = int(np.clip(3 - np.ceil(np.log10(max(high - low, 1e-6))), 0, 6))
    return np.clip(np.round(values, places), low, high)


def _numbers(variable: Variable, size: int, rng: np.random.Generator) -> np.ndarray:
    low, high = limits(variable)
    inner = [edge for edge in variable.bins if low < edge < high]
    edges = np.array([low, *inner, high])
    place = rng.integers(0, len(edges) - 1, size)
    start, stop = edges[place], edges[place + 1]
    share = rng.random(size)
    even = start + share * (stop - start)
    if variable.within_bin == "log":
        positive = start > 0
        ratio = np.where(positive, stop / np.where(positive, start, 1.0), 1.0)
        even = np.where(positive, start * ratio**share, even)
    return recorded(variable, even)
