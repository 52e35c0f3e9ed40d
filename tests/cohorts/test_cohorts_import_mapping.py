"""A mapping file turns an export into a table of a dictionary, or says why not."""

from __future__ import annotations

import io

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthema_lab.cohorts.importers.aliases import alias_mapping
from synthema_lab.cohorts.importers.mapping import (
    apply_mapping,
    load_mapping,
    mapping_from_dict,
    mapping_from_text,
)
from synthema_lab.cohorts.importers.table import import_table
from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import ArgumentRefused, DataMismatch, LabError

DICTIONARY = DataDictionary.from_text("""
name: demo
title: A small disease
version: "1"
source: invented
licence: none
patient: patient_id
centre: centre_id
variables:
  patient_id: {label: Pseudonym, type: identifier}
  centre_id: {label: Centre, type: identifier, identifier: quasi, missing: true, core: false}
  age: {label: Age, type: integer, unit: a, range: [0, 120], missing: true, core: false}
  sex: {label: Sex, type: category, categories: {F: female, M: male}, missing: true, core: false}
  hb: {label: Haemoglobin, type: number, unit: g/dL, range: [1, 25], molar_mass: 16114.5,
       missing: true, core: false}
  days: {label: Days followed, type: integer, unit: d, range: [0, 9000], missing: true, core: false}
  year: {label: Year, type: integer, unit: a, range: [1900, 2100], missing: true, core: false}
  died: {label: Died, type: boolean, missing: true, core: false}
  drug: {label: Drug, type: category, categories: [none, a, b], missing: true, core: false}
  low: {label: Low, type: boolean, derive: hb < 10, missing: true}
""")


def table(text):
    return pd.read_csv(io.StringIO(text), dtype=object)


def imported(text, mapping):
    return apply_mapping(table(text), mapping_from_text(mapping), DICTIONARY)


def cells(result, name):
    return [None if pd.isna(cell) else cell for cell in result.patients[name].tolist()]


def notes(result):
    return [
        (note.severity, note.rule, note.variable, note.rows, note.count)
        for note in (*result.notes.errors, *result.notes.warnings)
    ]


def test_columns_units_codes_and_constants_are_mapped():
    result = imported(
        "pid,Alter,g,hb_gl,dead\n1,61,w,91,yes\n2,47,m,104,No\n",
        "variables: {patient_id: pid, centre_id: {constant: A}, age: Alter, "
        "sex: {column: g, values: {w: F, m: M}}, hb: {column: hb_gl, unit: g/L}, died: dead}",
    )
    assert result.notes.ok
    assert not result.notes.warnings
    assert result.check().ok
    assert cells(result, "patient_id") == ["1", "2"]
    assert cells(result, "centre_id") == ["A", "A"]
    assert cells(result, "sex") == ["F", "M"]
    assert cells(result, "hb") == [9.1, 10.4]
    assert cells(result, "died") == [1, 0]
    assert cells(result, "low") == [1, 0]


def test_labels_stand_for_their_codes():
    result = imported("p,s\n1,Female\n2,M\n", "variables: {patient_id: p, sex: s}")
    assert cells(result, "sex") == ["F", "M"]


def test_of_several_columns_the_first_that_is_there_counts_in_each_row():
    result = imported(
        "p,h1,h2\n1,,9\n2,8,9\n3,-99,7\n",
        'missing: ["-99"]\nvariables: {patient_id: p, hb: {column: [h0, h1, h2]}}',
    )
    assert cells(result, "hb") == [9, 8, 7]


def test_a_date_becomes_the_days_since_the_index_date_and_a_year():
    result = imported(
        "p,dx,seen,birth\n1,01.02.2020,01.03.2020,02.02.1960\n2,01.02.2020,,01.02.1960\n",
        'date_format: "%d.%m.%Y"\nvariables: {patient_id: p, '
        "days: {column: seen, date: {since: dx}}, year: {column: dx, date: {take: year}}, "
        "age: {column: dx, date: {since: birth}}}",
    )
    assert result.notes.ok
    assert cells(result, "days") == [29, None]
    assert cells(result, "year") == [2020, 2020]
    assert cells(result, "age") == [59, 60]


def test_an_event_before_the_index_date_a_future_date_and_no_date_are_errors_with_rows():
    result = imported(
        "p,dx,seen\n1,2020-02-01,2020-01-01\n2,2020-02-01,2199-01-01\n3,2020-02-01,soon\n",
        "variables: {patient_id: p, days: {column: seen, date: {since: dx}}}",
    )
    assert notes(result) == [
        ("error", "not_a_date", "days", (3,), 1),
        ("error", "date_in_future", "days", (2,), 1),
        ("error", "before_index_date", "days", (1,), 1),
    ]


