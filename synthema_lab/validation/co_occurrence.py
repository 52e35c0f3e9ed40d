"""Do findings that go together, or shut each other out, do so in synthetic patients?

Every pair of yes-or-no findings has a log odds ratio, with half a patient added
to each cell (Haldane 1956, Anscombe 1956). A pair is compared if at least five
real patients would carry both by chance, and its association is clear if the
log odds ratio lies more than two standard errors from 0. Resampling adds noise
that can only blur associations, so the interval of a share kept reaches as far
up as its resamples lie below it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from .bootstrap import distance_interval
from .columns import Columns
from .metric import Estimate, Measure
from .reference import Reference

FEWEST = 10
EXPECTED = 5.0
CLEAR = 2.0
ABSENT = (
    "no pair of findings is common enough: each needs 10 real carriers and 10 others, and "
    "chance must give 5 carriers of both"
)


def co_occurrence_error(candidate: Columns, reference: Reference) -> Estimate:
    """Mean absolute difference of the log odds ratios, with a table by pair."""
    pairs = _pairs(reference)
    if not len(pairs):
        return Estimate.absent(ABSENT)
    (real, error, cells), real_draws = _log_odds(reference.train, reference)
    (other, _, other_cells), other_draws = _log_odds(candidate, reference)
    difference = other - real
    value = float(np.abs(difference).mean())
    moved = np.abs(other_draws[0] - real_draws[0] - difference).mean(axis=1)
    low, high = distance_interval(value, moved, (0.0, np.inf))
    variables = reference.dictionary.variables
    hidden = cells.min(axis=0) < FEWEST
    if candidate.role in ("train", "holdout"):
        other = np.where(other_cells.min(axis=0) < FEWEST, np.nan, other)
    clear = np.abs(real) > CLEAR * error
    table = pd.DataFrame(
        {
            "first": [variables[a].label for a, _ in pairs],
            "second": [variables[b].label for _, b in pairs],
            "first_variable": [a for a, _ in pairs],
            "second_variable": [b for _, b in pairs],
            "real": np.where(hidden, np.nan, real).round(1),
            "real_direction": np.where(~clear, "unclear", np.where(real > 0, "together", "apart")),
            "candidate": other.round(2),
            "hidden": hidden,
        }
    )
    note = f"{len(pairs)} pairs of findings"
    if hidden.any():
        note += (
            f"; real odds ratios of {int(hidden.sum())} pairs are not shown, since fewer than "
            f"{FEWEST} patients stand behind a cell"
        )
    return Estimate(value, low, high, candidate.rows, note, curves={"co_occurrence": table})


def co_occurrence_sign(candidate: Columns, reference: Reference) -> Estimate:
    """Share of the associations that are clear in real patients and keep their direction."""
    return _kept(
        candidate, reference, lambda odds, error: np.abs(odds) > CLEAR * error, "associated"
    )


def mutual_exclusivity(candidate: Columns, reference: Reference) -> Estimate:
    """Share of the pairs that clearly shun each other in real patients and still do."""
    return _kept(candidate, reference, lambda odds, error: odds < -CLEAR * error, "exclusive")


def _kept(
    candidate: Columns,
    reference: Reference,
    chosen: Callable[[np.ndarray, np.ndarray], np.ndarray],
    said: str,
) -> Estimate:
    if not len(_pairs(reference)):
        return Estimate.absent(ABSENT)
    (real, error, _), (real_draws, error_draws) = _log_odds(reference.train, reference)
    (other, _, _), (other_draws, _) = _log_odds(candidate, reference)
    clear = chosen(real, error)
    if not clear.any():
        return Estimate.absent(f"no pair of findings is clearly {said} in real patients")
    value = float((real * other > 0)[clear].mean())
    clear_draws = chosen(real_draws, error_draws)
    same = (clear_draws & (real_draws * other_draws > 0)).sum(axis=1)
    with np.errstate(invalid="ignore"):
        drawn = same / clear_draws.sum(axis=1)
    low, high = distance_interval(value, np.abs(drawn - value))
    note = f"{int(clear.sum())} of {len(clear)} pairs are clearly {said} in real patients"
    return Estimate(value, low, high, candidate.rows, note)


def _pairs(reference: Reference) -> list[tuple[str, str]]:
    """Pairs of findings that are common enough in the training patients."""
    return reference.once(("findings in pairs", "train"), lambda: _common_pairs(reference))


def _common_pairs(reference: Reference) -> list[tuple[str, str]]:
    train, dictionary = reference.train, reference.dictionary
    event = dictionary.survival.event if dictionary.survival else None
    names = [
        name
        for name, codes in train.coded.items()
        if dictionary.variables[name].type == "boolean"
        and name != event
        and min((codes == 0).sum(), (codes == 1).sum()) >= FEWEST
    ]
    if len(names) < 2:
        return []
    yes, no = (np.column_stack([train.coded[n] == v for n in names]).astype(float) for v in (1, 0))
    carriers = yes.T @ (yes + no)
    both_known = (yes + no).T @ (yes + no)
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = np.nan_to_num(carriers * carriers.T / both_known)
    first, second = np.nonzero(np.triu(expected >= EXPECTED, 1))
    return [(names[a], names[b]) for a, b in zip(first, second, strict=True)]


def log_odds(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log odds ratios and their standard errors.

    Parameters
    ----------
    cells : ndarray, shape (4, ...)
        Who carries both, the first only, the second only, and neither.

    Returns
    -------
    tuple of ndarray, shapes (...)
        Where nobody or everybody carries a finding the table says nothing about
        the pair, and the log odds ratio is 0.

    Examples
    --------
    >>> [part.round(2).tolist() for part in log_odds(np.array([[9, 5], [4, 0], [4, 5], [9, 0]]))]
    [[1.49, 0.0], [0.81, 2.09]]
    """
    both, first, second, neither = cells
    varies = (both + first) * (both + second) * (neither + first) * (neither + second) > 0
    half = np.log(cells + 0.5)
    odds = np.where(varies, half[0] - half[1] - half[2] + half[3], 0.0)
    return odds, np.sqrt((1 / (cells + 0.5)).sum(axis=0))


