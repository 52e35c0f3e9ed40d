"""Can this many patients be simulated from this seed?"""

from __future__ import annotations

from numbers import Integral

from synthema_lab.errors import ArgumentRefused

MOST = 1_000_000


def refuse_patients(patients: int) -> int:
    """The number of patients, if it is a whole number from 1 to a million.

    Raises
    ------
    ArgumentRefused
        Otherwise.
    """
    return _whole(patients, "The number of patients", 1, MOST, "patients=1500")


def refuse_seed(seed: int) -> int:
    """The seed, if it is a whole number from 0 to 2**64 - 1.

    Raises
    ------
    ArgumentRefused
        Otherwise.
    """
    return _whole(seed, "The seed", 0, 2**64 - 1, "seed=1")


def _whole(value: object, what: str, least: int, most: int, example: str) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral) or not least <= value <= most:
        raise ArgumentRefused(
            f"{what} cannot be used.",
            f"A whole number from {least:,} to {most:,}.",
            f"As in load_cohort(name, {example}).",
        )
    return int(value)
