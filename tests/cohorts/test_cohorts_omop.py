"""A folder of OMOP tables becomes a cohort: small text tables in, small tables out."""

from __future__ import annotations

import io
import sys
import traceback

import pandas as pd
import pytest

from synthema_lab.cohorts.importers.concepts import Concepts
from synthema_lab.cohorts.importers.omop import import_omop
from synthema_lab.cohorts.importers.vocabularies import Matcher
from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import ArgumentRefused, DataMismatch, ExtraMissing

DICTIONARY = """
name: demo
title: "A small disease"
version: "1"
source: invented
licence: none
patient: patient_id
centre: centre_id
survival: {time: os_days, event: os_event, horizon: 365}
variables:
  patient_id: {label: Pseudonym, type: identifier, identifier: direct}
  centre_id: {label: Centre, type: identifier, identifier: quasi, missing: true}
  age_years: {label: Age, type: number, unit: a, range: [0, 120], missing: true}
  sex: {label: Sex, type: category, categories: {F: female, M: male}, missing: true}
  dx_year: {label: Year, type: integer, unit: a, missing: true}
  hb_gdl:
    {label: Haemoglobin, type: number, unit: g/dL, range: [2, 20], missing: true,
     molar_mass: 16114.0,
     codes: [{system: LOINC, code: 718-7, status: verified},
             {system: OMOP, code: "3000963", status: recalled}]}
  creat_mgdl:
    {label: Creatinine, type: number, unit: mg/dL, missing: true, molar_mass: 113.12,
     codes: [{system: LOINC, code: 2160-0, status: verified}]}
  ecog:
    {label: ECOG, type: integer, unit: "{score}", missing: true,
     codes: [{system: LOINC, code: 89247-1, status: recalled}]}
  npm1:
    {label: NPM1, type: boolean, missing: true,
     codes: [{system: LOINC, code: 54448-6, status: verified}]}
  stroke:
    {label: Stroke, type: boolean, missing: true, codes: [
      {system: SNOMED CT, code: "230690007", status: verified},
      {system: ICD-10, code: I63, status: verified}]}
  hu:
    {label: Hydroxycarbamide, type: boolean, missing: true, codes: [
      {system: RxNorm, code: "5552", status: verified},
      {system: ATC, code: L01XX05, status: verified}]}
  crises:
    {label: Crises, type: integer, unit: "{events}", missing: true,
     codes: [{system: SNOMED CT, code: "769167005", status: verified}]}
  genotype:
    {label: Genotype, type: category, missing: true, categories: {SS: a, SC: b}}
  steady: {label: Steady, type: boolean, missing: true}
  os_days: {label: Survival, type: integer, unit: d, missing: true}
  os_event: {label: Death, type: boolean, missing: true}
"""
CONCEPTS = Concepts.from_dict(
    "demo",
    {
        "conditions": [{"system": "ICD-10", "code": "D57"}, {"system": "OMOP", "code": "22281"}],
        "excluded": [{"system": "ICD-10", "code": "D57.3"}],
        "unsteady": [{"days": 28, "codes": [{"system": "SNOMED CT", "code": "769167005"}]}],
        "steady": "steady",
        "events": {"crises": 365},
        "current": ["hu"],
        "categories": {
            "genotype": {
                "codes": {
                    "SS": [{"system": "ICD-10", "code": "D57.1"}],
                    "SC": [{"system": "ICD-10", "code": "D57.20"}],
                }
            }
        },
    },
)
PERSON = "person_id gender_concept_id year_of_birth month_of_birth day_of_birth care_site_id"
CONDITION = (
    "person_id condition_concept_id condition_start_date condition_source_value "
    "condition_source_concept_id"
)
MEASUREMENT = (
    "person_id measurement_concept_id measurement_date value_as_number unit_concept_id "
    "unit_source_value measurement_source_value"
)


@pytest.fixture
def dictionary():
    return DataDictionary.from_text(DICTIONARY)


def write(folder, suffix=".csv", **tables):
    """Tables written as words between blanks; - is an empty cell."""
    folder.mkdir(exist_ok=True)
    for name, (header, text) in tables.items():
        rows = "\n".join([header, *(line.strip() for line in text.strip().splitlines())])
        table = pd.read_csv(io.StringIO(rows), sep=" ", na_values=["-"], dtype=str)
        if suffix == ".parquet":
            table.to_parquet(folder / f"{name}.parquet", index=False)
        else:
            table.to_csv(folder / f"{name}.csv", index=False)
    return folder


