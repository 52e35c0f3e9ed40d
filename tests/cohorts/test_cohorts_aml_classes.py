"""Risk groups and disease classes of acute myeloid leukaemia, against cases and real patients."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthema_lab.cohorts import aml_classes
from synthema_lab.cohorts.aml_classes import TABLES, eln2022, ordered_table, terms
from synthema_lab.cohorts.aml_tables import OPTIONS, dictionary, stands_on
from synthema_lab.errors import ArgumentRefused, DataMismatch

DATA = Path(
    os.environ.get("SYNTHEMA_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")
)
AMLSG = DATA / "aml_amlsg" / "amlsg_clinical_genomic.csv.gz"

LESIONS = (
    "t_15_17", "t_8_21", "inv16", "t_9_11", "kmt2a_other", "t_6_9", "inv3", "mecom_other",
    "t_9_22", "t_8_16", "del5q_minus5", "minus7", "del7q", "abn17p", "plus8", "complex_kt",
    "monosomal_kt",
)  # fmt: skip
ADVERSE = (
    "t_6_9", "t_9_22", "t_8_16", "inv3", "mecom_other", "kmt2a_other", "del5q_minus5", "minus7",
    "abn17p", "complex_kt", "monosomal_kt",
)  # fmt: skip
MYELODYSPLASIA = ("ASXL1", "BCOR", "EZH2", "RUNX1", "SF3B1", "SRSF2", "STAG2", "U2AF1", "ZRSR2")
GENES = (
    "NPM1", "FLT3_ITD", "CEBPA_bzip", "CEBPA_other", "TP53", "NRAS", "KRAS", *MYELODYSPLASIA,
)  # fmt: skip
NOTHING_FOUND = (
    dict.fromkeys(LESIONS, 0)
    | {f"mut_{gene}": 0 for gene in GENES}
    | {"tp53_vaf": None, "flt3_itd_ar": None, "prior_mds": 0}
    | {"bm_blasts_pct": 60.0, "pb_blasts_pct": 30.0}
)


def patient(*found, **values):
    """A patient with these lesions and mutations; genes without their prefix."""
    names = {name if name in LESIONS else f"mut_{name}": 1 for name in found}
    return pd.DataFrame([NOTHING_FOUND | names | values])


def label(table, *found, **values):
    """What the table says of such a patient; None where it is undecided."""
    (code,) = getattr(aml_classes, table)(patient(*found, **values))
    return None if pd.isna(code) else code


ELN_2022 = [
    # Row 0: acute promyelocytic leukaemia lies outside, whatever else is found.
    ("APL", ["t_15_17"]),
    ("APL", ["t_15_17", "FLT3_ITD", "complex_kt", "TP53"]),
    # Row 1: core-binding factor; KIT, FLT3 and genes do not change it.
    ("favorable", ["t_8_21"]),
    ("favorable", ["inv16", "FLT3_ITD"]),
    ("favorable", ["t_8_21", "ASXL1", "TP53"]),
    # Row 2 names what adverse cytogenetics are: each of them alone.
    *[("adverse", [lesion]) for lesion in ADVERSE],
    ("intermediate", ["del7q"]),
    ("intermediate", ["plus8"]),
    # Row 3: NPM1 without ITD; myelodysplasia-related genes are ignored.
    ("favorable", ["NPM1"]),
    *[("favorable", ["NPM1", gene]) for gene in MYELODYSPLASIA],
    # Footnote: NPM1 with adverse cytogenetics is adverse.
    ("adverse", ["NPM1", "complex_kt"]),
    ("adverse", ["NPM1", "minus7"]),
    ("adverse", ["NPM1", "TP53"]),
    # Row 4: in-frame bZIP, one allele or both; ITD and genes are ignored.
    ("favorable", ["CEBPA_bzip"]),
    ("favorable", ["CEBPA_bzip", "CEBPA_other"]),
    ("favorable", ["CEBPA_bzip", "FLT3_ITD"]),
    ("favorable", ["CEBPA_bzip", "NPM1", "FLT3_ITD"]),
    ("favorable", ["CEBPA_bzip", "SRSF2"]),
    ("adverse", ["CEBPA_bzip", "monosomal_kt"]),
    ("adverse", ["CEBPA_bzip", "TP53"]),
    ("intermediate", ["CEBPA_other"]),
    # Row 5: t(9;11) before rare concurrent adverse mutations.
    ("intermediate", ["t_9_11"]),
    ("intermediate", ["t_9_11", "ASXL1"]),
    ("intermediate", ["t_9_11", "complex_kt"]),
    ("adverse", ["t_9_11", "TP53"]),
    # Row 6: TP53.
    ("adverse", ["TP53"]),
    ("adverse", ["TP53", "FLT3_ITD"]),
    # Row 7: NPM1 with ITD, at any allelic ratio, before myelodysplasia-related genes.
    ("intermediate", ["NPM1", "FLT3_ITD"]),
    ("intermediate", ["NPM1", "FLT3_ITD", "RUNX1"]),
    # Row 8: each of the nine genes alone.
    *[("adverse", [gene]) for gene in MYELODYSPLASIA],
    ("adverse", ["FLT3_ITD", "SRSF2"]),
    # Row 9 and 10.
    ("intermediate", ["FLT3_ITD"]),
    ("intermediate", []),
]


@pytest.mark.parametrize(("risk", "found"), ELN_2022)
def test_eln_2022_gives_the_risk_that_its_table_states(risk, found):
    assert label("eln2022", *found) == risk


@pytest.mark.parametrize(
    ("fraction", "risk"), [(9.9, "favorable"), (10.0, "adverse"), (40.0, "adverse")]
)
def test_tp53_counts_in_eln_2022_from_an_allele_fraction_of_ten_percent(fraction, risk):
    assert label("eln2022", "NPM1", "TP53", tp53_vaf=fraction) == risk


def test_tp53_without_a_recorded_fraction_counts():
    assert label("eln2022", "TP53", tp53_vaf=None) == "adverse"


@pytest.mark.parametrize("ratio", [0.1, 0.5, 3.0, None])
def test_the_allelic_ratio_does_not_count_in_eln_2022(ratio):
    assert label("eln2022", "NPM1", "FLT3_ITD", flt3_itd_ar=ratio) == "intermediate"


def test_strict_readers_put_npm1_itd_and_a_myelodysplasia_gene_in_adverse():
    three = patient("NPM1", "FLT3_ITD", "SRSF2")
    assert eln2022(three).tolist() == ["intermediate"]
    assert eln2022(three, myelodysplasia_genes_override_npm1_itd=True).tolist() == ["adverse"]
    two = patient("NPM1", "FLT3_ITD")
    assert eln2022(two, myelodysplasia_genes_override_npm1_itd=True).tolist() == ["intermediate"]
    favorable = patient("NPM1", "SRSF2")
    assert eln2022(favorable, myelodysplasia_genes_override_npm1_itd=True)[0] == "favorable"


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        (["NPM1", "TP53"], "favorable"),
        (["CEBPA_bzip", "TP53"], "favorable"),
        (["t_9_11", "TP53"], "intermediate"),
        (["TP53"], "adverse"),
        (["NPM1", "FLT3_ITD", "TP53"], "adverse"),
        (["NPM1", "TP53", "complex_kt"], "adverse"),
    ],
)
def test_whether_tp53_downgrades_is_an_option(found, kept):
    assert eln2022(patient(*found)).tolist() == ["adverse"]
    assert eln2022(patient(*found), tp53_downgrades_favorable=False).tolist() == [kept]


def test_cytogenetics_not_recorded_count_as_absent_unless_asked_otherwise():
    unknown = dict.fromkeys(LESIONS)
    untested = patient("NPM1", **unknown)
    assert eln2022(untested).tolist() == ["favorable"]
    assert eln2022(untested, unknown_cytogenetics_absent=False).isna().all()
    # What is known can still decide.
    known = patient("t_15_17", **(unknown | {"t_15_17": 1}))
    assert eln2022(known, unknown_cytogenetics_absent=False).tolist() == ["APL"]


def test_a_gene_that_was_not_tested_leaves_open_only_what_it_decides():
    assert label("eln2022", mut_NPM1=None) is None
    assert label("eln2022", "complex_kt", mut_NPM1=None) == "adverse"
    assert label("eln2022", "NPM1", mut_FLT3_ITD=None) is None
    assert label("eln2022", "NPM1", mut_SRSF2=None) == "favorable"
    assert label("eln2022", mut_SRSF2=None) is None
    assert label("eln2022", "ASXL1", mut_SRSF2=None) == "adverse"


ELN_2017 = [
    ("APL", ["t_15_17", "TP53"], {}),
    ("favorable", ["inv16", "TP53"], {}),
    ("intermediate", ["t_9_11", "RUNX1"], {}),
    ("adverse", ["kmt2a_other"], {}),
    ("adverse", ["NPM1", "monosomal_kt"], {}),
    # Not in the table of 2017.
    ("intermediate", ["t_8_16"], {}),
    ("intermediate", ["mecom_other"], {}),
    # The allelic ratio counts, from 0.5.
    ("favorable", ["NPM1"], {}),
    ("favorable", ["NPM1", "FLT3_ITD"], {"flt3_itd_ar": 0.49}),
    ("intermediate", ["NPM1", "FLT3_ITD"], {"flt3_itd_ar": 0.5}),
    ("intermediate", ["FLT3_ITD"], {"flt3_itd_ar": 0.49}),
    ("adverse", ["FLT3_ITD"], {"flt3_itd_ar": 0.5}),
    (None, ["NPM1", "FLT3_ITD"], {}),
    (None, ["FLT3_ITD"], {}),
    ("adverse", ["FLT3_ITD", "ASXL1"], {}),
    # CEBPA had to be biallelic.
    ("favorable", ["CEBPA_bzip", "CEBPA_other"], {}),
    ("intermediate", ["CEBPA_bzip"], {}),
    # Three adverse genes, at any allele fraction; not in favourable subtypes, TP53 apart.
    ("adverse", ["RUNX1"], {}),
    ("adverse", ["ASXL1"], {}),
    ("adverse", ["TP53"], {"tp53_vaf": 5.0}),
    ("favorable", ["NPM1", "ASXL1"], {}),
    ("adverse", ["NPM1", "FLT3_ITD", "RUNX1"], {"flt3_itd_ar": 0.9}),
    ("intermediate", ["SRSF2"], {}),
    ("intermediate", [], {}),
]


@pytest.mark.parametrize(("risk", "found", "values"), ELN_2017)
def test_eln_2017_counts_the_allelic_ratio_biallelic_cebpa_and_three_genes(risk, found, values):
    assert label("eln2017", *found, **values) == risk


@pytest.mark.parametrize(
    ("risk", "found"),
    [
        ("APL", ["t_15_17"]),
        ("adverse", ["TP53", "NPM1"]),
        ("intermediate", ["FLT3_ITD", "NPM1"]),
        ("intermediate", ["NRAS"]),
        ("intermediate", ["KRAS", "complex_kt"]),
        ("favorable", ["NPM1", "SRSF2"]),
        ("favorable", ["complex_kt"]),
    ],
)
def test_eln_2024_asks_for_four_genes(risk, found):
    assert label("eln2024_lowint", *found) == risk


def test_eln_2024_is_open_where_a_gene_was_not_tested():
    assert label("eln2024_lowint", mut_KRAS=None) is None
    assert label("eln2024_lowint", "TP53", mut_KRAS=None) == "adverse"


# Each class with everything that stands below it: the hierarchy.
HIERARCHY = [
    ("PML_RARA", "t_15_17"), ("RUNX1_RUNX1T1", "t_8_21"), ("CBFB_MYH11", "inv16"),
    ("KMT2A_r", "t_9_11"), ("DEK_NUP214", "t_6_9"), ("MECOM_r", "inv3"), ("BCR_ABL1", "t_9_22"),
    ("other_defined", "t_8_16"), ("NPM1", "NPM1"), ("CEBPA", "CEBPA_bzip"), ("TP53", "TP53"),
    ("MR_gene", "SRSF2"), ("MR_cyto", "complex_kt"),
]  # fmt: skip


@pytest.mark.parametrize("place", range(len(HIERARCHY)))
def test_the_first_class_of_the_hierarchy_decides(place):
    found = [lesion for _, lesion in HIERARCHY[place:]]
    icc = HIERARCHY[place][0]
    who = "MR" if icc in ("TP53", "MR_gene", "MR_cyto") else icc
    assert label("icc2022", *found) == icc
    assert label("who2022", *found) == who


@pytest.mark.parametrize(
    ("found", "who", "icc"),
    [
        ([], "NOS", "NOS"),
        (["kmt2a_other"], "KMT2A_r", "KMT2A_r"),
        (["mecom_other"], "MECOM_r", "MECOM_r"),
        # ICC adds RUNX1 and trisomy 8, and has a class for TP53.
        (["RUNX1"], "NOS", "MR_gene"),
        (["plus8"], "NOS", "MR_cyto"),
        (["TP53"], "NOS", "TP53"),
        (["TP53", "complex_kt"], "MR", "TP53"),
        (["del7q"], "MR", "MR_cyto"),
    ],
)
def test_who_and_icc_differ_where_they_are_known_to(found, who, icc):
    assert (label("who2022", *found), label("icc2022", *found)) == (who, icc)


@pytest.mark.parametrize(
    ("found", "blasts", "who", "icc"),
    [
        (["NPM1"], 5, "NPM1", "below_20"),
        (["NPM1"], 10, "NPM1", "NPM1"),
        (["t_8_21"], 9, "RUNX1_RUNX1T1", "below_20"),
        # In APL promyelocytes count as blasts, and a count may leave them out.
        (["t_15_17"], 5, "PML_RARA", "PML_RARA"),
        (["CEBPA_bzip"], 15, "below_20", "CEBPA"),
        (["CEBPA_bzip"], 20, "CEBPA", "CEBPA"),
        (["t_9_22"], 15, "below_20", "below_20"),
        (["t_9_22"], 20, "BCR_ABL1", "BCR_ABL1"),
        (["SRSF2"], 19, "below_20", "below_20"),
        (["SRSF2"], 20, "MR", "MR_gene"),
        (["TP53"], 15, "below_20", "below_20"),
        # A count that was not recorded is taken as enough.
        (["SRSF2"], None, "MR", "MR_gene"),
    ],
)
def test_blasts_count_for_the_class_at_its_own_threshold(found, blasts, who, icc):
    counts = {"bm_blasts_pct": blasts, "pb_blasts_pct": None if blasts is None else 2.0}
    assert label("who2022", *found, **counts) == who
    assert label("icc2022", *found, **counts) == icc


def test_blasts_in_blood_count_like_those_in_marrow():
    assert label("who2022", "SRSF2", bm_blasts_pct=8.0, pb_blasts_pct=25.0) == "MR"


def test_a_history_of_mds_makes_it_myelodysplasia_related_in_who_only():
    assert label("who2022", prior_mds=1) == "MR"
    assert label("who2022", prior_mds=None) == "NOS"
    assert label("icc2022", prior_mds=1) == "NOS"


def _plain_eln2022(one, override):
    """ELN 2022 as one would write it down for a single patient, from the published table."""
    has = {name: value == 1 for name, value in one.items()}
    adverse = any(has[lesion] for lesion in ADVERSE)
    fraction = one["tp53_vaf"]
    tp53 = has["mut_TP53"] and (fraction is None or fraction >= 10)
    genes = any(has[f"mut_{gene}"] for gene in MYELODYSPLASIA)
    if has["t_15_17"]:
        return "APL"
    if has["t_8_21"] or has["inv16"]:
        return "favorable"
    if not adverse and not tp53:
        if has["mut_NPM1"] and not has["mut_FLT3_ITD"]:
            return "favorable"
        if has["mut_CEBPA_bzip"]:
            return "favorable"
    if has["t_9_11"] and not tp53:
        return "intermediate"
    if adverse or tp53:
        return "adverse"
    if has["mut_NPM1"] and has["mut_FLT3_ITD"] and not (override and genes):
        return "intermediate"
    return "adverse" if genes else "intermediate"


_rare = st.sampled_from([0, 0, 0, 0, 0, 0, 1, None])
_gene = st.sampled_from([0, 0, 1])
_patients = st.fixed_dictionaries(
    {name: _rare for name in LESIONS}
    | {f"mut_{gene}": _gene for gene in GENES}
    | {"tp53_vaf": st.one_of(st.none(), st.floats(0, 100))}
)


@settings(max_examples=60, deadline=None)
@given(people=st.lists(_patients, min_size=1, max_size=25), override=st.booleans())
def test_eln_2022_agrees_with_a_plain_reading_of_the_table_on_any_patient(people, override):
    found = eln2022(pd.DataFrame(people), myelodysplasia_genes_override_npm1_itd=override)
    assert found.tolist() == [_plain_eln2022(one, override) for one in people]


@pytest.fixture(scope="module")
def real():
    """The columns of the AMLSG that ELN 2022 needs, in the dictionary's names, and its labels."""
    if not AMLSG.is_file():
        pytest.skip(f"the cohort of the AMLSG is not at {AMLSG}")
    release = pd.read_csv(AMLSG)
    names = {
        "t_8_21": "t_8_21", "inv16": "inv16_t16_16", "t_15_17": "t_15_17", "t_9_11": "t_9_11",
        "kmt2a_other": "t_v_11", "t_6_9": "t_6_9", "inv3": "inv3_t3_3", "t_9_22": "t_9_22",
        "del5q_minus5": "minus5_5q", "minus7": "minus7", "abn17p": "abn17p",
        "complex_kt": "complex",
    }  # fmt: skip
    patients = pd.DataFrame({name: release[f"cyto_{column}"] for name, column in names.items()})
    genes = ("FLT3_ITD", "TP53", *MYELODYSPLASIA)
    patients = patients.join(release[["monosomal_kt", *(f"mut_{gene}" for gene in genes)]])
    patients["mut_NPM1"] = release[["mut_NPM1", "NPM1_clin"]].max(axis=1)
    patients["mut_CEBPA_bzip"] = release["CEBPA_bzip_inframe"]
    patients["tp53_vaf"] = release["TP53_max_vaf"]
    return patients, release


