"""Reading and writing tables."""

from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthema_lab.cohorts import load_cohort, read_table, write_table
from synthema_lab.cohorts.csv_text import MISSING, read_csv
from synthema_lab.errors import ArgumentRefused, DataMismatch, LabError


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_cohort_written_and_read_is_the_same_cohort(tmp_path, suffix):
    cohort = load_cohort("leuksurv")
    path = write_table(cohort.patients, tmp_path / "new folder" / f"patients{suffix}")
    again = read_table(path)
    assert cohort.dictionary.check(again).ok
    pd.testing.assert_frame_equal(cohort.dictionary.conform(again), cohort.patients)


def csv(tmp_path, content):
    path = tmp_path / "patients.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_columns_are_read_as_numbers_only_where_nothing_is_lost(tmp_path):
    table = read_table(
        csv(
            tmp_path,
            "whole,gaps,real,leading,long,word,none,flag\n"
            "1,1,1.5,007,12345678901234567890,a,,True\n"
            "-2,,1e3,8,1,NA,,False\n",
        )
    )
    assert table.dtypes.astype(str).to_dict() == {
        "whole": "int64", "gaps": "Int64", "real": "float64", "leading": "object",
        "long": "object", "word": "object", "none": "object", "flag": "object",
    }  # fmt: skip
    assert table["leading"].tolist() == ["007", "8"]
    assert table["long"].tolist() == ["12345678901234567890", "1"]
    assert table["word"].tolist() == ["a", None]


def test_excel_csv_with_a_byte_order_mark_and_quotes_is_read(tmp_path):
    table = read_table(csv(tmp_path, b'\xef\xbb\xbfid,note\r\n1,"a, ""b""\nc"\r\n2,d\r\n'))
    assert table.to_dict("list") == {"id": [1, 2], "note": ['a, "b"\nc', "d"]}


BAD = {
    "empty": (b"", "is empty"),
    "blank": (b" \n\n ", "is empty"),
    "header only": (b"id,age_years\n", "no data rows"),
    "binary": (bytes(range(256)), "not UTF-8"),
    "nul": (b"id,a\n1,\x00\n", "not UTF-8"),
    "latin 1": ("id,name\n1,Zo\xeb\n".encode("latin-1"), "not UTF-8"),
    "utf-16": ("id,a\n1,2\n".encode("utf-16"), "UTF-16"),
    "short row": (b"id,a,b\n1,2,3\n4,5\n", "row 2"),
    "long row": (b"id,a\n1,2\n3,4,5\n6,7\n8\n", "row 2, 4"),
    "semicolons": (b"id;a\n1;2\n", "not separated by commas"),
    "tabs": (b"id\ta\n1\t2\n", "not separated by commas"),
    "repeated column": (b"id,age,age\n1,2,3\n", "(age) twice"),
    "nameless column": (b"id,,b\n1,2,3\n", "column 2 is no name"),
    "no header": (b"1,61,F\n2,62,M\n", "column 1 is no name"),
    "open quote": (b'id,a\n1,"2\n3,4\n', "quotation mark"),
}


@pytest.mark.parametrize(
    ("content", "called", "command"),
    [
        ("id,name\n1,Zo\xeb\n".encode("latin-1"), "Latin-1", "iconv -f ISO-8859-1 -t UTF-8"),
        ("id,n\n1,a \u2013 b\n".encode("cp1252"), "Windows-1252", "iconv -f WINDOWS-1252 -t UTF-8"),
        ("id,a\n1,2\n".encode("utf-16"), "UTF-16", "iconv -f UTF-16 -t UTF-8"),
    ],
)
def test_a_file_in_another_encoding_is_named_with_the_command_to_convert_it(
    tmp_path, content, called, command
):
    with pytest.raises(DataMismatch) as refused:
        read_table(csv(tmp_path, content))
    assert called in refused.value.happened
    assert f"{command} patients.csv > patients_utf8.csv" in refused.value.next_step


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"id;hb_gdl;n\n007;7,9;a,b\n008;10,25;c\n", "semicolons between columns and has decimal"),
        (b"id\thb_gdl\tn\n007\t7.9\ta,b\n008\t10.25\tc\n", "tabs between columns"),
        (b"id|hb_gdl|n\n007|7.9|a,b\n008|10.25|c\n", "bars between columns"),
    ],
)
def test_the_command_for_another_separator_gives_the_table_that_was_meant(
    tmp_path, monkeypatch, content, says
):
    with pytest.raises(DataMismatch) as refused:
        read_table(csv(tmp_path, content))
    assert says in refused.value.happened
    code = refused.value.next_step.removeprefix('Convert it: python -c "').removesuffix('"')
    monkeypatch.chdir(tmp_path)
    subprocess.run([sys.executable, "-c", code], check=True)
    again = read_table(tmp_path / "patients_commas.csv")
    assert again.to_dict("list") == {
        "id": ["007", "008"],
        "hb_gdl": [7.9, 10.25],
        "n": ["a,b", "c"],
    }


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_csv_table_is_refused_in_three_parts(tmp_path, case):
    content, says = BAD[case]
    with pytest.raises(DataMismatch) as refused:
        read_table(csv(tmp_path, content))
    assert says in refused.value.happened
    assert refused.value.expected
    assert refused.value.next_step
    assert refused.value.__cause__ is None
    assert refused.value.__context__ is None


