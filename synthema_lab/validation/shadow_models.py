"""Can it be told from a synthetic table whether one striking patient was in the training data?

A generator is fitted again and again, with or without each target. A classifier learns
from one half of these worlds how tables that saw a target differ, and is judged on the
other half: the shadow models of Stadler, Oprisanu and Troncoso (2022) and Carlini et al.
(2022). The attacker knows the generator, the targets and the population; the targets lie
farthest from everybody else. It judges the generator, not one table.

One logistic model with a strong penalty serves all targets, after the features of each
were put on one scale: it finds weak leaks more often than one model for each target, or
a random forest, of which each would need more worlds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import ArgumentRefused

from .admission import admit_real
from .battery import RESAMPLES, SHUFFLES, true_positive_rates
from .bootstrap import clopper_pearson, patient_counts, percentile_interval, weighted_auc, wilson
from .columns import read_columns
from .membership_worst import rarity
from .metric import NAN, Metric
from .progress import Progress, progress_of
from .shadow_worlds import Fit, Game

FEWEST_WORLDS, FEWEST_PATIENTS, FEWEST_A_TARGET = 20, 40, 4
ALLOWED = 0.1
PENALTY = 100.0
FARTHEST = 5.0


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
        Smallest area that so many worlds detect with 80% power, over all targets and
        for one.
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
    fit: Fit,
    patients: pd.DataFrame,
    dictionary: DataDictionary,
    *,
    targets: int | Sequence[int] = 5,
    shadows: int = 100,
    seed: int = 0,
    progress: Progress | bool | None = None,
) -> ShadowAttack:
    """Fit a generator with and without its most exposed patients, and try to tell which.

    Parameters
    ----------
    fit : callable
        ``fit(table, seed) -> synthetic table``, of as many rows.
    patients : DataFrame
        All real patients; every world trains on half as many rows.
    dictionary : DataDictionary
    targets : int or sequence of int
        How many of the rarest patients (see `membership_worst.rarity`), or positions of
        rows, from 0.
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
    >>> cohort = load_cohort("leuksurv")
    >>> copy = lambda table, seed: table
    >>> shadow_attack(copy, cohort.patients[:300], cohort.dictionary, shadows=20).auc > 0.95
    True
    """
    many = _settled(fit, patients, targets, shadows, seed)
    columns = read_columns(patients, dictionary, admit_real(patients, None, dictionary))
    if columns.rows < max(FEWEST_PATIENTS, FEWEST_A_TARGET * many):
        return ShadowAttack(
            why=f"it needs {FEWEST_PATIENTS} patients, and {FEWEST_A_TARGET} for each target"
        )
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
    inside = np.array(labels)
    found = judged(out_of_fold(np.array(features), inside), inside, rng)
    return ShadowAttack(**found, worlds=len(inside), refused=refused, rows=game.rows)


def out_of_fold(features: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Score every world by a classifier that learnt from the other half of the worlds.

    Parameters
    ----------
    features : ndarray, shape (worlds, targets, features)
    inside : ndarray of bool, shape (worlds, targets)

    Returns
    -------
    ndarray, shape (worlds, targets)
        Ranks within the half and the target, between 0 and 1; high says "was there".
    """
    from scipy.stats import rankdata
    from sklearn.linear_model import LogisticRegression

    scores, half = np.zeros(inside.shape), np.arange(len(inside)) % 2
    for asked in (half == 0, half == 1):
        learnt = features[~asked]
        spread = learnt.std(axis=0)
        scaled = (features - learnt.mean(axis=0)) / np.where(spread > 1e-9, spread, np.inf)
        scaled = np.clip(scaled, -FARTHEST, FARTHEST)
        labels = inside[~asked].ravel()
        if labels.all() or not labels.any():
            continue
        model = LogisticRegression(C=1 / PENALTY, max_iter=1000)
        model.fit(scaled[~asked].reshape(len(labels), -1), labels)
        scores[asked] = scaled[asked] @ model.coef_[0]
    for asked in (half == 0, half == 1):
        scores[asked] = (rankdata(scores[asked], axis=0) - 0.5) / asked.sum()
    return scores


