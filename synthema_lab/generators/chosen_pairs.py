"""Which of the opened moments does a model hold?

Those that stand out of their noise, the strongest first, as long as exact
inference stays small. The choice sees opened sums only, so it costs no privacy
and everybody who sees the sums comes to the same one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from ..dictionary import DataDictionary
from .counts import Clique
from .junction import largest_table
from .measured_sums import Measured
from .moments import Moments

CELLS = 20_000
"""Cells of the largest table that a pair may lead to."""
_STANDS_OUT = 2.0
_MOST_REFUSED = 300
_LOOSENESS = 0.03
_SIGNIFICANT, _LEAST_DOUBT = 0.003, 0.01


@dataclass(frozen=True)
class Chosen:
    """The moments that a model holds.

    Attributes
    ----------
    measured : tuple of Measured
    left_out : tuple of tuple of int
        Cliques that stood out but would make the tables too large, strongest first.
    """

    measured: tuple[Measured, ...]
    left_out: tuple[Clique, ...]


def choose_pairs(
    sizes: Sequence[int],
    held: Sequence[Clique],
    opened: Sequence[tuple[Moments, np.ndarray, float | None]],
    total: float,
    first: Collection[int],
    cells: float = CELLS,
    expected: Sequence[np.ndarray] | None = None,
) -> Chosen:
    """Choose by what was opened.

    Parameters
    ----------
    sizes : sequence of int
    held : sequence of tuple of int
        Cliques that the model holds anyway: of the outcome, of the rules.
    opened : sequence of (Moments, sums, variance of their noise)
    total : float
        Number of patients.
    first : collection of int
        Positions of the covariates whose moment with the outcome is held
        whatever it shows, if it fits.
    cells : float
    expected : sequence of numpy.ndarray, optional
        For each vector the sums that are no surprise; 0 by default, as of
        variables that have nothing to do with each other. With it, see `doubt`.
    """
    found: dict[Clique, list[Measured]] = {}
    strength: dict[Clique, list[float]] = {}
    asked: set[Clique] = set()
    for number, (moments, sums, variance) in enumerate(opened):
        surprise = sums - (0.0 if expected is None else expected[number])
        noise = variance if variance is not None else 0.0
        chance = total * moments.spread() / moments.step**2
        deviation = np.sqrt(noise + chance)
        looseness = _LOOSENESS if expected is None else doubt(surprise**2, noise, chance)
        loose = np.sqrt(looseness * (noise or 1 / moments.step**2)) * np.ones(len(sums))
        for entry in range(moments.vector.length):
            clique, weights = moments.table(entry, sizes)
            one = Measured(clique, np.asarray([float(sums[entry])]), float(loose[entry]), weights)
            found.setdefault(clique, []).append(one)
            score = float(surprise[entry] / max(deviation[entry], 1e-9))
            strength.setdefault(clique, []).append(score)
            if moments.vector.name == "outcome" and moments.features[entry].place in first:
                asked.add(clique)
    # Several features of one pair stand out together as much as their squares, less chance.
    rank = {
        clique: np.sqrt(max(0.0, np.sum(np.square(scores)) - (len(scores) - 1)))
        for clique, scores in strength.items()
    }
    wanted = sorted(asked, key=lambda clique: -rank[clique])
    wanted += sorted(
        (c for c in rank if c not in asked and rank[c] > _STANDS_OUT), key=lambda c: -rank[c]
    )
    kept, left_out, current = [], [], list(held)
    cap = max(cells, largest_table(sizes, current))
    for clique in wanted:
        if len(left_out) >= _MOST_REFUSED or largest_table(sizes, [*current, clique]) > cap:
            left_out.append(clique)
        else:
            current.append(clique)
            kept.extend(found[clique])
    return Chosen(tuple(kept), tuple(left_out))


def doubt(squared: np.ndarray, noise: float, chance: np.ndarray, numbers: int = 1) -> np.ndarray:
    """Variance to leave to opened numbers beside a prior, in multiples of that of their noise.

    That of the noise itself, so that a prior is as strong as chance among so many
    patients; but less, by empirical Bayes, where a surprise is significant.

    Parameters
    ----------
    squared : numpy.ndarray of float
        Squared difference from what the prior expects, a mean over `numbers`.
    noise : float
        Variance of the noise.
    chance : numpy.ndarray of float
        Variance by chance among so many patients.
    numbers : int

    Examples
    --------
    >>> doubt(np.array([100.0, 800.0, 10_000.0]), 100.0, np.full(3, 10.0)).round(3).tolist()
    [1.0, 1.0, 0.01]
    """
    significant = chdtrc(numbers, numbers * squared / (noise + chance)) < _SIGNIFICANT
    signal = np.maximum(squared - noise, 1e-9)
    return np.where(significant, np.clip(chance / signal, _LEAST_DOUBT, 1.0), 1.0)


def names_of(cliques: Sequence[Clique], names: Sequence[str]) -> list[str]:
    """Cliques in words.

    Examples
    --------
    >>> names_of([(0, 2)], ["age_years", "sex", "os_days"])
    ['age_years with os_days']
    """
    return [" with ".join(names[place] for place in clique) for clique in cliques]


def covariate_places(dictionary: DataDictionary, names: Sequence[str]) -> set[int]:
    """Positions of the covariates that the dictionary names, or of all where it names none."""
    named = set(dictionary.survival.covariates) if dictionary.survival else set()
    return {place for place, name in enumerate(names) if name in (named or set(names))}
