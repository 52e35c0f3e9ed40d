"""How is a pool of rows drawn that all keep the dictionary's limits and rules?

By rejection: a drawn row beyond a limit, with a value that stands for nothing,
or against a rule that can be decided is left out and others are drawn, up to a
cap. Nothing is clipped or repaired, so that the pool is the plug-in's own
distribution given that the rules hold. A plug-in that hands back the patients
themselves is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ...dictionary import DataDictionary
from ...errors import GateFailed
from .plain_numbers import from_numbers, within_limits
from .spread import spread

MOST_DRAWS = 50
"""Rows drawn, at most, for each row of the pool."""
_FIRST = 1000
_COPIES_ABOVE_CHANCE = 0.05


@dataclass
class Tally:
    """What was drawn and what was refused, and why."""

    drawn: int = 0
    kept: int = 0
    copies: int = 0
    limits: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)


def kept_pool(
    draw: Callable[[int, int], np.ndarray],
    wanted: int,
    columns: Sequence[str],
    dictionary: DataDictionary,
    patients: np.ndarray,
    rng: np.random.Generator,
    told: Callable[[float], None],
) -> tuple[np.ndarray, Tally]:
    """Draw until enough rows keep every limit and every decidable rule.

    Parameters
    ----------
    draw : callable
        ``draw(count, batch)``: about `count` rows, shape (rows, columns), the
        same for the same number of the batch.
    wanted : int
    columns : sequence of str
    dictionary : DataDictionary
    patients : numpy.ndarray, shape (patients, columns)
        Whom the plug-in learnt from, to see whether it hands them back.
    rng : numpy.random.Generator
        Moves values that were taken over (see `spread`).
    told : callable
        Called with the share done.

    Returns
    -------
    numpy.ndarray of float64, shape (wanted, columns)
    Tally

    Raises
    ------
    GateFailed
        If fewer than one drawn row in `MOST_DRAWS` is kept, naming the limits
        and rules that refused them; or if the plug-in hands patients back.
    """
    tally, kept, batch = Tally(), [], 0
    while tally.kept < wanted:
        share = tally.kept / tally.drawn if tally.drawn else 1.0
        missing = (wanted - tally.kept) / max(share, 1 / MOST_DRAWS)
        most = _FIRST if batch == 0 else max(2 * wanted, _FIRST)
        asked = int(np.clip(1.1 * missing, 100, most))
        numbers = draw(asked, batch)
        batch += 1
        tally.drawn += len(numbers) or asked
        tally.copies += copies(numbers, patients)
        numbers = spread(numbers, patients, columns, dictionary, rng)
        allowed = within_limits(numbers, columns, dictionary)
        for place in np.flatnonzero(~allowed.all(axis=0)):
            tally.limits[columns[place]] += int((~allowed[:, place]).sum())
        numbers = numbers[allowed.all(axis=1)]
        if len(numbers):
            broken = broken_rules(numbers, columns, dictionary)
            tally.rules.update({name: int(rows.sum()) for name, rows in broken.items()})
            sound = ~np.any([np.zeros(len(numbers), dtype=bool), *broken.values()], axis=0)
            kept.append(numbers[sound])
            tally.kept += int(sound.sum())
        if tally.drawn >= 2 * _FIRST and tally.kept * MOST_DRAWS < tally.drawn:
            _refuse_rules(tally, dictionary)
        told(min(tally.kept / wanted, 1.0))
    _refuse_copies(tally, patients)
    return np.concatenate(kept)[:wanted], tally


def broken_rules(
    numbers: np.ndarray, columns: Sequence[str], dictionary: DataDictionary
) -> dict[str, np.ndarray]:
    """Where a rule that can be decided is broken, for the rules of which that is so.

    Parameters
    ----------
    numbers : numpy.ndarray, shape (rows, columns)
        Within the dictionary's limits.

    Returns
    -------
    dict of str to numpy.ndarray of bool, shape (rows,)
    """
    cohort = from_numbers(numbers, columns, dictionary)
    rules, _ = dictionary.decidable(columns)
    broken = {rule.name: np.asarray(rule.holds(cohort)) == 0 for rule in rules}
    return {name: rows for name, rows in broken.items() if rows.any()}


def copies(numbers: np.ndarray, patients: np.ndarray) -> int:
    """How many rows equal some patient in every value.

    Examples
    --------
    >>> copies(np.array([[1.0, np.nan], [2.0, 3.0]]), np.array([[1.0, np.nan]]))
    1
    """
    seen = {row.tobytes() for row in patients + 0.0}
    return sum(row.tobytes() in seen for row in numbers + 0.0)


def _refuse_copies(tally: Tally, patients: np.ndarray) -> None:
    """Refuse a plug-in that repeats patients more often than they repeat each other."""
    _, times = np.unique(patients, axis=0, return_counts=True, equal_nan=True)
    twins = float(times[times > 1].sum()) / len(patients)
    share = tally.copies / tally.drawn
    if share > twins + _COPIES_ABOVE_CHANCE:
        raise GateFailed(
            f"{share:.0%} of the rows that the plug-in drew are patients it learnt from, value "
            "by value.",
            f"About as often as two patients are alike ({twins:.0%}): it hands patients back.",
            "Use another generator: --generator trees or --generator marginal.",
        )


def _refuse_rules(tally: Tally, dictionary: DataDictionary) -> None:
    def most(refused: Counter[str]) -> str:
        return ", ".join(f"{name} ({times:,})" for name, times in refused.most_common(6))

    reasons = []
    if tally.rules:
        reasons.append(f"rules {most(tally.rules)}")
    if tally.limits:
        reasons.append(f"limits of {most(tally.limits)}")
    raise GateFailed(
        f"Of {tally.drawn:,} rows that the plug-in drew, {tally.kept:,} keep '{dictionary.name}'; "
        f"refused by {'; '.join(reasons) or 'drawing none'}.",
        f"At least one row in {MOST_DRAWS} that keeps every limit and every rule.",
        "Let the plug-in learn longer (n_iter), leave out variables of these rules, or use "
        "--generator marginal, which keeps rules by construction.",
    )