def test_every_real_patient_has_the_risk_that_was_derived_independently(real):
    patients, release = real
    risk = eln2022(patients)
    assert risk.astype(str).tolist() == release["eln2022_derived"].tolist()
    assert risk.value_counts().to_dict() == {
        "favorable": 480, "intermediate": 487, "adverse": 508, "APL": 65,
    }  # fmt: skip


def test_the_strict_reading_moves_ten_real_patients(real):
    patients, release = real
    strict = eln2022(patients, myelodysplasia_genes_override_npm1_itd=True)
    assert strict.astype(str).tolist() == release["eln2022_derived_mr_overrides_npm1_itd"].tolist()
    assert int((strict.astype(str) != eln2022(patients).astype(str)).sum()) == 10


@pytest.mark.parametrize("name", TABLES)
def test_the_function_says_what_the_dictionary_derives(name):
    people = pd.concat([patient(*found) for _, found in ELN_2022], ignore_index=True)
    whole = people.reindex(columns=sorted(stands_on(name) | set(people)))
    found = getattr(aml_classes, name)(people)
    pd.testing.assert_series_equal(found, dictionary().derive(whole)[name])


@pytest.mark.parametrize("name", TABLES)
def test_an_ordered_table_shows_every_row_in_words(name):
    table = ordered_table(name)
    result = "class" if name.endswith(("who2022", "icc2022")) else "risk"
    assert list(table.columns) == ["number", "condition", "expression", result]
    assert list(zip(table[result], table["expression"], strict=True)) == list(
        dictionary().variables[name].steps
    )
    assert table["number"].tolist() == list(range(1, len(table) + 1))
    assert table["condition"].iloc[-1] == "everything else"
    variables = set(dictionary().variables)
    for condition in table["condition"]:
        assert not set(condition.replace("(", " ").replace(")", " ").split()) & variables
        assert "certain" not in condition