def test_what_is_no_parquet_table_is_refused(tmp_path):
    path = tmp_path / "patients.parquet"
    for content in (b"", b"PAR1 but SECRET", bytes(range(256)) * 40):
        path.write_bytes(content)
        with pytest.raises(DataMismatch, match="cannot be read as Parquet") as refused:
            read_table(path)
        assert "SECRET" not in str(refused.value)
        assert refused.value.__context__ is None
    pd.DataFrame({"id": []}).to_parquet(path)
    with pytest.raises(DataMismatch, match="no data rows"):
        read_table(path)


def test_row_labels_of_a_parquet_file_become_a_column_only_if_named(tmp_path):
    path = tmp_path / "patients.parquet"
    pd.DataFrame({"a": [1, 2]}, index=pd.Index(["p", "q"], name="patient_id")).to_parquet(path)
    assert read_table(path).to_dict("list") == {"patient_id": ["p", "q"], "a": [1, 2]}
    pd.DataFrame({"a": [1, 2]}, index=[5, 7]).to_parquet(path)
    assert read_table(path).index.tolist() == [0, 1]


@pytest.mark.parametrize("name", ["patients.xlsx", "patients", "patients.csv.gz"])
def test_another_suffix_is_refused_for_reading_and_writing(tmp_path, name):
    (tmp_path / name).write_bytes(b"id\n1\n")
    with pytest.raises(DataMismatch, match="neither CSV nor Parquet"):
        read_table(tmp_path / name)
    with pytest.raises(DataMismatch, match="neither CSV nor Parquet"):
        write_table(pd.DataFrame({"id": [1]}), tmp_path / name)


def test_an_absent_file_and_a_folder_are_refused(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    for name in ("absent.csv", "folder.csv"):
        with pytest.raises(ArgumentRefused, match="no file"):
            read_table(tmp_path / name)


def test_only_a_table_with_distinct_columns_is_written(tmp_path):
    for thing in ([1], pd.DataFrame([[1, 2]], columns=["a", "a"])):
        with pytest.raises(ArgumentRefused):
            write_table(thing, tmp_path / "t.csv")
    assert list(tmp_path.iterdir()) == []


CELL = st.text(alphabet="abZ019.,;\"'\n -é", max_size=8)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=8))
def test_text_survives_writing_and_reading_unless_it_is_a_missing_mark(rows):
    table = pd.DataFrame(rows, columns=["first", "second"])
    text = table.to_csv(index=False, lineterminator="\n")
    again = read_csv(text.encode(), "t.csv")
    for name in table:
        for before, after in zip(table[name], again[name], strict=True):
            if before in MISSING:
                assert pd.isna(after)
            elif isinstance(after, str):
                assert after == before
            else:
                assert float(before) == after


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='Zqx17\n,;"\t', max_size=60).map(lambda text: text + "Zqx73\n1"))
def test_a_broken_file_never_tells_what_it_holds(text):
    try:
        read_csv(text.encode(), "t.csv")
    except LabError as error:
        told = str(error) + repr(error.__context__)
        # A repeated column is the one case that names a header cell.
        assert "Zqx73" not in told.replace("(Zqx73)", "")


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_table_or_refused(content):
    try:
        table = read_csv(content, "t.csv")
    except DataMismatch:
        return
    assert len(table) > 0


def test_numbers_survive_writing_and_reading_to_the_last_digit(tmp_path):
    numbers = np.random.default_rng(3).normal(size=200) * 10.0 ** np.arange(-100, 100)
    path = write_table(pd.DataFrame({"x": numbers}), tmp_path / "x.csv")
    assert read_table(path)["x"].tolist() == numbers.tolist()
    assert io.StringIO(path.read_text()).readline() == "x\n"
