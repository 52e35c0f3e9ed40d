"""Which joint distribution agrees best with the opened marginals?

Estimated with `mbi` (McKenna, Sheldon and Miklau 2019, graphical models for
differential privacy) under the dictionary's rules as structural zeros. This is
post-processing of sums that were already opened: it costs no privacy.

Variables are numbered, not named, inside `mbi`: its order of operations
follows sets, and sets of strings change their order from process to process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import numpy as np

from ..errors import ArgumentRefused, GateFailed
from .counts import Clique

_CELL_CAP = 2_000_000
_BLOCK = 50
_LENT = threading.Lock()


@dataclass(frozen=True)
class GraphicalModel:
    """A fitted joint distribution over codes.

    Attributes
    ----------
    sizes : tuple of int
        Number of codes of each variable.
    total : float
        Estimated number of patients, from the noisy sums.
    cliques : tuple of tuple of int
    potentials : tuple of numpy.ndarray of float32
        Log-potentials, one array a clique.
    zeros : tuple of (clique, numpy.ndarray)
        Structural zeros the model was fitted under.
    """

    sizes: tuple[int, ...]
    total: float
    cliques: tuple[Clique, ...]
    potentials: tuple[np.ndarray, ...]
    zeros: tuple[tuple[Clique, np.ndarray], ...]

    def conditioned(self, left_out: Sequence[tuple[Clique, np.ndarray]]) -> GraphicalModel:
        """The distribution among patients outside these cells."""
        # mbi samples along the cliques of the potentials only.
        new = _beyond(left_out, self.cliques)
        level = [np.zeros([self.sizes[i] for i in clique], dtype=np.float32) for clique in new]
        return replace(
            self, cliques=(*self.cliques, *new), potentials=(*self.potentials, *level),
            zeros=(*self.zeros, *left_out),
        )  # fmt: skip

    def draw(self, rows: int, rng: np.random.Generator) -> np.ndarray:
        """Codes of synthetic patients, shape (rows, variables).

        Rounds expected counts at random instead of drawing independent rows,
        so that a cohort follows the model more closely than a random sample.
        """
        mbi = _mbi()
        from jax import numpy as jnp

        domain = _domain(self.sizes)
        factors = {
            clique: mbi.Factor(domain.project(clique), jnp.asarray(values))
            for clique, values in zip(self.cliques, self.potentials, strict=True)
        }
        vector = mbi.CliqueVector(domain, list(self.cliques), factors)
        field = mbi.MarkovRandomField(
            potentials=vector,
            marginals=vector,  # not read when drawing
            total=self.total,
            constraints=_constraints(domain, self.zeros),
        )
        # mbi draws from numpy's global generator: lend it a state and give its own back.
        with _LENT:
            before = np.random.get_state()
            try:
                np.random.seed(rng.integers(2**32, dtype=np.uint64).astype(np.uint32))
                with np.errstate(invalid="raise"):
                    drawn = field.synthetic_data(rows=rows)
            except FloatingPointError:
                drawn = None
            finally:
                np.random.set_state(before)
        if drawn is None:
            raise GateFailed(
                "No patient of this model meets all that is asked for together.",
                "Conditions that contradict neither each other nor the dictionary's rules.",
                "Ask for something wider.",
            )
        return np.stack([np.asarray(drawn.data[i]) for i in range(len(self.sizes))], axis=1).astype(
            np.int64
        )


def estimate(
    sizes: Sequence[int],
    cliques: Sequence[Clique],
    sums: Sequence[np.ndarray],
    variances: Sequence[float] | None,
    zeros: Sequence[tuple[Clique, np.ndarray]] = (),
    iterations: int = 1500,
    progress: Callable[[float], None] | None = None,
) -> GraphicalModel:
    """Fit a joint distribution to opened marginals.

    Parameters
    ----------
    sizes : sequence of int
        Number of codes of each variable.
    cliques, sums : sequences of equal length
        Each marginal and its (noisy) counts, flat in row-major order.
    variances : sequence of float or None
        Noise variance of each marginal; None weighs all alike.
    zeros : sequence of (clique, forbidden codes)
    iterations : int
        Steps of mirror descent.
    progress : callable, optional
        Called with the share done, from 0 to 1.

    Returns
    -------
    GraphicalModel

    Raises
    ------
    ArgumentRefused
        If the joint tables would exceed the size cap.
    """
    mbi = _mbi()
    domain = _domain(sizes)
    constraints = _constraints(domain, zeros)
    together = [*cliques, *(clique for clique, _ in zeros)]
    cells = largest_table(sizes, together)
    if cells > _CELL_CAP:
        raise ArgumentRefused(
            f"The model would need a table of {cells:.0f} cells.",
            f"At most {_CELL_CAP} cells in one table of the junction tree.",
            "Use fewer variables, coarser bins, or a smaller workload in the dictionary.",
        )
    spread = np.ones(len(cliques)) if variances is None else np.sqrt(np.asarray(variances))
    measured = [
        mbi.LinearMeasurement(np.asarray(counts, dtype=float), clique, float(deviation))
        for clique, counts, deviation in zip(cliques, sums, spread, strict=True)
    ]
    total = float(mbi.estimation.minimum_variance_unbiased_total(measured))
    steps = {"done": 0}

    def step(_: object) -> None:
        steps["done"] += _BLOCK
        if progress is not None:
            progress(min(1.0, steps["done"] / iterations))

    fitted = mbi.estimation.MirrorDescent().estimate(
        domain, measured, known_total=total, constraints=constraints,
        iters=iterations, callback_fn=step,
    )  # fmt: skip
    # mbi samples along the cliques of the potentials only: without those of the rules among
    # them, a rule over variables that were never measured together would be ignored.
    kept = (*fitted.potentials.cliques, *_beyond(zeros, fitted.potentials.cliques))
    expanded = fitted.potentials.expand(list(kept))
    potentials = tuple(np.asarray(expanded[clique].values) for clique in kept)
    return GraphicalModel(tuple(domain.shape), total, kept, potentials, tuple(zeros))


def junction_tree(sizes: Sequence[int], cliques: Sequence[Clique]) -> tuple[
    list[Clique], dict[Clique, list[Clique]], list[tuple[Clique, Clique]]
]:  # fmt: skip
    """A junction tree that holds each clique in a node.

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
    >>> sorted(nodes), len(order)
    ([(0, 1), (1, 2)], 2)
    """
    mbi = _mbi()
    tree, _ = mbi.junction_tree.make_junction_tree(_domain(sizes), [tuple(c) for c in cliques])
    named = {node: tuple(sorted(node)) for node in mbi.junction_tree.maximal_cliques(tree)}
    around = {named[node]: [named[other] for other in tree.neighbors(node)] for node in named}
    order = [(named[a], named[b]) for a, b in mbi.junction_tree.message_passing_order(tree)]
    return list(named.values()), around, order


def largest_table(sizes: Sequence[int], cliques: Sequence[Clique]) -> float:
    """Cells of the largest table that inference over `cliques` needs.

    Examples
    --------
    >>> largest_table([2, 3, 4], [(0, 1), (1, 2), (0, 2)])
    24.0
    """
    tree, _ = _mbi().junction_tree.make_junction_tree(_domain(sizes), [tuple(c) for c in cliques])
    return max(float(np.prod([float(sizes[i]) for i in node])) for node in tree.nodes)


def _domain(sizes: Sequence[int]) -> Any:
    return _mbi().Domain(tuple(range(len(sizes))), tuple(int(size) for size in sizes))


def _mbi() -> ModuleType:
    """`mbi`, imported late (it starts JAX) and in double precision."""
    import jax

    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_enable_compilation_cache", False)
    import mbi

    return mbi


def _constraints(domain: Any, zeros: Sequence[tuple[Clique, np.ndarray]]) -> tuple[Any, ...]:
    return tuple(
        _mbi().Constraint(domain.project(clique), invalid=np.asarray(codes))
        for clique, codes in zeros
    )


def _beyond(zeros: Sequence[tuple[Clique, np.ndarray]], cliques: Sequence[Clique]) -> list[Clique]:
    """The cliques of `zeros` that lie in none of `cliques`, each once."""
    alone = [c for c, _ in zeros if not any(set(c) <= set(known) for known in cliques)]
    return list(dict.fromkeys(alone))
