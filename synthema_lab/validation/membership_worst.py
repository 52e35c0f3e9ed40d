"""Who is found most easily, and how rarely may the attacker be wrong?

Averages hide the few who stand out. The battery of `membership` is read again
in two stricter ways: at one false alarm in a thousand, and among the tenth of
the patients who are rarest (Carlini et al. 2022; Stadler, Oprisanu and Troncoso
2022). How rare a patient is, is measured on held-out patients alone, never on
the synthetic table: the mean distance to the five nearest of them, in folds, so
that members and non-members are compared with equally many, none with itself.
"""

from __future__ import annotations

import numpy as np

from .attacks import ATTACKS, FOLDS, folds
from .battery import FALSE_POSITIVES, Battery, measure_battery
from .columns import Columns
from .membership import FEWEST, scores_of
from .metric import Estimate, Measure
from .places import distances, stacked
from .reference import Reference

STRICT = 0.001
FEWEST_STRICT, FEWEST_TO_GATE = 1000, 3000
RAREST = 0.1
NEIGHBOURS = 5


def membership_tpr_strict(candidate: Columns, reference: Reference) -> Estimate:
    """True-positive rate of the strongest attack at 0.1% false positives."""
    members, outsiders = reference.train.rows, reference.holdout.rows
    if members >= FEWEST and outsiders >= FEWEST_STRICT:
        scores = scores_of(candidate, reference)
        members, outsiders = (len(side) for side in next(iter(scores.values())))
    if min(members, outsiders) < FEWEST or outsiders < FEWEST_STRICT:
        return Estimate.absent(
            f"power: {outsiders} non-members show no false-positive rate below "
            f"{1 / max(outsiders, 1):.2%}; 0.1% needs {FEWEST_STRICT}, and "
            f"{FEWEST_TO_GATE} to decide about a release"
        )
    battery = measure_battery(scores, reference.rng("resamples of the strict attack"), STRICT)
    gates = "decides" if outsiders >= FEWEST_TO_GATE else "is shown and does not decide"
    note = f"with {outsiders} non-members it {gates} about a release ({FEWEST_TO_GATE} needed)"
    return _estimate(battery, STRICT, note)


def membership_worst_case(candidate: Columns, reference: Reference) -> Estimate:
    """True-positive rate of the strongest attack among the rarest tenth of the patients."""
    members, outsiders = reference.train, reference.holdout
    if min(members.rows, outsiders.rows) < FEWEST:
        return Estimate.absent(f"fewer than {FEWEST} members or non-members")
    scores = reference.once(
        ("scores of the rarest", candidate.role), lambda: scores_of_the_rarest(candidate, reference)
    )
    counts = [len(part) for part in next(iter(scores.values()))]
    if min(counts) < FEWEST:
        return Estimate.absent(
            f"the rarest tenth holds fewer than {FEWEST} members or non-members; about "
            f"{round(FEWEST / RAREST)} of each are needed"
        )
    allowed = max(FALSE_POSITIVES, 1 / counts[1])
    battery = measure_battery(scores, reference.rng("resamples of the worst case"), allowed)
    note = (
        f"{counts[0]} members and {counts[1]} non-members, the rarest tenth by their mean distance "
        f"to the {NEIGHBOURS} nearest held-out patients"
    )
    return _estimate(battery, allowed, note)


def scores_of_the_rarest(
    candidate: Columns, reference: Reference
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Scores of every attack for the rarest tenth of members and non-members together."""
    rare = reference.once(
        ("rarity of patients", "train"),
        lambda: rarity(reference.train, reference.holdout, reference.rng("folds of the rarity")),
    )
    limit = np.quantile(np.concatenate(rare), 1 - RAREST)
    return {
        name: (inside[rare[0] >= limit], outside[rare[1] >= limit])
        for name, (inside, outside) in scores_of(candidate, reference).items()
    }


def rarity(
    members: Columns, outsiders: Columns, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Mean distance to the nearest held-out patients, the own fold left out.

    Parameters
    ----------
    members, outsiders : Columns
    rng : numpy.random.Generator
        Draws the folds.

    Returns
    -------
    tuple of ndarray, shapes (members,) and (outsiders,)
        Higher is rarer.
    """
    fold = [folds(rng, table.rows) for table in (members, outsiders)]
    both, records = np.concatenate(fold), stacked(members, outsiders)
    found = np.empty(records.rows)
    for number in range(FOLDS):
        known, asked = outsiders.take(fold[1] != number), np.flatnonzero(both == number)
        few = min(NEIGHBOURS, known.rows)
        for rows, apart in distances(records.take(asked), known, known):
            near = np.partition(apart.sum(axis=0), few - 1, axis=1)[:, :few]
            found[asked[rows]] = near.mean(axis=1)
    return found[: members.rows], found[members.rows :]


def _estimate(battery: Battery, allowed: float, said: str) -> Estimate:
    table, chance = battery.attacks, battery.chance["tpr"]
    best = table.loc[table["tpr"].idxmax()]
    value = float(best["tpr"])
    usual = np.quantile(chance, [0.025, 0.975])
    note = (
        f"at {allowed:.2%} false positives; {said}; strongest of {len(table)} attacks: "
        f"{ATTACKS[best['attack']]}; shuffled labels give {usual[0]:.3f} to {usual[1]:.3f} "
        f"(p = {battery.p_value('tpr', value):.3f}); power: smallest rate this would detect is "
        f"about {battery.smallest_detectable():.3f}"
    )
    return Estimate(
        value, float(table["tpr_low"].max()), float(table["tpr_high"].max()),
        battery.members + battery.outsiders, note, float(chance.mean()),
    )  # fmt: skip


MEASURES = (
    Measure(
        "membership_tpr_strict",
        "Membership inference, members found at 0.1% false alarms",
        "privacy",
        "minimise",
        (0.0, 1.0),
        "Share of training patients whom the strongest attack names while wrongly naming at "
        "most 1 in 1,000 others.",
        frozenset({"holdout"}),
        "chance",
        membership_tpr_strict,
        standard_only=True,
        rows="attack",
    ),
    Measure(
        "membership_worst_case",
        "Membership inference among the rarest tenth",
        "privacy",
        "minimise",
        (0.0, 1.0),
        "Share of the rarest training patients whom the strongest attack names, with few false "
        "alarms among patients as rare.",
        frozenset({"holdout"}),
        "chance",
        membership_worst_case,
        rows="attack",
    ),
)
