"""How far off will a share of patients be, by the noise alone?

Said with every model that was fitted with noise, since epsilon means nothing to
whoever reads a cohort: of 80 patients with epsilon 1 a share is off by ten
points, of 1,500 by half a point.
"""

from __future__ import annotations

import numpy as np

from ..dictionary import DataDictionary
from ..privacy import OpenedSums

SERIOUS = 0.05
"""From here on a cohort says little; it is said with the model."""
FEWEST_EVENTS, CLEAR = 5, 3.0
"""Fewer events than that, or than so many times the noise in their number, say nothing."""


def expected_error(opened: OpenedSums) -> float | None:
    """Typical error of a share of patients, as a share; None without noise.

    The standard deviation of the noise in a count of one variable, the median
    over variables, over the number of patients by the same counts.

    Examples
    --------
    >>> table = np.array([40, 60])
    >>> expected_error(OpenedSums("r", (("sex",),), (table,), (25.0,)))
    0.05
    >>> expected_error(OpenedSums("r", (("sex",),), (table,), None)) is None
    True
    """
    if opened.variances is None:
        return None
    alone = [
        (sums, variance)
        for clique, sums, variance in zip(
            opened.cliques, opened.sums, opened.variances, strict=True
        )
        if len(clique) == 1
    ]
    patients = max(1.0, float(np.median([sums.sum() for sums, _ in alone])))
    return float(np.median([variance**0.5 for _, variance in alone])) / patients


def error_in_words(opened: OpenedSums, beside_prior: bool = False) -> str | None:
    """The same for a reader, with what to do where it is serious.

    Examples
    --------
    >>> table = np.array([40, 60])
    >>> opened = OpenedSums("r", (("sex",),), (table,), (100.0,))
    >>> error_in_words(opened)
    'a share of patients is off by some 10 points, too much to rely on: add sites or patients, use \
fewer variables or a larger epsilon, or borrow from a prior'
    """
    error = expected_error(opened)
    if error is None:
        return None
    said = f"a share of patients is off by some {100 * error:.2g} points"
    if error < SERIOUS:
        return said
    if beside_prior:
        return f"{said} in what was opened; most of what this cohort says comes from the prior"
    return (
        f"{said}, too much to rely on: add sites or patients, use fewer variables or a larger "
        "epsilon, or borrow from a prior"
    )


def events_in_words(opened: OpenedSums, dictionary: DataDictionary) -> str | None:
    """How many events were seen, where they are too few for the noise or at all; else None.

    Parameters
    ----------
    opened : OpenedSums
    dictionary : DataDictionary
        It names the event of the outcome, 0 or 1.

    Examples
    --------
    >>> leuksurv = DataDictionary.load("leuksurv")
    >>> few = OpenedSums("r", (("os_event",),), (np.array([96, 4]),), (25.0,))
    >>> events_in_words(few, leuksurv)
    'about 4, with noise of 5: survival in what is drawn tells nothing; add sites or patients who \
had the event, or leave the outcome out'
    >>> enough = OpenedSums("r", (("os_event",),), (np.array([50, 50]),), (25.0,))
    >>> events_in_words(enough, leuksurv) is None
    True
    """
    survival = dictionary.survival
    if survival is None or (survival.event,) not in opened.cliques:
        return None
    place = opened.cliques.index((survival.event,))
    seen = max(0, int(opened.sums[place][1]))
    noise = 0.0 if opened.variances is None else opened.variances[place] ** 0.5
    if seen >= max(FEWEST_EVENTS, CLEAR * noise):
        return None
    with_noise = f", with noise of {noise:.2g}" if noise else ""
    return (
        f"about {seen}{with_noise}: survival in what is drawn tells nothing; add sites or patients "
        "who had the event, or leave the outcome out"
    )
