"""Can what is asked of a generator be used: rows, a seed, settings?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np

from ..errors import ArgumentRefused

MOST_ROWS = 10_000_000
LARGEST_SEED = 2**63 - 1
"""That torch and numpy both take."""

Settings = TypeVar("Settings")


def is_whole(value: object, numpy_too: bool = False) -> bool:
    """Whether a value is a whole number, and no truth value.

    Examples
    --------
    >>> is_whole(3), is_whole(True), is_whole(3.0), is_whole(np.int64(3), numpy_too=True)
    (True, False, False, True)
    """
    kinds = int | np.integer if numpy_too else int
    return isinstance(value, kinds) and not isinstance(value, bool)


def require_rows(rows: object) -> None:
    """Refuse a number of synthetic patients that cannot be drawn.

    Raises
    ------
    ArgumentRefused

    Examples
    --------
    >>> require_rows(1000)
    """
    if not (is_whole(rows, numpy_too=True) and 1 <= rows <= MOST_ROWS):
        raise ArgumentRefused(
            "The number of synthetic patients cannot be used.",
            f"A whole number from 1 to {MOST_ROWS}, for example 1000.",
            "Use --rows 1000.",
        )


def require_seed(seed: object, largest: int | None = None, numpy_too: bool = True) -> None:
    """Refuse what is no seed.

    Parameters
    ----------
    seed : object
    largest : int, optional
        `LARGEST_SEED` where torch takes it too.
    numpy_too : bool
        False where it is written into a file as it is.

    Raises
    ------
    ArgumentRefused

    Examples
    --------
    >>> require_seed(7)
    """
    if not is_whole(seed, numpy_too) or seed < 0 or (largest is not None and seed > largest):
        raise ArgumentRefused(
            "The seed is not a whole number from 0"
            + ("." if largest is None else f" to {largest}."),
            "For example 1.",
            "Use --seed 1.",
        )


def require_setting(owner: str, name: str, holds: bool, expected: str) -> None:
    """Refuse a setting whose value cannot be used.

    Parameters
    ----------
    owner : str
        Such as ``"the vae"``.
    name : str
    holds : bool
    expected : str
        What it may be.

    Raises
    ------
    ArgumentRefused
    """
    if not holds:
        raise ArgumentRefused(
            f"The setting {name} of {owner} cannot be used.",
            f"{name}: {expected}.",
            "Correct the setting.",
        )


def settings_from(kind: type[Settings], owner: str, given: Mapping[str, Any]) -> Settings:
    """Settings of a dataclass, by name.

    Parameters
    ----------
    kind : type
        The dataclass.
    owner : str
    given : mapping of str to object

    Raises
    ------
    ArgumentRefused
        If one is unknown.
    """
    known = [one.name for one in fields(kind)]
    if unknown := [name for name in given if name not in known]:
        raise ArgumentRefused(
            f"There is no setting {', '.join(unknown)} of {owner}.",
            f"Of: {', '.join(known)}.",
            "Correct the settings.",
        )
    return kind(**given)