def test_a_value_in_no_map_is_an_error_or_missing_where_the_mapping_says_so():
    text = "p,s\n1,w\n2,Zqx\n3,m\n4,Zqy\n"
    strict = imported(text, "variables: {patient_id: p, sex: {column: s, values: {w: F}}}")
    assert notes(strict) == [("error", "not_in_values", "sex", (2, 4), 2)]
    assert "Zq" not in str(strict) + strict._repr_html_()
    assert not strict.check().ok
    lax = imported(
        text,
        "variables: {patient_id: p, sex: {column: s, values: {w: F, m: null}, unlisted: missing}}",
    )
    assert notes(lax) == [("warning", "not_understood", "sex", (2, 4), 2)]
    assert cells(lax, "sex") == ["F", None, None, None]


def test_decimal_commas_are_errors_unless_the_mapping_says_that_they_are_meant():
    text = 'p,h\n1,"9,1"\n2,8.5\n'
    plain = imported(text, "variables: {patient_id: p, hb: h}")
    assert notes(plain) == [("error", "not_readable", "hb", (1,), 1)]
    assert "decimal comma" in str(plain)
    meant = imported(text, "decimal: comma\nvariables: {patient_id: p, hb: h}")
    assert cells(meant, "hb") == [9.1, 8.5]


def test_detection_limits_are_errors_unless_the_mapping_keeps_them():
    text = "p,h\n1,<1.5\n2,8\n"
    refused = imported(text, "variables: {patient_id: p, hb: h}")
    assert notes(refused) == [("error", "not_readable", "hb", (1,), 1)]
    kept = imported(text, "detection_limits: keep\nvariables: {patient_id: p, hb: h}")
    assert cells(kept, "hb") == [1.5, 8]
    assert notes(kept) == [("warning", "detection_limit", "hb", (1,), 1)]


def test_checkboxes_give_the_code_of_the_box_that_is_ticked():
    text = "p,d___1,d___2\n1,1,0\n2,Unchecked,Checked\n3,0,0\n4,1,1\n5,,\n"
    boxes = "drug: {checkboxes: {d___1: a, d___2: b}, otherwise: none"
    result = imported(text, f"variables: {{patient_id: p, {boxes}}}}}")
    assert cells(result, "drug") == ["a", "b", "none", None, None]
    assert notes(result) == [("error", "several_ticked", "drug", (4,), 1)]
    lax = imported(text, f"variables: {{patient_id: p, {boxes}, unlisted: missing}}}}")
    assert notes(lax) == [("warning", "several_ticked", "drug", (4,), 1)]
    either = imported(
        text, 'variables: {patient_id: p, died: {checkboxes: {d___1: "1", d___2: "1"}}}'
    )
    assert cells(either, "died") == [1, 1, 0, 1, None]


def test_repeated_rows_are_reduced_to_the_event_and_rows_are_counted_as_in_the_file():
    text = "p,redcap_event_name,h\n1,base,9\n1,later,8\n2,later,7\n2,base,x\n3,base,99\n"
    result = imported(
        text,
        "event: {column: redcap_event_name, keep: base}\nvariables: {patient_id: p, hb: h}",
    )
    assert cells(result, "patient_id") == ["1", "2", "3"]
    assert notes(result) == [
        ("error", "not_readable", "hb", (4,), 1),
        ("warning", "other_event", None, (2, 3), 2),
    ]
    limits = [note for note in result.check().errors if note.rule == "outside_limits"]
    assert [note.rows for note in limits] == [(5,)]
    with pytest.raises(DataMismatch, match="event"):
        imported(text, "variables: {patient_id: p, hb: h}")
    with pytest.raises(DataMismatch, match="No row"):
        imported(
            text,
            "event: {column: redcap_event_name, keep: never}\nvariables: {patient_id: p}",
        )


def test_columns_neither_mapped_nor_dropped_are_reported():
    result = imported(
        "p,note,memo,x_1,x_2\n1,Zqx,Zqx,1,1\n",
        'drop: [memo, "x_*"]\nvariables: {patient_id: p}',
    )
    assert notes(result) == [("warning", "not_mapped", None, (), 1)]
    assert "note" in str(result)
    assert "Zqx" not in str(result)


BAD = {
    "an unknown key": ("vars: {patient_id: p}", "Did you mean variables"),
    "an unknown key of a variable": (
        "variables: {patient_id: {colum: p}}",
        "Did you mean column",
    ),
    "an unknown variable": ("variables: {patient_id: p, hgb: p}", "hgb"),
    "a code that is none": (
        "variables: {patient_id: p, sex: {column: s, values: {w: X}}}",
        "One of F, M",
    ),
    "an unknown unit": ("variables: {patient_id: p, hb: {column: s, unit: furlong}}", "furlong"),
    "a unit of another kind": ("variables: {patient_id: p, hb: {column: s, unit: d}}", "g/dL"),
    "a unit for a category": ("variables: {patient_id: p, sex: {column: s, unit: d}}", "unit"),
    "a column that is not there": ("variables: {patient_id: nobody}", "nobody"),
    "two sources": ("variables: {patient_id: {column: p, constant: a}}", "Exactly one"),
    "no source": ("variables: {patient_id: {unit: d}}", "Exactly one"),
    "no variable": ("name: x", "maps no variable"),
    "a repeated key": ("variables: {patient_id: p}\nvariables: {patient_id: p}", "line 2"),
    "a word that YAML reads as true": (
        "variables: {patient_id: p, sex: {column: s, values: {yes: F}}}",
        "quotes",
    ),
    "a date without since or take": (
        "variables: {patient_id: p, days: {column: s, date: {format: '%Y'}}}",
        "since or take",
    ),
    "another dictionary": ("dictionary: scd\nvariables: {patient_id: p}", "scd"),
    "no mapping at all": ("just a text", "mapping file"),
}