def small(folder, suffix=".csv", **more):
    """Two patients with the disease and one with its trait."""
    tables = {
        "person": (PERSON, "1 8532 1980 6 15 7\n2 8507 1990 - - -\n3 8507 1950 1 1 7"),
        "condition_occurrence": (
            CONDITION,
            """1 22281 2020-03-01 D57.1 0
               1 22281 2021-03-01 D57.1 0
               2 0 2020-05-10 D57.20 0
               3 0 2020-05-10 D57.3 0""",
        ),
        "measurement": (
            MEASUREMENT,
            """1 3000963 2020-03-05 91 8636 g/L -
               1 3000963 2020-02-27 8.8 8713 - -
               1 3000963 2020-03-20 12 8713 - -
               2 0 2020-05-01 88.4 0 umol/L 2160-0
               2 3000963 2020-06-30 9 8713 - -""",
        ),
    }
    return write(folder, suffix, **(tables | more))


def counted(imported):
    return {(note.rule, note.variable): note.count for note in imported.notes.warnings}


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_patients_are_those_with_the_disease_with_results_nearest_the_first_record(
    tmp_path, dictionary, suffix
):
    imported = import_omop(small(tmp_path / "omop", suffix), dictionary, concepts=CONCEPTS)
    patients = imported.patients
    assert patients["patient_id"].tolist() == ["1", "2"]
    assert patients["sex"].tolist() == ["F", "M"]
    assert patients["age_years"].tolist() == [39.71, 29.86]  # 1980-06-15; 1 July 1990
    assert patients["dx_year"].tolist() == [2020, 2020]
    assert patients["centre_id"].fillna("none").tolist() == ["7", "none"]
    assert patients["hb_gdl"].fillna(-1).tolist() == [8.8, -1]  # 3 days before; 51 days after
    assert patients["creat_mgdl"].round(3).fillna(-1).tolist() == [-1, 1.0]  # 88.4 umol/L
    assert patients["genotype"].tolist() == ["SS", "SC"]
    assert patients["stroke"].tolist() == [0, 0]
    assert patients["hu"].isna().all()  # no drug was recorded for anyone
    assert patients["os_days"].isna().all()  # nor any death
    assert counted(imported)["source_identifier", "patient_id"] == 2


def measured(tmp_path, dictionary, rows, **options):
    folder = small(tmp_path / "omop", measurement=(MEASUREMENT, rows))
    return import_omop(folder, dictionary, concepts=CONCEPTS, **options)


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [("91", "g/L", 9.1), ("9.1", "g/dL", 9.1), ("5", "mmol/L", 8.057), ("9,1", "g/dL", None)],
)
def test_haemoglobin_comes_out_in_the_unit_of_the_dictionary(
    tmp_path, dictionary, value, unit, expected
):
    imported = measured(tmp_path, dictionary, f"1 3000963 2020-03-01 {value} 0 {unit} -")
    if expected is None:
        assert imported.patients["hb_gdl"].isna().all()
        assert counted(imported)["not_a_number", None] == 1
    else:
        assert imported.patients["hb_gdl"][0] == pytest.approx(expected)


def test_results_without_a_usable_unit_are_left_out_and_counted(tmp_path, dictionary):
    rows = """1 3000963 2020-03-01 10 0 furlong -
              1 3000963 2020-03-02 11 0 - -
              1 3000963 2020-03-03 12 0 fL -
              1 3000963 2020-03-04 9.4 0 g/dL -"""
    imported = measured(tmp_path, dictionary, rows)
    assert imported.patients["hb_gdl"][0] == 9.4
    notes = counted(imported)
    for reason in ("unit_unknown", "unit_missing", "unit_incompatible"):
        assert notes[reason, "hb_gdl"] == 1


def test_the_window_decides_which_results_count(tmp_path, dictionary):
    rows = "1 3000963 2020-01-20 9 8713 - -\n1 3000963 2020-04-20 8 8713 - -"
    assert measured(tmp_path, dictionary, rows).patients["hb_gdl"].isna().all()
    wide = measured(tmp_path, dictionary, rows, window=(-60, 60)).patients
    assert wide["hb_gdl"][0] == 9.0  # 41 days before beats 50 after


