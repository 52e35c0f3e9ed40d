"""A cell is impossible only where no values keep the rule."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthema_lab.dictionary import DataDictionary
from synthema_lab.generators.encoder import Encoder
from synthema_lab.generators.structural_zeros import rule_coverage

VARIABLES = {
    "grade": {"label": "Grade", "type": "category", "categories": {"a": "a", "b": "b"}},
    "blasts": {
        "label": "Blasts", "type": "integer", "range": [0, 100], "unit": "%",
        "bins": [0, 20, 60, 100],
    },
    "x": {"label": "X", "type": "number", "range": [0, 10], "unit": "1", "bins": [0, 5, 10]},
    "y": {
        "label": "Y", "type": "number", "range": [0, 10], "unit": "1", "bins": [0, 4, 10],
        "missing": True,
    },
}  # fmt: skip
RULES = [
    "implies(grade == 'b', blasts >= 5 and blasts <= 8)",
    "implies(grade == 'b', x >= 1 and x <= 2)",
    "implies(grade == 'b', x > 5)",
    "x <= y",
    "x + 2 <= y and x >= 3",
    "x == y",
    "x * y <= 20",
    "blasts != 100",
    "implies(present(y), x > 4.9999)",
    "x < 2 or x > 8",
    "x / 10 <= 0.4",
    "blasts in [7, 8]",
]


def described(expression: str) -> DataDictionary:
    return DataDictionary.from_dict(
        {
            "name": "z",
            "title": "z",
            "version": "1",
            "source": "s",
            "licence": "l",
            "variables": VARIABLES,
            "rules": {"rule": {"text": "t", "expression": expression}},
        }
    )


@pytest.mark.parametrize("expression", RULES)
def test_no_cell_that_holds_a_possible_patient_is_forbidden(expression):
    """40,000 random patients, also on round numbers: those who keep the rule are never in one."""
    dictionary = described(expression)
    rng = np.random.default_rng(0)
    rows = 40_000
    x, y = rng.random((2, rows)) * 10
    patients = dictionary.conform(
        pd.DataFrame(
            {
                "grade": rng.choice(["a", "b"], rows),
                "blasts": rng.integers(0, 101, rows),
                "x": np.where(rng.random(rows) < 0.3, np.round(x), x),
                "y": np.where(rng.random(rows) < 0.1, np.nan, np.where(x < 5, np.round(y), y)),
            }
        )
    )
    encoder = Encoder(dictionary, patients.columns)
    codes = encoder.encode(patients)
    possible = np.asarray(dictionary.rules[0].holds(patients)) != 0
    for clique, forbidden in rule_coverage(encoder).structural.values():
        cells = {tuple(cell) for cell in forbidden.tolist()}
        reached = {tuple(row) for row in codes[possible][:, list(clique)].tolist()}
        assert not cells & reached


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("implies(grade == 'b', x > 5)", 1),
        ("implies(grade == 'b', blasts >= 5 and blasts <= 8)", 2),
        ("x <= y", 1),
        ("blasts in [7, 8]", 2),
        ("x == y", 0),
        ("x * y <= 20", 0),
    ],
)
def test_what_is_impossible_is_forbidden_where_that_can_be_shown(expression, expected):
    dictionary = described(expression)
    structural = rule_coverage(Encoder(dictionary, dictionary.modelled)).structural
    assert sum(len(forbidden) for _, forbidden in structural.values()) == expected


def test_a_rule_that_is_left_to_the_sampler_still_holds_in_every_row():
    from synthema_lab.generators import get

    dictionary = described("implies(grade == 'b', x * y <= 20)")
    rng = np.random.default_rng(0)
    x = rng.random(300) * 10
    patients = dictionary.conform(
        pd.DataFrame(
            {"grade": rng.choice(["a", "b"], 300), "blasts": rng.integers(0, 101, 300), "x": x,
             "y": np.minimum(10, 20 / x) * rng.random(300)}
        )
    )  # fmt: skip
    cohort = get("independent").fit([patients], dictionary, epsilon=None).sample(1000, 0)
    assert (np.asarray(dictionary.rules[0].holds(cohort)) != 0).all()
