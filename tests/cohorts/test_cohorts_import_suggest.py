"""A mapping is proposed from names and values, and never shows a value."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from synthema_lab.cohorts.importers.mapping import apply_mapping
from synthema_lab.cohorts.importers.suggest import suggest_mapping
from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import DataMismatch

EXPORT = """\
Pat_ID;Zentrum;Geburtsdatum;Erstdiagnose;Geschlecht;Hb_g/L;Leukozyten;Kreatinin;\
letzter Kontakt;verstorben;FLT3-ITD;Bemerkung
Zq1;A;01.02.1960;03.04.2015;w;91,5;4100;88;03.04.2017;ja;neg;Zqx
Zq2;A;11.02.1970;03.05.2015;m;101,5;14100;98;03.09.2017;nein;pos;Zqx
Zq3;B;21.02.1950;03.06.2015;w;81,5;74100;;03.04.2018;ja;neg;Zqx
"""


def read(text):
    return pd.read_csv(io.StringIO(text), sep=";", dtype=object)


@pytest.fixture(scope="module")
def proposed():
    return suggest_mapping(read(EXPORT), DataDictionary.load("aml"))


def test_units_codes_dates_and_decimal_commas_are_recognised(proposed):
    said = {one.variable: one.says for one in proposed.proposals}
    assert said["patient_id"] == {"column": "Pat_ID"}
    assert said["hb_gdl"] == {"column": "Hb_g/L", "unit": "g/L"}
    assert said["wbc_gl"] == {"column": "Leukozyten", "unit": "/uL"}
    assert said["creat_mgdl"] == {"column": "Kreatinin", "unit": "umol/L"}
    assert said["sex"]["values"] == {"w": "F", "m": "M"}
    assert said["os_event"]["values"] == {"ja": "1", "nein": "0"}
    assert said["age_years"]["date"] == {"since": "Geburtsdatum", "format": "%d.%m.%Y"}
    assert said["os_days"]["date"]["since"] == "Erstdiagnose"
    assert proposed.mapping.decimal == ","


def test_each_proposal_has_a_confidence_and_a_reason(proposed):
    assert proposed.table()["confidence"].between(0.55, 1).all()
    assert proposed.table()["reason"].str.len().min() > 3
    assert proposed.not_understood == ("Bemerkung",)
    assert "mut_TP53" in proposed.missing


def test_a_proposal_can_be_applied_and_shows_no_value(proposed):
    result = apply_mapping(read(EXPORT), proposed.mapping, DataDictionary.load("aml"))
    assert result.check().ok
    assert result.patients["hb_gdl"].tolist() == [9.15, 10.15, 8.15]
    assert result.patients["age_years"].tolist() == [55, 45, 65]
    for told in (str(proposed), proposed.text, proposed.table().to_string()):
        assert "Zq" not in told
        assert "74100" not in told


NAMES = {
    "Hgb": ("hb_gdl", [8.1, 9.3]),
    "âge": ("age_years", [30, 60]),
    "sexo": ("sex", ["mujer", "hombre"]),
    "plaquetas": ("plt_gl", [120, 30]),
    "Leuko": ("wbc_gl", [12.0, 3.0]),
    "PLT": ("plt_gl", [120, 30]),
}


@pytest.mark.parametrize("name", NAMES)
def test_usual_names_of_several_languages_are_known(name):
    variable, values = NAMES[name]
    proposed = suggest_mapping(pd.DataFrame({name: values}), DataDictionary.load("aml"))
    assert [one.variable for one in proposed.proposals] == [variable]


def test_a_table_of_which_nothing_is_understood_is_refused_without_its_names():
    with pytest.raises(DataMismatch) as refused:
        suggest_mapping(pd.DataFrame({"Zqx Zqx": ["Zqy"]}), DataDictionary.load("aml"))
    assert "Zq" not in str(refused.value)
