"""Into which tables do the cliques of a model have to be joined for exact inference?

Variables are eliminated one after the other, that with the smallest table next
(Kjaerulff 1990, the minimum weight heuristic); what is joined when a variable
goes is a node of the junction tree (Koller and Friedman 2009, chapter 10).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .counts import Clique


def junction_tree(
    sizes: Sequence[int], cliques: Sequence[Clique]
) -> tuple[list[Clique], dict[Clique, list[Clique]], list[tuple[Clique, Clique]]]:
    """A junction tree that holds each clique in a node; a forest, where nothing joins the parts.

    Returns
    -------
    list of clique
        The nodes, variables in increasing order.
    dict of clique to list of clique
        The neighbours of each.
    list of (clique, clique)
        An order in which messages can be passed.

    Examples
    --------
    >>> nodes, neighbours, order = junction_tree([2, 3, 2], [(0, 1), (1, 2)])
    >>> sorted(nodes), order
    ([(0, 1), (1, 2)], [((0, 1), (1, 2)), ((1, 2), (0, 1))])
    """
    tables = _eliminated(sizes, cliques)
    place = {variable: step for step, variable in enumerate(tables)}
    node: dict[int, Clique] = {}
    for variable, table in tables.items():
        # What one variable's table leaves behind is no table of its own.
        within = (
            node[before] for before in node if len(tables[before]) == len(table) + 1
            and tables[before] > table
        )  # fmt: skip
        node[variable] = next(within, tuple(sorted(table)))
    up = []
    for variable, table in tables.items():
        later = sorted(table - {variable}, key=lambda other: place[other])
        if later and node[later[0]] != node[variable]:
            up.append((node[variable], node[later[0]]))
    nodes = list(dict.fromkeys(node.values()))
    around: dict[Clique, list[Clique]] = {one: [] for one in nodes}
    for below, above in up:
        around[below].append(above)
        around[above].append(below)
    return nodes, around, up + [(above, below) for below, above in reversed(up)]


def largest_table(sizes: Sequence[int], cliques: Sequence[Clique]) -> float:
    """Cells of the largest table that inference over `cliques` needs.

    Examples
    --------
    >>> largest_table([2, 3, 4], [(0, 1), (1, 2), (0, 2)])
    24.0
    """
    tables = _eliminated(sizes, cliques).values()
    return max(float(np.prod([float(sizes[i]) for i in table])) for table in tables)


def _eliminated(sizes: Sequence[int], cliques: Sequence[Clique]) -> dict[int, frozenset[int]]:
    """For each variable of the cliques, in the order they go: what it is joined with by then."""
    joined: dict[int, set[int]] = {}
    for clique in cliques:
        for variable in clique:
            joined.setdefault(int(variable), set()).update(int(other) for other in clique)
    logs = np.log(np.asarray(sizes, dtype=float)).tolist()
    weight = {variable: sum(logs[i] for i in sorted(table)) for variable, table in joined.items()}
    found = {}
    while joined:
        gone = min(joined, key=lambda variable: (weight[variable], variable))
        table = joined.pop(gone)
        found[gone] = frozenset(table)
        table.discard(gone)
        for variable in table:
            joined[variable] |= table
            joined[variable].discard(gone)
            weight[variable] = sum(logs[i] for i in sorted(joined[variable]))
    return found
