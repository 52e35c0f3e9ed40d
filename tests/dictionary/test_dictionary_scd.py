"""The packaged dictionary of sickle-cell disease is complete, coded, and true of patients."""

from __future__ import annotations

import csv
import re
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from synthema_lab.dictionary import DataDictionary

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT.parent / "shared" / "reference"
SCD = DataDictionary.load("scd")

THREE_PATIENTS = """
patient_id         S1                S2        S3
centre_id          c1                c1        c2
country            IT                FR        GB
birth_year         2016              1985      2004
age_years          7.5               38        19.5
sex                M                 F         F
ancestry_region    west_africa       caribbean west_africa
genotype           HbSS              HbSC      HbSS
dx_mode            newborn_screening symptoms  newborn_screening
age_dx_years       0.1               9         0
steady_state       1                 1         0
height_cm          122               166       160
weight_kg          22.5              63        52
spo2_pct           96                98        97
sbp_mmhg           98                117       112
hb_gdl             8.1               11.2      9.4
mcv_fl             86                84        88
mchc_gdl           33.5              35.1      33
retic_pct          11                4         8.5
wbc_gl             12.4              8.5       10.9
anc_gl             6                 4.8       5.5
plt_gl             410               255       380
hbs_pct            85.5              48.5      31
hbf_pct            11                1.4       3.1
hba2_pct           2.9               3.6       2.7
hba_pct            0                 0         63
hbc_pct            0                 44.5      0
ldh_ul             430               236       390
bili_tot_mgdl      2.8               1.3       2.2
ast_ul             55                28        41
creat_mgdl         0.35              0.72      0.55
uacr_mgg           12                28        44
ferritin_ngml      180               110       2100
crp_mgl            3                 2.5       4
ntprobnp_pgml      70                60        85
alpha_thal         -a/aa             aa/aa     -
bcl11a_rs1427407_T 1                 0         -
hmip_rs9399137_C   0                 0         -
xmni_rs7482144_A   0                 0         -
g6pd_deficient     0                 0         -
tcd_tammv_cms      162               -         -
trv_ms             2.4               2.3       2.6
mri_sci            0                 -         1
mri_sci_count      0                 -         3
mri_lic_mgg        2                 -         9.1
spleen_status      splenomegaly      normal    atrophic_asplenia
smear_frac_sickle  0.12              -         -
smear_aspect_med   1.4               -         -
smear_circ_mean    0.75              -         -
smear_frac_ar2     0.15              -         -
voc_12m            1                 0         0
acs_12m            0                 0         0
acs_ever           1                 0         1
stroke_ever        0                 0         1
splenic_seq_ever   1                 0         0
priapism_ever      0                 -         -
avn_ever           0                 1         0
leg_ulcer_ever     0                 0         0
retinopathy        0                 1         0
ckd                0                 0         0
hosp_12m           1                 0         2
hu_current         1                 0         0
hu_dose_mgkg       22                -         -
tx_program         none              none      chronic_exchange
hsct_ever          0                 0         0
fu_years           3.2               6         2.5
vital_status       0                 0         1
"""

