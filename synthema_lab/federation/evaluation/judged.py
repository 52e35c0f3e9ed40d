"""What do the opened sums say about the synthetic cohort?

The measures are those of the pooled suite, computed on patients written out
from the sums (see `opened`), on rates averaged over sites, and on summed
histograms of attack scores. What cannot be had from one sum stays in the table
with the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

from ...validation import Validation, membership
from ...validation.battery import measure_battery
from ...validation.bootstrap import clopper_pearson
from ...validation.columns import Columns, read_columns
from ...validation.metric import Estimate, Measure, Metric
from ...validation.published import published_curves
from ...validation.reference import Reference
from ...validation.registry import MEASURES, measure
from .cells import HELD, TRAIN, Layout
from .counting import row_counts
from .hazards import compared, error_of, fitted, plan_of, solved
from .local import STEPS
from .opened import Tables, columns_of, settled, sides_of
from .pairs import PAIRWISE, pair_estimate
from .score_grid import EDGES, expanded

NOT_SUMMED = {
    "verbatim_values": "hospitals share values by chance, and a sum does not show the union of "
    "what they hold",
}
"""Measures of the pooled suite that this study does not give, and why."""
UNBOUNDED = "one patient can change it by more than one count, so that no noise was agreed for it"
_BINNED = ("univariate_distance", "missingness_difference", "km_gap", "km_gap_by_group")
_ROLES = ("candidate", "floor", "ceiling")
_Z = 1.959964


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
        train, held = sides_of(layout, self.real)
        self.other = {"candidate": _one_side(row_counts(layout, synthetic))}
        floor = self._floor(train.rows)
        self.other["floor"] = _one_side(row_counts(layout, floor))
        self.floor = read_columns(floor, dictionary, layout.columns, "floor")
        columns = {role: columns_of(layout, part, 0, role) for role, part in self.other.items()}
        self.columns = columns | ({"ceiling": held} if held is not None else {})
        self.reference = Reference(
            dictionary, train, held, columns["floor"], layout.rules,
            tuple(rule.name for rule in layout.undecided), (), "quick", draws, seed,
        )  # fmt: skip

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
        if name in _BINNED:
            if role not in self.columns:
                return Estimate.absent("no patients were held out")
            return measure(name).estimate(self.columns[role], self.reference)
        special: dict[str, Callable[[str], Estimate]] = {
            "rules_broken": self._rules,
            "row_copies": self._copies,
            "membership_tpr": partial(self._membership, membership.membership_tpr),
            "membership_auc": partial(self._membership, membership.membership_auc),
            "c2st_auc": partial(self._rate, "c2st_auc", "c2st_auc_held"),
            "log_hr_error": self._hazards,
            "c_index": partial(self._rate, "c_index", "c_index_train"),
        }
        if name not in special:
            return Estimate.absent("a study does not give it yet")
        return special[name](role)

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

    def _hazards(self, role: str) -> Estimate:
        layout = self.layout
        if "cox" not in layout:
            return Estimate.absent(UNBOUNDED if layout.private else "there is no covariate")
        plan = plan_of(layout.dictionary, layout.columns, self.synthetic)
        real, held = (solved(part, layout.covariates) for part in self.real["cox"])
        table = self.synthetic if role == "candidate" else self.floor
        other = held if role == "ceiling" else fitted(plan, table)
        shown = compared(plan, [self.reference.train, self.synthetic])
        return error_of(real, other, shown, self.reference.rng("hazards"), self.draws)

    def _copies(self, role: str) -> Estimate:
        if role == "floor":
            return Estimate.absent("only the approved table is looked up at the hospitals")
        if "copies" not in self.layout:
            return Estimate.absent(UNBOUNDED)
        rows, copies = self.synthetic.rows, self.real["copies"]
        if role == "ceiling":
            if self.reference.holdout is None:
                return Estimate.absent("no patients were held out")
            chance = self.reference.train.rows / self.reference.holdout.rows
            return Estimate(min(1.0, float(copies[HELD]) / rows * chance), n=rows)
        hits = min(rows, int(copies[TRAIN]))
        low, high = clopper_pearson(hits, rows)
        note = (
            f"{hits} of {rows} rows; one that equals patients at two hospitals counts twice; the "
            "ceiling is the share that equals a patient held out, scaled to as many patients"
        )
        return Estimate(hits / rows, low, high, rows, note)

    def _membership(
        self, strongest: Callable[[Columns, Reference], Estimate], role: str
    ) -> Estimate:
        if role != "candidate":
            return Estimate.absent("attacks are run on the approved table alone")
        if self.layout.private:
            return Estimate.absent("noise would hide the rare scores that an attack lives on")
        scores = {name: tuple(map(expanded, self.real[f"attack {name}"])) for name in EDGES}
        if min(len(side) for both in scores.values() for side in both) < membership.FEWEST:
            return Estimate.absent(f"fewer than {membership.FEWEST} members or non-members")
        self.reference.once(
            ("battery", "candidate"),
            lambda: measure_battery(scores, self.reference.rng("resamples of the attack")),
        )
        return strongest(self.columns["candidate"], self.reference)

    def _rate(self, candidate: str, ceiling: str, role: str) -> Estimate:
        """The mean of the sites' own rates, weighted by their patients."""
        if role == "floor":
            return Estimate.absent("only the approved table is looked at by the hospitals")
        name = f"local {candidate if role == 'candidate' else ceiling}"
        if name not in self.layout:
            return Estimate.absent(UNBOUNDED)
        weight, weighted, variance = (float(part) for part in self.real[name])
        if weight == 0:
            return Estimate.absent("no hospital has patients enough for it")
        value, error = weighted / STEPS / weight, np.sqrt(variance / STEPS) / weight
        low, high = max(0.0, value - _Z * error), min(1.0, value + _Z * error)
        note = "mean of the hospitals' own values, weighted by their patients"
        return Estimate(value, low, high, int(weight), note)


def _one_side(counts: Tables) -> Tables:
    return {name: part[None] for name, part in counts.items()}
