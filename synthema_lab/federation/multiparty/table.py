"""How many patients are in each cell, over all sites, where the cell is not small?

Cells whose total is small are zeroed before anything is opened: neither the
caller nor any site sees them, and a cell that was zeroed looks like an empty
one. A row or column total opened beside the table would undo this where a row
has one zeroed cell, so margins are to be opened as tables of their own only
where that cannot happen.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...errors import ArgumentRefused
from .answers import Cost
from .asking import counts_of, equal_length, session_for
from .parties import Parties
from .protocols import FIELD

LARGEST_SMALL_CELL = 100


@dataclass(frozen=True)
class SuppressedTable:
    """A table without its small cells.

    Parameters
    ----------
    counts : numpy.ndarray of int64, shape (cells,)
        Totals over all sites; 0 where the total is below `smallest_cell`.
    smallest_cell : int
    cost : Cost
    """

    counts: np.ndarray = field(repr=False)
    smallest_cell: int
    cost: Cost

    @property
    def opened(self) -> str:
        """What was opened, in words."""
        return (
            f"{len(self.counts)} totals, 0 wherever there are fewer than "
            f"{self.smallest_cell} patients"
        )

    def __str__(self) -> str:
        return f"Opened: {self.opened}. {self.cost}"

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(str(self))}</p>"


def suppressed_table(
    tables: Mapping[str, Any],
    smallest_cell: int = 5,
    bound: int = 10**9,
    group: Parties | None = None,
    timeout: float = 30.0,
) -> SuppressedTable:
    """Sum the sites' tables and zero cells below `smallest_cell` before opening.

    Parameters
    ----------
    tables : mapping of str to array-like of int, shape (cells,)
        By site, of the sites that this caller speaks for. Counts from 0 to `bound`.
    smallest_cell : int
        Public; 2 to 100. Totals from 1 to one less are zeroed.
    bound : int
        Public; largest count of a cell at one site. Each site checks its own
        counts; one that lies about them changes the table, as in any sum.
    group : Parties, optional
        An open session; otherwise one is started for this table.
    timeout : float
        In seconds, where a session is started.

    Returns
    -------
    SuppressedTable

    Raises
    ------
    VectorRefused, ValueBeyondClip, ArgumentRefused, TooFewSites
        Before anything is sent.
    PartyLost, PartiesDisagree
        If the computation ends without a result.

    Examples
    --------
    >>> table = suppressed_table({"east": [4, 9, 0], "north": [0, 9, 0], "south": [0, 9, 0]})
    >>> table.counts.tolist()
    [0, 27, 0]
    >>> table.opened
    '3 totals, 0 wherever there are fewer than 5 patients'
    """
    whole = isinstance(smallest_cell, (int, np.integer)) and isinstance(bound, (int, np.integer))
    if not (whole and 2 <= smallest_cell <= LARGEST_SMALL_CELL and 1 <= bound < FIELD // 16):
        raise ArgumentRefused(
            "The smallest cell or the bound cannot be used.",
            f"Whole numbers: 2 to {LARGEST_SMALL_CELL}, and 1 to {FIELD // 16 - 1}.",
            "Use smallest_cell=5 and the number of patients of the largest site as bound.",
        )
    counts = {site: counts_of(site, table, bound) for site, table in tables.items()}
    job = {
        "kind": "table",
        "cells": equal_length(counts),
        "smallest": int(smallest_cell),
        "bound": int(bound),
    }
    with session_for(counts, group, timeout) as session:
        answer = session.ask(job, counts)
    return SuppressedTable(answer.opened, int(smallest_cell), answer.cost)


class SuppressedTotal:
    """A ``total(counts)`` for integer tables whose small cells are zeroed before opening.

    It is what `synthema_lab.federation.statistics.Consortium` takes as ``total=``.

    Parameters
    ----------
    group : Parties
        An open session in which all sites are here.
    smallest_cell, bound : int
        As for `suppressed_table`; the first is read by whoever shows the tables.
    sites : sequence of str, optional
        In which order the tables come; roster order if not given.

    Examples
    --------
    >>> from synthema_lab.federation.multiparty import parties
    >>> with parties(["east", "north", "south"]) as group:
    ...     total = SuppressedTotal(group)
    ...     total([np.array([1, 9]), np.array([2, 9]), np.array([1, 0])]).tolist()
    [0, 18]
    """

    def __init__(
        self,
        group: Parties,
        smallest_cell: int = 5,
        bound: int = 10**9,
        sites: Sequence[str] | None = None,
    ) -> None:
        self.smallest_cell, self.bound, self._group = smallest_cell, bound, group
        self.sites = group.here if sites is None else tuple(sites)

    def __call__(self, counts: Sequence[np.ndarray]) -> np.ndarray:
        """Sum one integer vector a site, small cells zeroed.

        Parameters
        ----------
        counts : sequence of numpy.ndarray of int, shape (cells,)
            In the order of `sites`.

        Returns
        -------
        numpy.ndarray of int64, shape (cells,)

        Raises
        ------
        ArgumentRefused
            If there is not one table for each site; the rest as for `suppressed_table`.
        """
        if len(counts) != len(self.sites):
            raise ArgumentRefused(
                f"{len(counts)} tables were given for {len(self.sites)} sites.",
                "One table a site.",
                f"Give them in the order {', '.join(self.sites)}.",
            )
        tables = dict(zip(self.sites, counts, strict=True))
        return suppressed_table(tables, self.smallest_cell, self.bound, self._group).counts
