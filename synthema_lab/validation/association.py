"""Do the variables go together as they do in real patients?

Every pair of variables has one coefficient: Spearman's rank correlation for
two numbers, the correlation ratio of the ranks for a number and a category
(Kelley's correction of its bias, 1935), and Cramer's V for two categories
(Bergsma's correction, 2013). Without the corrections a smaller table would seem
to hold stronger associations.

Each coefficient is read on the patients who have both values; ranks are taken
once, among all who have the number. Levels that fewer than ten training
patients have are set aside in every table. All coefficients follow from one
matrix of weighted sums, so that a resample costs one matrix product; the
corrections use the effective number of patients behind the weights (Kish 1965).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .bootstrap import distance_interval
from .columns import Columns
from .metric import Estimate, Measure
from .reference import Reference

FEWEST = 10
FEWEST_PAIRED = 30
SHOWN = 20
KINDS = ("Spearman", "correlation ratio", "Cramer's V")


def correlation_difference(candidate: Columns, reference: Reference) -> Estimate:
    """Mean absolute difference of the coefficients over all pairs of variables.

    A pair is left out where fewer than 30 training patients have both values,
    or one variable is constant among them. A pair that cannot be seen in the
    candidate for the same reason counts as no association.

    Returns
    -------
    Estimate
        Its `curves` hold ``associations``: the pairs that differ most, with
        labels, kind, both coefficients and their difference, only where every
        group behind a real coefficient has at least ten patients.
    """
    layout = reference.once(("association layout", "train"), lambda: Layout(reference.train))
    real, real_draws, fewest = _coefficients(reference.train, reference, layout)
    other, other_draws, other_fewest = _coefficients(candidate, reference, layout)
    used = np.isfinite(real)
    if not used.any():
        return Estimate.absent(
            f"no pair of variables varies among {FEWEST_PAIRED} training patients who have both"
        )
    unseen = int(np.isnan(other[used]).sum())
    difference = np.nan_to_num(other[used]) - real[used]
    value = float(np.abs(difference).mean())
    moved = np.nan_to_num(other_draws[:, used]) - np.nan_to_num(real_draws[:, used]) - difference
    low, high = distance_interval(value, np.abs(moved).mean(axis=1), (0.0, 2.0))
    shown = used & (fewest >= FEWEST)
    if candidate.role in ("train", "holdout"):
        shown &= other_fewest >= FEWEST
    note = f"{int(used.sum())} pairs of {len(layout.names)} variables"
    if unseen:
        note += f"; {unseen} cannot be seen in this table and count as no association"
    if layout.set_aside:
        note += f"; {layout.set_aside} levels with fewer than {FEWEST} training patients set aside"
    if (used & ~shown).any():
        note += f"; {int((used & ~shown).sum())} with a group of fewer than {FEWEST} are not shown"
    table = _differing(layout, reference, np.flatnonzero(shown), real, other)
    return Estimate(value, low, high, candidate.rows, note, curves={"associations": table})


class Layout:
    """Which variables, levels and pairs enter, in which order, fixed by the training table.

    Pairs are positions in `names`; a category that is left with one level does not enter.
    """

    def __init__(self, train: Columns) -> None:
        self.levels: dict[str, np.ndarray] = {}
        self.set_aside = 0
        for name, codes in train.coded.items():
            counts = np.bincount(codes[codes >= 0], minlength=len(train.levels[name]))
            self.set_aside += int(((counts > 0) & (counts < FEWEST)).sum())
            if (counts >= FEWEST).sum() > 1:
                self.levels[name] = np.flatnonzero(counts >= FEWEST)
        self.numeric = tuple(train.numeric)
        self.names = (*self.numeric, *self.levels)
        sizes = np.array([len(kept) for kept in self.levels.values()], dtype=int)
        self.starts = np.cumsum(sizes) - sizes
        self.variable_of = np.repeat(np.arange(len(sizes)), sizes)
        self.first, self.second = np.triu_indices(len(self.names), 1)

    def indicators(self, columns: Columns) -> np.ndarray:
        """One column for each level that is kept, shape (rows, levels)."""
        parts = [columns.coded[name][:, None] == kept for name, kept in self.levels.items()]
        return np.hstack(parts).astype(float) if parts else np.empty((columns.rows, 0))

    def pairs(self, numbers: np.ndarray, ratios: np.ndarray, tables: np.ndarray) -> np.ndarray:
        """The three blocks of a square matrix, read in the order of the pairs."""
        whole = np.block([[numbers, ratios], [ratios.T, tables]])
        return whole[self.first, self.second]


def _coefficients(
    columns: Columns, reference: Reference, layout: Layout
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coefficients, those of every resample, and the smallest group behind each."""

    def make() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        sums = _Sums(columns, layout)
        found, fewest = sums.coefficients(np.ones(columns.rows))
        counts = reference.counts(columns)
        draws = np.array([sums.coefficients(weights)[0] for weights in counts])
        return found, draws, fewest

    return reference.once(("associations", columns.role), make)


