"""Does it change what singling out finds in a copy how many patients are held out?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from synthema_lab.cohorts import Cohort, split_holdout
from synthema_lab.generators import floor_table
from synthema_lab.validation import prepare
from synthema_lab.validation.columns import read_columns
from synthema_lab.validation.registry import measure

from .attacked_tables import COPY, FLOOR, HALF, half_copy
from .attacks_table import ATTACKS

HELD_OUT = (0.15, 0.3, 0.5)


def split_lines(cohorts: Mapping[str, Cohort], seeds: int) -> list[str]:
    """Our singling out of a copy, a half copy and the floor, by the share that is held out.

    Parameters
    ----------
    cohorts : mapping of str to Cohort
    seeds : int
        Splits for each share.

    Returns
    -------
    list of str
        Medians over the splits of the gain, as a share of what a copy would gain, and
        of its limits.
    """
    lines = [
        "our singling out by the share held out",
        f"  {'':<26}" + "".join(f"{label:>22}" for label in (COPY, HALF, FLOOR)),
        f"  {'':<26}" + f"{'share':>9}{'low':>7}{'high':>6}" * 3,
    ]
    for name, cohort in cohorts.items():
        for held in HELD_OUT:
            found = [_copied(cohort, held, seed) for seed in range(1, seeds + 1)]
            cells = "".join(
                f"{share:>9.3f}{low:>7.2f}{high:>6.2f}"
                for share, low, high in np.median(found, axis=0)
            )
            lines.append(f"  {name:<12}{held:>4.0%} held out {cells}")
    return lines


def _copied(cohort: Cohort, held: float, seed: int) -> list[tuple[float, float, float]]:
    """The gain as a share and its limits for a copy, for a half copy and for the floor."""
    dictionary = cohort.dictionary
    train, test = split_holdout(cohort.patients, dictionary, held, f"benchmark {seed}".encode())
    reference = prepare(train, test, dictionary, seed=seed)
    fresh = floor_table(dictionary.conform(train), dictionary, len(train), seed + 1)
    found = []
    for table in (train, half_copy(train, fresh, seed), fresh):
        candidate = read_columns(table, dictionary, reference.train.variables)
        estimate = measure(ATTACKS["singling out"]).estimate(candidate, reference)
        found.append((estimate.value, estimate.low, estimate.high))
    return found
