"""Exports are imported from a terminal, checked before they are written."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click
import pandas as pd
import pytest

from synthema_lab.cli.imports import import_command, map_command
from synthema_lab.cohorts import read_table
from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import ArgumentRefused, DataMismatch

SHARED = Path(
    os.environ.get("SYNTHEMA_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")
)
DATA = click.Group("data", commands={"import": import_command, "map": map_command})
HEADER = "ID;AGE;SEX;HB;WBC;LDH;Overall survival;STATUS_OS;NPM1\n"
GOOD = HEADER + "a;47;1;9.5;12;300;38;1;0\nb;57;0;8.5;2;99;138;0;1\n"
BAD = HEADER + "a;47;1;9,5;12;300;38;1;0\nb;57;Zqx;8.5;2;99;138;0;1\n"
MAPPING = """
dictionary: aml
variables:
  patient_id: ID
  centre_id: {constant: A}
  age_years: AGE
  sex: {column: SEX, values: {"1": M, "0": F}}
  hb_gdl: {column: HB, unit: g/dL}
  os_days: Overall survival
  os_event: STATUS_OS
drop: ["*"]
"""


def call(*arguments):
    try:
        DATA.main([str(argument) for argument in arguments], standalone_mode=False)
    except SystemExit as left:
        return left.code
    return 0


@pytest.fixture
def export(tmp_path):
    def write(text, name="export.csv"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def test_a_table_with_known_names_is_imported_and_warnings_leave_with_zero(
    export, tmp_path, capsys
):
    out = tmp_path / "patients.csv"
    assert call("import", "table", export(GOOD), "--dictionary", "aml", "--out", out) == 0
    assert "warning" in capsys.readouterr().out
    assert DataDictionary.load("aml").check(read_table(out)).ok


def test_errors_leave_with_three_and_nothing_is_written(export, tmp_path, capsys):
    out = tmp_path / "patients.csv"
    mapping = export(MAPPING, "mine.yaml")
    given = ("--mapping", mapping, "--dictionary", "aml", "--out", out)
    assert call("import", "table", export(BAD), *given) == 3
    told = capsys.readouterr().out
    assert "decimal comma" in told
    assert "Nothing was written" in told
    assert "Zqx" not in told
    assert not out.exists()
    out.write_text("old")
    assert call("import", "table", export(BAD), *given, "--json") == 3
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is False
    assert told["file"] is None
    assert {finding["variable"] for finding in told["findings"]} >= {"hb_gdl", "sex"}
    assert out.read_text() == "old"
    assert call("import", "table", export(GOOD), *given, "--quiet") == 0
    assert capsys.readouterr().out == ""
    assert read_table(out)["hb_gdl"].tolist() == [9.5, 8.5]


def test_there_is_no_way_to_write_in_spite_of_errors(export, tmp_path):
    with pytest.raises(click.NoSuchOption):
        call("import", "table", export(BAD), "--dictionary", "aml", "--out", "x", "--force")


def test_a_latin_1_file_and_an_unknown_mapping_are_refused(tmp_path):
    path = tmp_path / "export.csv"
    path.write_bytes("ID,Name\n1,Zo\xeb\n".encode("latin-1"))
    given = ("--dictionary", "aml", "--out", tmp_path / "o.csv")
    with pytest.raises(DataMismatch, match="Latin-1"):
        call("import", "table", path, *given)
    with pytest.raises(ArgumentRefused, match="mapping"):
        call("import", "table", path, *given, "--mapping", "nowhere")


def test_a_proposed_mapping_is_valid_input_for_the_import(export, tmp_path, capsys):
    path, mapping, out = export(GOOD), tmp_path / "mapping.yaml", tmp_path / "patients.parquet"
    given = ("--dictionary", "aml", "--suggest", "--out", mapping)
    assert call("map", path, *given, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert {line["variable"] for line in told["proposals"]} >= {"patient_id", "hb_gdl", "sex"}
    given = ("--mapping", mapping, "--dictionary", "aml", "--out", out)
    assert call("import", "table", path, *given, "--centre", "A") == 0
    assert read_table(out)["hb_gdl"].tolist() == [9.5, 8.5]


def test_a_folder_of_omop_tables_and_a_fhir_file_that_are_not_there_are_refused(tmp_path):
    for kind in ("omop", "fhir"):
        with pytest.raises(ArgumentRefused):
            call("import", kind, tmp_path / "no", "--dictionary", "aml", "--out", "x.csv")


def test_the_amlsg_release_is_imported(tmp_path, capsys):
    folder = SHARED / "amlsg_release"
    if not folder.is_dir():
        pytest.skip("the AMLSG release is not in ../shared/data or $SYNTHEMA_DATA")
    out = tmp_path / "amlsg.csv"
    assert call("import", "amlsg", "--from", folder, "--out", out, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["rows"], told["ok"]) == (1540, True)
    patients = read_table(out)
    assert isinstance(patients, pd.DataFrame)
    assert DataDictionary.load("aml").check(patients).ok
