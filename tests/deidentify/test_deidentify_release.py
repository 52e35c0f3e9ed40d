"""From a raw export to a table that may leave, and nothing leaks on the way."""

from __future__ import annotations

import copy
import io
import traceback

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synthema_lab.deidentify import InputRefused, Policy, SiteKey, Study, deidentify
from synthema_lab.deidentify.binding import bind
from synthema_lab.deidentify.report import report_page
from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import ArgumentRefused, LabError

KEY = SiteKey(bytes(range(32)))
DICTIONARY = DataDictionary.from_dict(
    {
        "name": "small", "title": "Small", "version": "1", "source": "s", "licence": "l",
        "patient": "id", "centre": "centre",
        "survival": {"time": "days", "event": "died", "horizon": 100},
        "risk_group": "old",
        "workload": [["days", "died"], ["days", "age"]],
        "variables": {
            "id": {"label": "Pseudonym", "type": "identifier"},
            "centre": {"label": "Centre", "type": "identifier", "identifier": "quasi"},
            "age": {"label": "Age", "type": "integer", "unit": "a", "range": [0, 100],
                    "bins": [0, 40, 60, 100], "identifier": "quasi"},
            "sex": {"label": "Sex", "type": "category", "categories": ["F", "M"],
                    "identifier": "quasi"},
            "area": {"label": "Area", "type": "category", "categories": list("abcd"),
                     "identifier": "quasi", "missing": True, "core": False},
            "gene": {"label": "Genotype", "type": "category", "core": False,
                     "categories": ["SS", "SC", "S0", "other"]},
            "hb": {"label": "Haemoglobin", "type": "number", "unit": "g/dL", "range": [2, 25],
                   "core": False, "missing": True},
            "days": {"label": "Days", "type": "integer", "unit": "d", "range": [0, 9000]},
            "died": {"label": "Died", "type": "boolean"},
            "note": {"label": "Note", "type": "text", "missing": True, "core": False},
            "old": {"label": "Old", "type": "category", "categories": ["no", "yes"],
                    "derive": "cut(age, [0, 60, 101], ['no', 'yes'])", "identifier": "quasi"},
            "in_ab": {"label": "In a or b", "type": "boolean", "derive": "area in ['a', 'b']",
                      "missing": True},
        },
        "rules": {
            "ages": {"text": "t", "expression": "age + days / 365.25 <= 130"},
            "time": {"text": "t", "expression": "implies(present(days), present(died))"},
        },
    }
)  # fmt: skip
POLICY = {
    "name": "p", "title": "P", "version": "1", "dictionary": "small",
    "pseudonym": {"from": ["hospital_number"]},
    "drop": ["name"],
    "dates": {"index": "diagnosed", "days": {"last_seen": "days"}, "ages": {"born": "age"},
              "shifted": ["sampled"], "largest_shift": 100},
    "postcodes": {"postcode": {"into": "region", "characters": 2}},
    "numbers": {"hb": {"round_to": 0.5, "top": 18}},
    "rare": {"fewer_than": 3, "into": {"gene": "other"}},
    "quasi_identifiers": {
        "age": [{"width": 10}, {"bands": [60]}, "suppress"],
        "area": [{"groups": {"ab": ["a", "b"], "cd": ["c", "d"]}}, "suppress"],
        "sex": [], "centre": ["suppress"], "region": [{"prefix": 1}, "suppress"],
        "sampled": ["suppress"],
    },
    "sensitive": ["hb"],
    "anonymity": {"k": 3, "suppress_at_most": 0.1},
    "studies": {"survival": {"purpose": "why", "variables": ["age", "sex", "days", "died"]},
                "all": {"purpose": "why", "variables": [
                    "age", "sex", "area", "gene", "hb", "days", "died", "old", "in_ab", "region",
                    "sampled"]}},
}  # fmt: skip