# Each rule, a patient who keeps it and one who breaks it; an empty value is a missing one.
EXAMPLES = """
enrolled_from_one_year
    age_years=1
    age_years=0.9
no_transplant_or_gene_therapy
    hsct_ever=0
    hsct_ever=1
diagnosed_before_seen
    age_dx_years=3 age_years=3
    age_dx_years=3.1 age_years=3
seen_since_electrophoresis
    birth_year=1930 age_years=20
    birth_year=1930 age_years=15
last_contact_within_human_life
    age_years=70 fu_years=40
    age_years=90 fu_years=26
height_within_growth
    age_years=2 height_cm=92
    age_years=2 height_cm=122
weight_within_growth
    age_years=1 weight_kg=12
    age_years=1 weight_kg=45
adults_are_taller_than_toddlers
    age_years=18 height_cm=150
    age_years=18 height_cm=85
adults_are_heavier_than_toddlers
    age_years=30 weight_kg=38
    age_years=30 weight_kg=12
weight_not_above_what_height_can_bear
    height_cm=170 weight_kg=160
    height_cm=90 weight_kg=120
weight_not_below_what_height_needs
    height_cm=170 weight_kg=40
    height_cm=170 weight_kg=17
diastolic_below_systolic
    sbp_mmhg=110 dbp_mmhg=62
    sbp_mmhg=62 dbp_mmhg=110
neutrophils_within_leukocytes
    anc_gl=9 wbc_gl=9
    anc_gl=12 wbc_gl=9
direct_bilirubin_within_total
    bili_dir_mgdl=0.4 bili_tot_mgdl=3
    bili_dir_mgdl=3 bili_tot_mgdl=0.4
hbs_and_hbf_within_the_whole
    hbs_pct=85 hbf_pct=12
    hbs_pct=85 hbf_pct=25
hbs_and_hba_within_the_whole
    hbs_pct=30 hba_pct=65
    hbs_pct=80 hba_pct=30
hbs_and_hbc_within_the_whole
    hbs_pct=49 hbc_pct=45
    hbs_pct=90 hbc_pct=45
fractions_within_the_whole
    hbs_pct=88 hbf_pct=9 hba2_pct=3 hba_pct=0 hbc_pct=0
    hbs_pct=50 hbf_pct=20 hba2_pct=3 hba_pct=20 hbc_pct=10
hbc_only_in_hbsc
    hbc_pct=45 genotype=HbSC
    hbc_pct=45 genotype=HbSS
hba_only_in_beta_plus_or_after_transfusion
    hba_pct=20 genotype=HbSb+ tx_program=none steady_state=1
    hba_pct=20 genotype=HbSS tx_program=none steady_state=1
doppler_at_screening_age
    tcd_tammv_cms=140 age_years=16.9
    tcd_tammv_cms=140 age_years=17
doppler_in_sickle_cell_anaemia
    tcd_tammv_cms=140 genotype=HbSb0
    tcd_tammv_cms=140 genotype=HbSC
lesions_are_infarcts
    mri_sci_count=2 mri_sci=1
    mri_sci_count=2 mri_sci=0
infarcts_are_counted
    mri_sci_count=1 mri_sci=1
    mri_sci_count=0 mri_sci=1
lesion_volume_needs_an_infarct
    mri_sci_vol_ml=0 mri_sci=0
    mri_sci_vol_ml=0.4 mri_sci=0
recent_chest_syndrome_is_chest_syndrome
    acs_12m=1 acs_ever=1
    acs_12m=1 acs_ever=0
priapism_in_males
    priapism_ever= sex=F
    priapism_ever=1 sex=F
no_necrosis_before_two_years
    avn_ever=1 age_years=12
    avn_ever=1 age_years=1.5
no_proliferative_retinopathy_before_six_years
    retinopathy=1 age_years=17
    retinopathy=1 age_years=4
dose_only_with_hydroxycarbamide
    hu_dose_mgkg=20 hu_current=1
    hu_dose_mgkg=20 hu_current=0
chronic_transfusion_is_not_steady_state
    steady_state=0 tx_program=chronic_simple
    steady_state=1 tx_program=chronic_simple
"""
LINES = EXAMPLES.strip().splitlines()
PAIRS = {
    name: (keeps, breaks)
    for name, keeps, breaks in zip(LINES[0::3], LINES[1::3], LINES[2::3], strict=True)
}

# Where a clinician draws a line, public bins have an edge.
THRESHOLDS = {
    "age_years": [2, 6, 12, 17, 18, 40],
    "spo2_pct": [92, 95],
    "hb_gdl": [7, 8, 9, 10],
    "mcv_fl": [80, 100],
    "wbc_gl": [4, 10, 15],
    "anc_gl": [0.5, 1, 1.5, 2],
    "plt_gl": [80, 150, 450],
    "hbs_pct": [30, 50],
    "hbf_pct": [2, 5, 10, 20, 30],
    "hba2_pct": [3.5],
    "creat_mgdl": [0.7, 0.9],
    "uacr_mgg": [30, 300],
    "ferritin_ngml": [1000, 2500],
    "ntprobnp_pgml": [160],
    "tcd_tammv_cms": [170, 200],
    "trv_ms": [2.5, 3.0],
    "mri_lic_mgg": [3, 7, 15],
    "mri_heart_t2s_ms": [10, 20],
    "voc_12m": [1, 2, 3],
    "fu_years": [1, 2, 3, 5, 10],
}


def patient(described: str) -> dict[str, object]:
    """One patient from `name=value` pairs; a value without digits only is a text."""
    values: dict[str, object] = {}
    for pair in described.split():
        name, value = pair.split("=", 1)
        numeric = SCD.variables[name].type in ("number", "integer", "boolean")
        values[name] = None if not value else float(value) if numeric else value
    return values


