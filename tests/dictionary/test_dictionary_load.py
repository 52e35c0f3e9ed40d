"""Loading: what a dictionary's file may hold, and what is refused."""

from __future__ import annotations

import copy
import pickle

import pytest
import yaml

from synthema_lab.dictionary import Code, DataDictionary, Lookup, Survival
from synthema_lab.errors import ArgumentRefused, DataMismatch

BASE = """
name: small
title: A small cohort
version: "1"
source: nowhere
licence: CC0-1.0
patient: id
centre: hospital
survival: {time: t_days, event: died, horizon: 100}
risk_group: stage
workload: [[t_days, died], [t_days, hb]]
variables:
  id: {label: Pseudonym, type: identifier}
  hospital: {label: Hospital, type: category, categories: {A: first, B: second}}
  hb: {label: Haemoglobin, type: number, unit: g/dL, range: [2, 25], plausible: [4, 20],
       bins: [2, 8, 10, 12, 25], missing: true, expected_missing: 0.1,
       codes: [{system: LOINC, code: 718-7, status: verified}]}
  t_days: {label: Time, type: integer, unit: d, range: [1, 200], bins: [1, 30, 200]}
  died: {label: Died, type: boolean}
  stage: {label: Stage, type: category, categories: [low, high], missing: true,
          derive: "cut(hb, [2, 10, 26], ['low', 'high'])"}
rules:
  alive_long: {text: Long times have no low haemoglobin., expression: "t_days < 150 or hb > 3"}
"""


def changed(**paths):
    """The base with values replaced; keys are paths joined by two underscores."""
    content = yaml.safe_load(BASE)
    for path, value in paths.items():
        *parents, last = path.split("__")
        place = content
        for parent in parents:
            place = place[parent]
        if value is ...:
            del place[last]
        else:
            place[last] = value
    return content


def test_a_dictionary_says_what_its_file_says():
    dictionary = DataDictionary.from_text(BASE)
    assert (dictionary.name, dictionary.patient, dictionary.centre) == ("small", "id", "hospital")
    assert dictionary.survival == Survival("t_days", "died", 100.0)
    assert dictionary.workload == (("t_days", "died"), ("t_days", "hb"))
    assert dictionary.modelled == ("hb", "t_days", "died")
    assert dictionary.derived == ("stage",)
    hb = dictionary.variables["hb"]
    assert (hb.unit, hb.range, hb.plausible) == ("g/dL", (2.0, 25.0), (4.0, 20.0))
    assert hb.bins == (2.0, 8.0, 10.0, 12.0, 25.0)
    assert hb.codes == (Code("LOINC", "718-7", "verified"),)
    assert (hb.missing, hb.expected_missing, hb.within_bin, hb.core) == (True, 0.1, "uniform", True)
    assert dict(dictionary.variables["stage"].categories) == {"low": "low", "high": "high"}
    assert dictionary.rules[0].inputs == {"t_days", "hb"}
    assert not dictionary.variables["stage"].core


def test_the_digest_follows_the_content_and_not_the_layout():
    dictionary = DataDictionary.from_text(BASE)
    assert len(dictionary.digest) == 64
    assert DataDictionary.from_text(BASE + "\n# a comment\n").digest == dictionary.digest
    relaid = yaml.safe_dump(yaml.safe_load(BASE), sort_keys=False)
    assert DataDictionary.from_text(relaid) == dictionary
    other = DataDictionary.from_dict(
        changed(variables__hb__range=[2, 25], variables__hb__label="H")
    )
    assert other != dictionary


def test_plain_values_give_the_dictionary_back():
    dictionary = DataDictionary.from_text(BASE)
    again = DataDictionary.from_dict(dictionary.as_dict())
    assert again == dictionary
    assert again.as_dict() == dictionary.as_dict()
    assert repr(again) == repr(dictionary)


def test_a_dictionary_travels_between_processes():
    dictionary = DataDictionary.from_text(BASE)
    assert pickle.loads(pickle.dumps(dictionary)) == dictionary
    assert copy.deepcopy(dictionary) == dictionary
    assert hash(dictionary) == hash(copy.copy(dictionary))


def test_a_dictionary_cannot_be_changed():
    dictionary = DataDictionary.from_text(BASE)
    with pytest.raises(AttributeError):
        dictionary.name = "other"
    with pytest.raises(AttributeError):
        dictionary.variables.hb.range = (0, 1)
    with pytest.raises(ArgumentRefused):
        dictionary.variables.hb = None
    with pytest.raises(TypeError):
        dictionary.variables["hb"] = None


