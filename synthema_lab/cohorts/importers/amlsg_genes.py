"""Which genes are mutated in a patient of the AMLSG release?

A gene counts as mutated where the release calls a variant of it ``ONCOGENIC``;
``POSSIBLE`` variants are left out and counted. All patients were sequenced for
all genes, so no variant means not mutated. FLT3, the partial tandem duplication
of KMT2A, and NPM1 beside its variants, are as the clinical table has them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from synthema_lab.cohorts.importers.amlsg_files import Release
from synthema_lab.cohorts.importers.imported import Notes

GENES = (
    "NPM1", "DNMT3A", "IDH1", "TET2", "ASXL1", "RUNX1", "TP53", "NRAS", "KRAS", "KIT", "PTPN11",
    "SRSF2", "SF3B1", "U2AF1", "ZRSR2", "STAG2", "BCOR", "EZH2", "PHF6", "WT1", "GATA2", "RAD21",
    "CBL", "NF1", "JAK2",
)  # fmt: skip
NEWER_NAMES = {"SFRS2": "SRSF2", "MLL": "KMT2A"}
BZIP = (278, 345)
"""First and last amino acid of the basic leucine zipper of CEBPA."""


def gene_columns(release: Release, notes: Notes) -> dict[str, pd.Series]:
    """The dictionary's ``mut_*`` columns, ``flt3_itd_ar`` and ``tp53_vaf``.

    Parameters
    ----------
    release : Release
    notes : Notes
        Is told of what was left out.

    Returns
    -------
    dict of name to Series, each indexed like ``release.clinical``
        Flags 0 or 1; the allele fraction in per cent; the ratio of FLT3-ITD as
        reads with the duplication to reads without it.
    """
    clinical, variants = release.clinical, release.variants
    patients = clinical.index
    known = variants["SAMPLE_NAME"].isin(patients)
    message = "Variants of samples that are not in the clinical table were left out."
    notes.warn("other_patients", None, int((~known).sum()), message)
    called = variants["Result"].str.strip().eq("ONCOGENIC")
    message = "Variants that are not called oncogenic were left out."
    notes.warn("not_oncogenic", None, int((known & ~called).sum()), message)
    kept = variants[known & called]
    gene = kept["GENE"].replace(NEWER_NAMES)

    def flag(where: pd.Series) -> pd.Series:
        carriers = set(kept.loc[where, "SAMPLE_NAME"])
        return pd.Series(patients.isin(carriers).astype(int), index=patients)

    columns = {f"mut_{name}": flag(gene == name) for name in GENES}
    clinical_npm1 = clinical["NPM1"].eq(1).fillna(False).to_numpy(dtype=bool)
    without_variant = clinical_npm1 & columns["mut_NPM1"].eq(0).to_numpy()
    message = "NPM1 is mutated by the clinical table and has no variant: counted as mutated."
    notes.warn("clinical_only", "mut_NPM1", without_variant, message)
    columns["mut_NPM1"] = columns["mut_NPM1"].mask(without_variant, 1)
    change = kept["AA_CHANGE"]
    for residue in ("R140", "R172"):
        columns[f"mut_IDH2_{residue}"] = flag(
            (gene == "IDH2") & change.str.match(rf"p\.{residue}\D")
        )
    position = pd.to_numeric(change.str.extract(r"^p\.[A-Z](\d+)")[0], errors="coerce")
    in_frame = ~change.str.contains(r"fs|\*|X") & position.between(*BZIP)
    columns["mut_CEBPA_bzip"] = flag((gene == "CEBPA") & in_frame)
    columns["mut_CEBPA_other"] = flag((gene == "CEBPA") & ~in_frame)
    fraction = pd.to_numeric(kept["VAF"], errors="coerce")
    columns["tp53_vaf"] = (
        fraction[gene == "TP53"].groupby(kept["SAMPLE_NAME"]).max().reindex(patients)
    )
    for name, source in (
        ("mut_FLT3_ITD", "FLT3_ITD"), ("mut_FLT3_TKD", "FLT3_TKD"), ("mut_KMT2A_PTD", "MLL_PTD"),
    ):  # fmt: skip
        columns[name] = clinical[source]
    columns["flt3_itd_ar"] = _allelic_ratio(release, notes)
    return columns


def _allelic_ratio(release: Release, notes: Notes) -> pd.Series:
    """Reads with the duplication to reads without it, where the release calls an ITD."""
    patients = release.clinical.index
    found = release.duplications.drop_duplicates("ID").set_index("ID").reindex(patients)
    reads = pd.to_numeric(found["Read_count"], errors="coerce")
    wild_type = pd.to_numeric(found["Coverage"], errors="coerce") - reads
    ratio = (reads / wild_type.where(wild_type > 0)).round(4)
    called = release.clinical["FLT3_ITD"].eq(1).fillna(False).to_numpy(dtype=bool)
    uncalled = found["FLT3_ITD_status"].eq("ITD").to_numpy() & ~called
    message = (
        "A duplication of FLT3 in the reads that the clinical table does not call was left out."
    )
    notes.warn("itd_not_called", "flt3_itd_ar", uncalled, message)
    without = called & ratio.isna().to_numpy()
    message = "FLT3-ITD without read counts: its allelic ratio is missing."
    notes.warn("no_ratio", "flt3_itd_ar", without, message)
    return ratio.where(np.asarray(called))