def derived(described: str, name: str) -> object:
    """One derived value of one patient."""
    return SCD.derive(pd.DataFrame([patient(described)]))[name].iloc[0]


def reference_rows() -> list[dict[str, str]]:
    path = REFERENCE / "scd_dictionary.csv"
    if not path.is_file():
        pytest.skip("the reference tables of the dictionaries are not on this machine")
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_it_holds_92_variables_and_an_age_group_of_which_69_are_core():
    assert len(SCD.variables) == 93
    assert list(SCD.variables)[-1] == "age_group"
    assert sum(variable.core for variable in SCD.variables.values()) == 69
    assert (SCD.patient, SCD.centre, SCD.risk_group) == ("patient_id", "centre_id", "genotype")
    assert (SCD.survival.time, SCD.survival.event) == ("fu_years", "vital_status")
    assert set(SCD.survival.covariates) >= {"age_years", "genotype", "hu_current"}


def test_it_covers_the_reference_table_in_order_with_its_tiers_classes_limits_and_units():
    rows = reference_rows()
    assert list(SCD.variables)[:-1] == [row["name"] for row in rows]
    classes = {"D": "direct", "Q": "quasi", "S": "sensitive", "O": "other"}
    for row in rows:
        variable = SCD.variables[row["name"]]
        assert variable.core == (row["tier"] == "core"), variable.name
        assert variable.identifier == classes[row["id_class"]], variable.name
        if variable.numeric:
            low, high = map(float, row["plausible_range"].split("-"))
            assert variable.plausible == (low, high), variable.name
            given = row["unit_ucum"].replace(" dry wt", "{dry_wt}")
            assert variable.unit == given, variable.name
        share = row["missing_pct"]
        if share.replace(".", "").isdigit():
            assert variable.expected_missing == (float(share) / 100 or None), variable.name
        else:
            assert variable.missing, variable.name


def test_a_code_is_verified_where_the_reference_says_so_and_omop_never():
    for row in reference_rows():
        for code in SCD.variables[row["name"]].codes:
            whole = f"{row['standard_code']} "
            assert code.code in whole or code.system.startswith("ISO"), (row["name"], code)
            marked = re.match(r" \(?r\b", whole.split(code.code, 1)[-1]) is not None
            recalled = marked or row["code_status"] == "r" or code.system == "OMOP"
            assert (code.status == "recalled") == recalled, (row["name"], str(code))


def test_recalled_codes_say_so():
    codes = [code for variable in SCD.variables.values() for code in variable.codes]
    assert all(str(code).endswith("(recalled)") for code in codes if code.status == "recalled")
    assert {code.status for code in codes if code.system == "OMOP"} == {"recalled"}
    assert str(SCD.variables.hb_gdl.codes[0]) == "LOINC 718-7"
    assert str(SCD.variables.crp_mgl.codes[0]) == "LOINC 1988-5 (recalled)"


def test_no_hpo_term_stands_for_acute_chest_syndrome_or_crisis_and_leg_ulcers_are_skin_ulcers():
    for name in ("acs_12m", "acs_ever", "voc_12m"):
        variable = SCD.variables[name]
        assert all(code.system != "HPO" for code in variable.codes)
        assert "HPO has no term" in variable.caveat
    assert [c.code for c in SCD.variables.leg_ulcer_ever.codes if c.system == "HPO"] == [
        "HP:0200042"
    ]


def test_hpo_terms_said_to_annotate_sickle_cell_disease_do():
    path = REFERENCE / "hpo_scd_annotations.tsv"
    if not path.is_file():
        pytest.skip("the HPO annotations of sickle-cell disease are not on this machine")
    annotated = {line.split("\t")[2] for line in path.read_text().splitlines()[1:]}
    claimed = [v for v in SCD.variables.values() if "HPO annotation" in v.source]
    assert len(claimed) >= 8
    for variable in claimed:
        terms = {code.code for code in variable.codes if code.system == "HPO"}
        assert terms, variable.name
        assert terms <= annotated, variable.name


def test_every_variable_says_how_well_its_source_is_known():
    assert all(variable.evidence for variable in SCD.variables.values())
    assert SCD.variables.egfr.evidence == "verified"
    assert SCD.variables.smear_aspect_med.evidence == "computed"
    assert SCD.variables.mri_lic_mgg.evidence == "recalled"