def test_of_two_results_equally_near_the_earlier_counts_and_repeats_count_once(
    tmp_path, dictionary
):
    rows = """1 3000963 2020-03-03 8 8713 - -
              1 3000963 2020-02-28 9 8713 - -
              1 3000963 2020-02-28 9 8713 - -"""
    imported = measured(tmp_path, dictionary, rows)
    assert imported.patients["hb_gdl"][0] == 9.0
    assert ("several_on_one_day", "hb_gdl") not in counted(imported)


def test_different_results_on_the_day_that_counts_are_said(tmp_path, dictionary):
    rows = "1 3000963 2020-03-01 9 8713 - -\n1 3000963 2020-03-01 8 8713 - -"
    imported = measured(tmp_path, dictionary, rows)
    assert imported.patients["hb_gdl"][0] == 8.0
    assert counted(imported)["several_on_one_day", "hb_gdl"] == 1


def test_values_that_are_only_bounds_are_left_out(tmp_path, dictionary):
    header = MEASUREMENT + " operator_concept_id"
    rows = "1 3000963 2020-03-01 5 8713 - - 4171756"
    folder = small(tmp_path / "omop", measurement=(header, rows))
    imported = import_omop(folder, dictionary, concepts=CONCEPTS)
    assert imported.patients["hb_gdl"].isna().all()
    assert counted(imported)["value_is_a_bound", "hb_gdl"] == 1


VOCABULARY = "concept_id\tvocabulary_id\tconcept_code\n"


def test_the_concept_tables_give_codes_units_answers_and_kinds(tmp_path, dictionary):
    header = MEASUREMENT + " value_as_concept_id"
    folder = small(
        tmp_path / "omop",
        measurement=(header, "1 501 2020-03-01 9.5 502 - - -\n1 503 2020-03-01 - - - - 504"),
        condition_occurrence=(CONDITION, "1 22281 2020-03-01 - 0\n1 601 2019-01-01 - 0"),
        drug_exposure=(
            "person_id drug_concept_id drug_exposure_start_date drug_exposure_end_date",
            "1 701 2019-11-01 9999-12-31",
        ),
    )
    rows = [
        "501\tLOINC\t718-7", "502\tUCUM\tg/dL", "503\tLOINC\t54448-6", "504\tSNOMED\t52101004",
        "600\tSNOMED\t230690007", "700\tRxNorm\t5552",
    ]  # fmt: skip
    (folder / "CONCEPT.csv").write_text(VOCABULARY + "\n".join(rows) + "\n")
    (folder / "concept_ancestor.csv").write_text(
        "ancestor_concept_id\tdescendant_concept_id\n600\t601\n700\t701\n"
    )
    patients = import_omop(folder, dictionary, concepts=CONCEPTS).patients
    expected = {"hb_gdl": 9.5, "npm1": 1, "stroke": 1, "hu": 1}
    assert patients[[*expected]].iloc[0].to_dict() == expected


def test_an_icd_code_is_matched_where_it_was_recorded_and_not_through_its_wider_concept(
    tmp_path, dictionary
):
    folder = small(
        tmp_path / "omop",
        condition_occurrence=(
            CONDITION,
            "1 22281 2020-03-01 - 0\n1 900 2019-01-01 - 0\n"
            "2 22281 2020-03-01 - 0\n2 900 2019-01-01 - 801",
        ),
    )
    (folder / "concept.csv").write_text(VOCABULARY + "801\tICD10CM\tI63.9\n900\tSNOMED\t1\n")
    (folder / "concept_relationship.csv").write_text(
        "concept_id_1,concept_id_2,relationship_id\n801,900,Maps to\n"
    )
    patients = import_omop(folder, dictionary, concepts=CONCEPTS).patients
    assert patients["stroke"].tolist() == [0, 1]


def test_no_record_means_no_only_where_it_is_said_to(tmp_path, dictionary):
    imported = import_omop(small(tmp_path / "a"), dictionary, concepts=CONCEPTS)
    assert imported.patients["stroke"].tolist() == [0, 0]
    assert imported.patients["npm1"].isna().all()  # what a laboratory tells is never denied
    assert counted(imported)["unrecorded_is_no", None] >= 1
    silent = import_omop(small(tmp_path / "a"), dictionary, concepts=CONCEPTS, unrecorded="missing")
    assert silent.patients["stroke"].isna().all()


