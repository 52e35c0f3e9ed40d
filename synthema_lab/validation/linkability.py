"""Can two records of one patient be joined through the synthetic table?

The attacker holds two sources about the same patients that share no variable,
and joins a record of one to a record of the other when the same synthetic row
is among the nearest to both: the second criterion of the Article 29 working
party (Opinion 05/2014), measured as by Giomi et al. 2023. Variables belong
together in any population, so that some joins succeed for everybody: what
leaks is how much more often they succeed for training patients than for
patients who were held out.

How such a gain is judged is here for the other attacks too: records are
members or not, each attack succeeds or fails on each, and chance is what the
clearest gain becomes after the labels are shuffled.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .bootstrap import LEVEL
from .columns import Columns
from .metric import Estimate, Measure
from .reference import Reference
from .singling_out import newcombe

FEWEST = 20
BLOCK = 32
SHUFFLES = 1000
SPLITS = 10
NEIGHBOURS = {"nearest": 1, "nearest_five": 5}


def distances(
    records: Columns, others: Columns, scale: Columns
) -> Iterator[tuple[slice, np.ndarray]]:
    """Distance of records to other rows in each variable, some records at a time.

    Yields
    ------
    (slice, ndarray of float32, shape (variables, records of the slice, others))
        A number counts by the share of the rows of `scale` in between, a
        category or a gap on one side by 1.
    """
    one, other = _placed(records, scale), _placed(others, scale)
    for begin in range(0, records.rows, BLOCK):
        rows = slice(begin, min(begin + BLOCK, records.rows))
        apart = np.abs(one[0][:, rows, None] - other[0][:, None, :])
        apart += one[1][:, rows, None] != other[1][:, None, :]
        differs = one[2][:, rows, None] != other[2][:, None, :]
        yield rows, np.concatenate([apart, differs.astype(np.float32)])


def _placed(columns: Columns, scale: Columns) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions and gaps of the numbers, codes of the rest; shapes (variables, rows)."""
    numbers, gaps = np.empty((2, len(columns.numeric), columns.rows), dtype=np.float32)
    for row, (name, values) in enumerate(columns.numeric.items()):
        known = np.sort(scale.numeric[name][np.isfinite(scale.numeric[name])])
        passed = sum(np.searchsorted(known, values, side) for side in ("left", "right"))
        gaps[row] = np.isnan(values)
        numbers[row] = np.where(np.isnan(values), 0.5, passed / 2 / max(1, len(known)))
    codes = np.array([*columns.coded.values()], dtype=np.int32)
    return numbers, gaps, codes.reshape(len(columns.coded), columns.rows)


def stacked(one: Columns, other: Columns) -> Columns:
    """The rows of two tables, one after another; of the derived table nothing is kept."""
    rows = one.rows + other.rows
    return Columns(
        rows,
        {name: np.r_[values, other.numeric[name]] for name, values in one.numeric.items()},
        {name: np.r_[values, other.coded[name]] for name, values in one.coded.items()},
        one.levels, None, None, None, (), pd.DataFrame(index=range(rows)), one.role,
    )  # fmt: skip


@dataclass(frozen=True)
class Gains:
    """What attacks gain on members, with intervals that hold for all of them together.

    Parameters
    ----------
    inside, outside : ndarray, shape (attacks,)
        Success rates for members and for non-members.
    low, high : ndarray, shape (attacks,)
        Newcombe's interval of the difference, at the level of Bonferroni.
    detectable : ndarray, shape (attacks,)
        Gain that would stand out of chance in 8 of 10 repetitions.
    chance : ndarray, shape (shuffles,)
        Gain of the attack that is clearest after a shuffle of the labels.
    best : int
        The attack whose gain is clearest: largest in units of its standard
        deviation under shuffled labels.
    p_value : float
        Share of shuffles with a gain as clear.
    """

    inside: np.ndarray
    outside: np.ndarray
    low: np.ndarray
    high: np.ndarray
    detectable: np.ndarray
    chance: np.ndarray
    best: int
    p_value: float

    @property
    def gain(self) -> np.ndarray:
        """Success on members less success on non-members, shape (attacks,)."""
        return self.inside - self.outside

    def estimate(self, n: int, note: str, curves: dict[str, pd.DataFrame]) -> Estimate:
        """The clearest gain; its upper limit is that of all attacks."""
        usual = np.quantile(self.chance, [0.025, 0.975])
        note += (
            f": {self.inside[self.best]:.3f} for members, {self.outside[self.best]:.3f} for "
            f"others; clearest of {len(self.inside)}; shuffled labels give {usual[0]:.3f} to "
            f"{usual[1]:.3f} (p = {self.p_value:.3f}); power: smallest gain this would detect is "
            f"about {self.detectable[self.best]:.3f}"
        )
        return Estimate(
            float(self.gain[self.best]), float(self.low[self.best]), float(self.high.max()),
            n, note, float(self.chance.mean()), curves,
        )  # fmt: skip