@pytest.mark.parametrize(
    ("name", "unit", "molar_mass"),
    [
        ("hb_gdl", "g/dL", 16114),
        ("creat_mgdl", "mg/dL", 113.12),
        ("bili_tot_mgdl", "mg/dL", 584.66),
        ("rbc_tl", "10*12/L", None),
        ("retic_gl", "10*9/L", None),
        ("egfr", "mL/min/{1.73_m2}", None),
        ("mri_lic_mgg", "mg/g{dry_wt}", None),
    ],
)
def test_units_are_ucum_and_substances_have_a_molar_mass(name, unit, molar_mass):
    assert SCD.variables[name].unit == unit
    assert SCD.variables[name].molar_mass == molar_mass


def test_every_modelled_number_has_bins_over_its_range_or_is_a_count_of_alleles():
    for name in SCD.modelled:
        variable = SCD.variables[name]
        if variable.numeric and not variable.bins:
            assert variable.unit == "{alleles}"
            assert variable.range == (0, 2)
        elif variable.numeric:
            assert (variable.bins[0], variable.bins[-1]) == variable.range
            assert 5 <= len(variable.bins) - 1 <= 12, name


@pytest.mark.parametrize("name", THRESHOLDS)
def test_clinical_thresholds_are_edges(name):
    assert set(THRESHOLDS[name]) <= set(SCD.variables[name].bins)


def test_edges_of_the_age_group_are_edges_of_the_bins_of_age():
    bins = SCD.variables.age_years.bins
    for low, high in pairwise(bins):
        ages = pd.DataFrame({"age_years": [low, (low + high) / 2, high - 0.01]})
        assert SCD.derive(ages)["age_group"].nunique() == 1
        assert SCD.derive(ages)["age_group"].notna().all()


def test_every_rule_has_an_example():
    assert list(PAIRS) == [rule.name for rule in SCD.rules]


@pytest.mark.parametrize("rule", SCD.rules, ids=lambda rule: rule.name)
def test_a_rule_holds_of_one_patient_and_is_broken_by_another(rule):
    keeps, breaks = (pd.DataFrame([patient(one)]) for one in PAIRS[rule.name])
    assert set(keeps) == set(breaks) == rule.inputs
    assert rule.holds(keeps).tolist() == [1]
    assert rule.holds(breaks).tolist() == [0]


def test_transfusion_or_a_recent_one_explains_haemoglobin_a():
    rule = next(r for r in SCD.rules if r.name == "hba_only_in_beta_plus_or_after_transfusion")
    told = pd.DataFrame(
        [
            patient("hba_pct=60 genotype=HbSS tx_program=chronic_exchange steady_state=0"),
            patient("hba_pct=60 genotype=HbSS tx_program=none steady_state=0"),
            patient("hba_pct=2 genotype=HbSS tx_program=none steady_state=1"),
            patient("hba_pct=60 genotype=HbSS tx_program= steady_state=1"),
        ]
    )
    assert rule.holds(told).tolist() == [1, 1, 1, -1]


def test_a_rule_binds_at_most_four_variables_except_the_sum_of_the_fractions():
    sizes = {rule.name: len(rule.inputs) for rule in SCD.rules}
    assert {name for name, size in sizes.items() if size > 4} == {"fractions_within_the_whole"}


def test_a_table_of_the_workload_has_at_most_150_cells_and_outcomes_come_first():
    from synthema_lab.generators.encoder import Encoder

    encoder = Encoder(SCD, SCD.modelled)
    assert 20 <= len(SCD.workload) <= 31
    for clique in SCD.workload:
        cells = 1
        for name in clique:
            cells *= encoder.coded[name].size
        assert cells <= 150, clique
    assert all("vital_status" in clique for clique in SCD.workload[:3])


# By hand: 142 * 1.012 * (0.9 / 0.7) ** -1.2 * 0.9938 ** 55 = 75.5 (the worked example of a 55-year-
# old woman), 142 * (0.6 / 0.9) ** -0.302 * 0.9938 ** 30 = 133.2, 0.413 * 120 / 0.4 = 123.9.
@pytest.mark.parametrize(
    ("described", "egfr"),
    [
        ("age_years=55 sex=F creat_mgdl=0.9 height_cm=165", 75.5),
        ("age_years=30 sex=M creat_mgdl=0.6 height_cm=175", 133.2),
        ("age_years=30 sex=F creat_mgdl=0.7 height_cm=", 119.2),
        ("age_years=8 sex=M creat_mgdl=0.4 height_cm=120", 123.9),
        ("age_years=17.9 sex=F creat_mgdl=0.5 height_cm=160", 132.2),
    ],
)
def test_filtration_follows_ckd_epi_in_adults_and_schwartz_in_children(described, egfr):
    assert derived(described, "egfr") == pytest.approx(egfr, abs=0.06)


