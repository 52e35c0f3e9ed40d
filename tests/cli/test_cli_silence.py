"""Whatever a file holds, nothing that is printed, written or raised repeats it.

Sentinels stand for patients' values: long odd numbers and texts that occur nowhere
else. They are planted in random cells, in headers, and between the separators of
broken files; then everything a person may see is searched for them. A few hundred
tables in continuous integration; ``SYNTHEMA_FUZZ=20000`` looks further.
"""

from __future__ import annotations

import os
import re
import traceback

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synthema_lab.cli import main
from synthema_lab.cohorts import check_sites, read_table, write_table
from synthema_lab.dictionary import DataDictionary
from synthema_lab.dictionary.suspicions.national_numbers import SCHEMES
from synthema_lab.errors import LabError

EXAMPLES = int(os.environ.get("SYNTHEMA_FUZZ", "150"))
DIGITS, LETTERS = "7315086429", "Zqxwvk"
SENTINEL = re.compile(rf"{DIGITS[:5]}|{LETTERS}", re.IGNORECASE)
NAMES = ["patient_id", "centre_id", "hb_gdl", "os_days", "died", "sex", "dx_year", "note"]
DICTIONARY_TEXT = """
name: small
title: Small
version: "1"
source: s
licence: l
patient: patient_id
centre: centre_id
survival: {time: os_days, event: died, horizon: 1000}
variables:
  patient_id: {label: Pseudonym, type: identifier}
  centre_id: {label: Centre, type: identifier, identifier: quasi, core: false}
  hb_gdl: {label: Haemoglobin, type: number, unit: g/dL, range: [2, 25], plausible: [4, 20],
           missing: true, molar_mass: 16114}
  os_days: {label: Time, type: integer, unit: d, range: [0, 8000], missing: true}
  died: {label: Died, type: boolean, missing: true}
  dx_year: {label: Year, type: integer, unit: a, range: [1950, 2100], core: false, missing: true}
  sex: {label: Sex, type: category, categories: [F, M], missing: true}
  note: {label: Note, type: text, core: false, missing: true}
  anaemic: {label: Anaemic, type: boolean, derive: hb_gdl < 10, missing: true}
rules:
  dead_within: {text: Deaths fall within 3000 days., expression: "implies(died, os_days <= 3000)"}
  women: {text: Women have less., expression: "implies(sex == 'F', hb_gdl <= 18)"}
"""

secret_text = st.sampled_from(
    ["{}", "{} x", "Maria {}", "{}@{}.org", "Mrs {}", "{}'s", "<{}>"]
).map(lambda form: form.replace("{}", LETTERS.capitalize()))
secret_number = st.sampled_from(
    [f"{DIGITS}", f"-{DIGITS}", f"{DIGITS[:5]},5", f"{DIGITS[:5]}.25", f"{DIGITS}e300",
     f"0{DIGITS}", f"73150-{DIGITS[:5]}", f"+49 {DIGITS}",
     f"1.2.{DIGITS[:5]}",
     f"{DIGITS[:5]}-01-02"]
)  # fmt: skip
ordinary = st.sampled_from(["", "1", "0", "9.5", "120", "F", "M", "NA", "2001-02-03", "7,9", "P1"])
cell = st.one_of(ordinary, ordinary, secret_text, secret_number)


def spelt(error):
    """Everything that an error and what it came from could tell."""
    return str(error) + repr(error) + "".join(traceback.format_exception(error))


def told(function):
    """Everything that could be read of what a function gives or raises."""
    try:
        result = function()
    except LabError as error:
        return re.sub(r'File ".*?", line .*\n.*\n', "", spelt(error)) + str(error.as_dict())
    if isinstance(result, pd.DataFrame):
        return ""
    return str(result) + repr(result) + result._repr_html_() + result.table().to_string()


@st.composite
def tables(draw):
    rows = draw(st.integers(1, 12))
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1))
    columns = {}
    for name in names:
        one = draw(st.sampled_from(["mixed", "secret", "usual"]))
        cells = {"mixed": cell, "secret": st.one_of(secret_text, secret_number), "usual": ordinary}
        columns[name] = draw(st.lists(cells[one], min_size=rows, max_size=rows))
    table = pd.DataFrame(columns, dtype=object)
    if draw(st.integers(0, 3)) == 0:  # one more column, or no header at all
        table[draw(st.one_of(secret_text, secret_number))] = "1"
    if draw(st.integers(0, 5)) == 0:
        table = table.rename(columns={name: draw(secret_text) + str(at)
                                      for at, name in enumerate(table.columns)})  # fmt: skip
    return table