def export(rows: int = 60, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    diagnosed = pd.Timestamp("2010-01-01") + pd.to_timedelta(rng.integers(0, 2000, rows), unit="D")
    later = diagnosed + pd.to_timedelta(rng.integers(0, 900, rows), unit="D")
    born = diagnosed - pd.to_timedelta(rng.integers(7000, 30000, rows), unit="D")
    sampled = diagnosed + pd.to_timedelta(rng.integers(0, 20, rows), unit="D")
    return pd.DataFrame(
        {
            "hospital_number": [f"H{n:06d}" for n in rng.choice(10**6, rows, replace=False)],
            "name": rng.choice(["Ashby", "Brandt"], rows),
            "born": born.strftime("%Y-%m-%d"),
            "diagnosed": diagnosed.strftime("%Y-%m-%d"),
            "last_seen": later.strftime("%Y-%m-%d"),
            "sampled": sampled.strftime("%Y-%m-%d"),
            "postcode": rng.choice(["QA1 1XX", "qa2 1XX", "QB1 1XX"], rows),
            "sex": rng.choice(["F", "M"], rows),
            "area": rng.choice(list("abcd"), rows),
            "gene": rng.choice(["SS", "SC"], rows),
            "hb": rng.uniform(6, 19, rows).round(1),
            "died": rng.integers(0, 2, rows),
        }
    )


def policy(**changes) -> Policy:
    return Policy.from_dict({**copy.deepcopy(POLICY), **changes})


def run(table, study="all", **changes):
    return deidentify(table, DICTIONARY, policy(**changes), KEY, study)


def refused(table, study="all", **changes) -> str:
    with pytest.raises(InputRefused) as caught:
        run(table, study, **changes)
    return str(caught.value)


def test_what_leaves_conforms_to_its_own_dictionary_and_reaches_k():
    found = run(export())
    checked = found.dictionary.check(found.patients, require_core=False)
    assert [f for f in checked.errors if f.variable != "sampled"] == []
    assert found.after.k >= 3
    assert found.before.unique > found.after.unique == 0
    assert found.loss.suppressed_rows == 60 - len(found.patients) <= 6
    assert DataDictionary.from_dict(found.dictionary.as_dict()) == found.dictionary


def test_nothing_of_the_export_but_the_variables_of_the_study_leaves():
    table = export()
    found = run(table, "survival")
    assert list(found.patients.columns) == ["id", "age", "sex", "days", "died"]
    text = found.patients.to_csv(index=False)
    for column in ("hospital_number", "born", "diagnosed", "last_seen", "sampled", "postcode"):
        for value in table[column]:
            assert str(value) not in text


def test_the_order_of_rows_is_that_of_the_pseudonyms():
    table = export()
    found = run(table, "survival")
    assert found.patients["id"].is_monotonic_increasing
    turned = run(table.iloc[::-1].reset_index(drop=True), "survival")
    pd.testing.assert_frame_equal(found.patients, turned.patients)


def test_every_column_has_a_fate():
    found = run(export(), "survival")
    fates = found.columns.set_index("column")["fate"]
    assert fates["hospital_number"] == "pseudonym"
    assert fates["name"] == "dropped"
    assert fates["born"] == fates["diagnosed"] == "used"
    assert fates["hb"] == "not needed"
    assert fates["sex"] == "leaves"


def test_days_and_ages_are_computed_and_agree_with_the_dates():
    table = export()
    found = run(table, "survival", anonymity={"search": False})
    by_hand = (pd.to_datetime(table["last_seen"]) - pd.to_datetime(table["diagnosed"])).dt.days
    assert sorted(found.patients["days"]) == sorted(by_hand)


def test_two_studies_share_no_pseudonym():
    table = export()
    assert not set(run(table, "survival").patients["id"]) & set(run(table, "all").patients["id"])


def test_bands_keep_the_type_and_derived_groups_follow_them():
    found = run(export(), "all", levels={"age": 1})
    assert found.levels["age"] >= 1
    if "age" in found.patients:
        assert found.patients["age"].dtype == "Int64"
        assert ((found.patients["age"] >= 60) == (found.patients["old"] == "yes")).all()
        assert "ages" not in [rule.name for rule in found.dictionary.rules]
    assert "time" in [rule.name for rule in found.dictionary.rules]


def test_a_variable_derived_from_a_grouped_one_does_not_bring_the_groups_back():
    found = run(export(), "all", levels={"area": 1})
    assert "in_ab" not in found.patients.columns
    assert "in_ab" not in found.dictionary.variables


def test_a_derived_variable_without_its_input_is_told_as_recorded_and_counts_as_known():
    study = Study.of_variables(["old", "sex", "days", "died"])
    found = deidentify(export(), DICTIONARY, policy(), KEY, study)
    assert not found.dictionary.variables.old.derive
    assert "old" in found.after.quasi_identifiers
    assert "age" not in found.patients.columns


def test_numbers_are_rounded_and_topped():
    told = run(export(), "all").patients["hb"]
    assert (told * 2 == (told * 2).round()).all()
    assert told.max() <= 18


def test_rare_codes_are_grouped_until_none_is_rare():
    table = export()
    table["gene"] = ["S0", *["SC"] * 4, *["SS"] * 55]
    found = run(table, "all", anonymity={"search": False})
    counts = found.patients["gene"].value_counts()
    assert counts["S0"] == 0
    assert counts["other"] >= 3
    assert found.grouped["gene"] == counts["other"] == 5


def test_shifted_dates_keep_intervals_and_are_not_the_dates():
    table = export()
    table["sampled_again"] = table["sampled"]
    dates = {**POLICY["dates"], "shifted": ["sampled", "sampled_again"]}
    found = run(table, None, dates=dates, anonymity={"search": False})
    assert (found.patients["sampled"] == found.patients["sampled_again"]).all()
    assert set(found.patients["sampled"]) != set(table["sampled"])


def test_without_a_study_somebody_has_to_look():
    verdicts = {r.about: r.verdict for r in run(export(), None).assessment.reasons}
    assert verdicts["minimisation"] == "review"


def test_a_policy_that_searches_nothing_applies_its_levels_and_is_failed_by_its_numbers():
    found = run(export(), "all", anonymity={"search": False}, levels={"age": 2})
    assert found.levels["age"] == 2
    assert found.assessment.verdict == "fail"
    assert len(found.patients) == 60


def test_the_dictionary_that_comes_with_the_table_hangs_on_no_patient():
    first, second = (run(export(seed=s), "survival", anonymity={"search": False}) for s in (1, 2))
    assert first.dictionary == second.dictionary


def test_measures_stand_in_one_order_before_and_after():
    table = run(export()).comparison()
    assert table["measure"].tolist()[:2] == ["k-anonymity", "unique patients"]
    assert table.notna().all().all()


def test_another_target_is_another_policy_by_its_digest():
    first = policy()
    assert first.asking(k=3).digest == first.digest
    assert first.asking(k=10).target.k == 10
    assert first.asking(k=10).digest != first.digest


@pytest.mark.parametrize("name", ["leuksurv", "scd", "aml"])
def test_a_raw_export_of_each_cohort_travels_the_whole_road(name):
    from synthema_lab.cohorts import load_cohort
    from synthema_lab.deidentify import export_example

    cohort = load_cohort(name)
    raw = export_example(cohort.patients, cohort.dictionary, np.random.default_rng(1))
    shipped = Policy.load(name)
    found = deidentify(raw, cohort.dictionary, shipped, KEY, next(iter(shipped.studies)))
    assert found.after.k >= 5
    assert found.assessment.verdict != "fail"
    told = found.patients.to_csv()
    for column in ("hospital_number", "national_number", "diagnosis_date"):
        assert not any(value in told for value in raw[column].head(50))


# Bad input: findings with rows and counts, nothing made.


def test_an_unknown_column_is_refused_with_the_nearest_name():
    said = refused(export().assign(sexx=1))
    assert "sexx" in said
    assert "Did you mean sex?" in said


def test_free_text_is_refused_unless_named():
    table = export().assign(note="seen with the family today")
    assert "free text" in refused(table, None)
    assert "free text" in refused(export().assign(remark="seen with the family today"))
    kept = deidentify(
        export().assign(note="stable and well, no complaint"), DICTIONARY,
        policy(free_text=["note"]), KEY, Study.of_variables(["note", "sex", "days", "died"]),
    )  # fmt: skip
    assert "note" in kept.patients.columns


def national_numbers(rows: int) -> list[str]:
    """Ten digits with a check digit modulo 11."""
    numbers = []
    for body in range(400_000_000, 400_000_000 + 2 * rows):
        weighted = sum(int(d) * w for d, w in zip(str(body), range(10, 1, -1), strict=True))
        check = (11 - weighted % 11) % 11
        numbers += [f"{body}{check}"] if check < 10 else []
    return numbers[:rows]


def test_a_national_number_left_in_is_named_as_one():
    said = refused(export().assign(nhs=national_numbers(60)))
    assert "nhs: neither a variable nor named in the policy" in said
    assert "nhs looks like a direct identifier" in said


def test_a_centre_that_is_a_national_number_is_refused():
    table = export().assign(centre=national_numbers(60))
    assert "centre looks like a direct identifier" in refused(table, None)


def test_dates_that_are_none_are_found_by_row():
    table = export()
    table.loc[[2, 4], "born"] = "12.03.1960"
    said = refused(table)
    assert "born is not a date" in said
    assert "rows 3, 5" in said
    assert "1960" not in said


def test_a_patient_without_an_identifier_or_twice_is_found_by_row():
    table = export()
    table.loc[6, "hospital_number"] = None
    assert "row 7" in refused(table)
    table.loc[6, "hospital_number"] = table.loc[5, "hospital_number"]
    assert "repeats the pseudonym" in refused(table)


def test_no_column_that_names_the_patient_is_refused():
    assert "No column names the patient" in refused(export().drop(columns="hospital_number"))


def test_a_death_before_diagnosis_is_found():
    table = export()
    table.loc[3, "last_seen"] = "1999-01-01"
    said = refused(table)
    assert "days is negative" in said
    assert "row 4" in said


def test_a_variable_given_and_made_is_refused():
    assert "column of its own" in refused(export().assign(age=50))


def test_an_index_date_that_is_absent_is_refused():
    assert "from which days are counted" in refused(export().drop(columns="diagnosed"))


def test_an_empty_table_is_refused():
    assert "no data rows" in refused(export().iloc[:0])


# Policies.


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"dropp": []}, "unknown key dropp"),
        ({"drop": ["sex"]}, "contradicts itself"),
        ({"drop": ["hospital_number"]}, "contradicts itself"),
        ({"drop": ["name", "name"]}, "twice"),
        ({"sensitive": ["age"]}, "contradicts itself"),
        ({"not_quasi": {"age": "why"}}, "contradicts itself"),
        ({"rare": {"into": {"area": "a"}}}, "contradicts itself"),
        ({"levels": {"hb": 1}}, "no steps"),
        ({"levels": {"age": 9}}, "no such level"),
        ({"importance": {"hb": 2}}, "unknown key"),
        ({"importance": {"age": 0}}, "above 0"),
        ({"anonymity": {"k": 1}}, "k that cannot be used"),
        ({"anonymity": {"kk": 5}}, "unknown key kk"),
        ({"pseudonym": {"characters": 5}}, "characters"),
        ({"pseudonym": {"characters": 60}}, "characters"),
        ({"dates": {"days": {"last_seen": "days"}}}, "no index"),
        ({"dates": {"index": "d", "days": {"a": "age"}, "ages": {"b": "age"}}}, "two dates"),
        ({"dates": {"index": "d", "ages": {"born": "agee"}}}, "no variable"),
        ({"numbers": {"hb": {}}}, "says nothing"),
        ({"numbers": {"sex": {"round_to": 1}}}, "a category"),
        ({"numbers": {"hb": {"bottom": 9, "top": 8}}}, "bottom above"),
        ({"rare": {"into": {"hb": "x"}}}, "a number"),
        ({"quasi_identifiers": {"agee": []}}, "Did you mean age"),
        ({"quasi_identifiers": {"age": "suppress"}}, "without a list"),
        ({"sensitive": ["hbb"]}, "no variable"),
        ({"free_text": ["sex"]}, "a category"),
        ({"postcodes": {"postcode": {"into": "sex"}}}, "has already"),
        ({"dictionary": "other"}, "is for the dictionary other"),
        ({"studies": {"s": {"purpose": "p", "variables": ["agee"]}}}, "Did you mean age"),
        ({"studies": {"s": {"purpose": "p", "variables": []}}}, "no variable"),
        ({"studies": {"s": {"variables": ["age"]}}}, "no purpose"),
    ],
)
def test_a_policy_that_cannot_be_followed_is_refused(changes, said):
    with pytest.raises(ArgumentRefused) as caught:
        bind(DICTIONARY, policy(**changes))
    assert said.lower() in str(caught.value).lower()


