"""Does the synthetic table reproduce combinations that only a few patients have?

A combination of quasi-identifiers held by one to four patients (a group below
the usual threshold of five) is where a table can point at people. All sets of
up to three quasi-identifiers are looked at, as in `deidentify.combinations`,
numbers in the dictionary's public bins. Reproducing such a combination is not
by itself a disclosure, since a generator may come to it honestly: chance is how
often it reproduces combinations that are as rare among held-out patients.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from synthema_lab.deidentify.classes import joint_codes, subsets
from synthema_lab.deidentify.sensitive import sensitive_codes

from .admission import listed
from .bootstrap import clopper_pearson, percentile_interval
from .columns import MISSING, Columns
from .knowledge import quasi_identifiers
from .metric import Estimate, Measure
from .reference import Reference

FEWEST = 20
SMALL = 4
"""A group of this size or less is small: below the threshold of five."""
LARGEST = 3
MANY = 12
"""With more quasi-identifiers than this, sets of two at most are looked at."""


def small_group_disclosure(candidate: Columns, reference: Reference) -> Estimate:
    """Share of small groups of training patients that the synthetic table reproduces."""
    members, outsiders = reference.train, reference.holdout
    if min(members.rows, outsiders.rows, candidate.rows) < FEWEST:
        return Estimate.absent(f"a table has fewer than {FEWEST} rows")
    names = quasi_identifiers(reference.dictionary, members.variables)
    group = members.risk_group
    codes = [_codes(name, (members, outsiders, candidate), reference) for name in names]
    if group is not None and len(names) < LARGEST:
        names = (*names, f"{reference.dictionary.risk_group} (risk group)")
        groups = (table.risk_group for table in (members, outsiders, candidate))
        codes.append(np.concatenate([np.where(g == MISSING, g.max() + 1, g) for g in groups]))
    if not names:
        return Estimate.absent(
            "the dictionary marks no quasi-identifier, and none goes by its name"
        )
    by_name = dict(zip(names, codes, strict=True))
    ends = np.cumsum([members.rows, outsiders.rows])
    rows = min(members.rows, outsiders.rows)
    totals = np.zeros((2, members.rows + outsiders.rows))
    chance_small = [_small(table.rows, rows) for table in (members, outsiders)]
    groups, plain = 0, np.zeros(2)
    for chosen in subsets(names, LARGEST if len(names) <= MANY else 2):
        joint = joint_codes([by_name[name] for name in chosen], len(codes[0]))
        inside, outside, other = np.split(joint, ends)
        seen = np.bincount(other, minlength=joint.max() + 1) > 0
        weights = []
        for real, small in zip((inside, outside), chance_small, strict=True):
            held = np.bincount(real, minlength=len(seen))
            weights.append(small[held[real]] / held[real])
        weight = np.concatenate(weights)
        totals += weight * np.stack([seen[joint[: ends[1]]], np.ones(ends[1])])
        held = np.bincount(inside, minlength=len(seen))
        small = (held > 0) & (held <= SMALL)
        groups += int(small.sum())
        plain += (small & seen).sum(), small.sum()
    return _estimate(totals, plain, groups, names, rows, reference)


def _estimate(totals, plain, groups, names, rows, reference) -> Estimate:
    members, outsiders = reference.train, reference.holdout
    inside, outside = np.split(totals, [members.rows], axis=1)
    if min(inside[1].sum(), outside[1].sum()) < FEWEST:
        return Estimate.absent(
            f"1 to {SMALL} patients hold fewer than {FEWEST} combinations of {listed(names, 6)}"
        )
    # How rare a combination is stays as it was found: a patient drawn twice is one patient.
    drawn = []
    for columns, part in ((members, inside), (outsiders, outside)):
        counts = reference.counts(columns)
        with np.errstate(invalid="ignore", divide="ignore"):
            drawn.append((counts @ part[0]) / (counts @ part[1]))
    value, chance = (float(part[0].sum() / part[1].sum()) for part in (inside, outside))
    number = round(float(inside[1].sum()))
    exact = clopper_pearson(round(value * number), number)
    low, high = percentile_interval(drawn[0])
    low, high = min(low, exact[0]), max(high, exact[1])
    excess = percentile_interval(drawn[0] - drawn[1])
    note = (
        f"{groups} combinations of up to {LARGEST if len(names) <= MANY else 2} of "
        f"{listed(names, 6)} are held by 1 to {SMALL} training patients, of which "
        f"{plain[0] / max(plain[1], 1):.3f} are reproduced; value and ceiling are for combinations "
        f"as rare in {rows} training patients and in {rows} others; difference "
        f"{value - chance:+.3f} (95% {excess[0]:+.3f} to {excess[1]:+.3f}); power: a difference of "
        f"about {2.8 * float(np.nanstd(drawn[0] - drawn[1])):.3f} would be seen"
    )
    table = pd.DataFrame(
        {
            "patients": ["training", "held out"],
            "combinations": [round(float(part[1].sum()), 1) for part in (inside, outside)],
            "reproduced": [round(value, 4), round(chance, 4)],
        }
    )
    return Estimate(
        value, low, high, members.rows + outsiders.rows, note, chance, {"small_groups": table}
    )


def _small(rows: int, drawn: int) -> np.ndarray:
    """Chance that a group has 1 to `SMALL` of the patients drawn, by its size."""
    from scipy.stats import hypergeom

    size = np.arange(rows + 1)
    return sum(hypergeom.pmf(few, rows, size, drawn) for few in range(1, SMALL + 1))


def _codes(name: str, tables: tuple[Columns, ...], reference: Reference) -> np.ndarray:
    """One variable of all tables as codes from 0, numbers in public bins; a gap is a code."""
    if name in reference.train.coded:
        codes = np.concatenate([table.coded[name] for table in tables])
        return np.where(codes == MISSING, codes.max() + 1, codes)
    column = pd.Series(np.concatenate([table.numeric[name] for table in tables]), name=name)
    return sensitive_codes(column, reference.dictionary).codes


MEASURES = (
    Measure(
        "small_group_disclosure",
        "Small groups reproduced",
        "privacy",
        "minimise",
        (0.0, 1.0),
        "Share of the combinations of quasi-identifiers held by one to four training patients "
        "that also occur in the synthetic table; the ceiling is the same for other patients.",
        frozenset({"holdout"}),
        "chance",
        small_group_disclosure,
        standard_only=True,
        rows="attack",
    ),
)
