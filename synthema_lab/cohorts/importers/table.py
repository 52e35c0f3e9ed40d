"""How does one exported file become patients of a dictionary?"""

from __future__ import annotations

import os

from synthema_lab.cohorts.importers.aliases import alias_mapping
from synthema_lab.cohorts.importers.export import read_export
from synthema_lab.cohorts.importers.filling import Filling
from synthema_lab.cohorts.importers.imported import Imported, Notes
from synthema_lab.cohorts.importers.mapping import TableMapping, apply_mapping
from synthema_lab.dictionary import DataDictionary

UNNAMED_CENTRE = "site"


def import_table(
    path: str | os.PathLike[str],
    dictionary: DataDictionary,
    mapping: TableMapping | None = None,
    centre: str | None = None,
) -> Imported:
    """Import a CSV or Parquet file, with a mapping or by known column names.

    Parameters
    ----------
    path : path
    dictionary : DataDictionary
    mapping : TableMapping, optional
        By default the columns have to be known: see `alias_mapping`.
    centre : str, optional
        The centre of all patients, where the file does not hold one. Without
        it, and without a mapping, they get the centre ``site`` and a warning.

    Returns
    -------
    Imported

    Raises
    ------
    ArgumentRefused, DataMismatch
        As `read_export` and `apply_mapping`.
    """
    by_name = mapping is None
    table = read_export(path, None if mapping is None else mapping.separator)
    notes = Notes()
    if mapping is None:
        mapping = alias_mapping(table.columns, dictionary)
    role = dictionary.centre
    if role is not None and role not in mapping.variables and (centre or by_name):
        if centre is None:
            message = (
                f"{role} is not in the source: all patients are of the centre "
                f"'{UNNAMED_CENTRE}'. Name it with --centre."
            )
            notes.warn("centre_unnamed", role, len(table), message)
        named = Filling(role, constant=centre or UNNAMED_CENTRE)
        mapping = mapping.filled({role: named})
    return apply_mapping(table, mapping, dictionary, notes)
