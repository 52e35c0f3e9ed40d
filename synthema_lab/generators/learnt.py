"""What model do opened sums come to, and what does its noise prove?

Nothing here reads a patient: it runs where the sums were opened.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..privacy import OpenedSums, SkellamEvent, epsilon_of
from .count_plan import CountPlan
from .estimated import estimate
from .model import FittedModel
from .structural_zeros import pattern_zeros, rule_coverage

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
    graph, left_out = estimate(plan, opened, zeros, progress=progress)
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