@pytest.mark.parametrize("name", ["leuksurv", "scd", "aml"])
def test_the_policies_that_come_with_the_workbench_fit_their_dictionaries(name):
    shipped = Policy.load(name)
    dictionary = DataDictionary.load(name)
    for study in (None, *shipped.studies.values()):
        bound = bind(dictionary, shipped, study)
        assert bound.hierarchies
        assert all(ladder.top for ladder in bound.hierarchies), "a quasi-identifier without a step"


def test_an_unknown_policy_or_study_is_refused_with_the_nearest():
    with pytest.raises(ArgumentRefused, match="leuksurv"):
        Policy.load("leuksrv")
    with pytest.raises(ArgumentRefused, match="survival"):
        Policy.load("leuksurv").study("survivl")


def test_a_repeated_key_in_a_policy_is_refused(tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text("name: a\nname: b\n")
    with pytest.raises(ArgumentRefused, match="twice"):
        Policy.load(path)


def test_a_study_asking_for_what_does_not_leave_is_refused():
    for names in (["note", "sex"], ["zzz"]):
        with pytest.raises(ArgumentRefused):
            bind(DICTIONARY, policy(), Study.of_variables(names))


# No value in what is said.

MARK, DIGITS = "Zqx", "7315081"
PLANTED = st.sampled_from(
    [
        f"{MARK} a",
        MARK,
        int(DIGITS),
        float(f"{DIGITS}.5"),
        f"{DIGITS}-01-01",
        f"{MARK} {MARK} c d e",
    ]
)


def everything_said(call) -> str:
    try:
        found = call()
    except LabError as error:
        chain, seen = [error], []
        while chain:
            problem = chain.pop()
            seen.append("".join(traceback.format_exception(problem)) + repr(problem.args))
            seen.append(str(getattr(problem, "findings", "")))
            seen.append(str(problem.as_dict()) if hasattr(problem, "as_dict") else "")
            chain += [each for each in (problem.__cause__, problem.__context__) if each]
        return "".join(seen)
    return "".join(
        [str(found), repr(found), found._repr_html_(), report_page(found), str(found.record),
         str(found.dictionary.as_dict()), found.columns.to_csv(), found.comparison().to_csv(),
         found.after.combinations.table.to_csv(), str(found.before), found.before._repr_html_(),
         str(found.generalisation), str(found.findings), repr(KEY)]
    )  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(list(export().columns)), st.integers(0, 59), PLANTED)
def test_no_value_appears_in_an_error_a_report_or_a_record(column, row, planted):
    table = export().astype(object)
    table.loc[row, column] = planted
    said = everything_said(lambda: run(table, None))
    assert MARK not in said
    assert DIGITS not in said
    for value in table["hospital_number"].iloc[:5]:
        assert str(value) not in said


def test_a_file_without_a_header_shows_no_patient():
    table = pd.read_csv(io.StringIO(f"{MARK},{DIGITS},F\nb,2,M\n"))
    said = everything_said(lambda: run(table, None))
    assert MARK not in said
    assert DIGITS not in said


def test_neither_key_nor_pseudonym_appears_in_a_report():
    found = run(export(), "survival")
    said = everything_said(lambda: found)
    assert bytes(range(32)).hex() not in said
    for value in found.patients["id"]:
        assert value not in said
