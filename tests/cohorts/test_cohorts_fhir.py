"""FHIR bundles and bulk files become a cohort, the same one that OMOP tables give."""

from __future__ import annotations

import json
import traceback

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthema_lab.cohorts.importers.concepts import Concepts
from synthema_lab.cohorts.importers.fhir import import_fhir
from synthema_lab.cohorts.importers.omop import import_omop
from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import ArgumentRefused, DataMismatch

LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
ICD, RXNORM = "http://hl7.org/fhir/sid/icd-10-cm", "http://www.nlm.nih.gov/research/umls/rxnorm"
DICTIONARY = """
name: demo
title: "A small disease"
version: "1"
source: invented
licence: none
patient: patient_id
survival: {time: os_days, event: os_event, horizon: 365}
variables:
  patient_id: {label: Pseudonym, type: identifier, identifier: direct}
  age_years: {label: Age, type: integer, unit: a, range: [0, 120], missing: true}
  sex: {label: Sex, type: category, categories: {F: female, M: male}, missing: true}
  hb_gdl:
    {label: Haemoglobin, type: number, unit: g/dL, range: [2, 20], missing: true,
     molar_mass: 16114.0, codes: [{system: LOINC, code: 718-7, status: verified}]}
  creat_mgdl:
    {label: Creatinine, type: number, unit: mg/dL, missing: true, molar_mass: 113.12,
     codes: [{system: LOINC, code: 2160-0, status: verified}]}
  sbp:
    {label: Systolic, type: number, unit: "mm[Hg]", missing: true,
     codes: [{system: LOINC, code: 8480-6, status: verified}]}
  ecog:
    {label: ECOG, type: integer, unit: "{score}", missing: true,
     codes: [{system: LOINC, code: 89247-1, status: recalled}]}
  npm1:
    {label: NPM1, type: boolean, missing: true, codes: [
      {system: LOINC, code: 54448-6, status: verified},
      {system: HGNC, code: "HGNC:7910", status: verified}]}
  flt3_itd:
    {label: ITD, type: boolean, missing: true,
     codes: [{system: HGNC, code: "HGNC:3765", status: verified}]}
  flt3_tkd:
    {label: TKD, type: boolean, missing: true,
     codes: [{system: HGNC, code: "HGNC:3765", status: verified}]}
  stroke:
    {label: Stroke, type: boolean, missing: true, codes: [
      {system: SNOMED CT, code: "230690007", status: verified}]}
  hu:
    {label: Hydroxycarbamide, type: boolean, missing: true, codes: [
      {system: RxNorm, code: "5552", status: verified}]}
  genotype: {label: Genotype, type: category, missing: true, categories: {SS: a, SC: b}}
  karyotype:
    {label: Karyotype, type: text, missing: true,
     codes: [{system: LOINC, code: 62356-1, status: recalled}]}
  os_days: {label: Survival, type: integer, unit: d, missing: true}
  os_event: {label: Death, type: boolean, missing: true}
"""
CONCEPTS = Concepts.from_dict(
    "demo",
    {
        "conditions": [{"system": "ICD-10", "code": "D57"}],
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


@pytest.fixture(scope="module")
def dictionary():
    return DataDictionary.from_text(DICTIONARY)


def concept(system, code):
    return {"coding": [{"system": system, "code": code}]}


def patient(own="p1", **more):
    born = {"gender": "female", "birthDate": "1980-06-15"}
    return {"resourceType": "Patient", "id": own, **born, **more}


def condition(own="p1", code="D57.1", system=ICD, day="2020-03-01", **more):
    said = {"subject": {"reference": f"Patient/{own}"}, "code": concept(system, code)}
    return {"resourceType": "Condition", **said, "onsetDateTime": day, **more}


def observation(own="p1", code="718-7", day="2020-03-01", **more):
    said = {"subject": {"reference": f"Patient/{own}"}, "code": concept(LOINC, code)}
    return {"resourceType": "Observation", "status": "final", **said,
            "effectiveDateTime": day, **more}  # fmt: skip


def quantity(value, unit, **more):
    coded = {"system": "http://unitsofmeasure.org", "code": unit, "unit": unit}
    return {"valueQuantity": {"value": value, **coded, **more}}


def taken(path, dictionary, *resources, addresses=None, **options):
    entries = [{"resource": one} for one in resources]
    for entry, address in zip(entries, addresses or [], strict=False):
        entry["fullUrl"] = address
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    (path / "bundle.json").write_text(json.dumps(bundle))
    return import_fhir(path / "bundle.json", dictionary, concepts=CONCEPTS, **options)


def counted(imported):
    found = (*imported.notes.errors, *imported.notes.warnings)
    return {(note.rule, note.variable): note.count for note in found}


def first(imported, name):
    value = imported.patients[name][0]
    return None if pd.isna(value) else value


PEOPLE = [  # own, sex, born, diagnosed, code, died, last seen
    ("1", "female", "1980-06-15", "2020-03-01", "D57.1", "2020-03-31", "2020-03-31"),
    ("2", "male", "1990-01-31", "2019-12-31", "D57.20", None, "2021-06-01"),
    ("3", "male", "1955-11-02", "2018-02-28", "D57.1", None, "2018-03-05"),
]
RESULTS = [  # own, code, day, value, unit
    ("1", "718-7", "2020-03-04", 91.0, "g/L"),
    ("1", "718-7", "2020-02-01", 8.8, "g/dL"),
    ("1", "2160-0", "2020-03-01", 70.7, "umol/L"),
    ("2", "718-7", "2020-01-30", 6.0, "mmol/L"),
    ("2", "718-7", "2020-01-31", 7.0, "g/dL"),
    ("2", "89247-1", "2020-01-01", 2.0, "{score}"),
    ("3", "2160-0", "2018-03-05", 0.9, "mg/dL"),
    ("3", "718-7", "2018-03-05", 9.0, "furlong"),
]


def test_fhir_and_omop_give_the_same_table_for_the_same_patients(tmp_path, dictionary):
    resources = [
        {"resourceType": "Encounter", "status": "finished",
         "subject": {"reference": f"Patient/{own}"}, "period": {"start": seen, "end": seen}}
        for own, *_, seen in PEOPLE
    ]  # fmt: skip
    resources += [
        patient(own, gender=sex, birthDate=born, **({"deceasedDateTime": died} if died else {}))
        for own, sex, born, _, _, died, _ in PEOPLE
    ]
    resources += [condition(own, code, ICD, day) for own, _, _, day, code, *_ in PEOPLE]
    resources += [
        observation(own, code, day, **quantity(value, unit))
        for own, code, day, value, unit in RESULTS
    ]
    resources.append(condition("2", "230690007", SNOMED, "2015-05-05"))
    by_fhir = taken(tmp_path, dictionary, *resources)

    folder = tmp_path / "omop"
    folder.mkdir()
    tables = {
        "person": (
            "person_id,gender_concept_id,year_of_birth,month_of_birth,day_of_birth",
            [(own, 8532 if sex == "female" else 8507, *map(int, born.split("-")))
             for own, sex, born, *_ in PEOPLE],
        ),
        "condition_occurrence": (
            "person_id,condition_concept_id,condition_start_date,condition_source_value",
            [(own, 0, day, code) for own, _, _, day, code, *_ in PEOPLE]
            + [("2", 9, "2015-05-05", "")],
        ),
        "measurement": (
            "person_id,measurement_concept_id,measurement_date,value_as_number,unit_source_value,"
            "measurement_source_value",
            [(own, 0, day, value, unit, code) for own, code, day, value, unit in RESULTS],
        ),
        "observation_period": (
            "person_id,observation_period_start_date,observation_period_end_date",
            [(own, day, seen) for own, _, _, day, _, _, seen in PEOPLE],
        ),
        "death": ("person_id,death_date", [(own, died) for own, *_, died, _ in PEOPLE if died]),
        "concept": ("concept_id,vocabulary_id,concept_code", [(9, "SNOMED", "230690007")]),
    }  # fmt: skip
    for name, (header, rows) in tables.items():
        lines = [header, *(",".join(map(str, row)) for row in rows)]
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    by_omop = import_omop(folder, dictionary, concepts=CONCEPTS)

    pd.testing.assert_frame_equal(by_fhir.patients, by_omop.patients)
    patients = by_fhir.patients
    assert patients["hb_gdl"].round(3).fillna(-1).tolist() == [9.1, 9.668, -1]
    assert patients["creat_mgdl"].round(3).fillna(-1).tolist() == [0.8, -1, 0.9]
    assert patients["age_years"].tolist() == [39, 29, 62]
    assert patients["genotype"].tolist() == ["SS", "SC", "SS"]
    assert patients["stroke"].tolist() == [0, 1, 0]
    assert patients["os_days"].tolist() == [30, 518, 5]
    assert patients["os_event"].tolist() == [1, 0, 0]
    for imported in (by_fhir, by_omop):
        assert counted(imported)["unit_unknown", "hb_gdl"] == 1
        assert counted(imported)["source_identifier", "patient_id"] == 3


@pytest.mark.parametrize(
    ("name", "result", "expected"),
    [
        ("hb_gdl", observation(**quantity(91, "g/L")), 9.1),
        ("hb_gdl", observation(valueQuantity={"value": 91, "unit": "g/L"}), 9.1),
        ("ecog", observation(code="89247-1", valueInteger=2), 2),
        ("npm1", observation(code="54448-6", valueBoolean=False), 0),
        ("npm1", observation(code="54448-6", valueCodeableConcept=concept(LOINC, "LA6576-8")), 1),
        ("npm1", observation(code="54448-6", valueCodeableConcept=concept(SNOMED, "2667000")), 0),
        ("karyotype", observation(code="62356-1", valueString="46,XX"), "46,XX"),
        ("hb_gdl", observation(valueString="9.1 g/dL"), None),
        ("hb_gdl", observation(valueQuantity={"value": "9.1", "unit": "g/dL"}), None),
    ],
)
def test_a_value_is_read_in_each_form_that_fits_its_variable(
    tmp_path, dictionary, name, result, expected
):
    imported = taken(tmp_path, dictionary, patient(), condition(), result)
    assert first(imported, name) == expected


def test_components_and_periods_are_read(tmp_path, dictionary):
    component = {"code": concept(LOINC, "8480-6"), **quantity(121, "mm[Hg]")}
    pressure = observation(code="85354-9", component=[component])
    del pressure["effectiveDateTime"]
    pressure["effectivePeriod"] = {"start": "2020-03-02T23:30:00-05:00"}
    imported = taken(tmp_path, dictionary, patient(), condition(), pressure)
    assert first(imported, "sbp") == 121


def variant(gene, answer):
    named = concept("http://www.genenames.org/geneId", gene)
    studied = {"code": concept(LOINC, "48018-6"), "valueCodeableConcept": named}
    said = concept(LOINC, answer)
    return observation(code="69548-6", valueCodeableConcept=said, component=[studied])


def test_a_variant_tells_the_flag_of_its_gene_unless_two_flags_share_it(tmp_path, dictionary):
    found = (variant("HGNC:7910", "LA9633-4"), variant("HGNC:3765", "LA9633-4"))
    imported = taken(tmp_path, dictionary, patient(), condition(), *found)
    assert [first(imported, name) for name in ("npm1", "flt3_itd", "flt3_tkd")] == [1, None, None]


def test_what_was_entered_in_error_or_refuted_does_not_count(tmp_path, dictionary):
    refuted = {"verificationStatus": concept("any", "refuted")}
    imported = taken(
        tmp_path, dictionary, patient(), condition(),
        observation(status="entered-in-error", **quantity(3, "g/dL")),
        observation(status="cancelled", **quantity(4, "g/dL")),
        observation(day="2020-03-09", **quantity(9, "g/dL")),
        condition(code="230690007", system=SNOMED, **refuted),
    )  # fmt: skip
    assert first(imported, "hb_gdl") == 9
    assert first(imported, "stroke") == 0
    assert counted(imported)["void", None] == 2
    assert counted(imported)["not_so", None] == 1


def test_results_outside_the_window_bounds_and_unknown_units_do_not_count(tmp_path, dictionary):
    results = (
        observation(day="2020-04-15", **quantity(9, "g/dL")),
        observation(**quantity(5, "g/dL", comparator="<")),
        observation(**quantity(5, "furlong")),
        observation(**quantity(5, "fL")),
        observation(valueQuantity={"value": 5}),
        observation(day="2020", **quantity(5, "g/dL")),
        observation(valueRange={"low": {"value": 5}}),
    )
    imported = taken(tmp_path, dictionary, patient(), condition(), *results)
    assert first(imported, "hb_gdl") is None
    notes = counted(imported)
    for reason in ("value_is_a_bound", "unit_unknown", "unit_incompatible", "unit_missing"):
        assert notes[reason, "hb_gdl"] == 1
    assert notes["undated", None] == notes["other_value", None] == 1
    wide = taken(tmp_path, dictionary, patient(), condition(), *results, window_days=60)
    assert first(wide, "hb_gdl") == 9


@pytest.mark.parametrize(
    "subject",
    [
        {"reference": "Patient/p1"},
        {"reference": "https://hospital.example/fhir/Patient/p1"},
        {"reference": "Patient/p1/_history/2"},
        {"reference": "urn:uuid:0b5e"},
        {"identifier": {"system": "urn:x", "value": "77"}},
        {"reference": "#inside"},
    ],
)
def test_a_patient_is_found_by_each_kind_of_reference(tmp_path, dictionary, subject):
    inside = {"resourceType": "Patient", "id": "inside",
              "identifier": [{"system": "urn:x", "value": "77"}]}  # fmt: skip
    result = observation(**quantity(9, "g/dL")) | {"subject": subject, "contained": [inside]}
    known = patient(identifier=[{"system": "urn:x", "value": "77"}])
    imported = taken(
        tmp_path, dictionary, result, condition(), known,
        addresses=["urn:uuid:a", "urn:uuid:b", "urn:uuid:0b5e"],
    )  # fmt: skip
    assert first(imported, "hb_gdl") == 9
    assert ("absent_patient", None) not in counted(imported)


def test_the_address_that_a_bundle_gives_a_patient_names_the_patient(tmp_path, dictionary):
    address = "https://hospital.example/people/77"
    result = observation(**quantity(9, "g/dL")) | {"subject": {"reference": address}}
    imported = taken(
        tmp_path, dictionary, patient(), condition(), result, addresses=[address, "urn:uuid:b"]
    )
    assert first(imported, "hb_gdl") == 9


def test_facts_of_patients_who_are_not_there_are_counted(tmp_path, dictionary):
    nobody = observation(own="p9", **quantity(9, "g/dL"))
    nameless = observation(**quantity(9, "g/dL")) | {"subject": {"display": "someone"}}
    imported = taken(tmp_path, dictionary, patient(), condition(), nobody, nameless)
    assert first(imported, "hb_gdl") is None
    assert counted(imported)["absent_patient", None] == 1
    assert counted(imported)["no_patient", None] == 1


DRUG = {"resourceType": "Medication", "id": "m", "code": concept(RXNORM, "5552")}


@pytest.mark.parametrize(
    ("drug", "expected"),
    [
        ({"resourceType": "MedicationStatement", "status": "active",
          "medicationCodeableConcept": concept(RXNORM, "5552"),
          "effectivePeriod": {"start": "2018-01-01"}}, 1),
        ({"resourceType": "MedicationStatement", "status": "completed",
          "medicationCodeableConcept": concept(RXNORM, "5552"),
          "effectivePeriod": {"start": "2018-01-01", "end": "2019-01-01"}}, 0),
        ({"resourceType": "MedicationStatement", "status": "recorded",
          "medication": {"concept": concept(RXNORM, "5552")},
          "effectiveDateTime": "2020-03-01"}, 1),
        ({"resourceType": "MedicationRequest", "status": "active", "authoredOn": "2020-01-01",
          "medicationReference": {"reference": "Medication/m"}}, 1),
        ({"resourceType": "MedicationRequest", "status": "active", "authoredOn": "2020-01-01",
          "medication": {"reference": {"reference": "#m"}}, "contained": [DRUG]}, 1),
        ({"resourceType": "MedicationRequest", "status": "cancelled", "authoredOn": "2020-01-01",
          "medicationReference": {"reference": "Medication/m"}}, 0),
        ({"resourceType": "MedicationStatement", "status": "not-taken",
          "medicationCodeableConcept": concept(RXNORM, "5552"),
          "effectiveDateTime": "2020-03-01"}, 0),
        ({"resourceType": "MedicationRequest", "status": "active", "authoredOn": "2021-01-01",
          "medicationReference": {"reference": "Medication/m"}}, 0),
    ],
)  # fmt: skip
def test_a_current_drug_is_one_taken_around_the_index_day(tmp_path, dictionary, drug, expected):
    other = {"resourceType": "MedicationStatement", "status": "active",
             "medicationCodeableConcept": concept(RXNORM, "1"),
             "effectiveDateTime": "2020-03-01"}  # fmt: skip
    given = [one | {"subject": {"reference": "Patient/p1"}} for one in (drug, other)]
    imported = taken(tmp_path, dictionary, patient(), condition(), *given, DRUG)
    assert first(imported, "hu") == expected


def test_bulk_files_in_a_folder_are_read_line_by_line(tmp_path, dictionary):
    lines = {
        "Patient": [patient("a"), patient("b", birthDate="1990")],
        "Condition": [condition("a"), condition("b", day="2020-06-30")],
        "Observation": [observation("b", day="2020-07-01", **quantity(90, "g/L"))],
    }
    for name, resources in lines.items():
        text = "\n".join(map(json.dumps, resources))
        (tmp_path / f"{name}.ndjson").write_text(text + "\n\n")
    with (tmp_path / "Observation.ndjson").open("a") as more:
        more.write('{"resourceType": "Observ\n[1, 2]\n{"id": "x"}\n')
    told = []
    imported = import_fhir(tmp_path, dictionary, concepts=CONCEPTS, progress=told.append)
    assert imported.patients["age_years"].tolist() == [39, 29]  # 1990 is taken for 1 July
    assert imported.patients["hb_gdl"].fillna(-1).tolist() == [-1, 9]
    assert counted(imported)["not_json", None] == 1
    assert counted(imported)["no_resource", None] == 3
    assert "file 2, line 3" in str(imported.notes.errors[0])
    assert told[-1] == 1.0


def test_the_dictionaries_of_the_workbench_take_bundles(tmp_path):
    scd = DataDictionary.load("scd")
    resources = [
        patient(), condition(day="2010-01-01"), condition(code="D57.00", day="2020-01-20"),
        observation(day="2019-11-01", **quantity(80, "g/L")),
        observation(day="2020-02-10", **quantity(70, "g/L")),
    ]  # fmt: skip
    path = tmp_path / "bundle.json"
    entries = [{"resource": one} for one in resources]
    path.write_text(json.dumps({"resourceType": "Bundle", "entry": entries}))
    patients = import_fhir(path, scd).patients
    assert patients["hb_gdl"].tolist() == [8.0]  # February follows a crisis by three weeks
    assert patients["steady_state"].tolist() == [1]
    assert patients["genotype"].tolist() == ["HbSS"]
    assert patients["voc_12m"].tolist() == [0]
    assert patients["stroke_ever"].tolist() == [0]
    assert patients["mri_sci"].isna().all()


def test_what_cannot_be_used_is_refused(tmp_path, dictionary):
    with pytest.raises(ArgumentRefused, match="no file or folder"):
        import_fhir(tmp_path / "absent", dictionary, concepts=CONCEPTS)
    with pytest.raises(DataMismatch, match="no FHIR file"):
        import_fhir(tmp_path, dictionary, concepts=CONCEPTS)
    for text, where in (('{"a": [1,\n 2', "line 2"), ("<Bundle/>", "line 1"), ("{}", "No FHIR")):
        (tmp_path / "bundle.json").write_text(text)
        with pytest.raises(DataMismatch, match=where):
            import_fhir(tmp_path / "bundle.json", dictionary, concepts=CONCEPTS)
    for days in (-1, 2.5, True, None):
        with pytest.raises(ArgumentRefused):
            taken(tmp_path, dictionary, patient(), condition(), window_days=days)
    with pytest.raises(DataMismatch, match="nobody has the disease"):
        taken(tmp_path, dictionary, patient())


SENTINEL = "Zanzibar4711"
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.just(SENTINEL), st.just("2020-03-01"), st.just([]), st.just({}), st.just([SENTINEL]),
    st.just({"coding": SENTINEL}), st.just({"reference": [SENTINEL]}),
)  # fmt: skip


def spoilt(resource, path, leaf):
    """The resource with one field, however deep, replaced."""
    if not path or not isinstance(resource, dict | list) or not resource:
        return leaf
    keys = sorted(resource) if isinstance(resource, dict) else range(len(resource))
    key = list(keys)[path[0] % len(resource)]
    changed = resource.copy()
    changed[key] = spoilt(resource[key], path[1:], leaf)
    return changed


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.integers(0, 5), st.lists(st.integers(0, 9), min_size=1, max_size=5), LEAVES
)  # fmt: skip
def test_anything_may_stand_in_a_field_and_nothing_of_it_shows(
    tmp_path_factory, dictionary, which, path, leaf
):
    resources = [
        patient(identifier=[{"system": "x", "value": SENTINEL}], deceasedDateTime="2020-05-01"),
        condition(recordedDate="2020-03-01", verificationStatus=concept("x", "confirmed")),
        observation(**quantity(9, "g/dL")),
        variant("HGNC:7910", "LA9633-4"),
        {"resourceType": "MedicationRequest", "status": "active", "authoredOn": "2020-01-01",
         "medicationReference": {"reference": "#m"}, "contained": [DRUG],
         "subject": {"reference": "Patient/p1"}},
        {"resourceType": "Procedure", "status": "completed", "performedPeriod": {"start": "2020"},
         "code": concept(SNOMED, "1"), "subject": {"reference": "Patient/p1"}},
    ]  # fmt: skip
    resources[which] = spoilt(resources[which], path, leaf)
    folder = tmp_path_factory.mktemp("fhir")
    try:
        shown = str(taken(folder, dictionary, *resources).check())
    except DataMismatch as refused:
        shown = "".join(traceback.format_exception(refused))
    assert SENTINEL not in shown


