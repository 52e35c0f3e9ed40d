"""Which tables stand behind the numbers, and may leave with them?

Everything here is an aggregate of real patients: curves on a public grid that
end where fewer than ten are at risk, shares over public bins with small counts
hidden, hazard ratios of groups of at least ten, rates of an attack. Survival
of real patients is given in whole percent. These are plain disclosure rules,
outside any epsilon.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from .columns import Columns
from .marginals import marginal_shares
from .metric import Estimate
from .reference import Reference

Found = Mapping[str, Mapping[str, Estimate]]
_PLAIN = {
    "associations": "correlation_difference",
    "alpha_precision": "alpha_precision",
    "beta_recall": "beta_recall",
    "rare_categories": "rare_coverage",
    "hazard_overlap": "hazard_interval_overlap",
    "group_order": "risk_group_order",
    "co_occurrence": "co_occurrence_error",
    "group_contrasts_numbers": "contrast_error",
    "group_contrasts_findings": "rate_contrast_error",
    "findings": "findings_reproduced",
    "models": "model_ranking",
    "attribute_inference": "attribute_inference_gain",
    "singling_out": "singling_out_gain",
    "linkability": "linkability_gain",
    "small_groups": "small_group_disclosure",
}
"""Curves that are published as they are, and the measure that makes them."""
SAID = {"candidate": "synthetic", "floor": "floor", "ceiling": "held out"}


def published_curves(
    reference: Reference, candidate: Columns, found: Found
) -> dict[str, pd.DataFrame]:
    """The tidy tables behind the metrics, by name.

    Parameters
    ----------
    reference : Reference
    candidate : Columns
        The synthetic table.
    found : mapping of role ("candidate", "floor", "ceiling") to estimates by measure

    Returns
    -------
    dict of str to DataFrame
        Some of: bounds (floor and ceiling with intervals), survival,
        hazard_ratios, univariate, missingness, marginals, attacks, attack_roc,
        verbatim, rules, associations, alpha_precision, beta_recall, rare_categories,
        hazard_overlap, group_order, co_occurrence,
        group_contrasts_numbers, group_contrasts_findings, findings, models,
        attribute_inference, singling_out, linkability, small_groups.
    """
    curves = {
        "bounds": _bounds(found),
        "survival": _whole_percent(_stacked(found, ("km_gap", "km_gap_by_group"), tuple(SAID))),
        "hazard_ratios": _stacked(found, ("log_hr_error",), ("candidate", "floor")),
        "univariate": _univariate(found),
        "missingness": _curve(found, "candidate", "missingness_difference", "missingness").rename(
            columns={"candidate": "synthetic"}
        ),
        "marginals": marginal_shares(
            reference.train, candidate, reference.floor, reference.dictionary
        ),
        "attacks": _curve(found, "candidate", "membership_tpr", "attacks"),
        "attack_roc": _curve(found, "candidate", "membership_tpr", "attack_roc"),
        **{curve: _curve(found, "candidate", measure, curve) for curve, measure in _PLAIN.items()},
        "verbatim": _verbatim(found),
        "rules": _curve(found, "candidate", "rules_broken", "rules"),
    }
    return {name: table for name, table in curves.items() if len(table)}


def _curve(found: Found, role: str, measure: str, name: str) -> pd.DataFrame:
    made = found[role].get(measure)
    return pd.DataFrame() if made is None else made.curves.get(name, pd.DataFrame()).copy()


def _stacked(found: Found, measures: tuple[str, ...], roles: tuple[str, ...]) -> pd.DataFrame:
    """Real curves once, then those of each role."""
    tables = []
    for measure in measures:
        for role in roles:
            for table in found[role][measure].curves.values():
                keep = table if role == "candidate" else table[table["table"] == "candidate"]
                tables.append(keep.replace({"table": {"candidate": SAID[role]}}))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _whole_percent(curves: pd.DataFrame) -> pd.DataFrame:
    """Curves of real patients rounded, so that a step does not tell a number of deaths."""
    if len(curves):
        real = curves["table"].isin(["real", SAID["ceiling"]])
        for column in ("survival", "low", "high"):
            curves.loc[real, column] = curves.loc[real, column].round(2)
    return curves


def _bounds(found: Found) -> pd.DataFrame:
    """Floor and ceiling of each metric with their own intervals."""
    rows = []
    for name in found["candidate"]:
        row = {"metric": name}
        for role in ("floor", "ceiling"):
            estimate = found[role][name]
            row |= {
                role: estimate.value,
                f"{role}_low": estimate.low,
                f"{role}_high": estimate.high,
            }
        rows.append(row)
    return pd.DataFrame(rows)


def _univariate(found: Found) -> pd.DataFrame:
    table = _curve(found, "candidate", "univariate_distance", "univariate")
    for role in ("floor", "ceiling"):
        other = _curve(found, role, "univariate_distance", "univariate")
        if len(table):
            table[role] = other["distance"] if len(other) else float("nan")
    return table


def _verbatim(found: Found) -> pd.DataFrame:
    table = _curve(found, "candidate", "verbatim_values", "verbatim")
    if not len(table):
        return table
    table = table.rename(columns={"share": "synthetic"})
    for role, said in (("floor", "floor"), ("ceiling", "held_out")):
        other = _curve(found, role, "verbatim_values", "verbatim")
        table[said] = other["share"] if len(other) else float("nan")
    return table
