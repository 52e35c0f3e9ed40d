"""Which columns are known by another name, so that a file needs no mapping?

The consortium's AML schema is one mapping file among the examples; the names of
the clinical table of the AMLSG release are those that its importer uses.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import replace

from synthema_lab.cohorts.importers.amlsg import CODES, FLAGS, NUMBERS
from synthema_lab.cohorts.importers.amlsg_genes import GENES
from synthema_lab.cohorts.importers.filling import Filling
from synthema_lab.cohorts.importers.mapping import TableMapping, load_mapping
from synthema_lab.dictionary import DataDictionary, Lookup
from synthema_lab.errors import DataMismatch

FEWEST = 3
"""How many columns must be recognised before a table counts as known."""


def amlsg_names() -> TableMapping:
    """The clinical table of the AMLSG release, saved as CSV with genes beside it.

    Examples
    --------
    >>> amlsg_names().variables["hb_gdl"].columns
    ('HB',)
    """
    fillings = {
        "patient_id": Filling("patient_id", ("PDID",)),
        "centre_id": Filling("centre_id", ("Center",)),
        "karyotype_iscn": Filling("karyotype_iscn", ("karyotype", "KARYOTYPE")),
    }
    fillings |= {name: Filling(name, (source,)) for name, source in (NUMBERS | FLAGS).items()}
    for name, (source, codes) in CODES.items():
        values = {text: None if code is None else str(code) for text, code in codes.items()}
        fillings[name] = Filling(name, (source,), values=values, unlisted="missing")
    fillings |= {f"mut_{gene}": Filling(f"mut_{gene}", (gene,)) for gene in GENES}
    fillings |= {
        name: Filling(name, (source,))
        for name, source in (
            ("mut_FLT3_ITD", "FLT3_ITD"), ("mut_FLT3_TKD", "FLT3_TKD"),
            ("mut_KMT2A_PTD", "MLL_PTD"),
        )
    }  # fmt: skip
    return TableMapping(
        "amlsg_names", Lookup(fillings), "The AMLSG release's clinical table", "aml"
    )


def known_schemas(dictionary: DataDictionary) -> tuple[TableMapping, ...]:
    """The schemas whose column names are known for a dictionary."""
    return _aml_schemas() if dictionary.name == "aml" else ()


@functools.lru_cache(maxsize=1)
def _aml_schemas() -> tuple[TableMapping, ...]:
    return load_mapping("aml_consortium"), amlsg_names()


def alias_mapping(columns: Iterable[str], dictionary: DataDictionary) -> TableMapping:
    """The mapping of a table whose columns are known by name.

    Parameters
    ----------
    columns : iterable of str
        The table's columns: the dictionary's own names, or those of one known
        schema, whatever their case and punctuation.
    dictionary : DataDictionary

    Returns
    -------
    TableMapping
        Of those columns only.

    Raises
    ------
    DataMismatch
        If fewer than ``FEWEST`` columns are known.

    Examples
    --------
    >>> aml = DataDictionary.load("aml")
    >>> mapping = alias_mapping(["ID", "AGE", "Sex", "BM BLASTS"], aml)
    >>> {name: filling.columns for name, filling in mapping.variables.items()}
    {'patient_id': ('ID',), 'age_years': ('AGE',), 'sex': ('Sex',), 'bm_blasts_pct': ('BM BLASTS',)}
    """
    columns = [column for column in columns if isinstance(column, str)]
    spelt: dict[str, str] = {}
    for column in columns:
        spelt.setdefault(plain_name(column), column)
    own = {name: Filling(name, (name,)) for name in dictionary.variables if name in columns}
    found: list[TableMapping] = []
    for schema in known_schemas(dictionary):
        fillings = {
            name: known
            for name, filling in schema.variables.items()
            if (known := _present(filling, spelt)) is not None
        }
        drop = tuple(spelt.get(plain_name(name), name) for name in schema.drop)
        found.append(replace(schema, variables=Lookup(fillings), drop=drop))
    best = max(found, key=lambda schema: len(schema.variables), default=None)
    if best is None or len(own) >= len(best.variables):
        source = f"A table in the columns of {dictionary.name}"
        best = TableMapping(dictionary.name, Lookup(own), source, dictionary.name)
    if len(best.variables) < FEWEST:
        raise DataMismatch(
            "The table's columns are not known by their names.",
            f"Columns named as the variables of {dictionary.name}, or a mapping file.",
            f"Propose one with: synthema data map FILE --dictionary {dictionary.name} --suggest "
            "--out mapping.yaml",
        )
    extra = {name: filling for name, filling in own.items() if name not in best.variables}
    return replace(best, variables=Lookup({**best.variables, **extra}))


def plain_name(column: str) -> str:
    """A name without case and punctuation; numbers stay apart.

    Examples
    --------
    >>> plain_name("BM BLASTS"), plain_name("inv3_t3_3")
    ('bm blasts', 'inv3 t3 3')
    """
    return " ".join(re.findall(r"[^\W_]+", column.casefold()))


def _present(filling: Filling, spelt: dict[str, str]) -> Filling | None:
    """The filling over the columns that are there, as they are spelt; None if none is."""
    columns = tuple(
        spelt[plain_name(name)] for name in filling.columns if plain_name(name) in spelt
    )
    boxes = {
        spelt[plain_name(name)]: code
        for name, code in filling.checkboxes.items()
        if plain_name(name) in spelt
    }
    if not columns and not boxes:
        return None
    return replace(filling, columns=columns, checkboxes=boxes)