@pytest.mark.parametrize(
    "spoil",
    [
        lambda: [patient(SENTINEL, birthDate=SENTINEL, gender=SENTINEL), condition(SENTINEL)],
        lambda: [patient(), condition(day=SENTINEL)],
        lambda: [patient(), condition(), observation(SENTINEL, **quantity(9, "g/dL"))],
        lambda: [patient(), condition(), observation(**quantity(9, SENTINEL))],
        lambda: [patient(), condition(), observation(**quantity(SENTINEL, "g/dL"))],
        lambda: [patient(), condition(), observation(code="54448-6", valueCodeableConcept=concept(
            SNOMED, SENTINEL))],
        lambda: [patient(birthDate="2040"), condition(), {"resourceType": SENTINEL}, SENTINEL],
        lambda: [patient(), condition(), observation(code="89247-1", valueQuantity={"value": 1.5})],
    ],
)  # fmt: skip
def test_no_value_shows_in_a_note_or_an_error(tmp_path, dictionary, spoil):
    try:
        imported = taken(tmp_path, dictionary, *spoil())
        shown = str(imported) + imported._repr_html_() + str(imported.check())
    except DataMismatch as refused:
        shown = "".join(traceback.format_exception(refused)) + repr(refused.as_dict())
    assert SENTINEL not in shown


@pytest.mark.parametrize("suffix", ["json", "ndjson"])
def test_text_that_is_no_json_does_not_show(tmp_path, dictionary, suffix):
    path = tmp_path / f"{SENTINEL}.{suffix}"
    path.write_bytes(b'{"name": "' + SENTINEL.encode() + b'\xff", "deep": ' + b"[" * 5000)
    with pytest.raises(DataMismatch) as refused:
        import_fhir(path, dictionary, concepts=CONCEPTS)
    assert SENTINEL not in "".join(traceback.format_exception(refused.value))
    assert refused.value.__context__ is None
