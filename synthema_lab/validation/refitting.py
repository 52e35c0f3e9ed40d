"""How is a generator fitted once more, for an attack or a test that needs many fits?

A generator may refuse a table: too few patients of a kind, or a gate that it failed. Such
a fit is counted and left out. Every other error is the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import ArgumentRefused, DataMismatch, GateFailed

from .admission import admit_synthetic

Fit = Callable[[pd.DataFrame, int], pd.DataFrame]
"""Fits a generator on a table with a seed, and returns a synthetic table of as many rows."""


def refitted(
    fit: Fit, table: pd.DataFrame, rng: np.random.Generator, variables: Sequence[str],
    dictionary: DataDictionary,
) -> pd.DataFrame | None:  # fmt: skip
    """The synthetic table of one more fit; None if the generator refused the table.

    Parameters
    ----------
    fit : callable
    table : DataFrame
        What to fit on.
    rng : numpy.random.Generator
        Draws the seed that `fit` gets.
    variables : sequence of str
        What the synthetic table must hold.
    dictionary : DataDictionary

    Raises
    ------
    DataMismatch
        A synthetic table that is empty, or has other columns.
    """
    try:
        synthetic = fit(table, int(rng.integers(2**31)))
    except (DataMismatch, GateFailed):
        return None
    admit_synthetic(synthetic, tuple(variables), dictionary)
    return synthetic


def settled(
    fit: Fit, rows: int, targets: int | Sequence[int], worlds: int, seed: int,
    fewest: int,
) -> int:  # fmt: skip
    """How many targets there are; refuses settings that cannot be used."""
    many = targets if isinstance(targets, int) else len(targets)
    places = range(rows) if isinstance(targets, int) else targets
    for refused, *told in (
        (not callable(fit), "The generator cannot be called.",
         "fit(table, seed), which gives a synthetic table.",
         "Wrap it: lambda table, seed: generators.get('trees').fit([table], dictionary, "
         "seed=seed).sample(len(table), seed)."),
        (many < 1 or len(set(places)) < len(places) or not set(places) <= set(range(rows)),
         "The targets cannot be used.", "A number from 1, or different positions of rows.",
         "Use targets=5 for the five rarest patients."),
        (not isinstance(worlds, int) or worlds < fewest, "There are too few fits to judge by.",
         f"A whole number from {fewest}.", f"Ask for {5 * fewest}."),
        (not isinstance(seed, int) or seed < 0, "The seed cannot be used.",
         "A whole number, 0 or more.", "Use seed=0."),
    ):  # fmt: skip
        if refused:
            raise ArgumentRefused(*told)
    return many
