"""Units are converted as UCUM says, or refused by name."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthema_lab.cohorts.importers import ucum
from synthema_lab.cohorts.importers.ucum import convert, known_unit
from synthema_lab.dictionary import DataDictionary, Variable
from synthema_lab.errors import DataMismatch, ExtraMissing


def variable(unit, molar_mass=None):
    return Variable("x", "X", "number", unit=unit, molar_mass=molar_mass)


CONVERSIONS = [
    (91, "g/L", "g/dL", None, 9.1),
    (9100, "/uL", "10*9/L", None, 9.1),
    (9.1, "10*3/uL", "10*9/L", None, 9.1),
    (9.1, "K/uL", "10*9/L", None, 9.1),
    (9.1, "x10^9/L", "10*9/L", None, 9.1),
    (25, "%", "1", None, 0.25),
    (0.25, "1", "%", None, 25),
    (2, "a", "d", None, 730.5),
    (18, "mo", "a", None, 1.5),
    (16, "kPa", "mm[Hg]", None, 120.0098),
    (4, "ukat/L", "U/L", None, 240),
    (240, "[IU]/L", "U/L", None, 240),
    (88.4, "µmol/L", "mg/dL", 113.12, 1.0),
    (1.0, "mg/dL", "umol/L", 113.12, 88.4),
    (5.6, "mmol/L", "g/dL", 16114.5, 9.0241),
    (10, "mg/mmol", "mg/g", 113.12, 88.402),
    (60, "mL/min/1.73m2", "mL/min/{1.73_m2}", None, 60),
    (1.7, "m/s", "cm/s", None, 170),
    (0.02, "s", "ms", None, 20),
    (2, "{score}", "{score}", None, 2),
    (3, "{count}", "{events}", None, 3),
    (98.6, "[degF]", "Cel", None, 37),
    (5, "ng/mL", "ug/L", None, 5),
    (1.75, "m", "cm", None, 175),
]


@pytest.mark.parametrize(("value", "unit", "wanted", "molar_mass", "expected"), CONVERSIONS)
def test_a_value_is_converted_to_the_unit_of_the_dictionary(
    value, unit, wanted, molar_mass, expected
):
    converted = convert([value, np.nan], unit, variable(wanted, molar_mass))
    assert converted[0] == pytest.approx(expected, rel=1e-4)
    assert np.isnan(converted[1])


REFUSED = [
    ("furlong", "m", None),
    ("g//L", "g/L", None),
    ("g/", "g", None),
    ("", "g", None),
    ("g/dL", "10*9/L", None),
    ("mg/dL", "umol/L", None),
    ("mL/min", "mL/min/{1.73_m2}", None),
    ("d", "g/L", 100.0),
]


@pytest.mark.parametrize(("unit", "wanted", "molar_mass"), REFUSED)
def test_an_unknown_or_another_kind_of_unit_is_refused_by_name(unit, wanted, molar_mass):
    with pytest.raises(DataMismatch) as refused:
        convert([731508.0], unit, variable(wanted, molar_mass))
    assert unit in refused.value.happened
    assert "731508" not in str(refused.value)


@pytest.mark.parametrize("name", ["aml", "scd", "leuksurv"])
def test_every_unit_of_a_packaged_dictionary_is_understood(name):
    units = {item.unit for item in DataDictionary.load(name).variables.values() if item.unit}
    assert {unit for unit in units if not known_unit(unit)} == set()


@settings(max_examples=60, deadline=None)
@given(
    st.floats(1e-6, 1e6),
    st.sampled_from([("g/L", "mg/dL"), ("umol/L", "mg/dL"), ("a", "d"), ("/uL", "10*9/L")]),
)
def test_converting_there_and_back_gives_the_value(value, pair):
    there = convert([value], pair[0], variable(pair[1], 113.12))
    assert convert(there, pair[1], variable(pair[0], 113.12))[0] == pytest.approx(value)


def test_without_pint_the_extra_is_named_and_equal_units_need_none(monkeypatch):
    monkeypatch.setitem(sys.modules, "pint", None)
    ucum._registry.cache_clear()
    ucum._parsed.cache_clear()
    assert convert([1.0], "g/L", variable("g/L")).tolist() == [1.0]
    with pytest.raises(ExtraMissing, match=r"importers"):
        convert([1.0], "g/L", variable("g/dL"))
    monkeypatch.undo()
    ucum._registry.cache_clear()
    ucum._parsed.cache_clear()
