"""How well does each attack do, and how well would it do by chance?

The true-positive rate at 1% false positives (Carlini et al. 2022) and the area
under the ROC curve, for every attack of a battery. Since the best of several
attacks is above chance even when nothing leaks, chance is what the best of the
battery gives after the labels "member" and "non-member" are shuffled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .bootstrap import LEVEL, clopper_pearson, patient_counts, percentile_interval, weighted_auc

FALSE_POSITIVES = 0.01
RESAMPLES = 1000
SHUFFLES = 1000
GRID = np.r_[0.0, np.geomspace(0.001, 1.0, 61)]


@dataclass(frozen=True)
class Battery:
    """Results of all attacks on one table.

    Parameters
    ----------
    attacks : DataFrame
        One row an attack: true-positive rate at the rate allowed, and area
        under the curve, each with an interval at the level that holds for all
        attacks together (Bonferroni).
    roc : DataFrame
        True-positive rate by attack on a public grid of false-positive rates.
    chance : Mapping of str to ndarray
        Best of the battery under shuffled labels, for ``tpr`` and ``auc``.
    members, outsiders : int
    """

    attacks: pd.DataFrame
    roc: pd.DataFrame
    chance: dict[str, np.ndarray]
    members: int
    outsiders: int

    def p_value(self, what: str, value: float) -> float:
        """Share of shuffles in which the best attack does at least as well."""
        return float(
            (1 + (self.chance[what] >= value - 1e-12).sum()) / (1 + len(self.chance[what]))
        )

    def smallest_detectable(self) -> float:
        """True-positive rate that would exceed chance in 8 of 10 repetitions."""
        from scipy.stats import binom

        limit = float(np.quantile(self.chance["tpr"], 0.95))
        rates = np.arange(0.001, 1.0, 0.001)
        power = binom.sf(np.floor(limit * self.members + 1e-9), self.members, rates)
        enough = np.flatnonzero(power >= 0.8)
        return float(rates[enough[0]]) if len(enough) else 1.0


def measure_battery(
    scores: dict[str, tuple[np.ndarray, np.ndarray]],
    rng: np.random.Generator,
    allowed: float = FALSE_POSITIVES,
) -> Battery:
    """Turn attack scores into rates, intervals, curves and the chance level.

    Parameters
    ----------
    scores : dict of str to (ndarray, ndarray)
        Scores of members and of non-members by attack.
    rng : numpy.random.Generator
        Draws 1000 resamples of the patients and 1000 shuffles of the labels.
    allowed : float
        False-positive rate of the true-positive rates.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> leak = {"nearest": (rng.normal(9, 1, 200), rng.normal(0, 1, 200))}
    >>> measure_battery(leak, rng).attacks["tpr"].round(2).tolist()
    [1.0]
    """
    first = next(iter(scores.values()))
    members, outsiders = len(first[0]), len(first[1])
    counts = (
        patient_counts(rng, members, RESAMPLES),
        patient_counts(rng, outsiders, RESAMPLES),
    )
    shuffled = rng.permuted(
        np.tile(np.r_[np.ones(members), np.zeros(outsiders)], (SHUFFLES, 1)), axis=1
    )
    level = 1 - (1 - LEVEL) / len(scores)
    rows, curves = [], []
    chance = {"tpr": np.zeros(SHUFFLES), "auc": np.zeros(SHUFFLES)}
    for name, (inside, outside) in scores.items():
        ones = np.ones((1, members)), np.ones((1, outsiders))
        roc = true_positive_rates(inside, outside, *ones, GRID)[0]
        tpr = float(true_positive_rates(inside, outside, *ones, np.array([allowed]))[0, 0])
        drawn = true_positive_rates(inside, outside, *counts, np.r_[allowed, GRID])
        exact = clopper_pearson(round(tpr * members), members, level)
        resampled = percentile_interval(drawn[:, 0], level)
        auc = float(weighted_auc(inside, outside, *ones)[0])
        auc_low, auc_high = percentile_interval(weighted_auc(inside, outside, *counts), level)
        both = np.r_[inside, outside]
        found = true_positive_rates(both, both, shuffled, 1 - shuffled, np.array([allowed]))
        chance["tpr"] = np.maximum(chance["tpr"], found[:, 0])
        chance["auc"] = np.maximum(chance["auc"], weighted_auc(both, both, shuffled, 1 - shuffled))
        low, high = min(exact[0], resampled[0]), max(exact[1], resampled[1])
        rows.append((name, tpr, low, high, auc, auc_low, auc_high))
        band = np.quantile(drawn[:, 1:], [0.025, 0.975], axis=0)
        curves.append(
            pd.DataFrame(
                {
                    "attack": name,
                    "false_positive_rate": GRID.round(6),
                    "true_positive_rate": roc.round(4),
                    "low": band[0].round(4),
                    "high": band[1].round(4),
                }
            )
        )
    attacks = pd.DataFrame(
        rows, columns=["attack", "tpr", "tpr_low", "tpr_high", "auc", "auc_low", "auc_high"]
    )
    return Battery(attacks, pd.concat(curves, ignore_index=True), chance, members, outsiders)


def true_positive_rates(
    positive: np.ndarray,
    negative: np.ndarray,
    positive_counts: np.ndarray,
    negative_counts: np.ndarray,
    allowed: np.ndarray,
) -> np.ndarray:
    """Largest true-positive rate whose false-positive rate is at most each allowed one.

    Parameters
    ----------
    positive, negative : ndarray, shapes (p,) and (n,)
        Scores.
    positive_counts, negative_counts : ndarray, shapes (draws, p) and (draws, n)
        How often each row is drawn.
    allowed : ndarray, shape (rates,)
        False-positive rates. No point between two thresholds is interpolated.

    Returns
    -------
    ndarray, shape (draws, rates)

    Examples
    --------
    >>> ones = np.ones((1, 4))
    >>> true_positive_rates(np.array([4.0, 3.0, 2.0, 0.0]), np.array([2.5, 1.0, 0.5, 0.1]),
    ...                     ones, ones, np.array([0.0, 0.25]))
    array([[0.5 , 0.75]])
    """
    scores, code = np.unique(np.r_[positive, negative], return_inverse=True)
    code = len(scores) - 1 - code.reshape(-1)
    hits, errors = [], []
    for counts, codes, into in (
        (positive_counts, code[: len(positive)], hits),
        (negative_counts, code[len(positive) :], errors),
    ):
        order = np.argsort(codes, kind="stable")
        summed = np.hstack([np.zeros((len(counts), 1)), np.cumsum(counts[:, order], axis=1)])
        upto = np.searchsorted(codes[order], np.arange(len(scores)), side="right")
        with np.errstate(invalid="ignore", divide="ignore"):
            into.append(np.hstack([np.zeros((len(counts), 1)), summed[:, upto]]) / summed[:, -1:])
    hits, errors = hits[0], errors[0]
    rates = np.empty((len(hits), len(allowed)))
    for draw in range(len(hits)):
        last = np.searchsorted(errors[draw], allowed + 1e-12, side="right") - 1
        rates[draw] = hits[draw, last]
    return rates