def measure_gains(
    success: np.ndarray,
    weight: np.ndarray,
    member: np.ndarray,
    rng: np.random.Generator,
    shuffles: int = SHUFFLES,
) -> Gains:
    """Compare success on members with success on non-members.

    Parameters
    ----------
    success : ndarray, shape (records, attacks)
        From 0 to 1.
    weight : ndarray, shape (records, attacks)
        How much a record counts; 0 leaves it out.
    member : ndarray of bool, shape (records,)
    rng : numpy.random.Generator
        Shuffles the labels.

    Examples
    --------
    >>> member = np.repeat([True, False], 100)
    >>> always = member[:, None].astype(float)
    >>> found = measure_gains(always, np.ones((200, 1)), member, np.random.default_rng(0))
    >>> found.gain.tolist(), bool(found.low[0] > 0.9), found.p_value < 0.002
    ([1.0], True, True)
    """
    label = np.r_[member[None, :], rng.permuted(np.tile(member, (shuffles, 1)), axis=1)]
    label = label.astype(float)
    rates = [_rates(part, success, weight) for part in (label, 1 - label)]
    gain = rates[0] - rates[1]
    spread = gain[1:].std(axis=0)
    clear = np.divide(gain, spread, out=np.zeros_like(gain), where=spread > 0)
    best = clear.argmax(axis=1)
    limit = np.quantile(clear[1:].max(axis=1), 0.95)
    sizes = [_trials(part, success, weight) for part in (label[0], 1 - label[0])]
    level = 1 - (1 - LEVEL) / success.shape[1]
    low, high = newcombe(rates[0][0], sizes[0], rates[1][0], sizes[1], level)
    return Gains(
        rates[0][0], rates[1][0], low, high, (limit + 0.8416) * spread,
        gain[1:][np.arange(shuffles), best[1:]], int(best[0]),
        float((1 + (clear[1:].max(axis=1) >= clear[0].max() - 1e-9).sum()) / (1 + shuffles)),
    )  # fmt: skip


def _rates(label: np.ndarray, success: np.ndarray, weight: np.ndarray) -> np.ndarray:
    total = label @ weight
    hits = label @ (weight * success)
    return np.divide(hits, total, out=np.zeros_like(hits), where=total > 0)


def _trials(label: np.ndarray, success: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Effective number of trials: fewer by weights, more where success is not all or nothing."""
    rate = _rates(label, success, weight)
    spread = _rates(label, success**2, weight) - rate**2
    sure = np.divide(rate * (1 - rate), spread, out=np.ones_like(rate), where=spread > 1e-9)
    return sure * np.square(label @ weight) / np.maximum(label @ np.square(weight), 1e-12)


def linkability_gain(candidate: Columns, reference: Reference) -> Estimate:
    """How much more often two halves of a record are joined if it was trained on."""
    members, outsiders = reference.train, reference.holdout
    if min(members.rows, outsiders.rows, candidate.rows) < FEWEST:
        return Estimate.absent(f"a table has fewer than {FEWEST} rows")
    count = len(members.variables)
    if count < 2:
        return Estimate.absent("one variable cannot be split in two")
    rng = reference.rng("halves of the linkability attack")
    halves = np.array([rng.permutation(count) < count // 2 for _ in range(SPLITS)])
    halves = np.concatenate([halves, ~halves]).astype(np.float32)
    # Which of several rows at one distance is nearest must not follow the order of the table.
    synthetic = candidate.take(rng.permutation(candidate.rows))
    records = stacked(members, outsiders)
    joined = np.empty((records.rows, len(NEIGHBOURS)))
    most = [min(number, max(1, synthetic.rows // 10)) for number in NEIGHBOURS.values()]
    for rows, apart in distances(records, synthetic, synthetic):
        halved = np.tensordot(halves, apart, axes=1)
        for place, number in enumerate(most):
            near = np.argpartition(halved, number - 1, axis=2)[:, :, :number]
            both = near[:SPLITS, :, :, None] == near[SPLITS:, :, None, :]
            joined[rows, place] = both.any(axis=(2, 3)).mean(axis=0)
    member = np.arange(records.rows) < members.rows
    found = measure_gains(joined, np.ones_like(joined), member, reference.rng("shuffled joins"))
    table = pd.DataFrame(
        {
            "attack": list(NEIGHBOURS), "neighbours": most,
            "members": found.inside.round(4), "others": found.outside.round(4),
            "gain": found.gain.round(4), "low": found.low.round(4), "high": found.high.round(4),
        }
    )  # fmt: skip
    note = (
        f"joined when one synthetic row is among the {most[found.best]} nearest to both halves, "
        f"over {SPLITS} random halves of {count} variables"
    )
    return found.estimate(records.rows, note, {"linkability": table})


MEASURES = (
    Measure(
        "linkability_gain",
        "Linkability, halves joined beyond chance",
        "privacy",
        "minimise",
        (-1.0, 1.0),
        "How much more often the synthetic table joins two halves of a training patient's record "
        "than of another patient's.",
        frozenset({"holdout"}),
        "chance",
        linkability_gain,
        standard_only=True,
    ),
)
