"""A column that says who a patient is is told, and never what it says."""

from __future__ import annotations

import random

import numpy as np
import pandas as pd
import pytest

from synthema_lab.dictionary import DataDictionary
from synthema_lab.dictionary.suspicions.national_numbers import SCHEMES, likely_scheme, passes
from synthema_lab.dictionary.suspicions.persons import personal

DICTIONARY = DataDictionary.from_dict(
    {
        "name": "small", "title": "Small", "version": "1", "source": "s", "licence": "l",
        "patient": "patient_id", "centre": "centre_id",
        "variables": {
            "patient_id": {"label": "Pseudonym", "type": "identifier"},
            "centre_id": {"label": "Centre", "type": "identifier", "identifier": "quasi"},
            "karyotype": {"label": "Karyotype", "type": "text", "missing": True, "core": False},
            "sex": {"label": "s", "type": "category", "categories": ["F", "M"], "missing": True},
        },
    }
)  # fmt: skip
# Numbers that public descriptions of the schemes give as examples, and a few made up since.
EXAMPLES = {
    "a Dutch BSN": "111222333",
    "a French NIR": "2 55 08 14 168 025 38",
    "a Spanish DNI or NIE": "12345678-Z",
    "an Italian codice fiscale": "RSSMRA85T10A562S",
    "a German tax number": "86 095 742 719",
    "a German health insurance number": "A123456780",
    "a British NHS number": "943 476 5919",
    "a Portuguese NIF": "123456789",
    "a Belgian national register number": "85.07.30-033.28",
    "a Swedish personal number": "811218-9876",
    "a Greek AMKA": "01013099997",
}
KARYOTYPES = [
    "46,XX,t(8;21)(q22;q22)[20]", "46,XY[20]", "45,XY,-7[15]/46,XY[5]", "47,XX,+8,+21[12]",
    "46,XX,inv(16)(p13.1q22)[20]", "46,XY,del(5)(q13q33)[10]/46,XY[10]",
]  # fmt: skip


def invented_numbers(scheme, count=12):
    """Numbers that pass a scheme, found by changing one at random places."""
    rng, found = random.Random(1), set()
    example = EXAMPLES[scheme].replace(" ", "").replace("-", "").replace(".", "")
    while len(found) < count:
        characters = list(example)
        for place in rng.sample(range(len(characters)), 3):
            if characters[place].isdigit():
                characters[place] = str(rng.randrange(10))
        if rng.random() < 0.9 and passes("".join(characters), scheme):
            found.add("".join(characters))
    return sorted(found)


def table(**columns):
    rows = len(next(iter(columns.values())))
    usual = {
        "patient_id": [f"P{at}" for at in range(rows)],
        "centre_id": ["Charité Berlin", "Hospital Clinic"] * (rows // 2) + ["Erasmus"] * (rows % 2),
        "sex": ["F"] * rows,
    }
    return pd.DataFrame(usual | columns)


def direct(patients):
    findings = [f for f in DICTIONARY.check(patients).errors if f.rule == "direct_identifier"]
    return [(f.variable, f.message.rsplit(": ", 1)[1].rstrip("."), f.count) for f in findings]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_published_example_passes_and_one_digit_off_does_not(scheme):
    example = EXAMPLES[scheme]
    assert passes(example, scheme)
    digits = [at for at, character in enumerate(example) if character.isdigit()]
    at = digits[len(digits) // 2]
    wrong = str((int(example[at]) + 1) % 10)
    assert not passes(example[:at] + wrong + example[at + 1 :], scheme)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_column_of_national_numbers_is_told_whatever_it_is_called(scheme):
    numbers = invented_numbers(scheme)
    ((variable, kind, count),) = direct(table(patient_id=numbers))
    assert (variable, count) == ("patient_id", 12)
    assert passes(numbers[0], kind)


def test_running_and_random_pseudonyms_are_no_national_numbers():
    # False-alarm rate: 1000 columns of 30 random nine-digit numbers, each at one in eleven.
    rng = np.random.default_rng(7)
    for _ in range(1000):
        assert likely_scheme([str(n) for n in rng.integers(100_000_000, 999_999_999, 30)]) is None
    for start in (1, 100_000_000, 1_000_000_000, 10_000_000_000):
        assert likely_scheme([str(start + at) for at in range(200)]) is None
        assert direct(table(patient_id=[f"{start + at:09d}" for at in range(200)])) == []


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["Ada Lovelace", "Alan Turing", "Grace Hopper", "Kurt Goedel", "Emmy Noether"],
         "a person's name"),
        (["Lovelace, Ada", "Turing, Alan", "Hopper, Grace", "Goedel, Kurt", "Noether, Emmy"],
         "a person's name"),
        ([f"a{at}@example.org" for at in range(5)], "an e-mail address"),
        ([f"+49 30 5550 10{at}" for at in range(5)], "a telephone number"),
        ([f"1{at}.02.1960" for at in range(5)], "a date such as a date of birth"),
    ],
)  # fmt: skip
def test_a_pseudonym_that_is_none_is_told_by_kind(texts, kind):
    assert direct(table(patient_id=texts)) == [("patient_id", kind, 5)]


@pytest.mark.parametrize(
    ("note", "kind"),
    [
        ("seen by Dr X together with Mrs Miller", "a person's name"),
        ("Patient Maria Rossi, 46,XX[20]", "a person's name"),
        ("Rossi, Maria 46,XX", "a person's name"),
        ("ask maria.rossi@example.org", "an e-mail address"),
        ("Tel. 030 5550 1234", "a telephone number"),
        ("born 3.4.1961", "a date of birth"),
        ("geb. am 03.04.1961", "a date of birth"),
        ("née le 03/04/1961", "a date of birth"),
    ],
)
def test_one_note_that_names_a_person_is_told_by_its_row(note, kind):
    patients = table(karyotype=[*KARYOTYPES, note])
    (finding,) = [f for f in DICTIONARY.check(patients).errors if f.rule == "direct_identifier"]
    assert finding.rows == (7,)
    assert finding.message == f"karyotype looks like a direct identifier: {kind}."


def test_karyotypes_centres_and_pseudonyms_name_nobody():
    assert direct(table(karyotype=KARYOTYPES)) == []
    assert [personal(text) for text in KARYOTYPES] == [None] * len(KARYOTYPES)


def test_an_unknown_category_that_names_a_person_is_told():
    patients = table(sex=["F", "M", "F", "Maria Rossi", None])
    assert direct(patients) == [("sex", "a person's name", 1)]


def test_a_column_that_the_dictionary_does_not_have_is_looked_at_too():
    patients = table(contact=[f"a{at}@example.org" for at in range(6)])
    assert direct(patients) == [(None, "an e-mail address", 6)]


def test_no_finding_about_a_person_holds_what_was_found():
    names = [f"Maria Zqx{letter}" for letter in "abcdef"]
    patients = table(patient_id=names, karyotype=names, sex=names)
    text = str(DICTIONARY.check(patients)) + DICTIONARY.check(patients).table().to_string()
    assert "Zqx" not in text
    assert "Maria" not in text


def test_one_name_among_the_pseudonyms_is_told_with_its_row():
    table = pd.DataFrame(
        {"patient_id": [f"P{n:03d}" for n in range(30)], "centre_id": "A", "sex": "F"}
    )
    table.loc[6, "patient_id"] = "Müller Geraldine"
    told = [f for f in DICTIONARY.check(table).errors if f.rule == "direct_identifier"]
    assert [(f.variable, f.rows, f.count) for f in told] == [("patient_id", (7,), 1)]
    assert "Geraldine" not in str(told[0])