def test_survival_runs_from_the_index_day_to_death_or_the_end_of_observation(tmp_path, dictionary):
    folder = small(
        tmp_path / "omop",
        death=("person_id death_date", "1 2020-03-31"),
        observation_period=(
            "person_id observation_period_start_date observation_period_end_date",
            "1 2015-01-01 2020-03-31\n2 2015-01-01 2021-05-10",
        ),
    )
    patients = import_omop(folder, dictionary, concepts=CONCEPTS).patients
    assert patients["os_days"].tolist() == [30, 365]
    assert patients["os_event"].tolist() == [1, 0]


def test_a_steady_day_is_the_latest_without_a_crisis_shortly_before(tmp_path, dictionary):
    vocabulary = VOCABULARY + "800\tSNOMED\t769167005\n"
    conditions = """1 22281 2010-01-01 - 0
                    1 800 2020-05-20 - 0
                    1 800 2020-01-10 - 0
                    1 800 2019-01-10 - 0
                    2 22281 2010-01-01 - 0
                    2 800 2020-04-30 - 0"""
    rows = """1 3000963 2020-04-01 8.1 8713 - -
              1 3000963 2020-06-01 7.0 8713 - -
              2 3000963 2020-05-01 6.0 8713 - -"""
    folder = small(
        tmp_path / "omop",
        condition_occurrence=(CONDITION, conditions),
        measurement=(MEASUREMENT, rows),
        observation_period=(
            "person_id observation_period_start_date observation_period_end_date",
            "1 2010-01-01 2021-01-01\n2 2019-12-01 2021-01-01",
        ),
    )
    (folder / "concept.csv").write_text(vocabulary)
    patients = import_omop(folder, dictionary, "steady", concepts=CONCEPTS).patients
    assert patients["steady"].tolist() == [1, 0]
    assert patients["hb_gdl"].tolist() == [8.1, 6.0]
    assert patients["crises"].fillna(-1).tolist() == [1, -1]  # one year is not covered
    first = import_omop(folder, dictionary, "measurement", concepts=CONCEPTS).patients
    assert first["hb_gdl"].tolist() == [8.1, 6.0]


def test_events_are_not_denied_for_a_year_that_the_records_do_not_cover(tmp_path, dictionary):
    folder = small(
        tmp_path / "omop",
        observation_period=(
            "person_id observation_period_start_date observation_period_end_date",
            "1 2010-01-01 2021-01-01\n2 2020-01-01 2021-01-01",
        ),
    )
    patients = import_omop(folder, dictionary, concepts=CONCEPTS).patients
    assert patients["crises"].fillna(-1).tolist() == [0, -1]


def test_records_of_two_genotypes_leave_it_missing(tmp_path, dictionary):
    folder = small(
        tmp_path / "omop",
        condition_occurrence=(CONDITION, "1 0 2020-03-01 D57.1 0\n1 0 2020-03-02 D57.20 0"),
    )
    imported = import_omop(folder, dictionary, concepts=CONCEPTS)
    assert imported.patients["genotype"].isna().all()
    assert counted(imported)["records_disagree", "genotype"] == 1


def test_the_dictionaries_of_the_workbench_take_omop_tables(tmp_path):
    aml = DataDictionary.load("aml")
    folder = small(
        tmp_path / "omop",
        condition_occurrence=(CONDITION, "1 0 2020-03-01 C92.0 0\n2 0 2020-05-10 C92.4 0"),
        measurement=(MEASUREMENT, "1 0 2020-03-02 91 0 g/L 718-7"),
    )
    patients = import_omop(folder, aml, centre="north").patients
    assert patients["hb_gdl"].fillna(-1).tolist() == [9.1, -1]
    assert patients["t_15_17"].fillna(-1).tolist() == [-1, 1]  # a missing code denies nothing
    assert patients["centre_id"].tolist() == ["north", "north"]


