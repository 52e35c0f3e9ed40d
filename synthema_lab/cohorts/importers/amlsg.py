"""How does the public release of the AMLSG cohort become a table of the dictionary ``aml``?

1540 adults of the trials AMLHD98A, AMLHD98B and AMLSG 07-04 from 45 centres,
treated intensively. Nothing is invented: what the release does not hold is an
empty column and a note.

References
----------
Papaemmanuil E et al. N Engl J Med 2016; 374: 2209-2221. Gerstung M et al. Nat
Genet 2017; 49: 332-340.
"""

from __future__ import annotations

import os

import numpy as np
import pandas as pd

from synthema_lab.cohorts.importers.amlsg_files import Release, read_release
from synthema_lab.cohorts.importers.amlsg_genes import gene_columns
from synthema_lab.cohorts.importers.imported import Imported, Notes, settle
from synthema_lab.cohorts.importers.iscn import read_karyotype
from synthema_lab.dictionary import DataDictionary

SOURCE = "Public release of the AMLSG cohort (Papaemmanuil 2016, Gerstung 2017)"
FLAGS = {
    "splenomegaly": "Splenomegaly", "normal_karyotype": "NK", "complex_kt": "complex",
    "t_8_21": "t_8_21", "inv16": "inv16_t16_16", "t_15_17": "t_15_17", "t_9_11": "t_9_11",
    "kmt2a_other": "t_v_11", "t_6_9": "t_6_9", "inv3": "inv3_t3_3", "t_9_22": "t_9_22",
    "del5q_minus5": "minus5_5q", "minus7": "minus7", "del7q": "minus7q",
    "abn17p": "mono17_17p_abn17p", "plus8": "plus8_8q", "plus13": "plus13", "del9q": "minus9q",
    "minusY": "minusY", "os_event": "Status", "efs_event": "EFSSTAT", "rfs_event": "rfsstat",
}  # fmt: skip
NUMBERS = {
    "age_years": "AOD", "ecog": "Performance_ECOG", "hb_gdl": "HB", "plt_gl": "platelet",
    "wbc_gl": "wbc", "ldh_ul": "LDH", "bm_blasts_pct": "BM_Blasts", "pb_blasts_pct": "PB_Blasts",
    "cr1_day": "CR_date", "relapse_day": "Recurrence_date", "hct_day": "TPL_date",
    "efs_days": "efs", "rfs_days": "rfs", "os_days": "OS",
}  # fmt: skip
CODES = {
    "sex": ("gender", {"1": "M", "2": "F"}),
    "aml_type": ("TypeAML", {"AML": "de_novo", "sAML": "secondary", "tAML": "therapy_related",
                             "oAML": "other"}),
    "prior_mds": ("TypeAML", {"AML": 0, "sAML": 1, "tAML": None, "oAML": None}),
    "response_induction": ("Post_Induction_Therapy_Remission",
                           {"CR": "CR", "PR": "PR", "RD": "RD", "ED": "ED"}),
    "hct": ("TPL_type", {"ALLO": "allo", "FREMD": "allo", "HAPLO": "allo", "AUTO": "auto",
                         "TPL_(Spenderart_unbekannt)": "unknown"}),
    "hct_phase": ("TPL_Phase", {"CR1": "CR1", "CR2": "CR2", "CR3": "CR2", "CR4": "CR2",
                                "RD1": "RD", "PR1": "RD", "Rez1": "relapse", "Rez2": "relapse"}),
}  # fmt: skip
NO_KARYOTYPE = ("", "na", "no metaphases", "no analysis", "no material")


