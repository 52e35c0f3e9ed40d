"""Which risk group and which disease class does a patient with acute myeloid leukaemia belong to?

The ordered tables stand in the data dictionary ``aml``; `aml_tables` reads them.
"""

from __future__ import annotations

from functools import lru_cache

import pandas as pd

from synthema_lab.cohorts.aml_tables import (
    TABLES,
    Rows,
    dictionary,
    ordered_table,
    rows,
    stands_on,
    terms,
)
from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import DataMismatch

__all__ = [
    "TABLES",
    "eln2017",
    "eln2022",
    "eln2024_lowint",
    "icc2022",
    "ordered_table",
    "terms",
    "who2022",
]


def eln2022(
    patients: pd.DataFrame,
    *,
    myelodysplasia_genes_override_npm1_itd: bool = False,
    tp53_downgrades_favorable: bool = True,
    unknown_cytogenetics_absent: bool = True,
) -> pd.Series:
    """Risk by ELN 2022, for adults under intensive treatment.

    Parameters
    ----------
    patients : DataFrame, shape (patients, variables)
        With the dictionary's names. A core variable of the table must be a column;
        another that is absent counts as not recorded.
    myelodysplasia_genes_override_npm1_itd : bool
        Whether NPM1 with FLT3-ITD and a myelodysplasia-related gene is adverse (a strict
        reading) and not intermediate.
    tp53_downgrades_favorable : bool
        Whether TP53 keeps NPM1 and CEBPA from being favorable and t(9;11) from being
        intermediate. The published table says only that myelodysplasia-related genes do not.
    unknown_cytogenetics_absent : bool
        Whether an abnormality that was not recorded counts as absent. If not, the risk is
        missing where it would matter.

    Returns
    -------
    Series of category, shape (patients,)
        favorable, intermediate, adverse or APL (acute promyelocytic leukaemia, outside ELN
        risk); missing where a gene that was not tested would decide. The index is kept.

    Raises
    ------
    DataMismatch
        If a core variable of the table is no column, or a value is no flag.

    References
    ----------
    Döhner H, et al. Blood 2022; 140: 1345-1377, table 6.

    Examples
    --------
    >>> genes = ["NPM1", "FLT3_ITD", "CEBPA_bzip", "TP53", "ASXL1", "BCOR", "EZH2", "RUNX1",
    ...          "SF3B1", "SRSF2", "STAG2", "U2AF1", "ZRSR2"]
    >>> karyotype = ["t_15_17", "t_8_21", "inv16", "t_9_11", "t_6_9", "t_9_22", "inv3",
    ...              "kmt2a_other", "del5q_minus5", "minus7", "abn17p", "complex_kt",
    ...              "monosomal_kt"]
    >>> normal = dict.fromkeys([f"mut_{gene}" for gene in genes] + karyotype, 0)
    >>> normal["tp53_vaf"] = None
    >>> three = {"mut_NPM1": 1, "mut_FLT3_ITD": 1, "mut_SRSF2": 1}
    >>> patients = pd.DataFrame([normal | {"mut_NPM1": 1}, normal | three])
    >>> eln2022(patients).tolist()
    ['favorable', 'intermediate']
    >>> eln2022(patients, myelodysplasia_genes_override_npm1_itd=True).tolist()
    ['favorable', 'adverse']
    """
    return _classified(
        patients,
        "eln2022",
        myelodysplasia_genes_override_npm1_itd=myelodysplasia_genes_override_npm1_itd,
        tp53_downgrades_favorable=tp53_downgrades_favorable,
        unknown_cytogenetics_absent=unknown_cytogenetics_absent,
    )


def eln2017(patients: pd.DataFrame) -> pd.Series:
    """Risk by ELN 2017, which counted the allelic ratio of FLT3-ITD; see `eln2022`.

    Missing where an allelic ratio that was not recorded would decide.

    References
    ----------
    Döhner H, et al. Blood 2017; 129: 424-447.
    """
    return _classified(patients, "eln2017")


def eln2024_lowint(patients: pd.DataFrame) -> pd.Series:
    """Risk by ELN 2024, for less intensive treatment; see `eln2022`.

    References
    ----------
    Döhner H, et al. Blood 2024; 144: 2169-2173 (recalled).
    """
    return _classified(patients, "eln2024_lowint")


def who2022(patients: pd.DataFrame) -> pd.Series:
    """Disease class by WHO 2022, first class in the dictionary's order; see `eln2022`.

    References
    ----------
    Khoury JD, et al. Leukemia 2022; 36: 1703-1719.
    """
    return _classified(patients, "who2022")


def icc2022(patients: pd.DataFrame) -> pd.Series:
    """Disease class by ICC 2022, first class in the dictionary's order; see `eln2022`.

    References
    ----------
    Arber DA, et al. Blood 2022; 140: 1200-1228.
    """
    return _classified(patients, "icc2022")


@lru_cache(maxsize=16)
def _table_alone(name: str, steps: Rows) -> DataDictionary:
    """A dictionary of the table, what it stands on, and nothing else."""
    content = dictionary().as_dict()
    kept = stands_on(name)
    content["variables"] = {
        known: declared for known, declared in content["variables"].items() if known in kept
    }
    content["variables"][name]["derive"] = [{code: condition} for code, condition in steps]
    for key in ("patient", "centre", "survival", "risk_group", "workload", "panels", "rules"):
        content.pop(key, None)
    return DataDictionary.from_dict(content)


def _classified(patients: pd.DataFrame, name: str, **options: bool) -> pd.Series:
    table = _table_alone(name, rows(name, **options))
    given = [known for known, variable in table.variables.items() if not variable.derive]
    absent = [n for n in given if n not in patients.columns and table.variables[n].core]
    if absent:
        raise DataMismatch(
            f"{name} needs columns that the table does not have: {', '.join(absent)}.",
            "The dictionary's names; a column without values where something was not recorded.",
            "Add the columns; data_dictionaries/aml.yaml says what each holds.",
        )
    return table.derive(patients.reindex(columns=given))[name]
