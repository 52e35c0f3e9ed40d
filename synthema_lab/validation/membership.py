"""Can an attacker tell who was in the training data?

The strongest of a battery of attacks is reported, with an interval that holds
for all of them together, and with the power of the test: how few false alarms
can be seen at all with this many non-members, and how large a leak would show.
"""

from __future__ import annotations

import numpy as np

from .attacks import ATTACKS, attack_scores
from .battery import FALSE_POSITIVES, measure_battery
from .columns import Columns
from .metric import Estimate, Measure
from .reference import Reference

FEWEST = 20


def membership_tpr(candidate: Columns, reference: Reference) -> Estimate:
    """True-positive rate of the strongest attack at 1% false positives."""
    return _strongest(candidate, reference, "tpr")


def membership_auc(candidate: Columns, reference: Reference) -> Estimate:
    """Area under the ROC curve of the strongest attack."""
    return _strongest(candidate, reference, "auc")


def scores_of(candidate: Columns, reference: Reference) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Scores of every attack, made once for a table; see `attacks.attack_scores`."""
    return reference.once(
        ("attack_scores", candidate.role),
        lambda: attack_scores(
            candidate, reference.train, reference.holdout, reference.rng("folds of the attack")
        ),
    )


def _strongest(candidate: Columns, reference: Reference, what: str) -> Estimate:
    members, outsiders = reference.train, reference.holdout
    if min(members.rows, outsiders.rows) < FEWEST:
        return Estimate.absent(f"fewer than {FEWEST} members or non-members")
    battery = reference.once(
        ("battery", candidate.role),
        lambda: measure_battery(
            scores_of(candidate, reference), reference.rng("resamples of the attack")
        ),
    )
    table = battery.attacks
    best = table.loc[table[what].idxmax()]
    value = float(best[what])
    chance = battery.chance[what]
    usual = np.quantile(chance, [0.025, 0.975])
    note = (
        f"strongest of {len(table)} attacks: {ATTACKS[best['attack']]}; shuffled labels give "
        f"{usual[0]:.3f} to {usual[1]:.3f} (p = {battery.p_value(what, value):.3f})"
    )
    if what == "tpr":
        note += (
            f"; power: {battery.outsiders} non-members, smallest false-positive rate above 0 is "
            f"{1 / battery.outsiders:.2%}, smallest rate this would detect is about "
            f"{battery.smallest_detectable():.3f}"
        )
        if battery.outsiders < 1 / FALSE_POSITIVES:
            note += "; 1% cannot be resolved, so the value is at no false positive"
    curves = {"attacks": table, "attack_roc": battery.roc} if what == "tpr" else {}
    return Estimate(
        value,
        float(table[f"{what}_low"].max()),
        float(table[f"{what}_high"].max()),
        battery.members + battery.outsiders,
        note,
        float(chance.mean()),
        curves,
    )


MEASURES = (
    Measure(
        "membership_tpr",
        "Membership inference, members found at 1% false alarms",
        "privacy",
        "minimise",
        (0.0, 1.0),
        "Share of training patients whom the strongest attack names while wrongly naming at "
        "most 1 in 100 others.",
        frozenset({"holdout"}),
        "chance",
        membership_tpr,
        rows="attack",
    ),
    Measure(
        "membership_auc",
        "Membership inference, AUC",
        "privacy",
        0.5,
        (0.0, 1.0),
        "How often the strongest attack ranks a training patient above another patient; "
        "0.5 is guessing.",
        frozenset({"holdout"}),
        "chance",
        membership_auc,
        rows="attack",
    ),
)