def import_amlsg(
    folder: str | os.PathLike[str], dictionary: DataDictionary | None = None
) -> Imported:
    """Import the release from the folder that holds its files.

    Parameters
    ----------
    folder : path
        With ``AMLSG_Clinical_Anon.RData``, ``AMLSG_Genetic.txt``,
        ``AMLSG_Karyotypes.txt`` and ``AMLSG_FLT3ITD.txt``.
    dictionary : DataDictionary, optional
        ``aml`` by default.

    Returns
    -------
    Imported
        1540 patients. A transplantation without a known donor has the code
        ``unknown``; a code of the release that is not known becomes missing
        with a note; response days beyond the plausible limit stay.

    Raises
    ------
    ArgumentRefused, DataMismatch, ExtraMissing
        As `read_release`.
    """
    dictionary = DataDictionary.load("aml") if dictionary is None else dictionary
    release = read_release(folder)
    notes = Notes()
    columns = clinical_columns(release, notes)
    columns |= gene_columns(release, notes)
    columns |= karyotype_columns(release, columns["normal_karyotype"], notes)
    aligned = {name: column.reset_index(drop=True) for name, column in columns.items()}
    return settle(aligned, dictionary, SOURCE, notes)


def clinical_columns(release: Release, notes: Notes) -> dict[str, pd.Series]:
    """What stands in the clinical table, in the dictionary's units and codes."""
    clinical = release.clinical
    patients = clinical.index
    columns: dict[str, pd.Series] = {
        "patient_id": pd.Series(patients, index=patients),
        "centre_id": clinical["Center"].astype("Int64").astype("string"),
    }
    for name, source in NUMBERS.items():
        # Single precision at the source: 17.6 is stored as 17.60000038.
        columns[name] = clinical[source].astype("Float64").round(3)
    for name, source in FLAGS.items():
        columns[name] = clinical[source].astype("Float64")
    for name, (source, codes) in CODES.items():
        texts = clinical[source].astype(object).where(clinical[source].notna(), None)
        texts = texts.map(lambda cell: None if cell is None else str(cell))
        odd = (texts.notna() & ~texts.isin(list(codes))).to_numpy()
        notes.warn(
            "not_understood", name, odd, f"{name}: a code of {source} is not known; missing."
        )
        columns[name] = texts.map(codes.get)
    transplanted = clinical["TPL_o"].eq(1).fillna(False)
    columns["hct"] = columns["hct"].where(transplanted | columns["hct"].notna(), "none")
    donor = columns["hct"].eq("unknown").to_numpy()
    notes.warn("donor_unknown", "hct", donor, "Transplanted from a donor that was not recorded.")
    open_history = columns["aml_type"].isin(["therapy_related", "other"]).to_numpy()
    message = "Whether MDS or MPN came before is not recorded; missing."
    notes.warn("no_history", "prior_mds", open_history, message)
    return columns


def karyotype_columns(release: Release, normal: pd.Series, notes: Notes) -> dict[str, pd.Series]:
    """The karyotype as text, and the flags that only the text holds."""
    patients = release.clinical.index
    texts = release.karyotypes.drop_duplicates("PDID").set_index("PDID")["karyotype"]
    texts = texts.reindex(patients).fillna("").str.replace(r"\s+", " ", regex=True).str.strip()
    given = ~texts.str.casefold().isin(NO_KARYOTYPE)
    read = [
        read_karyotype(text) if there else None for text, there in zip(texts, given, strict=True)
    ]
    remark = given.to_numpy() & np.array([karyotype is None for karyotype in read])
    message = "The karyotype is a remark and no ISCN string; nothing was read from it."
    notes.warn("no_iscn", "karyotype_iscn", remark, message)
    columns = {"karyotype_iscn": texts.where(given, None)}
    known_normal = normal.eq(1).fillna(False)
    for name, flag in (
        ("monosomal_kt", "monosomal"), ("t_8_16", "t_8_16"), ("mecom_other", "mecom_other"),
    ):  # fmt: skip
        said = [None if karyotype is None else getattr(karyotype, flag) for karyotype in read]
        column = pd.Series(said, index=patients, dtype="boolean").astype("Float64")
        columns[name] = column.mask(known_normal & column.isna(), 0.0)
    return columns
