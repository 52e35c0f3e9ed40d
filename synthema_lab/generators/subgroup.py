"""How is a synthetic cohort drawn of patients of one kind only?

What is asked for is an expression in the language of the dictionary's rules.
Rows that do not certainly meet it are dropped and others drawn, up to a cap; a
model that can be conditioned on it is, so that rare kinds of patients take no
longer. It is post-processing, and costs no privacy.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd

from ..dictionary import DataDictionary, Rule
from ..dictionary.declare_rules import declare_rule
from ..errors import ArgumentRefused, DataMismatch, GateFailed
from .asked import require_rows, require_seed
from .counts import Clique
from .encoder import Encoder
from .structural_zeros import cells_without

if TYPE_CHECKING:
    from collections.abc import Iterator

FEWEST, MOST_DRAWN = 200, 2_000_000
_GIVES_UP_BELOW = 1e-4


class Sampler(Protocol):
    """What can be asked for a subgroup."""

    dictionary: DataDictionary
    columns: tuple[str, ...]

    def sample(self, rows: int, seed: int = 0) -> pd.DataFrame:
        """Draw a synthetic cohort."""
        ...


def condition(where: str, dictionary: DataDictionary, columns: tuple[str, ...]) -> Rule:
    """The condition on a patient that an expression states.

    Parameters
    ----------
    where : str
        Such as ``"genotype == 'HbSC' and age_years < 18"``.
    dictionary : DataDictionary
    columns : tuple of str
        Variables that a model draws; what is derived from them may be named too.

    Raises
    ------
    ArgumentRefused
        If it is outside the language, or names what the model does not draw.

    Examples
    --------
    >>> leuksurv = DataDictionary.load("leuksurv")
    >>> old = condition("age_years >= 60", leuksurv, ("age_years", "os_days"))
    >>> old.holds(pd.DataFrame({"age_years": [61, 40]})).tolist()
    [1, 0]
    """
    rule, happened = None, ""
    try:
        rule = declare_rule(
            "where", {"text": "asked for", "expression": where, "source": "asked for"},
            dictionary.variables, dictionary.derivations,
        )  # fmt: skip
    except DataMismatch as error:
        happened = error.happened.removeprefix("Rule where cannot be used: ")
    if rule is None:
        raise ArgumentRefused(
            f"The condition cannot be used: {happened}",
            "A condition in the language of the dictionary's rules, such as age_years < 18.",
            "See data_dictionaries/README.md for the language.",
        )
    drawn = dictionary.available(columns)
    if absent := sorted(rule.inputs - drawn):
        raise ArgumentRefused(
            f"The condition names {', '.join(absent)}, which the model does not draw.",
            f"Of: {', '.join(sorted(drawn))}.",
            "Name other variables, or fit a model that holds them.",
        )
    return rule


def subgroup(
    model: Sampler, where: str, rows: int, seed: int = 0, most: int | None = None
) -> pd.DataFrame:
    """Draw patients who meet a condition.

    Parameters
    ----------
    model : Sampler
        Already conditioned, where it can be.
    where : str
        See `condition`.
    rows : int
    seed : int
    most : int, optional
        Rows that the model can draw in all; then they are drawn at once.

    Returns
    -------
    pandas.DataFrame
        ``.attrs["accepted"]`` is the share of the drawn rows that meet it.

    Raises
    ------
    ArgumentRefused
        If the condition cannot be used.
    GateFailed
        If too few rows meet it.
    """
    rule = condition(where, model.dictionary, model.columns)
    require_rows(rows)
    require_seed(seed)
    kept, found, drawn, redrawn = [], 0, 0, 0.0
    for size, batch_seed in _batches(rows, seed, most):
        batch = model.sample(size, batch_seed)
        those = batch[rule.holds(batch) == 1]
        kept.append(those)
        redrawn = max(redrawn, batch.attrs.get("redrawn", 0.0))
        found, drawn = found + len(those), drawn + len(batch)
        hopeless = drawn >= 20 * FEWEST and found < _GIVES_UP_BELOW * drawn
        if found >= rows or hopeless or drawn >= MOST_DRAWN:
            break
    if found < rows:
        raise GateFailed(
            f"{found} of {drawn:,} synthetic patients meet the condition; {rows} were asked for.",
            "A condition that patients of this model meet.",
            "Ask for fewer rows, or for a wider condition.",
        )
    cohort = pd.concat(kept, ignore_index=True).iloc[:rows]
    cohort.attrs = {"redrawn": redrawn, "accepted": found / drawn}
    return cohort


def _batches(rows: int, seed: int, most: int | None) -> Iterator[tuple[int, int]]:
    """How many rows to draw next, and with which seed; larger ones the longer it takes."""
    if most is not None:
        yield most, seed
        return
    size, seeds = max(FEWEST, rows), np.random.SeedSequence([int(seed), 0x5B])
    while True:
        yield size, int(seeds.spawn(1)[0].generate_state(1)[0])
        size = min(2 * size, MOST_DRAWN // 4)


def cells_to_leave_out(
    where: str, encoder: Encoder
) -> tuple[tuple[Clique, np.ndarray], ...]:  # fmt: skip
    """Combinations of codes in which no patient meets a condition, part by part.

    Returns
    -------
    tuple of (clique, numpy.ndarray)
        What a graphical model is conditioned on; parts over derived variables,
        and bins that the condition cuts, are left to `subgroup`.

    Raises
    ------
    ArgumentRefused
        If no value at all can meet a part of it.
    """
    whole = condition(where, encoder.dictionary, encoder.columns)
    tree = whole.parsed.tree
    both = isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And)
    parts = [ast.unparse(part) for part in tree.values] if both else [where]
    found = []
    for part in parts:
        rule = condition(part, encoder.dictionary, encoder.columns)
        if not rule.inputs or not rule.inputs <= set(encoder.columns):
            continue
        clique, cells = cells_without(rule, encoder)
        if len(cells) == np.prod([encoder.sizes[place] for place in clique]):
            raise ArgumentRefused(
                f"No patient can meet {part}.",
                "A condition within the ranges and categories of the dictionary.",
                "Correct the condition.",
            )
        if len(cells):
            found.append((clique, cells))
    return tuple(found)
