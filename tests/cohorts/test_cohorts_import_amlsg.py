"""The public AMLSG release becomes a table of the dictionary aml."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from synthema_lab.cohorts.importers.amlsg import import_amlsg
from synthema_lab.cohorts.importers.amlsg_files import CLINICAL, TEXTS
from synthema_lab.cohorts.tables import write_table
from synthema_lab.errors import ArgumentRefused, DataMismatch

SHARED = Path(
    os.environ.get("SYNTHEMA_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")
)
RELEASE = SHARED / "amlsg_release"
FLAT = SHARED / "aml_amlsg" / "amlsg_clinical_genomic.csv.gz"
OTHER_NAMES = {
    "complex_kt": "cyto_complex", "inv16": "cyto_inv16_t16_16", "inv3": "cyto_inv3_t3_3",
    "kmt2a_other": "cyto_t_v_11", "del5q_minus5": "cyto_minus5_5q", "plus8": "cyto_plus8_8q",
    "mut_CEBPA_bzip": "CEBPA_bzip_inframe", "tp53_vaf": "TP53_max_vaf",
}  # fmt: skip


def release() -> Path:
    if not RELEASE.is_dir():
        pytest.skip("the AMLSG release is not in ../shared/data or $SYNTHEMA_DATA")
    return RELEASE


@pytest.fixture(scope="module")
def imported():
    return import_amlsg(release())


@pytest.fixture(scope="module")
def flat(imported):
    if not FLAT.is_file():
        pytest.skip("the flattened AMLSG table is not in ../shared/data or $SYNTHEMA_DATA")
    return pd.read_csv(FLAT).set_index("PDID").loc[imported.patients["patient_id"]]


def test_the_release_has_its_published_counts(imported):
    patients = imported.patients
    assert len(patients) == 1540
    assert patients["centre_id"].nunique() == 45
    groups = patients["eln2022"].value_counts().to_dict()
    assert groups == {"favorable": 480, "intermediate": 487, "adverse": 508, "APL": 65}
    assert (patients.loc[patients["t_15_17"] == 1, "eln2022"] == "APL").all()


def test_it_matches_its_dictionary_and_odd_response_days_warn_and_stay(imported):
    findings = imported.check()
    assert findings.ok
    warned = {finding.variable: finding.count for finding in findings.warnings}
    assert warned["cr1_day"] == 2
    assert (imported.patients["cr1_day"] > 400).sum() == 2


def test_the_median_survival_by_kaplan_meier_is_850_days(imported):
    lifelines = pytest.importorskip("lifelines")
    patients = imported.patients
    curve = lifelines.KaplanMeierFitter().fit(
        patients["os_days"].astype(float), patients["os_event"].astype(float)
    )
    assert curve.median_survival_time_ == 850


def test_transplantation_comes_from_the_releases_own_field_and_unknown_donors_stay(imported):
    kinds = imported.patients["hct"].value_counts().to_dict()
    assert kinds == {"none": 714, "allo": 725, "auto": 95, "unknown": 6}
    assert "donor_unknown" in {note.rule for note in imported.notes.warnings}


def test_it_agrees_with_the_table_that_another_hand_flattened(imported, flat):
    patients = imported.patients
    assert patients["eln2022"].astype(str).tolist() == flat["eln2022_derived"].tolist()
    compared = 0
    for name in patients.select_dtypes("number"):
        other = OTHER_NAMES.get(name, name if name in flat else f"cyto_{name}")
        if other not in flat or name in ("monosomal_kt", "mut_NPM1"):
            continue
        ours = patients[name].to_numpy(dtype=float, na_value=np.nan)
        np.testing.assert_allclose(ours, flat[other].to_numpy(dtype=float), atol=1e-3, err_msg=name)
        compared += 1
    assert compared > 55


def test_mutations_differ_only_where_the_clinical_table_knows_more(imported, flat):
    ours = imported.patients["mut_NPM1"].to_numpy(dtype=int)
    assert (ours != flat["mut_NPM1"].to_numpy()).sum() == 1
    assert ours.sum() == 436
    both = imported.patients[["mut_IDH2_R140", "mut_IDH2_R172"]].max(axis=1)
    assert both.tolist() == flat["mut_IDH2"].tolist()


def test_monosomal_karyotypes_agree_but_for_two_that_are_decided_by_definition(imported, flat):
    # One clone repeats the stem line's structural changes (idem); one is core-binding-factor.
    ours = imported.patients["monosomal_kt"].to_numpy(dtype=float, na_value=np.nan)
    theirs = flat["monosomal_kt"].to_numpy(dtype=float)
    known = ~np.isnan(ours) & ~np.isnan(theirs)
    assert known.sum() > 1400
    assert (ours[known] != theirs[known]).sum() == 2


def test_importing_and_writing_takes_less_than_five_seconds(tmp_path):
    folder = release()
    started = time.perf_counter()
    write_table(import_amlsg(folder).patients, tmp_path / "amlsg.csv")
    assert time.perf_counter() - started < 5


def test_absent_files_are_named_with_where_the_release_stands(tmp_path):
    with pytest.raises(ArgumentRefused, match="no folder"):
        import_amlsg(tmp_path / "none")
    (tmp_path / CLINICAL).write_bytes(b"")
    with pytest.raises(ArgumentRefused) as refused:
        import_amlsg(tmp_path)
    assert all(name in refused.value.happened for name in TEXTS)
    assert CLINICAL not in refused.value.happened
    assert "AML-multistage" in refused.value.next_step


def test_a_file_that_is_not_what_its_name_says_is_refused_without_what_it_holds(tmp_path):
    for name in (CLINICAL, *TEXTS):
        (tmp_path / name).write_bytes(b"Zqx\tZqy\rZqz\tZqz")
    with pytest.raises(DataMismatch, match="clinicalData") as refused:
        import_amlsg(tmp_path)
    assert "Zq" not in str(refused.value)
    shutil.copy(release() / CLINICAL, tmp_path / CLINICAL)
    with pytest.raises(DataMismatch, match="AMLSG_Genetic") as refused:
        import_amlsg(tmp_path)
    assert "Zq" not in str(refused.value)