def carriers(columns: Columns, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
    """Who carries both findings of each pair, the first only, the second only, and neither.

    Returns
    -------
    ndarray of bool, shape (4, rows, pairs)
    """
    yes, no = (
        [np.column_stack([columns.coded[pair[side]] == code for pair in pairs]) for side in (0, 1)]
        for code in (1, 0)
    )
    return np.stack([a & b for a in (yes[0], no[0]) for b in (yes[1], no[1])])


def _log_odds(columns: Columns, reference: Reference) -> tuple[tuple, tuple]:
    """Log odds ratios, errors and cells of the table; then odds and errors of its resamples."""

    def compute() -> tuple[tuple, tuple]:
        every = [cell.astype(np.float32) for cell in carriers(columns, _pairs(reference))]
        once, drawn = (
            np.stack([(counts.astype(np.float32) @ cell).astype(float) for cell in every])
            for counts in (np.ones((1, columns.rows)), reference.counts(columns))
        )
        return (*log_odds(once[:, 0]), once[:, 0]), log_odds(drawn)

    return reference.once(("log odds of pairs", columns.role), compute)


MEASURES = (
    Measure(
        "co_occurrence_error",
        "Co-occurrence: log odds ratio error",
        "clinical",
        "minimise",
        (0.0, float("inf")),
        "Mean difference between the log odds ratios of pairs of findings, such as two mutations.",
        frozenset(),
        "holdout",
        co_occurrence_error,
    ),
    Measure(
        "co_occurrence_sign",
        "Co-occurrence: directions kept",
        "clinical",
        "maximise",
        (0.0, 1.0),
        "Share of the pairs of findings clearly associated in real patients whose association "
        "has the same direction.",
        frozenset(),
        "holdout",
        co_occurrence_sign,
    ),
    Measure(
        "mutual_exclusivity",
        "Mutual exclusivity kept",
        "clinical",
        "maximise",
        (0.0, 1.0),
        "Share of the pairs of findings that clearly shut each other out in real patients and "
        "still do.",
        frozenset(),
        "holdout",
        mutual_exclusivity,
    ),
)
