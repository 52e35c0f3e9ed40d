"""With which others does a site share its secrets and its masks, where all with all is too much?

Up to 100 sites every site deals shares to every other and masks with every
other. Above, each site draws k neighbours of its own, uniformly and after all
keys were fixed, deals its shares to them alone, and masks with those that it
drew and with those that drew it (Bell et al. 2020, "Secure Single-Server
Aggregation with (Poly)Logarithmic Overhead", in the variant against a
coordinator that breaks the protocol). More than two thirds of the neighbours,
with the site's own share, rebuild a secret.

Every site is told the whole graph and signs it with the survivors; that
agreement stays among all sites, so that no two honest sites ever open for
different survivors. Two checks come with it, since a site's neighbours are few
enough to be missing all at once: nobody opens for a site that has not signed
that it covered its vector under the same graph, and nobody signs survivors of
whom one lacks the holders to be opened. What is left is chance, and `exposure`
bounds it for one round.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping

from .. import randomness

ALL_WITH_ALL = 100
"""The largest number of sites that all share with all."""

TOLERATED = 10
"""Above it, the graph is made for one site in so many colluding with the coordinator."""

FAILURE_BITS = 40
"""The chance that a default graph exposes any site is at most ``2**-FAILURE_BITS``."""

Graph = Mapping[int, tuple[int, ...]]


def default_neighbours(sites: int) -> int:
    """How many neighbours a site draws: all others up to 100 sites; above, 40 or more.

    Parameters
    ----------
    sites : int
        Number of enrolled sites.

    Examples
    --------
    >>> default_neighbours(100), default_neighbours(1000)
    (99, 41)
    """
    if sites <= ALL_WITH_ALL:
        return sites - 1
    fewest, neighbours = 2 * sites // 3 + 1, 40
    while exposure(fewest, neighbours, sites // TOLERATED) > -FAILURE_BITS:
        neighbours += 1
    return neighbours


def shares_needed(neighbours: int) -> int:
    """Shares that rebuild a secret dealt to `neighbours`, the site's own counted in.

    Examples
    --------
    >>> shares_needed(40)
    28
    """
    return 2 * (neighbours + 1) // 3 + 1


def exposure(listed: int, neighbours: int, colluding: int) -> float:
    """Base-2 logarithm of a bound on the chance that any honest site is exposed.

    Parameters
    ----------
    listed : int
        Sites on the list of keys, among which neighbours are drawn. The
        coordinator can leave honest sites out of it, down to the threshold.
    neighbours : int
    colluding : int
        Sites that work with the coordinator, fixed before the neighbours are drawn.

    Returns
    -------
    float
        At most 0; -60.0 says that the chance is below ``2**-60``.

    Notes
    -----
    The coordinator may declare any sites dropped after it has seen the graph.
    Two things would expose a site. First, that colluders hold enough shares of
    it for both its secrets: as many of its neighbours as rebuild a secret.
    Second, that the honest survivors fall into two parts with no mask between
    them. Every survivor has enough holders among the survivors (`evidence`
    refuses others). So each site of the smaller part, S, has at least one fewer
    than needed (it is one itself) in S or among the colluders, for an honest
    neighbour outside S that survives is a mask across. The bound sums over all
    sites and over all S of at most half of the honest sites; neighbours are
    drawn independently, without replacement.

    Examples
    --------
    >>> exposure(667, default_neighbours(1000), colluding=100) < -40
    True
    """
    honest, needed = listed - colluding, shares_needed(neighbours)
    chances = [math.log2(honest) + _tail(listed - 1, colluding, neighbours, needed)]
    for part in range(1, honest // 2 + 1):
        each = _tail(listed - 1, part - 1 + colluding, neighbours, needed - 1)
        chances.append(_choose(honest, part) + part * each)
    return min(0.0, _log_sum(chances))


def draw(neighbours: int, peers: Iterable[int]) -> tuple[int, ...]:
    """Draw a site's neighbours among `peers`, by the operating system's randomness.

    Examples
    --------
    >>> draw(5, [3, 1, 2])
    (1, 2, 3)
    >>> len(draw(2, range(9)))
    2
    """
    left = sorted(peers)
    if neighbours >= len(left):
        return tuple(left)
    for place in range(neighbours):
        other = place + int(randomness.random_below(len(left) - place, 1)[0])
        left[place], left[other] = left[other], left[place]
    return tuple(sorted(left[:neighbours]))


def holders(site: int, neighbours: Collection[int]) -> list[int]:
    """Who holds a share of a site's secrets: its neighbours and itself, ascending."""
    return sorted({site, *neighbours})


def held_by(graph: Graph) -> dict[int, set[int]]:
    """By site, whose shares it holds, its own among them; for the sites of the graph."""
    held: dict[int, set[int]] = {site: {site} for site in graph}
    for site, neighbours in graph.items():
        for neighbour in neighbours:
            if neighbour in held:
                held[neighbour].add(site)
    return held


def _tail(population: int, marked: int, drawn: int, at_least: int) -> float:
    """Log2 of the chance that a draw without replacement holds `at_least` marked ones."""
    everything = _choose(population, drawn)
    return _log_sum(
        [
            _choose(marked, hits) + _choose(population - marked, drawn - hits) - everything
            for hits in range(at_least, min(drawn, marked) + 1)
        ]
    )


def _choose(n: int, k: int) -> float:
    """Log2 of the binomial coefficient; minus infinity outside its range."""
    if not 0 <= k <= n:
        return -math.inf
    return (math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)) / math.log(2)


def _log_sum(logarithms: list[float]) -> float:
    """Log2 of the sum of numbers given by their logarithms."""
    largest = max(logarithms, default=-math.inf)
    if largest == -math.inf:
        return largest
    return largest + math.log2(sum(2.0 ** (one - largest) for one in logarithms))
