"""Does a table count as good only for what it kept?"""

from __future__ import annotations

import math

import pytest

from synthema_lab.validation import validate
from synthema_lab.validation.metric import Metric
from synthema_lab.validation.uses import CARE, GOOD, NOT, UNKNOWN, uses, way_to_the_floor


@pytest.mark.parametrize(
    ("goal", "value", "floor", "ceiling", "way"),
    [
        ("minimise", 0.05, 0.3, 0.05, 0.0),
        ("minimise", 0.01, 0.3, 0.05, 0.0),
        ("minimise", 0.4, 0.3, 0.1, 1.5),
        ("maximise", 0.6, 0.5, 0.7, 0.5),
        ("maximise", 0.8, 0.5, 0.7, 0.0),
        (0.5, 0.6, 0.9, 0.5, 0.25),
        (0.5, 0.4, 0.9, 0.5, 0.25),
        ("minimise", 0.1, 0.05, 0.1, math.nan),
        ("minimise", 0.1, math.nan, 0.1, math.nan),
    ],
)
def test_a_value_lies_on_the_way_from_the_ceiling_to_the_floor(goal, value, floor, ceiling, way):
    metric = Metric("clinical", "m", "M", goal, (0, 1), value, floor=floor, ceiling=ceiling)
    assert way_to_the_floor(metric) == pytest.approx(way, nan_ok=True)


def levels(validation):
    return {use.use: use.level for use in uses(validation)}


def test_other_patients_of_the_kind_are_good_for_what_shuffled_ones_are_not(alike, shuffled):
    good, lost = levels(alike), levels(shuffled)
    together = "how variables go together"
    assert good[together] in (GOOD, CARE)
    assert lost[together] == NOT
    assert lost["effects of prognostic factors"] == NOT
    assert good["effects of prognostic factors"] in (GOOD, CARE)


def test_without_patients_held_out_nothing_is_known(train, ward, make):
    found = levels(validate(train, make[0](500, seed=21), ward, draws=20))
    assert found["how variables go together"] == UNKNOWN
