"""Whose pseudonyms change when the site's key does?

The same patients under the same study, named at the source. Old and new
pseudonyms meet in one file that only the site can read; the audit has counts and
the names of the keys.
"""

from __future__ import annotations

import pandas as pd

from synthema_lab.deidentify.binding import bind
from synthema_lab.deidentify.fates import source_identifier
from synthema_lab.deidentify.policy import Policy
from synthema_lab.deidentify.study import Study
from synthema_lab.dictionary import DataDictionary
from synthema_lab.dictionary.columns import read_texts
from synthema_lab.errors import DataMismatch


def source_identifiers(
    table: pd.DataFrame, dictionary: DataDictionary, policy: Policy, study: Study | None
) -> tuple[str, list[str]]:
    """The name of the study, and what names its patients at the source.

    Raises
    ------
    DataMismatch
        If no column names them.
    """
    binding = bind(dictionary, policy, study)
    column = source_identifier(table, binding)
    if column is None:
        raise DataMismatch(
            "No column names the patients.",
            f"One of {', '.join(policy.identifiers) or dictionary.patient}.",
            "Give the export from which the pseudonyms were made.",
        )
    texts = read_texts(table[column])
    return binding.study.name, list(texts.labels)