def judged(
    scores: np.ndarray, inside: np.ndarray, rng: np.random.Generator
) -> dict[str, float | pd.DataFrame]:
    """Areas, rates, intervals and power, as `ShadowAttack` holds them.

    Worlds are drawn again as a whole, and labels are shuffled between worlds of the same
    half. A target who was always in, or always out, has no area.
    """
    worlds, many = inside.shape
    counts = patient_counts(rng, worlds, RESAMPLES)
    half = np.arange(worlds) % 2
    keys = rng.random((SHUFFLES, worlds)) + half
    order = np.empty(keys.shape, dtype=int)
    order[:, np.argsort(half, kind="stable")] = np.argsort(keys, axis=1)
    shuffled = inside[order]
    rows, chances = [], []
    for place in [slice(None), *(slice(number, number + 1) for number in range(many))]:
        score, label = scores[:, place].ravel(), inside[:, place].ravel()
        drawn = np.repeat(counts, label.size // worlds, axis=1)
        split = score[label], score[~label]
        ones = [np.ones((1, len(part))) for part in split]
        area = float(weighted_auc(*split, *ones)[0])
        areas = weighted_auc(*split, drawn[:, label], drawn[:, ~label])
        mixed = shuffled[:, :, place].reshape(SHUFFLES, -1).astype(float)
        chances.append(weighted_auc(score, score, mixed, 1 - mixed))
        rows.append((area, *_limits(area, areas, worlds / 2, 2 * min(map(len, split)))))
        if place == slice(None):
            allowed = np.array([ALLOWED])
            tpr = float(true_positive_rates(*split, *ones, allowed)[0, 0])
            rates = true_positive_rates(*split, drawn[:, label], drawn[:, ~label], allowed)
            exact = clopper_pearson(round(tpr * len(split[0])), len(split[0]))
            resampled = percentile_interval(rates[:, 0])
    best = np.nanmax(np.nan_to_num(chances[1:], nan=0.0), axis=0)
    (auc, low, high), each = rows[0], rows[1:]
    p = [_share(best, area) for area, _, _ in each]
    table = pd.DataFrame(each, columns=["auc", "low", "high"]).assign(p=p)
    table.insert(0, "target", np.arange(1, many + 1))
    smallest = smallest_auc(float(np.quantile(chances[0], 0.95)), inside.size / 2)
    return {
        "auc": auc, "low": low, "high": high, "p": _share(chances[0], auc),
        "chance": float(chances[0].mean()), "tpr": tpr, "tpr_low": min(exact[0], resampled[0]),
        "tpr_high": max(exact[1], resampled[1]), "smallest": smallest,
        "smallest_one": smallest_auc(float(np.quantile(best, 0.95)), worlds / 2), "table": table,
    }  # fmt: skip


def smallest_auc(limit: float, each: float) -> float:
    """Area that passes a limit in 8 of 10 repetitions (variance of Hanley and McNeil 1982).

    Parameters
    ----------
    limit : float
        What chance passes in 1 of 20.
    each : float
        Scores with a target, and as many without.

    Examples
    --------
    >>> round(smallest_auc(0.6, 50), 2)
    0.65
    """
    areas = np.linspace(0.5, 1.0, 501)
    tied, other = areas / (2 - areas), 2 * areas**2 / (1 + areas)
    variance = areas * (1 - areas) + (each - 1) * (tied + other - 2 * areas**2)
    passed = areas - 0.8416 * np.sqrt(np.maximum(variance, 0.0)) / each >= limit
    return float(areas[passed][0]) if passed.any() else 1.0


def _limits(area: float, drawn: np.ndarray, least: float, most: float) -> tuple[float, float]:
    """Wilson's limits of an area, with as many trials as its bootstrap variance is worth."""
    variance = float(np.nanvar(drawn)) if np.isfinite(drawn).any() else 0.0
    trials = min(area * (1 - area) / variance, most) if variance > 1e-9 else least
    low, high = wilson(area, trials) if math.isfinite(area) else (NAN, NAN)
    return float(low), float(high)


def _share(chance: np.ndarray, area: float) -> float:
    if not math.isfinite(area):
        return NAN
    return float((1 + (chance >= area - 1e-12).sum()) / (1 + len(chance)))


def _settled(fit, patients, targets, shadows, seed) -> int:
    """How many targets there are."""
    many = targets if isinstance(targets, int) else len(np.unique(targets))
    if not callable(fit):
        raise ArgumentRefused(
            "The generator cannot be called.", "fit(table, seed), which gives a synthetic table.",
            "Wrap it: lambda table, seed: generators.get('trees').fit([table], dictionary, "
            "seed=seed).sample(len(table), seed).",
        )  # fmt: skip
    known = isinstance(targets, int) or set(targets) <= set(range(len(patients)))
    if many < 1 or not known or not isinstance(targets, int) and many < len(targets):
        raise ArgumentRefused(
            "The targets cannot be used.", "A number from 1, or different positions of rows.",
            "Use targets=5 for the five rarest patients.",
        )  # fmt: skip
    if not isinstance(shadows, int) or shadows < FEWEST_WORLDS:
        raise ArgumentRefused(
            "There are too few shadow models for an attack.",
            f"A whole number from {FEWEST_WORLDS}.", "Use shadows=100.",
        )  # fmt: skip
    if not isinstance(seed, int) or seed < 0:
        raise ArgumentRefused(
            "The seed cannot be used.", "A whole number, 0 or more.", "Use seed=0."
        )
    return many
