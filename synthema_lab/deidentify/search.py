"""Which is the least generalisation that meets the target?

Small lattices are searched exactly: nodes in the order of what they cost at
least, with predictive tagging (El Emam et al. 2009, Optimal Lattice
Anonymization; Kohlmayer et al. 2012, Flash): a node that fails condemns all
nodes below it, and chains are climbed by halving to find such nodes early. Large
ones are searched by a beam upwards and a descent, with a bound that says how far
from the best the answer can be at most. The same table gives the same answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np
import pandas as pd

from synthema_lab.deidentify.hierarchy import Hierarchy
from synthema_lab.deidentify.lattice import Lattice, Levels, Node, Target
from synthema_lab.deidentify.sensitive import Sensitive
from synthema_lab.errors import ArgumentRefused, GateFailed

EXHAUSTIVE_BELOW = 50_000
BEAM = 8
Progress = Callable[[int, str], None]


@dataclass(frozen=True, eq=False)
class Generalisation:
    """The levels that a search found.

    Attributes
    ----------
    levels : dict of str to int
        Level of each quasi-identifier.
    words : dict of str to str
        The same in words.
    kept : ndarray of bool, shape (rows,)
        False for patients who must be left out.
    lost, bound : float
        Share of the information lost, averaged over quasi-identifiers by importance; and the
        least that any solution can lose. They agree when the search was exact.
    exact : bool
    nodes, looked_at : int
        Combinations of levels in all, and those on which patients were grouped.
    target : Target
    """

    levels: dict[str, int]
    words: dict[str, str]
    kept: np.ndarray = field(repr=False)
    lost: float
    bound: float
    exact: bool
    nodes: int
    looked_at: int
    target: Target

    @property
    def suppressed(self) -> int:
        """Patients left out."""
        return int((~self.kept).sum())

    def table(self) -> pd.DataFrame:
        """Columns variable, level, told."""
        rows = [(name, level, self.words[name]) for name, level in self.levels.items()]
        return pd.DataFrame(rows, columns=["variable", "level", "told"])

    def __str__(self) -> str:
        how = "the least of all" if self.exact else f"the least possible is {self.bound:.1%}"
        told = "; ".join(f"{name} {said}" for name, said in self.words.items())
        return (
            f"{self.target}: {told}. {self.lost:.1%} of the information is lost ({how}), "
            f"{self.suppressed} of {len(self.kept)} patients are left out; {self.looked_at} of "
            f"{self.nodes} combinations were looked at."
        )

    def _repr_html_(self) -> str:
        return f"<p>{escape(str(self))}</p>{self.table().to_html(index=False, border=0)}"


def search(
    patients: pd.DataFrame,
    hierarchies: Sequence[Hierarchy],
    target: Target,
    sensitive: Sequence[Sensitive] = (),
    *,
    least: Levels | None = None,
    importance: Mapping[str, float] | None = None,
    exhaustive_below: int = EXHAUSTIVE_BELOW,
    progress: Progress | None = None,
) -> Generalisation:
    """Find the levels that meet the target and lose least.

    Parameters
    ----------
    patients : DataFrame
        Conformed, one row a patient.
    hierarchies : sequence of Hierarchy
        One for every quasi-identifier of the table.
    target : Target
    sensitive : sequence of Sensitive
        For l and t.
    least : tuple of int, optional
        Levels below which nothing is tried.
    importance : mapping of str to float, optional
        How much the loss of a quasi-identifier counts; 1 where it is not named.
    exhaustive_below : int
        Above this many combinations the search is a beam.
    progress : callable, optional
        Called with the number of combinations looked at and what is being done.

    Raises
    ------
    ArgumentRefused
        If a target asks for l or t and no sensitive variable is given.
    GateFailed
        If no combination of levels meets the target.
    """
    if (target.l > 1 or target.t < 1) and not sensitive:
        raise ArgumentRefused(
            "The target asks for l or t, and no sensitive variable is named.",
            "At least one sensitive variable.",
            "Name one under sensitive in the policy, or take l and t out of the target.",
        )
    lattice = Lattice(patients, hierarchies, target, sensitive, importance)
    least = least or tuple(0 for _ in hierarchies)
    for ladder, level in zip(hierarchies, least, strict=True):
        ladder.require(level)
    say = progress or (lambda done, what: None)
    exact = lattice.nodes <= exhaustive_below
    found = (_exactly if exact else _by_beam)(lattice, least, say)
    if found is None:
        raise GateFailed(
            f"No generalisation that the policy allows reaches the target: {target}.",
            "Hierarchies that go far enough, or more patients.",
            "Add a coarser step or 'suppress' to a quasi-identifier in the policy, take one out "
            "of the study, or let more patients be left out.",
        )
    total = float(lattice.all_bits @ lattice.weights) or 1.0
    bound = found.cost if exact else min(found.cost, _bound(lattice, least))
    named = dict(zip(lattice.names, found.levels, strict=True))
    return Generalisation(
        levels=named,
        words={h.variable.name: h.words(named[h.variable.name]) for h in hierarchies},
        kept=lattice.kept_patients(found),
        lost=found.cost / total,
        bound=bound / total,
        exact=exact,
        nodes=lattice.nodes,
        looked_at=lattice.looked_at,
        target=target,
    )


def _exactly(lattice: Lattice, least: Levels, say: Progress) -> Node | None:
    """Best first, by what each node costs at least."""
    shape = tuple(top + 1 for top in lattice.tops)
    cost = np.zeros(shape)
    for axis, lost in enumerate(lattice.lost):
        cost += lost.reshape([-1 if at == axis else 1 for at in range(len(shape))])
    condemned = np.ones(shape, dtype=bool)
    condemned[tuple(slice(level, None) for level in least)] = False
    best: Node | None = None

    def look(levels: Levels) -> Node:
        nonlocal best
        node = lattice.look(levels)
        say(lattice.looked_at, "combinations of levels")
        if node.violating > lattice.allowed:
            condemned[tuple(slice(None, level + 1) for level in levels)] = True
        elif node.meets and (best is None or node.rank < best.rank):
            best = node
        return node

    seen: set[Levels] = set()
    heights = sum(np.indices(shape), np.zeros(shape, dtype=np.int64)) if shape else np.zeros(shape)
    for flat in np.lexsort((heights.ravel(), cost.ravel())):
        levels = tuple(int(level) for level in np.unravel_index(flat, shape)) if shape else ()
        if best is not None and cost[levels] > best.cost + 1e-9:
            break
        if condemned[levels] or levels in seen:
            continue
        chain = _chain(levels, lattice.tops)
        low, high = 0, len(chain) - 1  # the last failing node of the chain is looked for
        while low <= high and not condemned[levels]:
            middle = (low + high) // 2 if best is None else low
            if chain[middle] in seen:
                break
            seen.add(chain[middle])
            if look(chain[middle]).violating > lattice.allowed:
                low = middle + 1
            else:
                high = middle - 1
        if not condemned[levels] and levels not in seen:
            seen.add(levels)
            look(levels)
    return best


def _chain(levels: Levels, tops: Levels) -> list[Levels]:
    """From a node to the top, each time one step up on the lowest ladder."""
    chain = [levels]
    while chain[-1] != tops:
        here = chain[-1]
        open_ones = [at for at, top in enumerate(tops) if here[at] < top]
        lowest = min(open_ones, key=lambda at: (here[at] / tops[at], at))
        chain.append(tuple(level + (at == lowest) for at, level in enumerate(here)))
    return chain


def _by_beam(lattice: Lattice, least: Levels, say: Progress) -> Node | None:
    """Upwards with the most promising nodes, then down as far as the target holds."""
    total = float(lattice.all_bits @ lattice.weights) or 1.0
    best: Node | None = None
    beam = [lattice.look(least)]
    if beam[0].meets:
        return beam[0]
    top = lattice.look(lattice.tops)
    best = top if top.meets else None
    while beam:
        above = sorted({up for node in beam for up in _above(node.levels, lattice.tops)})
        nodes = []
        for levels in above:
            if best is not None and lattice.at_least(levels) >= best.cost:
                continue
            node = lattice.look(levels)
            say(lattice.looked_at, "combinations of levels")
            if node.meets and (best is None or node.rank < best.rank):
                best = node
            nodes.append(node)
        nodes.sort(
            key=lambda n: (
                n.violating / lattice.rows + lattice.at_least(n.levels) / total, n.levels
            )
        )  # fmt: skip
        beam = [node for node in nodes if not node.meets][:BEAM]
    while best is not None:
        below = [lattice.look(levels) for levels in _below(best.levels, least)]
        better = min((n for n in below if n.meets), key=lambda n: n.rank, default=best)
        if better.rank >= best.rank:
            break
        best = better
    return best


def _above(levels: Levels, tops: Levels) -> list[Levels]:
    return [
        (*levels[:at], levels[at] + 1, *levels[at + 1 :])
        for at in range(len(levels))
        if levels[at] < tops[at]
    ]


def _below(levels: Levels, least: Levels) -> list[Levels]:
    return [
        (*levels[:at], levels[at] - 1, *levels[at + 1 :])
        for at in range(len(levels))
        if levels[at] > least[at]
    ]


def _bound(lattice: Lattice, least: Levels) -> float:
    """What every solution loses: each variable alone, all others at the top."""
    needed = list(least)
    for at, top in enumerate(lattice.tops):
        while needed[at] < top:
            levels = (*lattice.tops[:at], needed[at], *lattice.tops[at + 1 :])
            if lattice.look(levels).violating <= lattice.allowed:
                break
            needed[at] += 1
    return lattice.at_least(tuple(needed))
