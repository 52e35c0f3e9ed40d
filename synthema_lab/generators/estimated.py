"""Which joint distribution do opened sums come to, alone or beside a public cohort?

The log-linear model closest to a base whose expectations are near the sums. The
base is the opened counts of each variable alone, or a *prior*: a model of other
patients. Then only that is held which the prior does not say already, and what is
no significant surprise is believed only as far as its noise is small.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..errors import ArgumentRefused
from ..privacy import OpenedSums
from .belief import Potential
from .chosen_pairs import choose_pairs, covariate_places, doubt, names_of
from .count_plan import CountPlan
from .counts import Clique, marginal_counts, split_marginals
from .encoder import Encoder
from .features import outcome_places
from .graphical_model import GraphicalModel
from .junction import largest_table
from .loglinear import fit_loglinear, log_shares
from .measured_sums import Measured

CELL_CAP = 2_000_000
"""Cells of a table that the rules alone may need."""
TABLE_CAP = 200_000
"""Cells of a table that a table of the workload may lead to, without noise."""
_LOOSENESS = 0.01
"""Variance left to a count, in multiples of that of its noise."""
_ROWS_OF_A_PRIOR = 50_000


def estimate(
    plan: CountPlan,
    opened: OpenedSums,
    zeros: Sequence[tuple[Clique, np.ndarray]],
    prior: GraphicalModel | None = None,
    rng: np.random.Generator | None = None,
    progress: Callable[[float], None] | None = None,
) -> tuple[GraphicalModel, list[str]]:
    """The model of the opened sums, and what stood out but does not fit into it.

    Parameters
    ----------
    plan : CountPlan
    opened : OpenedSums
    zeros : sequence of (clique, forbidden codes)
        Of the dictionary's rules and patterns.
    prior : GraphicalModel, optional
        Over the same codes.
    rng : numpy.random.Generator, optional
        Draws what a prior expects; goes with one.
    progress : callable, optional
        Called with the share done, from 0 to 1.

    Raises
    ------
    ArgumentRefused
        If the dictionary's rules need too large a table.
    """
    encoder, sizes = plan.encoder, plan.encoder.sizes
    total = _total(plan, opened)
    if prior is None:
        counts = _counts(plan, opened)
        base = _alone(plan, counts)
    else:
        counts = _counts_beside(plan, opened, prior.draw(_ROWS_OF_A_PRIOR, rng), total)
        base = list(zip(prior.cliques, prior.potentials, strict=True))
    held = [*(clique for clique, _ in zeros), *(clique for clique, _ in base)]
    if (cells := largest_table(sizes, held)) > CELL_CAP:
        raise ArgumentRefused(
            f"The dictionary's rules would need a table of {cells:.0f} cells.",
            f"At most {CELL_CAP} cells in one table of the junction tree.",
            "Use fewer variables, coarser bins, or rules over fewer variables.",
        )
    tables, beyond = [], []
    for one in counts:
        fits = len(one.clique) == 1 or largest_table(sizes, [*held, one.clique]) <= TABLE_CAP
        (tables if fits else beyond).append(one)
        held += [one.clique] if fits else []
    left_out = [one.clique for one in beyond]
    held_moments: tuple[Measured, ...] = ()
    if plan.vectors:
        moments = plan.moments(np.concatenate(opened.sums))
        given = [
            (one, vector.sums, vector.variance)
            for one, vector in zip(moments, opened.vectors, strict=True)
        ]
        if prior is None:
            first = covariate_places(encoder.dictionary, encoder.names)
            chosen = choose_pairs(sizes, held, given, total, first)
        else:
            nearest = fit_loglinear(sizes, base, tables, zeros, total)
            codes = nearest.draw(_ROWS_OF_A_PRIOR, rng)
            expected = [one.total(codes) * total / len(codes) for one in moments]
            chosen = choose_pairs(sizes, held, given, total, (), expected=expected)
        held_moments, left_out = chosen.measured, [*left_out, *chosen.left_out]
    graph = fit_loglinear(sizes, base, [*tables, *held_moments], zeros, total, progress)
    return graph, names_of(left_out, encoder.names)


def _counts(plan: CountPlan, opened: OpenedSums) -> list[Measured]:
    """The opened tables, and how near the model should come to them."""
    noise = opened.variances or (0.0,) * len(plan.cliques)
    return [
        Measured(
            clique, _shrunk(plan.encoder, clique, sums, variance),
            float(np.sqrt(_LOOSENESS * (variance or 1.0))),
        )
        for clique, sums, variance in zip(plan.cliques, opened.sums, noise, strict=True)
    ]  # fmt: skip


def _counts_beside(
    plan: CountPlan, opened: OpenedSums, codes: np.ndarray, total: float
) -> list[Measured]:
    """The same where patients of a prior were drawn: a table as near as its surprise deserves."""
    sizes, found = plan.encoder.sizes, []
    noise = opened.variances or (0.0,) * len(plan.cliques)
    others = marginal_counts(codes, sizes, plan.cliques)
    for clique, sums, variance, drawn in zip(
        plan.cliques, opened.sums, noise, split_marginals(others, sizes, plan.cliques), strict=True
    ):
        shares = drawn / len(codes)
        surprise = np.mean((np.asarray(sums, dtype=float) - total * shares) ** 2, keepdims=True)
        chance = np.mean(total * shares * (1 - shares), keepdims=True)
        left = doubt(surprise, variance, chance, len(sums)) * (variance or 1.0)
        found.append(Measured(clique, np.asarray(sums, dtype=float), float(np.sqrt(left[0]))))
    return found


def _alone(plan: CountPlan, counts: Sequence[Measured]) -> list[Potential]:
    """Each variable by itself, time and event together."""
    outcome = outcome_places(plan.encoder)
    pair = tuple(sorted(outcome)) if outcome and tuple(sorted(outcome)) in plan.cliques else ()
    base = [one for one in counts if one.clique == pair]
    base += [one for one in counts if len(one.clique) == 1 and one.clique[0] not in pair]
    return [log_shares(one, plan.encoder.sizes) for one in base]


def _shrunk(encoder: Encoder, clique: Clique, sums: np.ndarray, variance: float) -> np.ndarray:
    """Counts of which those of bins within their noise are drawn towards 0, where nobody may be.

    The garrotte of Gao (1998): little is taken from what is far above its noise. Findings keep
    what was opened, since a rare one is there and an outermost bin may not be.
    """
    counts = np.asarray(sums, dtype=float)
    binned = [getattr(encoder.coded[encoder.names[place]], "edges", ()) for place in clique]
    if not any(binned):
        return counts
    return counts * np.maximum(0.0, 1 - variance / np.maximum(counts, 1e-9) ** 2) * (counts > 0)


def _total(plan: CountPlan, opened: OpenedSums) -> float:
    """Number of patients; each marginal says one, weighed by its noise. At least 1."""
    variances = opened.variances or (1.0,) * len(plan.cliques)
    weights = 1 / (np.asarray(variances) * [one.size for one in opened.sums])
    return max(1.0, float(weights @ [float(one.sum()) for one in opened.sums] / weights.sum()))
