"""Which tables does the public release of the AMLSG cohort consist of?

The release stands in the repository *AML-multistage* of the Gerstung group:
clinical data as an R data frame, variants, karyotypes and FLT3 duplications as
tab-separated text with line ends of several systems.
"""

from __future__ import annotations

import csv
import io
import os
import warnings
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from synthema_lab.errors import ArgumentRefused, DataMismatch, ExtraMissing

WHERE = (
    "The public release stands in the repository AML-multistage of the Gerstung group "
    "(folder data), named in Gerstung M et al., Nat Genet 2017; 49: 332-340."
)
CLINICAL = "AMLSG_Clinical_Anon.RData"
TEXTS = {
    "AMLSG_Genetic.txt": ("SAMPLE_NAME", "VARIANT_TYPE", "VAF", "GENE", "AA_CHANGE", "CONSEQUENCE",
                          "Result"),
    "AMLSG_Karyotypes.txt": ("PDID", "karyotype"),
    "AMLSG_FLT3ITD.txt": ("ID", "FLT3_ITD_status", "Read_count", "Coverage"),
}  # fmt: skip
CLINICAL_COLUMNS = (
    "PDID", "TypeAML", "NK", "AOD", "Center", "TPL_type", "CR_date", "Recurrence_date", "TPL_date",
    "TPL_Phase", "Post_Induction_Therapy_Remission", "Status", "OS", "EFSSTAT", "efs", "rfsstat",
    "rfs", "HB", "platelet", "wbc", "LDH", "gender", "BM_Blasts", "Performance_ECOG", "PB_Blasts",
    "Splenomegaly", "MLL_PTD", "inv3_t3_3", "t_9_22", "minus5_5q", "minus7", "minus7q", "plus8_8q",
    "minus9q", "plus13", "mono17_17p_abn17p", "minusY", "t_15_17", "t_8_21", "inv16_t16_16",
    "t_6_9", "complex", "NPM1", "FLT3_TKD", "FLT3_ITD", "t_9_11", "t_v_11", "TPL_o",
)  # fmt: skip


@dataclass(frozen=True)
class Release:
    """The release's tables, as they are.

    Attributes
    ----------
    clinical : DataFrame, shape (patients, 106)
        One row a patient; index ``PDID``.
    variants, karyotypes, duplications : DataFrame of str
        One row a variant, a karyotype, a patient.
    """

    clinical: pd.DataFrame
    variants: pd.DataFrame
    karyotypes: pd.DataFrame
    duplications: pd.DataFrame


def read_release(folder: str | os.PathLike[str]) -> Release:
    """Read the release from the folder that holds its files.

    Raises
    ------
    ArgumentRefused
        If the folder or some of its files are absent; the message names them.
    DataMismatch
        If a file is not what the release holds under its name.
    ExtraMissing
        If ``rdata``, which reads R's format, is not installed.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ArgumentRefused(
            f"There is no folder {folder}.", f"The folder with {CLINICAL} and its texts.", WHERE
        )
    absent = [name for name in (CLINICAL, *TEXTS) if not (folder / name).is_file()]
    if absent:
        raise ArgumentRefused(
            f"{folder} lacks {', '.join(absent)}.",
            f"The files {', '.join((CLINICAL, *TEXTS))} in one folder.",
            WHERE,
        )
    clinical = _clinical(folder / CLINICAL)
    texts = [_text(folder / name, columns) for name, columns in TEXTS.items()]
    return Release(clinical, *texts)


def _clinical(path: Path) -> pd.DataFrame:
    try:
        import rdata
    except ImportError:
        rdata = None
    if rdata is None:
        raise ExtraMissing(
            "The package rdata, which reads R's format, is not installed.",
            "The extra 'importers'.",
            "Type: pip install 'synthema-lab[importers]'",
        )
    table: object = None
    with warnings.catch_warnings():
        # Durations come as plain numbers of days, which is what is wanted.
        warnings.filterwarnings("ignore", message="Missing constructor", category=UserWarning)
        try:
            table = rdata.read_rda(path).get("clinicalData")
        except Exception:  # a reader of a foreign format fails in many ways
            table = None
    if not isinstance(table, pd.DataFrame):
        raise DataMismatch(
            f"{path.name} does not hold the data frame clinicalData.",
            "The file of that name of the public release.",
            WHERE,
        )
    _require(table, CLINICAL_COLUMNS, path.name)
    table = table.assign(PDID=table["PDID"].astype(str))
    return table.set_index("PDID")


def _text(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    text: str | None
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        text = None
    table = pd.DataFrame()
    if text is not None:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        try:
            rows = list(csv.reader(io.StringIO(text), delimiter="\t"))
        except csv.Error:
            rows = []
        width = len(rows[0]) if rows else 0
        if width and all(len(row) in (0, width) for row in rows):
            table = pd.DataFrame([row for row in rows[1:] if row], columns=rows[0], dtype=object)
    _require(table, columns, path.name)
    return table


def _require(table: pd.DataFrame, columns: tuple[str, ...], name: str) -> None:
    absent = [column for column in columns if column not in table]
    if absent or not len(table):
        named = f" It lacks {', '.join(absent[:8])}." if 0 < len(absent) < len(columns) else ""
        due = ", ".join(columns[:8]) + (", ..." if len(columns) > 8 else "")
        raise DataMismatch(
            f"{name} is not the file of that name of the public release.{named}",
            f"A table with the columns {due}.",
            WHERE,
        )