def test_typed_parquet_zipped_and_semicolon_files_are_read(tmp_path, dictionary):
    folder = tmp_path / "omop"
    folder.mkdir()
    day = pd.Timestamp("2020-03-01")
    person = {"person_id": [1], "gender_concept_id": [8507.0], "year_of_birth": [1980]}
    pd.DataFrame(person).to_parquet(folder / "Person.parquet")
    conditions = {
        "person_id": [1], "condition_concept_id": [22281], "condition_start_date": [day.date()],
    }  # fmt: skip
    pd.DataFrame(conditions).to_csv(folder / "CONDITION_OCCURRENCE.CSV", sep=";", index=False)
    results = {
        "person_id": [1, 1], "measurement_concept_id": [3000963, 3000963],
        "measurement_date": [day, day], "value_as_number": [9.5, 9.0],
        "measurement_datetime": [day + pd.Timedelta("9h"), day + pd.Timedelta("8h")],
        "unit_concept_id": [8713, 8713],
    }  # fmt: skip
    pd.DataFrame(results).to_csv(folder / "measurement.csv.gz", index=False)
    patients = import_omop(folder, dictionary, concepts=CONCEPTS).patients
    assert patients["hb_gdl"].tolist() == [9.0]  # the earlier of the day
    assert patients["sex"].tolist() == ["M"]


def test_a_drug_without_an_end_was_taken_on_its_first_day_only(tmp_path, dictionary):
    exposures = "1 5 2019-01-01 - L01XX05\n2 5 2020-05-01 - L01XX05"
    header = (
        "person_id drug_concept_id drug_exposure_start_date drug_exposure_end_date "
        "drug_source_value"
    )
    folder = small(tmp_path / "omop", drug_exposure=(header, exposures))
    patients = import_omop(folder, dictionary, concepts=CONCEPTS).patients
    assert patients["hu"].tolist() == [0, 1]


def test_a_day_after_a_transfusion_is_not_steady_and_its_procedure_counts(tmp_path):
    procedures = ("person_id procedure_concept_id procedure_date", "1 850 2020-04-20")
    rows = "1 0 2020-04-01 8.1 0 g/dL 718-7\n1 0 2020-06-01 9 0 g/dL 718-7"
    folder = small(
        tmp_path / "omop",
        measurement=(MEASUREMENT, rows),
        procedure_occurrence=procedures,
        condition_occurrence=(CONDITION, "1 0 2010-03-01 D57.1 0"),
    )
    (folder / "concept.csv").write_text(VOCABULARY + "850\tSNOMED\t116863004\n")
    patients = import_omop(folder, DataDictionary.load("scd")).patients
    assert patients["hb_gdl"].tolist() == [8.1]
    assert patients["steady_state"].tolist() == [1]


def test_concepts_are_read_from_a_file_of_ones_own(tmp_path, dictionary):
    path = tmp_path / "mine.yaml"
    path.write_text("demo:\n  conditions:\n    - {system: ICD-10, code: D57.2, status: verified}\n")
    patients = import_omop(small(tmp_path / "omop"), dictionary, concepts=path).patients
    assert patients["patient_id"].tolist() == ["2"]


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"conditions": [{"system": "ICD-9", "code": "1"}]},
        {"conditions": [{"system": "ICD-10"}]},
        {"conditions": ["D57"]},
        {"conditions": [{"system": "ICD-10", "code": "D57"}], "index": "birth"},
        {"conditions": [{"system": "ICD-10", "code": "D57"}], "events": {"crises": 0}},
        {"conditions": [{"system": "ICD-10", "code": "D57"}], "diseases": []},
    ],
)
def test_concepts_that_are_not_sound_are_refused(content):
    with pytest.raises(DataMismatch, match="demo"):
        Concepts.from_dict("demo", content)


@pytest.mark.parametrize("name", ["scd", "aml"])
def test_the_packaged_concepts_name_variables_and_categories_of_their_dictionary(name):
    dictionary = DataDictionary.load(name)
    concepts = Concepts.load(None, dictionary)
    named = {*concepts.events, *concepts.extra, *concepts.categories, *concepts.current}
    named |= concepts.males_only | concepts.certain_only | concepts.not_by_gene
    assert named <= set(dictionary.variables)
    for variable, category in concepts.categories.items():
        assert set(category.codes) <= set(dictionary.variables[variable].categories)


