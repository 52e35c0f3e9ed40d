"""Does it change what singling out finds in a copy how many patients are held out?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from synthema_lab.cohorts import Cohort, split_holdout
from synthema_lab.generators import floor_table
from synthema_lab.validation import prepare
from synthema_lab.validation.columns import read_columns
from synthema_lab.validation.registry import measure

from .attacked_tables import half_copy
from .attacks_table import ATTACKS

HELD_OUT = (0.15, 0.3, 0.5)


def split_lines(cohorts: Mapping[str, Cohort], seeds: int) -> list[str]:
    """Our singling out of a copy and a half copy, by the share that is held out.

    Parameters
    ----------
    cohorts : mapping of str to Cohort
    seeds : int
        Splits for each share.

    Returns
    -------
    list of str
        Medians over the splits of the gain, its lower limit, and the gain's share of
        the most that a copy can reach when it is thinned to as many patients.
    """
    lines = [
        "our singling out by the share held out",
        f"  {'':<26}{'copy':>24}{'half copy':>24}",
        f"  {'':<26}" + f"{'gain':>9}{'low':>6}{'of most':>9}" * 2,
    ]
    for name, cohort in cohorts.items():
        for held in HELD_OUT:
            found = [_copied(cohort, held, seed) for seed in range(1, seeds + 1)]
            cells = "".join(
                f"{gain:>9.3f}{low:>6.2f}{share:>9.2f}"
                for gain, low, share in np.median(found, axis=0)
            )
            lines.append(f"  {name:<12}{held:>4.0%} held out {cells}")
    return lines


def _copied(cohort: Cohort, held: float, seed: int) -> list[tuple[float, float, float]]:
    """Gain, its lower limit, and its share of the most, for a copy and for a half copy."""
    dictionary = cohort.dictionary
    train, test = split_holdout(cohort.patients, dictionary, held, f"benchmark {seed}".encode())
    reference = prepare(train, test, dictionary, seed=seed)
    fresh = floor_table(dictionary.conform(train), dictionary, len(train), seed + 1)
    found = []
    for table in (train, half_copy(train, fresh, seed)):
        candidate = read_columns(table, dictionary, reference.train.variables)
        estimate = measure(ATTACKS["singling out"]).estimate(candidate, reference)
        rows = estimate.curves["singling_out"]
        others = rows.loc[(rows["gain"] - estimate.value).abs().idxmin(), "others"]
        most = min(1.0, len(test) / len(train)) - float(others)
        found.append((estimate.value, estimate.low, estimate.value / max(most, 1e-9)))
    return found