@st.composite
def files(draw):
    """The bytes of a file: a table as CSV, often damaged."""
    table = draw(tables())
    separator = draw(st.sampled_from([",", ",", ",", ";", "\t"]))
    text = table.to_csv(index=False, sep=separator, lineterminator="\n")
    damage = draw(st.sampled_from(["", "", "quote", "ragged", "cut", "headless", "nul", "repeat"]))
    lines = text.split("\n")
    if damage == "quote":
        text = text + f'"{LETTERS},1\n'
    elif damage == "ragged":
        text = text + f"{LETTERS},{DIGITS},,,,,,,,,,,,\n"
    elif damage == "cut":
        text = text[: draw(st.integers(0, len(text)))]
    elif damage == "headless":
        text = "\n".join(lines[1:])
    elif damage == "nul":
        text = text + "\x00"
    elif damage == "repeat":
        text = "\n".join(separator.join([line, line]) for line in lines if line)
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16"]))
    return text.replace("x", "é", draw(st.integers(0, 1))).encode(encoding, errors="replace")


def safe(text, content=b""):
    """Nothing planted is told; a column's name may be, beside known ones or where it is twice.

    A header without a known name may be a row of values, so nothing of it is told.
    """
    header = content.split(b"\n", 1)[0].decode("latin-1")
    if any(name in header for name in NAMES) or "twice in its header" in text:
        for name in re.findall(r"[A-Za-z]\w+", header):
            text = text.replace(name, "")
    found = SENTINEL.search(text)
    assert found is None, f"told: {text[max(0, found.start() - 80) : found.end()][:80]}"


quickly = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SMALL = DataDictionary.from_text(DICTIONARY_TEXT)


@quickly
@given(tables(), tables())
def test_no_table_makes_the_dictionary_tell_a_value(table, other):
    names = str(list(table.columns)).encode() + str(list(other.columns)).encode()
    for function in (
        lambda: SMALL.check(table),
        lambda: SMALL.conform(table),
        lambda: SMALL.derive(table),
        lambda: check_sites({"one": table, "two": other}, SMALL),
    ):
        safe(told(function), names)


@quickly
@given(content=files())
def test_no_file_makes_reading_or_the_command_line_tell_a_value(content, tmp_path_factory, capsys):
    folder = tmp_path_factory.mktemp("fuzz")
    path, dictionary, out = folder / "t.csv", folder / "small.yaml", folder / "found.csv"
    path.write_bytes(content)
    dictionary.write_text(DICTIONARY_TEXT)
    safe(told(lambda: read_table(path)), content)
    asked = ["data", "check", str(path), "--dictionary", str(dictionary)]
    for options in ([], ["--json"], ["--out", str(out)]):
        try:
            main([*asked, *options])
            code = 0
        except SystemExit as left:
            code = left.code or 0
        assert code in (0, 3)
        captured = capsys.readouterr()
        safe(captured.out + captured.err, content)
    if out.exists():
        safe(out.read_text(), content)


def test_a_parquet_file_and_a_wrong_suffix_tell_nothing(tmp_path):
    table = pd.DataFrame({"hb_gdl": [DIGITS, LETTERS], "sex": [LETTERS, DIGITS]})
    path = write_table(table, tmp_path / "t.parquet")
    safe(told(lambda: SMALL.check(read_table(path))))
    path.write_bytes(path.read_bytes()[:-8] + LETTERS.encode())
    safe(told(lambda: read_table(path)))
    wrong = tmp_path / "t.xlsx"
    wrong.write_text(LETTERS)
    safe(told(lambda: read_table(wrong)))


def test_the_search_would_find_a_value_that_is_told():
    assert SENTINEL.search(f"the value {DIGITS} is wrong")
    assert SENTINEL.search(LETTERS.capitalize())
    assert not any(SENTINEL.search(scheme) for scheme in SCHEMES)
