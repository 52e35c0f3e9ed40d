"""How do categories go together, over all sites?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...errors import ArgumentRefused
from .association import Association, associated
from .disclosure import LARGEST_TABLE, hidden_entries, named_unless_shown, shown_count, with_totals
from .display import Shown, text, with_holes
from .levels import codes, levels
from .noise import Sensitivity

if TYPE_CHECKING:
    from .consortium import Consortium

TOTAL = "total"


@dataclass(frozen=True, eq=False, repr=False)
class Contingency(Shown):
    """A table of counts over categories.

    Attributes
    ----------
    variables : tuple of str
    levels : tuple of tuple of str
        Of each variable, in the dictionary's order.
    counts : pandas IntegerArray, shape (cells,)
        In C order over the levels; missing where hidden.
    cells : DataFrame
        The table as it is printed: the first variable down, the others across,
        nullable integers, with totals where there are one or two variables.
    association : Association or None
        Chi-square test and, for two by two levels, odds ratio; None where it
        would give hidden cells back, or with one variable.
    unused : int or None
    suppressed : tuple of str
    noise_sd : float
    """

    variables: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    counts: pd.arrays.IntegerArray
    cells: pd.DataFrame
    association: Association | None
    unused: int | None
    suppressed: tuple[str, ...] = ()
    noise_sd: float = 0.0

    def table(self) -> pd.DataFrame:
        """The table, hidden cells missing."""
        return self.cells.copy()

    def _title(self) -> str:
        noise = f", noise with standard deviation {text(self.noise_sd)}" if self.noise_sd else ""
        return f"Patients by {' and '.join(self.variables)}{noise}"

    def _shown(self) -> pd.DataFrame:
        return self.cells.map(lambda value: text(None if pd.isna(value) else value))

    def _notes(self) -> tuple[str, ...]:
        notes = super()._notes()
        if self.association is not None:
            notes += (str(self.association),)
        elif len(self.variables) > 1 and self.counts.isna().any():
            notes += ("No test: its result would help to give hidden cells back.",)
        return (*notes, f"Patients with a missing value: {text(self.unused)}.")


def contingency(
    consortium: Consortium, variables: Sequence[str], *, where: str | None = None
) -> Contingency:
    """Cross-tabulate categories over all sites.

    Parameters
    ----------
    consortium : Consortium
    variables : sequence of str
        Categories or booleans, one or more; at most 500 cells in all.
    where : str, optional
        A condition in the dictionary's rule language.

    Returns
    -------
    Contingency

    Raises
    ------
    ArgumentRefused
        If a variable does not form groups, or there are too many cells.
    DataMismatch, BudgetExhausted

    Notes
    -----
    A patient is in one cell, or misses a value: the sensitivity is one in one
    cell. Totals are shown for one and two variables and are protected with the
    cells; with three and more the number of all patients is treated as known.
    See `disclosure` for what is hidden.

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> from synthema_lab.federation.statistics import Consortium
    >>> cohort = load_cohort("leuksurv")
    >>> consortium = Consortium(cohort.sites(), cohort.dictionary)
    >>> contingency(consortium, ["sex", "os_event"]).cells.loc["F"].tolist()
    [80, 416, 496]
    """
    variables = tuple(variables)
    if not variables:
        raise ArgumentRefused(
            "No variable was asked for.",
            "One category or boolean, or more.",
            'Use contingency(consortium, ["sex", "os_event"]).',
        )
    groups = tuple(levels(consortium.variable(name)) for name in variables)
    sizes = tuple(map(len, groups))
    if math.prod(sizes) > LARGEST_TABLE:
        raise ArgumentRefused(
            f"The table would have {math.prod(sizes)} cells.",
            f"At most {LARGEST_TABLE}, so that what it gives away can be checked.",
            "Ask for fewer variables, or for coarser ones.",
        )
    opened = consortium.sum(
        f"table of {' and '.join(variables)}" + (f" where {where}" if where else ""),
        partial(local_table, variables=variables, sizes=sizes),
        variables=variables,
        where=where,
        sensitivity=Sensitivity(),
        unused=True,
        table=True,
        key=("table", variables, where),
    )
    counts = np.maximum(opened[:-1], 0)
    shaped = counts.reshape(sizes) if len(sizes) <= 2 else counts
    hidden = hidden_entries(shaped, consortium.smallest_cell)
    inner = tuple(slice(size) for size in shaped.shape)
    if consortium.zeroed:  # a zero may be a few patients, and a total then lacks them
        hidden = hidden | (counts == 0).any()
        hidden[inner] = shaped == 0
    unused = shown_count(max(int(opened[-1]), 0), consortium.smallest_cell, consortium.zeroed)
    gone = hidden[inner].ravel()
    association = None
    if len(variables) > 1 and not hidden.any():
        association = associated(counts.reshape(sizes), consortium.noise_variance())
    return Contingency(
        variables,
        groups,
        with_holes(counts, gone),
        _printed(variables, groups, shaped, hidden),
        association,
        unused,
        _names(variables, groups, gone) + named_unless_shown(missing=unused),
        consortium.noise_variance() ** 0.5,
    )


def local_table(
    patients: pd.DataFrame, variables: tuple[str, ...], sizes: tuple[int, ...]
) -> np.ndarray:
    """The local part: patients in each cell, in C order.

    Returns
    -------
    numpy.ndarray of int64, shape (cells,)

    Examples
    --------
    >>> local_table(pd.DataFrame({"a": [0, 1, 1], "b": [0, 1, 1]}), ("a", "b"), (2, 2)).tolist()
    [1, 0, 0, 2]
    """
    return np.bincount(codes(patients, variables, sizes), minlength=math.prod(sizes))


def _printed(
    variables: tuple[str, ...],
    groups: tuple[tuple[str, ...], ...],
    counts: np.ndarray,
    hidden: np.ndarray,
) -> pd.DataFrame:
    """The table as a frame, with totals for one and two variables."""
    rows = pd.Index(groups[0], name=variables[0])
    if len(groups) > 2:
        across = pd.MultiIndex.from_product(groups[1:], names=variables[1:])
        shape = (len(rows), len(across))
        counts, hidden = counts.reshape(shape), hidden[:-1].reshape(shape)
    else:
        counts = with_totals(counts).reshape(len(rows) + 1, -1)
        hidden = hidden.reshape(counts.shape)
        rows = rows.append(pd.Index([TOTAL])).rename(variables[0])
        across = pd.Index(["patients"])
        if len(groups) == 2:
            across = pd.Index([*groups[1], TOTAL], name=variables[1])
    columns = [with_holes(counts[:, c], hidden[:, c]) for c in range(counts.shape[1])]
    table = pd.DataFrame(dict(enumerate(columns)), index=rows)
    table.columns = across
    return table


def _names(
    variables: tuple[str, ...], groups: tuple[tuple[str, ...], ...], hidden: np.ndarray
) -> tuple[str, ...]:
    cells = zip(*np.unravel_index(np.flatnonzero(hidden), tuple(map(len, groups))), strict=True)
    return tuple(
        ", ".join(f"{v}={g[at]}" for v, g, at in zip(variables, groups, cell, strict=True))
        for cell in cells
    )
