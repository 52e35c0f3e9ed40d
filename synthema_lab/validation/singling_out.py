"""Does the synthetic table tell how to point at exactly one training patient?

The attacker writes predicates that only one synthetic row meets, such as a
value seen once, a value beyond the largest, or a few traits together, and hopes
that exactly one training patient meets them: the first criterion of the Article
29 working party (Opinion 05/2014), attacked as by Giomi et al. 2023. A predicate
that a share w of people meets points at one of n in n w (1 - w)^(n - 1) of all
tables, whoever is in them, so that only narrow ones prove a leak (Cohen and
Nissim 2020). The attacker therefore keeps what hardly anybody should meet, and
the same predicates are tried on held-out patients, in as many rows.

Where few patients were held out, as few training patients are drawn to compare with: a
predicate read off a copy meets its patient only where that one is drawn. The gain is
therefore a share of what a copy of the training table would gain: 1 for a copy,
however many are held out, and near the share of copied rows for a table that holds
some. What a copy would gain is taken as found, the same under shuffled labels: so
the division makes no false alarm.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .bootstrap import LEVEL, newcombe
from .columns import Columns
from .metric import Estimate, Measure
from .predicates import LARGEST, meets, of_one_value, of_several_traits
from .reference import Reference

FEWEST = 20
PREDICATES = 1000
LEAST = 0.25
"""What a copy gains is taken to be no less than this share of its success."""
SHUFFLES = 300
PARTS = 10
MODES = {
    "univariate": "one value that is rare or extreme in the synthetic table",
    "multivariate": f"2 to {LARGEST} traits of one synthetic row",
}


def singling_out_gain(candidate: Columns, reference: Reference) -> Estimate:
    """How much more predicates point at one training patient than at one other, of a copy's gain.

    The gain, its interval, chance and power are shares of what a copy would gain: the
    success of a predicate that one training patient meets, less the success in others.
    """
    members, outsiders = reference.train, reference.holdout
    if min(members.rows, outsiders.rows, candidate.rows) < FEWEST:
        return Estimate.absent(f"a table has fewer than {FEWEST} rows")
    rng = reference.rng("predicates that single out")
    records = np.vstack([members.matrix(), outsiders.matrix()])
    found = {}
    for mode, write in (("univariate", of_one_value), ("multivariate", of_several_traits)):
        predicates = write(candidate, members.rows, PREDICATES, FEWEST, rng)
        if len(predicates) >= FEWEST:
            met = np.column_stack([meets(records, clauses) for clauses in predicates])
            found[mode] = _compare(met, members.rows, reference.rng(f"shuffled, {mode}"))
    if not found:
        return Estimate.absent(
            f"fewer than {FEWEST} predicates single out a row of the synthetic table"
        )
    level = 1 - (1 - LEVEL) / len(found)
    table = pd.DataFrame([_row(mode, one, level) for mode, one in found.items()])
    reach = np.array([_reach(one["spread"], level) for one in found.values()])
    gain = np.column_stack([one["gain"] for one in found.values()])
    sure = (gain - reach).max(axis=1)
    p_value = (1 + (sure[1:] >= sure[0] - 1e-9).sum()) / (1 + SHUFFLES)
    chance = gain[np.arange(1, SHUFFLES + 1), (gain - reach)[1:].argmax(axis=1)].clip(-1, 1)
    limit = float(np.quantile(sure[1:], 0.95))
    table["detectable"] = [
        max(0.0, limit + far) + 0.8416 * one["spread"]
        for far, one in zip(reach, found.values(), strict=True)
    ]
    chosen = table.loc[table["low"].idxmax()]
    rows = min(members.rows, outsiders.rows)
    note = (
        f"a share of what a copy of the training table would gain, {chosen['most']:.3f}; "
        f"{int(chosen['predicates'])} predicates from {MODES[chosen['attack']]}; "
        f"in {rows} training patients {chosen['members']:.3f} of them meet exactly one, "
        f"in {rows} others {chosen['others']:.3f}, "
        f"by their weight alone {chosen['expected']:.3f}, and in all "
        f"{members.rows} training patients {chosen['all_members']:.3f}; surest of "
        f"{len(found)} attacks; shuffled labels give {np.quantile(chance, 0.025):.3f} to "
        f"{np.quantile(chance, 0.975):.3f} (p = {p_value:.3f}); power: smallest gain this would "
        f"detect is about {chosen['detectable']:.3f}"
    )
    value, low = float(chosen["gain"]), float(chosen["low"])
    return Estimate(
        value, low, float(table["high"].max()), members.rows + outsiders.rows, note,
        float(chance.mean()), {"singling_out": table.round(4)},
    )  # fmt: skip


def exactly_one(rows: int, drawn: int) -> np.ndarray:
    """Chance that exactly one of some patients is drawn, by how many there are.

    Parameters
    ----------
    rows, drawn : int
        Patients in all, and how many of them are drawn without replacement.

    Returns
    -------
    ndarray, shape (rows + 1,)

    Examples
    --------
    >>> exactly_one(4, 2)[:3].round(3).tolist(), exactly_one(4, 4)[:3].tolist()
    ([0.0, 0.5, 0.667], [0.0, 1.0, 0.0])
    """
    from scipy.stats import hypergeom

    return hypergeom.pmf(1, rows, np.arange(rows + 1), drawn)


def _compare(met: np.ndarray, members: int, rng: np.random.Generator) -> dict[str, object]:
    """Success of every predicate in equally many members and others, and under shuffled labels."""
    records, count = met.shape
    outsiders = records - members
    label = np.tile(np.arange(records) < members, (SHUFFLES + 1, 1))
    label[1:] = rng.permuted(label[1:], axis=1)
    whole = met.sum(axis=0)
    labels = label.astype(np.float32)
    parts = [labels @ part.astype(np.float32) for part in np.array_split(met, PARTS, axis=1)]
    inside = np.rint(np.hstack(parts)).astype(int)
    rows = min(members, outsiders)
    found = exactly_one(members, rows)
    one = found[inside].mean(axis=1)
    other = exactly_one(outsiders, rows)[whole - inside].mean(axis=1)
    most = float(max(found[1] - other[0], LEAST * found[1]))
    gain = (one - other) / most
    weight = whole / records
    return {
        "inside": float(one[0]), "outside": float(other[0]), "predicates": count, "most": most,
        "all": float((inside[0] == 1).mean()), "gain": gain, "spread": float(gain[1:].std()),
        "expected": float((rows * weight * (1 - weight) ** (rows - 1)).mean()),
    }  # fmt: skip


def _row(mode: str, one: dict[str, object], level: float) -> dict[str, object]:
    """Predicates share patients: the interval is never narrower than shuffled labels vary."""
    inside, outside, count, most = (one[k] for k in ("inside", "outside", "predicates", "most"))
    gain = (inside - outside) / most
    reach = _reach(one["spread"], level)
    low, high = (float(end) / most for end in newcombe(inside, count, outside, count, level))
    gain, low, high = np.clip([gain, min(low, gain - reach), max(high, gain + reach)], -1, 1)
    return {
        "attack": mode, "predicates": count, "members": inside, "others": outside,
        "expected": one["expected"], "most": most, "gain": gain, "low": low, "high": high,
        "all_members": one["all"],
    }  # fmt: skip


def _reach(spread: float, level: float) -> float:
    from scipy.special import ndtri

    return float(ndtri((1 + level) / 2)) * spread


MEASURES = (
    Measure(
        "singling_out_gain",
        "Singling out, beyond what other patients give",
        "privacy",
        "minimise",
        (-1.0, 1.0),
        "How many more of the predicates read off the synthetic table point at exactly one "
        "training patient than at exactly one other patient, as a share of what a copy of the "
        "training table would gain.",
        frozenset({"holdout"}),
        "chance",
        singling_out_gain,
        rows="all",
    ),
)
