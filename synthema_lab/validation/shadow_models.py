"""Can it be told from a synthetic table whether one striking patient was in the training data?

A generator is fitted again and again, with or without each target. A classifier learns
from one half of these worlds how tables that saw a target differ, and is judged on the
other half: the shadow models of Stadler, Oprisanu and Troncoso (2022) and Carlini et al.
(2022). The attacker knows the generator, the targets and the population; the targets lie
farthest from everybody else. It judges the generator, not one table.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from synthema_lab.dictionary import DataDictionary

from .admission import admit_real
from .battery import RESAMPLES, SHUFFLES, true_positive_rates
from .bootstrap import clopper_pearson, patient_counts, percentile_interval, weighted_auc, wilson
from .columns import read_columns
from .membership_worst import rarity
from .metric import NAN, Metric
from .progress import Progress, progress_of
from .refitting import Fit, settled
from .shadow_worlds import Game, out_of_fold

FEWEST_PATIENTS, FEWEST_A_TARGET, FEWEST_WORLDS = 40, 4, 20
ALLOWED = 0.1


@dataclass(frozen=True)
class ShadowAttack:
    """How well the targets were recognised.

    Parameters
    ----------
    auc, low, high : float
        Area under the ROC curve over all targets, and its 95% interval over worlds.
    p, chance : float
        Share of shuffles of the labels that do at least as well, and their mean area.
    tpr, tpr_low, tpr_high : float
        Inclusions found at 10% false alarms.
    smallest, smallest_one : float
        Smallest area detected with 80% power, over all targets and for one.
    table : DataFrame
        One row a target, numbered in a random order: ``target``, ``auc``, ``low``,
        ``high``, and ``p`` against the best of all targets under shuffled labels.
    worlds, refused, rows : int
        Fits used, fits that the generator refused, and rows of each training table.
    why : str
        Why there is no result, if there is none.
    """

    auc: float = NAN
    low: float = NAN
    high: float = NAN
    p: float = NAN
    chance: float = NAN
    tpr: float = NAN
    tpr_low: float = NAN
    tpr_high: float = NAN
    smallest: float = NAN
    smallest_one: float = NAN
    table: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False, compare=False)
    worlds: int = 0
    refused: int = 0
    rows: int = 0
    why: str = ""

    @property
    def note(self) -> str:
        """What a reader must know, or why there is no value."""
        if self.why:
            return self.why
        refused = f" (the generator refused {self.refused} more)" if self.refused else ""
        best = self.table.loc[self.table["auc"].idxmax()]
        return (
            f"{len(self.table)} patients, each in or out of {self.worlds} fits on {self.rows} rows"
            f"{refused}; p = {self.p:.3f} by shuffled labels; best found of them: AUC "
            f"{best['auc']:.3f} ({best['low']:.3f} to {best['high']:.3f}, p = {best['p']:.3f}); "
            f"at {ALLOWED:.0%} false alarms {self.tpr:.3f} ({self.tpr_low:.3f} to "
            f"{self.tpr_high:.3f}) of the inclusions are found, and rates below about "
            f"{2 / self.worlds:.0%} cannot be resolved for one patient; power: smallest AUC "
            f"detected with 80% power is about {self.smallest:.2f} over all and "
            f"{self.smallest_one:.2f} for one; the classifier learnt from half of the fits, and "
            "an attacker with more would do better"
        )

    @property
    def metric(self) -> Metric:
        """The area as a metric, for `Validation.with_metrics`; the floor is not defined."""
        return Metric(
            "privacy", "shadow_auc", "Shadow models, AUC of the most exposed patients", 0.5,
            (0.0, 1.0), self.auc, self.low, self.high, NAN, self.chance, "1", self.rows, self.note,
        )  # fmt: skip

    def __str__(self) -> str:
        return str(self.metric) if self.why else f"{self.metric}\n{self.note}"


def shadow_attack(
    fit: Fit, patients: pd.DataFrame, dictionary: DataDictionary, *,
    targets: int | Sequence[int] = 5, shadows: int = 100, seed: int = 0,
    progress: Progress | bool | None = None,
) -> ShadowAttack:  # fmt: skip
    """Fit a generator with and without its most exposed patients, and try to tell which.

    Parameters
    ----------
    fit : callable
        ``fit(table, seed) -> synthetic table``, of as many rows.
    patients : DataFrame
        All real patients; every world trains on half as many rows.
    dictionary : DataDictionary
    targets : int or sequence of int
        How many of the rarest patients (`membership_worst.rarity`), or positions of rows.
    shadows : int
        Worlds, at least 20; each costs a fit.
    seed : int
        Fixes coins, tables and the seeds that `fit` gets. Privacy noise has no seed.
    progress : callable, bool, optional
        Called with (steps done, steps in all, label), one step a world; True shows a bar.

    Returns
    -------
    ShadowAttack
        With a reason instead of a value where patients or worlds are too few.

    Raises
    ------
    ArgumentRefused
        A setting that cannot be used.
    DataMismatch
        A table that cannot be read, or a synthetic one with other columns.

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> cohort, copy = load_cohort("leuksurv"), lambda table, seed: table
    >>> shadow_attack(copy, cohort.patients[:300], cohort.dictionary, shadows=20).auc > 0.95
    True
    """
    columns = read_columns(patients, dictionary, admit_real(patients, None, dictionary))
    many = settled(fit, columns.rows, targets, shadows, seed, FEWEST_WORLDS)
    needed = max(FEWEST_PATIENTS, FEWEST_A_TARGET * many)
    if columns.rows < needed:
        return ShadowAttack(why=f"for {many} targets it needs {needed} patients")
    rng = np.random.default_rng([seed, 0, 1])
    if isinstance(targets, int):
        rare = rarity(columns.take(np.arange(0)), columns, rng)[1]
        targets = np.argsort(-rare, kind="stable")[:targets]
    game = Game(fit, patients, dictionary, columns, rng.permutation(targets), seed)
    witness, labels, features = game.witness(), [], []
    with progress_of(progress) as said:
        for number in range(1, shadows + 1):
            said(number - 1, shadows, f"shadow model {number} of {shadows}")
            inside, seen = game.play(number, witness)
            if seen is not None:
                labels.append(inside)
                features.append(seen)
        said(shadows, shadows, "shadow models")
    refused = shadows - len(labels)
    if len(labels) < FEWEST_WORLDS:
        return ShadowAttack(why=f"the generator refused {refused} of {shadows} training tables")
    found = judged(np.array(features), np.array(labels), rng)
    return ShadowAttack(**found, worlds=len(labels), refused=refused, rows=game.rows)


def judged(features: np.ndarray, inside: np.ndarray, rng: np.random.Generator) -> dict:
    """Areas, rates, intervals and power, as `ShadowAttack` holds them.

    Worlds are drawn again as a whole. Labels are shuffled between worlds, and the
    classifier learns anew from each shuffle: the two halves judge each other, so that
    chance reaches further than with classifiers as they are. An interval counts no more
    trials than chance is worth. A target who was always in, or always out, has no area.
    """
    worlds, many = inside.shape
    scores = out_of_fold(features, inside[None])[0]
    mixed = inside[rng.permuted(np.tile(np.arange(worlds), (SHUFFLES, 1)), axis=1)]
    mixed_scores = out_of_fold(features, mixed)
    counts = patient_counts(rng, worlds, RESAMPLES)
    rows, chance, trials = [], [], []
    for place in [slice(None), *(slice(number, number + 1) for number in range(many))]:
        score, label = scores[:, place].ravel(), inside[:, place].ravel()
        drawn = np.repeat(counts, label.size // worlds, axis=1)
        chance.append(areas(mixed_scores[:, :, place], mixed[:, :, place]))
        trials.append(0.25 / max(float(np.nanvar(chance[-1])), 1e-9))
        area = float(areas(score[None], label[None])[0])
        varied = weighted_auc(score[label], score[~label], drawn[:, label], drawn[:, ~label])
        rows.append((area, *_limits(area, varied, trials[-1])))
    tpr, tpr_low, tpr_high = _found(scores, inside, counts)
    (auc, low, high), each = rows[0], rows[1:]
    best = np.nan_to_num(chance[1:], nan=0.0).max(axis=0)
    table = pd.DataFrame(each, columns=["auc", "low", "high"])
    table.insert(0, "target", np.arange(1, many + 1))
    table["p"] = [_share(best, area) for area, _, _ in each]
    return {
        "auc": auc, "low": low, "high": high, "p": _share(chance[0], auc),
        "chance": float(np.nanmean(chance[0])), "tpr": tpr, "tpr_low": tpr_low,
        "tpr_high": tpr_high, "smallest": smallest_auc(chance[0], trials[0]),
        "smallest_one": smallest_auc(best, min(trials[1:])), "table": table,
    }  # fmt: skip


def areas(scores: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Area under the ROC curve by draw, of arrays of shape (draws, ...); ties count half."""
    from scipy.stats import rankdata

    labels = inside.reshape(len(inside), -1).astype(bool)
    ranks = rankdata(scores.reshape(labels.shape), axis=1)
    there = labels.sum(axis=1)
    pairs = there * (labels.shape[1] - there)
    above = (ranks * labels).sum(axis=1) - there * (there + 1) / 2
    return np.where(pairs > 0, above / np.maximum(pairs, 1), np.nan)


