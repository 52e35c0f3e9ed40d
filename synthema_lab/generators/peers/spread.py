"""How does a drawn number not repeat a patient's?

Some plug-ins draw from the values they have seen. A continuous value that few
patients have is therefore moved to anywhere between its fifth neighbours
among the patients' values on either side, which leaves the distribution as it
is but for so few patients. A value that many share, such as the end of
follow-up, points at nobody and stays.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...dictionary import DataDictionary, Variable

SHARED_BY = 0.02
"""From which share of the patients on a value points at nobody."""
_NEIGHBOUR = 5
"""Nearer ones would be too dense by selection: a drawn value would hit them too often."""
_WIDE = 1000


def spread(
    numbers: np.ndarray,
    patients: np.ndarray,
    columns: Sequence[str],
    dictionary: DataDictionary,
    rng: np.random.Generator,
) -> np.ndarray:
    """Rows in which no continuous value is taken over from few patients.

    Parameters
    ----------
    numbers, patients : numpy.ndarray, shape (rows, columns) and (patients, columns)
        As `plain_numbers.to_numbers` gives them.
    columns : sequence of str
    dictionary : DataDictionary
    rng : numpy.random.Generator

    Returns
    -------
    numpy.ndarray, shape (rows, columns)
        Rounded to each variable's resolution; a value may thereby hit a
        patient's again, as any value may by chance.
    """
    moved = numbers.copy()
    for place, name in enumerate(columns):
        variable = dictionary.variables[name]
        if _continuous(variable):
            moved[:, place] = _moved(numbers[:, place], patients[:, place], variable, rng)
    return moved


def _continuous(variable: Variable) -> bool:
    wide = variable.range is not None and variable.range[1] - variable.range[0] >= _WIDE
    return variable.type == "number" or (variable.type == "integer" and wide)


def _moved(
    drawn: np.ndarray, seen: np.ndarray, variable: Variable, rng: np.random.Generator
) -> np.ndarray:
    values, times = np.unique(seen[~np.isnan(seen)], return_counts=True)
    if values.size < 2:
        return drawn
    last = values.size - 1
    place = np.minimum(np.searchsorted(values, drawn), last)
    taken = (values[place] == drawn) & (times[place] < SHARED_BY * times.sum())
    low, high = (
        values[np.maximum(place - _NEIGHBOUR, 0)],
        values[np.minimum(place + _NEIGHBOUR, last)],
    )
    # Beyond the outermost values as far as half way to the next.
    low = np.where(place == 0, values[0] - (values[1] - values[0]) / 2, low)
    high = np.where(place == last, values[last] + (values[last] - values[last - 1]) / 2, high)
    shifted = low + rng.random(drawn.size) * (high - low)
    step = 1.0 if variable.type == "integer" else variable.resolution
    if step:
        shifted = np.round(np.round(shifted / step) * step, 9)
    return np.where(taken, shifted, drawn)