def test_an_option_reorders_the_rows_that_are_shown():
    plain = ordered_table("eln2022")["expression"].tolist()
    strict = ordered_table("eln2022", myelodysplasia_genes_override_npm1_itd=True)
    assert sorted(strict["expression"]) == sorted(plain)
    moved = [
        number for number, expression in enumerate(plain, 1)
        if strict["expression"][number - 1] != expression
    ]  # fmt: skip
    assert moved == [7, 8]


def test_the_options_of_the_table_and_of_the_function_are_the_same():
    assert eln2022.__kwdefaults__ == OPTIONS


def test_the_terms_of_a_table_are_explained():
    meaning = terms("eln2022").set_index("term")["meaning"]
    assert "-7 (monosomy 7)" in meaning["Adverse cytogenetics"]
    assert terms("eln2024_lowint").empty


def test_a_table_or_an_option_that_does_not_exist_is_refused_with_the_nearest_name():
    with pytest.raises(ArgumentRefused, match="eln2022"):
        ordered_table("eln2202")
    with pytest.raises(ArgumentRefused, match="tp53_downgrades_favorable"):
        ordered_table("eln2022", tp53_downgrade_favorable=False)
    with pytest.raises(ArgumentRefused, match="No options"):
        ordered_table("who2022", strict=True)
    with pytest.raises(ArgumentRefused, match="True or False"):
        ordered_table("eln2022", tp53_downgrades_favorable="no")


def test_an_absent_core_column_is_refused_by_name_and_an_optional_one_is_not():
    people = patient("NPM1")
    with pytest.raises(DataMismatch, match="mut_SRSF2"):
        eln2022(people.drop(columns="mut_SRSF2"))
    assert eln2022(people.drop(columns=["t_8_16", "mecom_other"])).tolist() == ["favorable"]


def test_a_value_that_is_no_flag_is_refused_without_being_shown():
    people = pd.concat([patient("NPM1"), patient(mut_TP53=7)])
    with pytest.raises(DataMismatch) as refused:
        eln2022(people)
    assert "mut_TP53" in str(refused.value)
    assert "7" not in str(refused.value).replace("mut_TP53", "")


def test_the_index_is_kept_and_an_empty_table_gives_an_empty_answer():
    people = patient("NPM1").set_axis(["row"])
    assert eln2022(people).index.tolist() == ["row"]
    assert eln2022(people.iloc[:0]).empty