def test_a_genotype_is_told_by_codes_that_mean_it_in_every_edition_of_icd_10():
    codes = Concepts.load(None, DataDictionary.load("scd")).categories["genotype"].codes
    find = Matcher.of(codes)
    told = {code: find(("ICD-10", code)) for code in ("D5700", "D571", "D572", "D5720", "D5742")}
    assert told == {
        "D5700": ("HbSS",), "D571": ("HbSS",), "D572": (), "D5720": ("HbSC",), "D5742": ("HbSb0",),
    }  # fmt: skip


def test_what_is_missing_is_named(tmp_path, dictionary):
    with pytest.raises(ArgumentRefused, match="no folder"):
        import_omop(tmp_path / "absent", dictionary, concepts=CONCEPTS)
    folder = write(tmp_path / "omop", person=(PERSON, "1 8532 1980 6 15 7"))
    with pytest.raises(DataMismatch, match="no table condition_occurrence"):
        import_omop(folder, dictionary, concepts=CONCEPTS)
    write(folder, condition_occurrence=("person_id condition_concept_id", "1 22281"))
    with pytest.raises(DataMismatch, match="no column condition_start_date"):
        import_omop(folder, dictionary, concepts=CONCEPTS)
    with pytest.raises(DataMismatch, match="nobody has the disease"):
        import_omop(
            small(tmp_path / "healthy", condition_occurrence=(CONDITION, "1 5 2020-03-01 K80 0")),
            dictionary, concepts=CONCEPTS,
        )  # fmt: skip
    with pytest.raises(ArgumentRefused, match="No disease is named demo"):
        import_omop(folder, dictionary)
    for bad in ({"window": (5, 9)}, {"unrecorded": "no"}, {"index": "birth"}):
        with pytest.raises(ArgumentRefused):
            import_omop(folder, dictionary, concepts=CONCEPTS, **bad)


def test_the_extra_that_reads_large_tables_is_named_where_it_is_missing(
    tmp_path, dictionary, monkeypatch
):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(ExtraMissing, match="importers"):
        import_omop(small(tmp_path / "omop"), dictionary, concepts=CONCEPTS)


SENTINEL = "Zanzibar4711"


@pytest.mark.parametrize("table", ["person", "condition_occurrence", "measurement", "death"])
@pytest.mark.parametrize("mischief", ["cell", "row", "bytes"])
def test_no_value_shows_in_a_note_or_an_error(tmp_path, dictionary, table, mischief):
    folder = small(tmp_path / "omop", death=("person_id death_date", "1 2020-03-31"))
    path = folder / f"{table}.csv"
    lines = path.read_text().splitlines()
    first = lines[1].split(",")
    spoilt = {
        "cell": [",".join([first[0], *([SENTINEL] * (len(first) - 1))]), *lines[2:]],
        "row": [f'"{SENTINEL},{SENTINEL}', f"{SENTINEL},,,,,,,,,,,,{SENTINEL}", *lines[1:]],
        "bytes": [SENTINEL + "\udcff", *lines[1:]],
    }[mischief]
    path.write_bytes("\n".join([lines[0], *spoilt]).encode("utf-8", "surrogateescape"))
    try:
        imported = import_omop(folder, dictionary, concepts=CONCEPTS)
        shown = str(imported) + imported._repr_html_()
    except DataMismatch as refused:
        shown = "".join(traceback.format_exception(refused)) + repr(refused.as_dict())
    assert SENTINEL not in shown


def test_no_person_is_named_in_notes(tmp_path, dictionary):
    folder = small(
        tmp_path / "omop",
        person=(PERSON, f"{SENTINEL} 8532 2030 6 15 7"),
        condition_occurrence=(CONDITION, f"{SENTINEL} 22281 2020-03-01 - 0"),
        measurement=(MEASUREMENT, f"{SENTINEL} 3000963 2020-03-01 8 0 {SENTINEL} -"),
    )
    imported = import_omop(folder, dictionary, concepts=CONCEPTS)
    assert counted(imported)["dates_disagree", None] == 1  # born after the diagnosis
    assert counted(imported)["unit_unknown", "hb_gdl"] == 1
    assert imported.patients["patient_id"].tolist() == [SENTINEL]
    assert SENTINEL not in str(imported) + imported._repr_html_()