def test_variables_are_completed_by_tab_and_misspelt_ones_offered():
    variables = DataDictionary.from_text(BASE).variables
    assert isinstance(variables, Lookup)
    assert variables.hb is variables["hb"]
    assert {"hb", "t_days", "keys"} <= set(dir(variables))
    assert variables._ipython_key_completions_() == list(variables)
    with pytest.raises(AttributeError, match="Did you mean died"):
        _ = variables.diedd


def test_it_shows_as_text_and_as_a_table_with_everything_escaped():
    dictionary = DataDictionary.from_dict(
        changed(variables__hb__label="<script>alert(1)</script>", title="a < b & c")
    )
    page = dictionary._repr_html_()
    assert "<script>" not in page
    assert "a &lt; b &amp; c" in page
    for shown in ("g/dL", "2 to 25", "about 10%", "direct", "LOINC 718-7", "alive_long"):
        assert shown in page
    text = repr(DataDictionary.from_text(BASE))
    assert "hb: Haemoglobin, number, 2 to 25 g/dL" in text
    assert "rules: alive_long" in text
    assert "public bins" in DataDictionary.from_text(BASE).variables.hb._repr_html_()
    assert "t_days" in DataDictionary.from_text(BASE).rules[0]._repr_html_()


BAD = {
    "the data dictionary, no name": (dict(name=...), "no name"),
    "unknown key": (dict(varables={}), "unknown key varables"),
    "version as number": (dict(version=1.0), "version"),
    "no variable": (dict(variables={}, rules={}), "declares no variable"),
    "unknown patient": (dict(patient="idd"), "Did you mean id?"),
    "patient of another type": (dict(patient="hb"), "hb as its patient"),
    "centre of another type": (dict(centre="hb"), "hb as its centre"),
    "risk group of another type": (dict(risk_group="hb"), "hb as its risk_group"),
    "event of another type": (dict(survival__event="hb"), "hb as its event"),
    "no event": (dict(survival__event=...), "no event"),
    "horizon": (dict(survival__horizon=1000), "horizon"),
    "horizon as text": (dict(survival__horizon="far"), "not made of numbers"),
    "workload unknown": (dict(workload=[["t_days", "hbb"]]), "hbb"),
    "workload derived": (dict(workload=[["t_days", "stage"]]), "stage"),
    "workload centre": (dict(workload=[["t_days", "hospital"]]), "hospital"),
    "workload alone": (dict(workload=[["hb"]]), "no set"),
    "workload twice": (dict(workload=[["hb", "died"], ["died", "hb"]]), "twice"),
    "type": (dict(variables__hb__type="numbr"), "Did you mean number?"),
    "unknown variable key": (dict(variables__hb__rnge=[1, 2]), "Did you mean range?"),
    "no label": (dict(variables__hb__label=...), "no label"),
    "range order": (dict(variables__hb__range=[25, 2]), "range"),
    "range of one": (dict(variables__hb__range=[25]), "range"),
    "range as text": (dict(variables__hb__range=["a", "b"]), "not made of numbers"),
    "infinite range": (dict(variables__hb__range=[0, float("inf")]), "not made of numbers"),
    "plausible outside": (dict(variables__hb__plausible=[0, 30]), "plausible"),
    "bins decreasing": (dict(variables__hb__bins=[2, 8, 8, 25]), "do not increase"),
    "bins short": (dict(variables__hb__bins=[2, 8, 20]), "cover its range"),
    "bins long": (dict(variables__hb__bins=[0, 8, 25]), "cover its range"),
    "bins alone": (dict(variables__hb__bins=[2]), "do not increase"),
    "bins without range": (dict(variables__hb__range=...), "no range"),
    "integer bins": (dict(variables__t_days__bins=[1, 1.5, 200]), "integer"),
    "bins of a boolean": (dict(variables__died__bins=[0, 1]), "boolean and has a bins"),
    "range of a category": (dict(variables__hospital__range=[0, 1]), "category and has a range"),
    "categories of a number": (dict(variables__hb__categories=["a"]), "has categories"),
    "no categories": (dict(variables__hospital__categories=...), "no categories"),
    "empty categories": (dict(variables__hospital__categories={}), "no categories"),
    "code read as number": (dict(variables__hospital__categories={1: "a"}), "as text"),
    "code read as false": (dict(variables__hospital__categories={False: "a"}), "as text"),
    "code twice": (dict(variables__hospital__categories=["a", "a"]), "twice"),
    "log below 0": (
        dict(variables__hb__within_bin="log", variables__hb__range=[-1, 25],
             variables__hb__bins=[-1, 8, 25]),
        "log-evenly",
    ),
    "within_bin": (dict(variables__hb__within_bin="normal"), "within_bin"),
    "resolution": (dict(variables__hb__resolution=0), "resolution"),
    "missing as text": (dict(variables__hb__missing="often"), "missing"),
    "expected without missing": (dict(variables__t_days__expected_missing=0.1), "expected share"),
    "expected beyond 1": (dict(variables__hb__expected_missing=10), "expected share"),
    "code status": (
        dict(variables__hb__codes=[{"system": "LOINC", "code": "1", "status": "sure"}]),
        "status",
    ),
    "code without status": (
        dict(variables__hb__codes=[{"system": "LOINC", "code": "1"}]),
        "status",
    ),
    "identifier class": (dict(variables__hb__identifier="quasy"), "Did you mean quasi?"),
    "derived identifier": (dict(variables__id__derive="hb + 1"), "derived identifier"),
    "rule without text": (dict(rules__alive_long__text=...), "no text"),
    "rule unknown key": (dict(rules__alive_long__expresion="hb > 1"), "unknown key"),
    "rule not a mapping": (dict(rules__alive_long="hb > 1"), "not a set of keys"),
    "rules as a list": (dict(rules=[1]), "mapping of names"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_bad_dictionary_is_refused_at_load_and_told_why(case):
    change, says = BAD[case]
    with pytest.raises(DataMismatch) as refused:
        DataDictionary.from_dict(changed(**change))
    assert says in str(refused.value)
    assert refused.value.expected
    assert refused.value.next_step


@pytest.mark.parametrize("name", ["in", "cut", "2nd", "a b", "a-b", "__x", "lambda", ""])
def test_a_variable_needs_a_name_that_rules_can_use(name):
    content = changed()
    content["variables"][name] = {"label": "x", "type": "number"}
    with pytest.raises(DataMismatch, match="name that cannot be used"):
        DataDictionary.from_dict(content)


@pytest.mark.parametrize(
    "text",
    [
        BASE + "name: again\n",
        BASE.replace("  died: {", "  hb: {label: x, type: number}\n  died: {"),
        BASE.replace("label: Died,", "label: Died, label: Again,"),
        BASE.replace("{A: first, B: second}", "{A: first, A: second}"),
    ],
)
def test_a_repeated_key_is_refused_with_its_line(text):
    with pytest.raises(DataMismatch, match=r"line \d+ occurs twice"):
        DataDictionary.from_text(text)


@pytest.mark.parametrize(
    "text", ["", "- a\n", "just text", "a: [", "a: !!python/name:os.system", "? [a]\n: b"]
)
def test_what_is_no_dictionary_is_refused(text):
    with pytest.raises(DataMismatch):
        DataDictionary.from_text(text)


def test_a_file_of_patients_given_as_dictionary_is_not_printed(tmp_path):
    for name in ("patients.yaml", "patients.csv"):
        path = tmp_path / name
        path.write_text('id: "SECRET\nfoo: {SECRET')
        with pytest.raises(DataMismatch) as refused:
            DataDictionary.load(path)
        assert "SECRET" not in str(refused.value)
        assert refused.value.__context__ is None


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataMismatch, match="UTF-8"):
        DataDictionary.load(path)


def test_a_dictionary_is_found_by_path_and_by_name(tmp_path, monkeypatch):
    (tmp_path / "data_dictionaries").mkdir()
    path = tmp_path / "data_dictionaries" / "small.yaml"
    path.write_text(BASE)
    monkeypatch.chdir(tmp_path)
    by_path = DataDictionary.load(path)
    assert DataDictionary.load(str(path)) == by_path
    assert DataDictionary.load("small") == by_path
    assert DataDictionary.load("small.yaml") == by_path
    packaged = DataDictionary.load("leuksurv")
    (tmp_path / "data_dictionaries" / "leuksurv.yaml").write_text(BASE)
    assert DataDictionary.load("leuksurv") == packaged


def test_an_unknown_dictionary_is_refused_with_the_nearest_name():
    with pytest.raises(ArgumentRefused, match="Did you mean leuksurv"):
        DataDictionary.load("leuksurf")