@pytest.mark.parametrize("case", BAD)
def test_an_unsound_mapping_is_refused_in_three_parts(case):
    text, says = BAD[case]
    with pytest.raises(DataMismatch) as refused:
        imported("p,s\n1,w\n", text)
    assert says in str(refused.value)
    assert refused.value.expected
    assert refused.value.next_step


def test_a_mapping_that_does_not_exist_is_refused_with_the_nearest_one():
    with pytest.raises(ArgumentRefused, match="redcap_scd"):
        load_mapping("redcap_sdc")


@pytest.mark.parametrize("name", ["redcap_scd", "aml_consortium"])
def test_the_packaged_mappings_fit_their_dictionaries(name):
    mapping = load_mapping(name)
    dictionary = DataDictionary.load(mapping.dictionary)
    columns = {read: ["1"] for filling in mapping.variables.values() for read in filling.reads}
    if mapping.event_column:
        columns[mapping.event_column] = [mapping.event]
    result = apply_mapping(pd.DataFrame(columns, dtype=object), mapping, dictionary)
    assert set(mapping.variables) <= set(result.patients.columns)


def test_the_names_of_the_consortium_need_no_mapping(tmp_path):
    path = tmp_path / "export.csv"
    path.write_text(
        "ID;AGE;SEX;HB;BM BLASTS;Overall survival;STATUS_OS;Allogeneic HSCT;Autologous HSCT;mono7\n"
        "a;47.8;1;9.5;90;38;1;0;1;0\nb;57;0;8.5;;138;0;0;0;1\n"
    )
    aml = DataDictionary.load("aml")
    result = import_table(path, aml)
    assert result.check().ok
    assert cells(result, "sex") == ["M", "F"]
    assert cells(result, "hct") == ["auto", "none"]
    assert cells(result, "minus7") == [0, 1]
    assert cells(result, "centre_id") == ["site", "site"]
    assert "centre_unnamed" in {note.rule for note in result.notes.warnings}
    assert cells(import_table(path, aml, centre="Bonn"), "centre_id") == ["Bonn", "Bonn"]


def test_the_names_of_the_release_and_of_the_dictionary_are_known_too():
    aml = DataDictionary.load("aml")
    release = alias_mapping(["PDID", "AOD", "gender", "wbc", "inv16_t16_16"], aml)
    assert set(release.variables) == {"patient_id", "age_years", "sex", "wbc_gl", "inv16"}
    own = alias_mapping(["patient_id", "age_years", "sex", "other"], aml)
    assert list(own.variables) == ["patient_id", "age_years", "sex"]
    with pytest.raises(DataMismatch, match="suggest"):
        alias_mapping(["one", "two", "three"], aml)


MARK = "Zqx"
CELL = st.one_of(
    st.text(alphabet="ab,.<;9 ", max_size=4).map(lambda text: f"{text}{MARK}{text}"),
    st.sampled_from(["1", "0", "w", "m", "", "9.1", "2020-01-01", "731508"]),
)
MAPPING = {
    "variables": {
        "patient_id": "p",
        "age": {"column": "a", "round": "down"},
        "sex": {"column": "s", "values": {"w": "F", "m": "M"}},
        "hb": {"column": "h", "unit": "g/L"},
        "days": {"column": "d", "date": {"since": "e"}},
        "died": "x",
        "drug": {"checkboxes": {"y": "a", "z": "b"}},
    }
}


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(CELL, min_size=9, max_size=9), min_size=1, max_size=5),
    st.booleans(),
)
def test_no_value_is_ever_told(rows, headless):
    names = [f"{MARK} {at}" for at in range(9)] if headless else list("pashdexyz")
    export = pd.DataFrame(rows, columns=names, dtype=object).replace("", None)
    refused = None
    try:
        result = apply_mapping(export, mapping_from_dict(MAPPING), DICTIONARY)
        told = str(result) + result._repr_html_() + str(result.check())
    except LabError as error:
        refused = error
        told = f"{error}{error.args}{error.as_dict()}"
    if refused is not None:
        assert refused.__cause__ is None
        assert refused.__context__ is None
    assert MARK not in told
    assert "731508" not in told
