"""What do the opened sums say about the synthetic cohort?

The measures are those of the pooled suite, computed on patients written out
from the sums (see `opened`), on rates averaged over sites, and on summed hits
and scores of attacks. What cannot be had from one sum stays in the table with the
reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from ...errors import DataMismatch
from ...validation import Validation, membership
from ...validation.bootstrap import clopper_pearson
from ...validation.columns import Columns, read_columns
from ...validation.metric import Estimate, Measure, Metric
from ...validation.published import published_curves
from ...validation.reference import Reference
from ...validation.registry import MEASURES, measure
from .attacked import guessing_gain, joining_gain
from .cells import HELD, TABLES, TRAIN, Layout
from .counting import row_counts
from .hazards import compared, error_of, fitted, overlap_of, plan_of, solved
from .kept import keep
from .local import MEMBERS
from .opened import Tables, columns_of, settled, sides_of
from .pairs import PAIRWISE, pair_estimate
from .rates import ADDED, RATES, averaged
from .reasons import NOT_SUMMED, UNBOUNDED

_BINNED = (
    "univariate_distance", "missingness_difference", "rare_coverage", "km_gap",
    "km_gap_by_group", "rmst_difference", "optimism", "short_sightedness", "risk_group_order",
)  # fmt: skip
"""Measures that read patients written out from the sums."""
_GROUPED = ("contrast_error", "rate_contrast_error")
"""Those that need every variable counted by risk group, which noise forbids."""
_KEPT = (
    "co_occurrence_error", "co_occurrence_sign", "mutual_exclusivity", "findings_reproduced",
    "membership_tpr", "membership_auc", "membership_tpr_strict", "membership_worst_case",
)  # fmt: skip
"""Measures that read what the reference keeps, which is made from the sums here."""
_ROLES = ("candidate", "floor", "ceiling")
HOW = (
    f"within hospitals that have {membership.FEWEST} of each, {MEMBERS} members to a non-member at "
    "most, by the held-out patients of each"
)
"""How attacks on membership are tried across hospitals."""


def judged(
    layout: Layout, opened: Tables, synthetic: pd.DataFrame, seed: int, draws: int
) -> Validation:
    """All measures from the opened sums.

    Parameters
    ----------
    layout : Layout
    opened : dict of str to numpy.ndarray
        The summed tables, by name.
    synthetic : pandas.DataFrame
        Conformed.
    seed, draws : int
        Of resamples and of the floor.

    Returns
    -------
    Validation
        With the measures of `pairs` beside those of the pooled suite.

    Notes
    -----
    Against one custodian of the same patients: cells of pairs of findings, hits of joins,
    copies and rules give the same numbers; bins and what is near within a hospital move a
    value by up to 0.03; classifiers, models and attacks within four hospitals of 275
    patients by up to 0.05, and hazard ratios, a mean of the hospitals' own, by 0.1.
    """
    return _Judge(layout, opened, synthetic, seed, draws).validation()


class _Judge:
    """One synthetic cohort before the sums."""

    def __init__(
        self, layout: Layout, opened: Tables, synthetic: pd.DataFrame, seed: int, draws: int
    ) -> None:
        self.layout, self.seed, self.draws = layout, seed, draws
        # Sums that were opened without noise are whole already.
        self.real = settled(layout, opened) if layout.private else opened
        dictionary = layout.dictionary
        self.synthetic = read_columns(synthetic, dictionary, layout.columns)
        if not self.real[f"one {layout.columns[0]}"][TRAIN].sum():
            raise DataMismatch(
                "No hospital had patients that were learnt from.",
                "At least one hospital with patients on both sides of its holdout.",
                "Ask the hospitals how many patients have the study's variables.",
            )
        train, held = sides_of(layout, self.real)
        self.rows = train.rows, 0 if held is None else held.rows
        self.other = {"candidate": _one_side(row_counts(layout, synthetic))}
        floor = self._floor(train.rows)
        self.other["floor"] = _one_side(row_counts(layout, floor))
        self.floor = read_columns(floor, dictionary, layout.columns, "floor")
        columns = {role: columns_of(layout, part, 0, role) for role, part in self.other.items()}
        self.columns = columns | ({"ceiling": held} if held is not None else {})
        self.reference = Reference(
            dictionary, train, held, columns["floor"], layout.rules,
            tuple(rule.name for rule in layout.undecided), (), "standard", draws, seed,
        )  # fmt: skip
        if not layout.private:
            keep(layout, self.real, self.reference)

    def validation(self) -> Validation:
        """Metrics, and the curves that may leave with them."""
        found = {role: {} for role in _ROLES}
        for one in MEASURES:
            for role in _ROLES:
                found[role][one.name] = self._estimate(one.name, role)
        metrics = [
            one.metric(
                found["candidate"][one.name], found["floor"][one.name].value,
                found["candidate"][one.name].chance if one.ceiling == "chance"
                else found["ceiling"][one.name].value,
            )
            for one in MEASURES
        ]  # fmt: skip
        place = 1 + [metric.name for metric in metrics].index("univariate_distance")
        metrics[place:place] = [self._pairwise(one) for one in PAIRWISE]
        reference = self.reference
        return Validation(
            metrics=tuple(metrics),
            curves=published_curves(reference, self.columns["candidate"], found),
            dictionary=reference.dictionary.name,
            real_rows=reference.train.rows,
            holdout_rows=0 if reference.holdout is None else reference.holdout.rows,
            synthetic_rows=self.synthetic.rows,
            draws=self.draws,
            seed=self.seed,
        )

    def _estimate(self, name: str, role: str) -> Estimate:
        """One measure in one role, or why there is none."""
        if name in NOT_SUMMED:
            return Estimate.absent(NOT_SUMMED[name])
        lacking = measure(name).missing(self.reference)
        if lacking:
            return Estimate.absent(lacking)
        if role == "ceiling" and measure(name).ceiling == "holdout" and not self.rows[1]:
            return Estimate.absent("no patients were held out")
        if name in _BINNED or (name in _GROUPED and not self.layout.private):
            return measure(name).estimate(self.columns[role], self.reference)
        if name == "rules_broken":
            return self._rules(role)
        if self.layout.private:
            return Estimate.absent(UNBOUNDED)
        if role == "ceiling" and measure(name).ceiling == "chance":
            return Estimate.absent("chance takes its place")
        if name in RATES:
            return self._rate(name, role)
        if name in _KEPT:
            return self._kept(name, role)
        special: dict[str, Callable[[str], Estimate]] = {
            "row_copies": self._copies,
            "log_hr_error": partial(self._hazards, error_of),
            "hazard_interval_overlap": partial(self._hazards, overlap_of),
            "attribute_inference_gain": self._guesses,
            "linkability_gain": self._joins,
        }
        return special[name](role)

    def _table(self, role: str) -> Columns:
        return self.synthetic if role == "candidate" else self.floor

    def _kept(self, name: str, role: str) -> Estimate:
        """A measure whose real side the reference keeps; attacks need hospitals with patients."""
        if name.startswith("membership"):
            scores = self.reference.recall(("attack_scores", role), {})
            if min(len(side) for both in scores.values() for side in both) < membership.FEWEST:
                return Estimate.absent(
                    f"no hospital has {membership.FEWEST} members and non-members"
                )
            found = measure(name).estimate(self._table(role), self.reference)
            return replace(found, note=f"{found.note}; {HOW}") if found.note else found
        table = self._table(role)
        if role == "ceiling":
            table = getattr(self.reference, measure(name).ceiling)
        return measure(name).estimate(table, self.reference)

    def _rate(self, name: str, role: str) -> Estimate:
        chance = np.nan
        if "chance" in RATES[name]:
            chance = averaged(name, self.real[f"rate {name} chance"]).value
        found = averaged(name, self.real[f"rate {name} {role}"], chance)
        return replace(found, n=sum(self.rows)) if name == ADDED else found

    def _guesses(self, role: str) -> Estimate:
        place = TABLES.index(role)
        sums = {name: self.real[f"guesses {name}"][place] for name in self.layout.sensitive}
        if not sums:
            return Estimate.absent("there is nothing to guess, or nothing to guess it from")
        return guessing_gain(sums, self._table(role), self.rows, self.reference)

    def _joins(self, role: str) -> Estimate:
        if "joins" not in self.layout:
            return Estimate.absent("one variable cannot be split in two")
        sums = self.real["joins"][TABLES.index(role)]
        return joining_gain(sums, self._table(role), self.reference)

    def _floor(self, rows: int) -> pd.DataFrame:
        """Rows in which no variable knows of another, drawn from the opened counts."""
        rng = np.random.default_rng([self.seed, 0xF1])
        counts = [self.real[f"one {name}"][TRAIN] for name in self.layout.columns]
        codes = [rng.choice(len(part), size=rows, p=part / part.sum()) for part in counts]
        return self.layout.encoder.decode(np.stack(codes, axis=1), rng)

    def _pairwise(self, one: Measure) -> Metric:
        compare = partial(
            pair_estimate, one.name, self.layout, self.real,
            rng=self.reference.rng(one.name), draws=self.draws,
        )  # fmt: skip
        candidate, floor = (
            compare(self.other[role], (TRAIN, 0)) for role in ("candidate", "floor")
        )
        ceiling = (
            Estimate.absent("no patients were held out")
            if self.reference.holdout is None
            else compare(self.real, (TRAIN, HELD))
        )
        return one.metric(candidate, floor.value, ceiling.value)

    def _rules(self, role: str) -> Estimate:
        if role == "candidate":
            return measure("rules_broken").estimate(self.synthetic, self.reference)
        counts = self.real["rules"][TRAIN] if role == "ceiling" else self.other["floor"]["rules"][0]
        return Estimate(float(counts[1] / counts.sum()), n=int(counts.sum()))

    def _hazards(self, comparing: Callable[..., Estimate], role: str) -> Estimate:
        layout = self.layout
        if "cox" not in layout:
            return Estimate.absent("there is no covariate")
        plan = plan_of(layout.dictionary, layout.columns, self.synthetic)
        real, held = (solved(part, layout.covariates) for part in self.real["cox"])
        other = held if role == "ceiling" else fitted(plan, self._table(role))
        shown = compared(plan, [self.reference.train, self.synthetic])
        return comparing(plan, real, other, shown, self.reference.rng("hazards"), self.draws)

    def _copies(self, role: str) -> Estimate:
        copies = self.real["copies"][TABLES.index("floor" if role == "floor" else "candidate")]
        if role == "ceiling":
            chance = self.rows[0] / self.rows[1]
            return Estimate(min(1.0, float(copies[HELD]) / self.synthetic.rows * chance))
        rows = self.synthetic.rows
        hits = min(rows, int(copies[TRAIN]))
        low, high = clopper_pearson(hits, rows)
        note = (
            f"{hits} of {rows} rows; one that equals patients at two hospitals counts twice; the "
            "ceiling is the share that equals a patient held out, scaled to as many patients"
        )
        return Estimate(hits / rows, low, high, rows, note)


def _one_side(counts: Tables) -> Tables:
    return {name: part[None] for name, part in counts.items()}