def smallest_auc(chance: np.ndarray, trials: float) -> float:
    """Area that passes 95% of chance in 8 of 10 repetitions, by its binomial variance."""
    limit, guesses = np.nanquantile(chance, 0.95), np.linspace(0.5, 1.0, 501)
    passed = guesses - 0.8416 * np.sqrt(guesses * (1 - guesses) / trials) >= limit
    return float(guesses[passed][0]) if passed.any() else 1.0


def _found(scores: np.ndarray, inside: np.ndarray, counts: np.ndarray) -> tuple[float, ...]:
    """Inclusions found at the false alarms allowed, and the wider of two intervals."""
    split, allowed = (scores[inside], scores[~inside]), np.array([ALLOWED])
    drawn = np.repeat(counts, inside.shape[1], axis=1).reshape(len(counts), *inside.shape)
    ones = [np.ones((1, len(part))) for part in split]
    rate = float(true_positive_rates(*split, *ones, allowed)[0, 0])
    varied = true_positive_rates(*split, drawn[:, inside], drawn[:, ~inside], allowed)
    exact = clopper_pearson(round(rate * len(split[0])), len(split[0]))
    resampled = percentile_interval(varied[:, 0])
    return rate, min(exact[0], resampled[0]), max(exact[1], resampled[1])


def _limits(area: float, varied: np.ndarray, most: float) -> tuple[float, float]:
    """Wilson's limits of an area, with as many trials as its bootstrap variance is worth."""
    if not math.isfinite(area):
        return NAN, NAN
    low, high = wilson(area, min(most, area * (1 - area) / max(np.nanvar(varied), 1e-9) or most))
    return float(low), float(high)


def _share(chance: np.ndarray, area: float) -> float:
    """Share of the shuffles that do at least as well, the labels as found counted with them."""
    passed = 1 + int((chance >= area - 1e-12).sum())
    return passed / (1 + len(chance)) if math.isfinite(area) else NAN