def test_the_factor_of_age_agrees_with_its_power_up_to_a_hundred_years():
    ages = pd.DataFrame({"age_years": range(18, 101), "sex": "M", "creat_mgdl": 0.9})
    ages["height_cm"] = 170
    expected = 142 * 0.9938 ** ages["age_years"]
    # Three parts in ten thousand, and half of the step of 0.1 in which it is told.
    assert ((SCD.derive(ages)["egfr"] - expected).abs() <= 3e-4 * expected + 0.05 + 1e-9).all()


def test_what_is_computed_has_no_more_digits_than_are_recorded():
    patients = pd.DataFrame({"hb_gdl": [8.3], "mchc_gdl": [34.1], "mcv_fl": [88.7],
                             "weight_kg": [61.3], "height_cm": [171.2]})  # fmt: skip
    told = SCD.derive(patients).iloc[0]
    assert (told["hct_pct"], told["bmi"]) == (24.3, 20.9)


def test_a_child_without_height_has_no_filtration_rate():
    assert pd.isna(derived("age_years=8 sex=M creat_mgdl=0.4 height_cm=", "egfr"))


@pytest.mark.parametrize(
    ("velocity", "expected"),
    [("169.9", "normal"), ("170", "conditional"), ("199.9", "conditional"), ("200", "abnormal")],
)
def test_the_class_of_velocity_changes_at_170_and_200(velocity, expected):
    assert derived(f"tcd_tammv_cms={velocity}", "tcd_class") == expected


def test_a_velocity_that_was_not_measured_has_no_class():
    assert pd.isna(derived("tcd_tammv_cms=", "tcd_class"))


def test_indices_of_the_red_cell_follow_from_each_other():
    described = "hb_gdl=8.4 mchc_gdl=33.6 mcv_fl=100 retic_pct=10"
    assert derived(described, "hct_pct") == pytest.approx(25)
    assert derived(described, "rbc_tl") == pytest.approx(2.5)
    assert derived(described, "retic_gl") == pytest.approx(250)
    assert derived("weight_kg=64 height_cm=160", "bmi") == pytest.approx(25)


@pytest.mark.parametrize(
    ("age", "group"),
    [("1", "1-5"), ("5.9", "1-5"), ("6", "6-11"), ("12", "12-17"), ("18", "18-39"), ("40", ">=40")],
)
def test_age_groups_start_at_1_6_12_18_and_40(age, group):
    assert derived(f"age_years={age}", "age_group") == group


def test_a_recorded_haematocrit_may_differ_by_a_tenth_and_reticulocytes_by_a_fifth():
    told = patient("hb_gdl=8.4 mchc_gdl=33.6 mcv_fl=100 retic_pct=10")
    near = pd.DataFrame([told | {"hct_pct": 27.0, "rbc_tl": 2.6, "retic_gl": 300.0}])
    far = pd.DataFrame([told | {"hct_pct": 29.0, "rbc_tl": 2.9, "retic_gl": 400.0}])
    assert SCD.check(near, require_core=False).errors == ()
    found = SCD.check(far, require_core=False).errors
    assert {finding.variable for finding in found} == {"hct_pct", "retic_gl"}


def three_patients() -> pd.DataFrame:
    rows = [line.split() for line in THREE_PATIENTS.strip().splitlines()]
    return pd.DataFrame(
        {name: [None if value == "-" else value for value in values] for name, *values in rows}
    )


def test_three_patients_who_can_exist_pass():
    findings = SCD.check(three_patients())
    assert findings.errors == ()
    # 63% HbA after an exchange is beyond what is usual, and says so.
    assert [finding.variable for finding in findings.warnings] == ["hba_pct"]


def test_derived_columns_of_the_three_pass_as_well():
    whole = SCD.derive(three_patients())
    assert SCD.check(whole).errors == ()
    assert whole["tcd_class"].astype(object).tolist()[0] == "normal"
    assert whole["age_group"].tolist() == ["6-11", "18-39", "18-39"]


def test_haemoglobin_in_grams_per_litre_is_beyond_its_hard_limits():
    patients = three_patients()
    patients["hb_gdl"] = patients["hb_gdl"].astype(float) * 10
    found = {(f.rule, f.variable) for f in SCD.check(patients).errors}
    assert any(variable == "hb_gdl" for _, variable in found)