class _Sums:
    """One table, ready to be summed under any weights of its patients."""

    def __init__(self, columns: Columns, layout: Layout) -> None:
        self.layout = layout
        values = np.array([columns.numeric[name] for name in layout.numeric], dtype=float)
        values = values.reshape(len(layout.numeric), columns.rows).T
        self.known, self.levels = np.isfinite(values), layout.indicators(columns)
        self.order = np.argsort(values, axis=0, kind="stable")
        self.below, self.upto = np.empty((2, *values.shape), dtype=int)
        for number, column in enumerate(values.T):
            ascending = column[self.order[:, number]]
            self.below[:, number] = np.searchsorted(ascending, column, "left")
            self.upto[:, number] = np.searchsorted(ascending, column, "right")

    def ranks(self, weights: np.ndarray) -> np.ndarray:
        """Weighted mid-ranks from -0.5 to 0.5, and 0 where missing, shape (rows, numbers)."""
        present = weights[self.order] * np.take_along_axis(self.known, self.order, axis=0)
        passed = np.vstack([np.zeros((1, present.shape[1])), np.cumsum(present, axis=0)])
        twice = sum(np.take_along_axis(passed, at, axis=0) for at in (self.below, self.upto))
        return (twice / 2 / np.maximum(passed[-1], 1.0) - 0.5) * self.known

    def coefficients(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The coefficient of every pair, and the smallest group behind it."""
        drawn = weights > 0
        ranks = self.ranks(weights)[drawn]
        design = np.hstack([ranks, ranks**2, self.known[drawn], self.levels[drawn]])
        total = (design * weights[drawn, None]).T @ design
        numbers = ranks.shape[1]
        rank, square, known = (slice(at * numbers, (at + 1) * numbers) for at in range(3))
        level = slice(3 * numbers, None)
        effective = weights.sum() / (weights**2).sum()
        starts, owner = self.layout.starts, self.layout.variable_of
        with np.errstate(invalid="ignore", divide="ignore"):
            spearman = _spearman(
                total[rank, rank], total[rank, known], total[square, known], total[known, known]
            )
            ratio, smallest = _ratio(
                total[rank, level], total[square, level], total[known, level], starts, effective
            )
            cramer, cell = _cramer(total[level, level], starts, owner, effective)
        return (
            self.layout.pairs(spearman, ratio, cramer),
            self.layout.pairs(total[known, known], smallest, cell),
        )


def _spearman(
    products: np.ndarray, sums: np.ndarray, squares: np.ndarray, known: np.ndarray
) -> np.ndarray:
    mean = sums / known
    spread = squares / known - mean**2
    # Ranks lie within half a step of 0, so that a spread this small is rounding.
    spread = np.where((spread > 1e-10) & (known >= FEWEST_PAIRED), spread, np.nan)
    return np.clip((products / known - mean * mean.T) / np.sqrt(spread * spread.T), -1, 1)


def _ratio(
    sums: np.ndarray, squares: np.ndarray, counts: np.ndarray, starts: np.ndarray, effective: float
) -> tuple[np.ndarray, np.ndarray]:
    """Correlation ratio of ranks by category, shape (numbers, categories)."""
    if not len(starts):
        return np.empty((len(sums), 0)), np.empty((len(sums), 0))
    add = np.add.reduceat
    patients, total = add(counts, starts, axis=1), add(sums, starts, axis=1)
    within_groups = np.where(counts > 0, sums**2 / counts, 0.0)
    between = add(within_groups, starts, axis=1) - total**2 / patients
    whole = add(squares, starts, axis=1) - total**2 / patients
    groups = add((counts > 0).astype(int), starts, axis=1)
    seen = (whole / patients > 1e-10) & (groups > 1) & (patients >= FEWEST_PAIRED)
    size = patients * effective
    seen &= size > groups
    share = 1 - (1 - between / np.where(seen, whole, np.nan)) * (size - 1) / (size - groups)
    return np.sqrt(np.clip(share, 0, 1)), np.minimum.reduceat(counts, starts, axis=1)


def _cramer(
    cells: np.ndarray, starts: np.ndarray, owner: np.ndarray, effective: float
) -> tuple[np.ndarray, np.ndarray]:
    """Cramer's V of every two categories, shape (categories, categories)."""
    if not len(starts):
        return np.empty((0, 0)), np.empty((0, 0))
    add = np.add.reduceat
    margin = add(cells, starts, axis=1)
    expected = margin[:, owner] * margin[:, owner].T
    share = np.where(expected > 0, cells**2 / expected, 0.0)
    levels = add((margin > 0).astype(int), starts, axis=0)
    patients = add(margin, starts, axis=0)
    size = patients * effective
    free = (levels - 1) * (levels.T - 1)
    squared = add(add(share, starts, axis=0), starts, axis=1) - 1 - free / (size - 1)
    fewer = levels - (levels - 1) ** 2 / (size - 1)
    fewer = np.minimum(fewer, fewer.T) - 1
    seen = (free > 0) & (patients >= FEWEST_PAIRED) & (fewer > 0)
    value = np.sqrt(np.clip(squared / np.where(seen, fewer, np.nan), 0, 1))
    smallest = np.minimum.reduceat(np.minimum.reduceat(cells, starts, axis=0), starts, axis=1)
    return value, smallest


def _differing(layout, reference, at, real, other) -> pd.DataFrame:
    """Of the pairs at these positions those that differ most, tidy."""
    real, other = real.round(2), np.nan_to_num(other).round(2)
    at = at[np.argsort(-np.abs(other[at] - real[at]), kind="stable")[:SHOWN]]
    table = pd.DataFrame({"first": layout.first[at], "second": layout.second[at]})
    kind = (table >= len(layout.numeric)).sum(axis=1)
    names = table.apply(lambda column: column.map(dict(enumerate(layout.names))))
    labels = {name: reference.dictionary.variables[name].label for name in layout.names}
    table = names.apply(lambda column: column.map(labels))
    return table.join(names.add_suffix("_variable")).assign(
        kind=kind.map(dict(enumerate(KINDS))),
        real=real[at],
        candidate=other[at],
        difference=(other[at] - real[at]).round(2),
    )


MEASURES = (
    Measure(
        "correlation_difference",
        "Pairs of variables: mean difference of association",
        "fidelity",
        "minimise",
        (0.0, 2.0),
        "How far correlations, correlation ratios and Cramer's V differ from those of real "
        "patients; mean over all pairs of variables. Chance alone makes a small table differ.",
        frozenset(),
        "holdout",
        correlation_difference,
        standard_only=True,
    ),
)
