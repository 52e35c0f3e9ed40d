"""What model do opened sums come to, and what does its noise prove?

Nothing here reads a patient: it runs where the sums were opened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from ..errors import ArgumentRefused
from ..privacy import OpenedSums, SkellamEvent, epsilon_of
from .chosen_pairs import choose_pairs, covariate_places, names_of
from .count_plan import CountPlan
from .counts import Clique
from .encoder import Encoder
from .features import outcome_places
from .graphical_model import GraphicalModel
from .junction import largest_table
from .loglinear import Measured, fit_loglinear
from .model import FittedModel
from .structural_zeros import pattern_zeros, rule_coverage

CELL_CAP = 2_000_000
"""Cells of a table that the rules alone may need."""
TABLE_CAP = 200_000
"""Cells of a table that a table of the workload may lead to, without noise."""
_LOOSENESS = 0.01
"""Variance left to a count, in multiples of that of its noise."""
UNIT = "one patient added or removed; a patient at two sites counts twice"


def learnt(
    plan: CountPlan,
    opened: OpenedSums,
    *,
    asked: float | None,
    delta: float,
    colluding: int,
    sites: int,
    counted: int,
    checked: bool,
    seed: int = 0,
    replayed: bool = False,
    progress: Callable[[float], None] | None = None,
) -> FittedModel:
    """The model of opened sums; no patient is read any more.

    Parameters
    ----------
    plan : CountPlan
    opened : OpenedSums
    asked : float or None
        Epsilon that was asked for.
    delta : float
    colluding : int
    sites : int
        How many sites' vectors are in the sums.
    counted : int
        How many sites' shares were to make up the noise: with `sites` of them
        in the sum, it holds that much more.
    checked : bool
        Whether every site made sure by pseudonym that a row is a patient.
    seed : int
    replayed : bool
    progress : callable, optional
    """
    encoder = plan.encoder
    coverage = rule_coverage(encoder)
    zeros = (*coverage.structural.values(), *pattern_zeros(encoder))
    graph, left_out = _estimated(plan, opened, zeros, progress)
    return FittedModel(
        generator=plan.generator,
        dictionary=encoder.dictionary,
        graph=graph,
        columns=encoder.columns,
        opened=opened,
        privacy=_statement(opened, asked, delta, colluding, sites, counted, checked),
        provenance={
            "dictionary": encoder.dictionary.digest,
            "sites": sites,
            "seed": seed,
            "rules_structural": sorted(coverage.structural),
            "rules_kept": [rule.name for rule in coverage.decidable],
            "rules_undecidable": list(coverage.undecidable),
            **({"pairs_left_out": left_out} if plan.vectors else {}),
        },
        replayed=replayed,
    )


def _estimated(
    plan: CountPlan,
    opened: OpenedSums,
    zeros: Sequence[tuple[Clique, np.ndarray]],
    progress: Callable[[float], None] | None,
) -> tuple[GraphicalModel, list[str]]:
    """The model of the opened sums, and what stood out but does not fit into it."""
    encoder, sizes = plan.encoder, plan.encoder.sizes
    variances = opened.variances or (1.0,) * len(plan.cliques)
    noisy = opened.variances is not None
    counts = [
        Measured(
            clique, _shrunk(encoder, clique, sums, variance if noisy else 0.0),
            float(np.sqrt(_LOOSENESS * variance)),
        )
        for clique, sums, variance in zip(plan.cliques, opened.sums, variances, strict=True)
    ]  # fmt: skip
    outcome = outcome_places(encoder)
    pair = tuple(sorted(outcome)) if outcome and tuple(sorted(outcome)) in plan.cliques else ()
    base = [one for one in counts if one.clique == pair]
    base += [one for one in counts if len(one.clique) == 1 and one.clique[0] not in pair]
    held = [clique for clique, _ in zeros] + [one.clique for one in base]
    if (cells := largest_table(sizes, held)) > CELL_CAP:
        raise ArgumentRefused(
            f"The dictionary's rules would need a table of {cells:.0f} cells.",
            f"At most {CELL_CAP} cells in one table of the junction tree.",
            "Use fewer variables, coarser bins, or rules over fewer variables.",
        )
    tables, left_out = [], []
    for one in counts:
        fits = len(one.clique) == 1 or largest_table(sizes, [*held, one.clique]) <= TABLE_CAP
        (tables if fits else left_out).append(one)
        held += [one.clique] if fits else []
    total = _total(plan, opened.sums, variances)
    beyond = [one.clique for one in left_out]
    moments: tuple[Measured, ...] = ()
    if plan.vectors:
        given = [
            (one, vector.sums, vector.variance)
            for one, vector in zip(
                plan.moments(np.concatenate(opened.sums)), opened.vectors, strict=True
            )
        ]
        first = covariate_places(encoder.dictionary, encoder.names)
        chosen = choose_pairs(sizes, held, given, total, first)
        moments, beyond = chosen.measured, [*beyond, *chosen.left_out]
    graph = fit_loglinear(sizes, base, [*tables, *moments], zeros, total, progress)
    return graph, names_of(beyond, encoder.names)


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


def _total(plan: CountPlan, sums: Sequence[np.ndarray], variances: Sequence[float]) -> float:
    """Number of patients; each marginal says one, weighed by its noise. At least 1."""
    weights = 1 / (np.asarray(variances) * [one.size for one in sums])
    return max(1.0, float(weights @ [float(one.sum()) for one in sums] / weights.sum()))


def _with_shares(opened: OpenedSums, times: float) -> list[SkellamEvent]:
    """What was opened, to somebody for whom the noise holds `times` the variance."""
    return [replace(event, variance=event.variance * times) for event in opened.events()]


def _statement(
    opened: OpenedSums,
    asked: float | None,
    delta: float,
    colluding: int,
    sites: int,
    counted: int,
    checked: bool,
) -> dict[str, object] | None:
    """What the noise proves, against whom, and what is assumed."""
    if asked is None:
        return None
    counted_on = epsilon_of(opened.events(), delta)
    if sites == 1:
        views = {"whoever sees the opened sums": counted_on}
    else:
        # The coordinator does not know the colluding sites' shares either.
        alone = _with_shares(opened, sites / counted)
        # A site knows its own share, and so sees the opened sums with less noise.
        site = _with_shares(opened, (sites - 1) / counted)
        views = {
            "the coordinator, or whoever gets the model": epsilon_of(alone, delta),
            "any one participating site": epsilon_of(site, delta),
        }
        if colluding:
            pooled = _with_shares(opened, (sites - colluding) / counted)
            views[f"the coordinator with {colluding} colluding site(s)"] = epsilon_of(pooled, delta)
    return {
        "epsilon": counted_on,
        "delta": delta,
        "asked": asked,
        "unit": UNIT,
        "assumed": "one row a patient"
        + (" (checked by pseudonym)" if checked else " (not checked: a table has no pseudonym)"),
        "mechanism": "Skellam noise on integer sums, Renyi bound of Agarwal et al. 2021",
        "views": views,
        "marginals": [
            {"clique": list(clique), "noise_sd": float(variance**0.5)}
            for clique, variance in zip(opened.cliques, opened.variances, strict=True)
        ],
        "moments": [
            {
                "vector": one.name,
                "numbers": len(one.sums),
                "noise_sd": float(one.variance**0.5),
                "l2_sensitivity": one.l2_squared**0.5,
            }
            for one in opened.vectors
        ],
        "release": opened.release,
    }
