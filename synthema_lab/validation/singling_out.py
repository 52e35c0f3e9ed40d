"""Does the synthetic table tell how to point at exactly one training patient?

The attacker writes predicates that only one synthetic row meets, such as a
value seen once, a value beyond the largest, or a few traits together, and hopes
that exactly one training patient meets them: the first criterion of the Article
29 working party (Opinion 05/2014), attacked as by Giomi et al. 2023. A narrow
predicate points at one person in any table of that size (Cohen and Nissim 2020:
a predicate that a share w of people meets does so in n w (1 - w)^(n - 1) of
tables). The same predicates are therefore tried on held-out patients, in as
many rows: what is left is the gain.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .bootstrap import LEVEL, newcombe
from .columns import Columns
from .metric import Estimate, Measure
from .reference import Reference

FEWEST = 20
PREDICATES = 1000
TRIES = 20
LARGEST = 5
SHUFFLES = 300
PARTS = 10
MODES = {
    "univariate": "one value that is rare or extreme in the synthetic table",
    "multivariate": f"2 to {LARGEST} traits of one synthetic row",
}
Clause = tuple[int, str, float]
"""Position of a variable, how its value is compared ("=", "<=", ">="), and with what."""


def singling_out_gain(candidate: Columns, reference: Reference) -> Estimate:
    """Predicates that point at one training patient, less those that point at one other."""
    members, outsiders = reference.train, reference.holdout
    if min(members.rows, outsiders.rows, candidate.rows) < FEWEST:
        return Estimate.absent(f"a table has fewer than {FEWEST} rows")
    rng = reference.rng("predicates that single out")
    records = np.vstack([members.matrix(), outsiders.matrix()])
    found = {}
    for mode, write in (("univariate", _univariate), ("multivariate", _multivariate)):
        predicates = write(candidate, rng)
        if len(predicates) >= FEWEST:
            meets = np.column_stack([_meets(records, clauses) for clauses in predicates])
            found[mode] = _compare(meets, members.rows, reference.rng(f"shuffled, {mode}"))
    if not found:
        return Estimate.absent(
            f"fewer than {FEWEST} predicates single out a row of the synthetic table"
        )
    clear = np.column_stack([one["clear"] for one in found.values()])
    best = list(found)[int(clear[0].argmax())]
    chance = np.column_stack([one["shuffled"] for one in found.values()])
    chance = chance[np.arange(SHUFFLES), clear[1:].argmax(axis=1)]
    p_value = (1 + (clear[1:].max(axis=1) >= clear[0].max() - 1e-9).sum()) / (1 + SHUFFLES)
    level = 1 - (1 - LEVEL) / len(found)
    table = pd.DataFrame([_row(mode, one, level) for mode, one in found.items()])
    limit = float(np.quantile(clear[1:].max(axis=1), 0.95))
    table["detectable"] = [(limit + 0.8416) * one["spread"] for one in found.values()]
    chosen = table[table["attack"] == best].iloc[0]
    rows = min(members.rows, outsiders.rows)
    note = (
        f"{int(chosen['predicates'])} predicates from {MODES[best]}; in {rows} training patients "
        f"{chosen['members']:.3f} of them meet exactly one, in {rows} others "
        f"{chosen['others']:.3f}, by their weight alone {chosen['expected']:.3f}, and in all "
        f"{members.rows} training patients {chosen['all_members']:.3f}; clearest of "
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


def _compare(meets: np.ndarray, members: int, rng: np.random.Generator) -> dict[str, object]:
    """Success of every predicate in equally many members and others, and under shuffled labels."""
    records, count = meets.shape
    outsiders = records - members
    label = np.tile(np.arange(records) < members, (SHUFFLES + 1, 1))
    label[1:] = rng.permuted(label[1:], axis=1)
    whole = meets.sum(axis=0)
    labels = label.astype(np.float32)
    parts = [labels @ part.astype(np.float32) for part in np.array_split(meets, PARTS, axis=1)]
    inside = np.rint(np.hstack(parts)).astype(int)
    rows = min(members, outsiders)
    one = exactly_one(members, rows)[inside].mean(axis=1)
    other = exactly_one(outsiders, rows)[whole - inside].mean(axis=1)
    gain = one - other
    spread = float(gain[1:].std())
    weight = whole / records
    return {
        "inside": float(one[0]), "outside": float(other[0]), "predicates": count,
        "all": float((inside[0] == 1).mean()), "shuffled": gain[1:], "spread": spread,
        "clear": gain / spread if spread > 0 else np.zeros(len(gain)),
        "expected": float((rows * weight * (1 - weight) ** (rows - 1)).mean()),
    }  # fmt: skip


def _row(mode: str, one: dict[str, object], level: float) -> dict[str, object]:
    """Predicates share patients: the interval is never narrower than shuffled labels vary."""
    from scipy.special import ndtri

    inside, outside, count = one["inside"], one["outside"], one["predicates"]
    low, high = newcombe(inside, count, outside, count, level)
    reach = float(ndtri((1 + level) / 2)) * one["spread"]
    gain = inside - outside
    return {
        "attack": mode, "predicates": count, "members": inside, "others": outside,
        "expected": one["expected"], "gain": gain, "low": max(-1.0, min(float(low), gain - reach)),
        "high": min(1.0, max(float(high), gain + reach)), "all_members": one["all"],
    }  # fmt: skip


def _univariate(synthetic: Columns, rng: np.random.Generator) -> list[tuple[Clause, ...]]:
    """Values that one row has, and what lies beyond the smallest and the largest."""
    clauses: list[Clause] = []
    for place, column in enumerate(synthetic.matrix().T):
        known = column[np.isfinite(column)]
        if len(column) - len(known) == 1:
            clauses.append((place, "=", np.nan))
        values, count = np.unique(known, return_counts=True)
        clauses += [(place, "=", value) for value in values[count == 1]]
        if len(values) > 1 and place < len(synthetic.numeric):
            clauses += [(place, "<=", values[0])] * int(count[0] == 1)
            clauses += [(place, ">=", values[-1])] * int(count[-1] == 1)
    chosen = rng.permutation(len(clauses))[:PREDICATES]
    return [(clauses[number],) for number in chosen]


def _multivariate(synthetic: Columns, rng: np.random.Generator) -> list[tuple[Clause, ...]]:
    """Traits of a row, numbers towards the nearer tail, where no other row has them all."""
    matrix = synthetic.matrix()
    rows, count = matrix.shape
    if count < 2:
        return []
    middle = [np.median(v[np.isfinite(v)]) if np.isfinite(v).any() else 0.0 for v in matrix.T]
    found: dict[tuple[Clause, ...], None] = {}
    for _ in range(TRIES * PREDICATES):
        row, size = rng.integers(rows), rng.integers(2, min(LARGEST, count) + 1)
        clauses = []
        for place in sorted(rng.choice(count, size, replace=False).tolist()):
            value, numeric = matrix[row, place], place < len(synthetic.numeric)
            how = (
                "=" if np.isnan(value) or not numeric else ">=" if value >= middle[place] else "<="
            )
            clauses.append((place, how, float(value)))
        if _meets(matrix, clauses).sum() == 1:
            found[tuple(clauses)] = None
            if len(found) == PREDICATES:
                break
    return list(found)


def _meets(matrix: np.ndarray, clauses) -> np.ndarray:
    """Which rows meet a predicate; shape (rows,)."""
    meets = np.ones(len(matrix), dtype=bool)
    for place, how, value in clauses:
        column = matrix[:, place]
        if np.isnan(value):
            meets &= np.isnan(column)
        elif how == "=":
            meets &= column == value
        else:
            meets &= column <= value if how == "<=" else column >= value
    return meets


MEASURES = (
    Measure(
        "singling_out_gain",
        "Singling out, beyond what other patients give",
        "privacy",
        "minimise",
        (-1.0, 1.0),
        "How many more of the predicates read off the synthetic table point at exactly one "
        "training patient than at exactly one other patient.",
        frozenset({"holdout"}),
        "chance",
        singling_out_gain,
        rows="all",
    ),
)
