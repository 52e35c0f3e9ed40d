"""How do the ordered tables of acute myeloid leukaemia read?

They stand in the data dictionary ``aml`` and nowhere else: a row is a code and its condition,
and the first row that holds decides. Guidelines leave a few readings open; they are options
here, which move or shorten rows of the dictionary's table.
"""

from __future__ import annotations

import re
from functools import lru_cache

import pandas as pd

from synthema_lab.dictionary import DataDictionary, did_you_mean
from synthema_lab.errors import ArgumentRefused

TABLES = ("eln2022", "eln2017", "eln2024_lowint", "who2022", "icc2022")
"""The ordered tables: three of risk, two of disease classes."""

OPTIONS = {
    "myelodysplasia_genes_override_npm1_itd": False,
    "tp53_downgrades_favorable": True,
    "unknown_cytogenetics_absent": True,
}
"""The readings that ELN 2022 leaves open, and the one taken; see `aml_classes.eln2022`."""

_NPM1_AND_ITD = "mut_NPM1 and mut_FLT3_ITD"
_MYELODYSPLASIA = "myelodysplasia_gene"
_BUT_NOT_TP53 = " and not tp53_adverse"

Rows = tuple[tuple[str, str], ...]


def ordered_table(name: str, **options: bool) -> pd.DataFrame:
    """An ordered table as a person reads it: the first row that holds decides.

    Parameters
    ----------
    name : {"eln2022", "eln2017", "eln2024_lowint", "who2022", "icc2022"}
    **options : bool
        For ``eln2022``, the options of `aml_classes.eln2022`.

    Returns
    -------
    DataFrame
        Columns number (from 1), condition (in words), expression (in the dictionary's
        language), and risk or class.

    Raises
    ------
    ArgumentRefused
        If there is no such table or option.

    Examples
    --------
    >>> table = ordered_table("eln2022")
    >>> table.loc[:1, ["number", "condition", "risk"]].values.tolist()
    [[1, 't(15;17) with PML::RARA', 'APL'], [2, 't(8;21) with RUNX1::RUNX1T1 or \
inv(16)/t(16;16) with CBFB::MYH11', 'favorable']]
    """
    steps = rows(name, **options)
    return pd.DataFrame(
        {
            "number": range(1, len(steps) + 1),
            "condition": [_in_words(condition) for _, condition in steps],
            "expression": [condition for _, condition in steps],
            "class" if name in ("who2022", "icc2022") else "risk": [code for code, _ in steps],
        }
    )


def terms(name: str) -> pd.DataFrame:
    """The derived terms that an ordered table uses, such as adverse cytogenetics.

    Parameters
    ----------
    name : str
        As for `ordered_table`.

    Returns
    -------
    DataFrame
        Columns term, meaning (in words), expression.

    Examples
    --------
    >>> terms("eln2022")["term"].tolist()
    ['Adverse cytogenetics', 'TP53 mutated (allele fraction 10 % or more)', \
'Myelodysplasia-related gene mutated']
    >>> terms("icc2022").loc[2, "meaning"]
    'blasts in bone marrow < 10 and blasts in peripheral blood < 10'
    """
    rows(name)
    used = stands_on(name) - {name}
    derived = [v for v in dictionary().variables.values() if v.name in used and v.derive]
    return pd.DataFrame(
        {
            "term": [variable.label for variable in derived],
            "meaning": [_in_words(variable.derive) for variable in derived],
            "expression": [variable.derive for variable in derived],
        }
    )


def rows(name: str, **options: bool) -> Rows:
    """Code and condition of each row of an ordered table, read as the options ask.

    Raises
    ------
    ArgumentRefused
        If there is no such table or option.

    Examples
    --------
    >>> rows("eln2024_lowint")[1]
    ('adverse', 'mut_TP53')
    """
    if name not in TABLES:
        raise ArgumentRefused(
            f"There is no ordered table {str(name)[:60]!r}.",
            f"One of: {', '.join(TABLES)}.",
            did_you_mean(str(name), TABLES) or "Choose one of these names.",
        )
    known = tuple(OPTIONS) if name == "eln2022" else ()
    for option, value in options.items():
        if option not in known or not isinstance(value, bool):
            raise ArgumentRefused(
                f"{name} cannot be read with {option[:60]}.",
                f"True or False for one of: {', '.join(known)}." if known else "No options.",
                did_you_mean(option, known) or "Leave it out.",
            )
    steps = dictionary().variables[name].steps
    return _eln2022_rows(steps, OPTIONS | options) if name == "eln2022" else steps


def _eln2022_rows(steps: Rows, options: dict[str, bool]) -> Rows:
    read = list(steps)
    if options["myelodysplasia_genes_override_npm1_itd"]:
        conditions = [condition for _, condition in read]
        gene = read.pop(conditions.index(_MYELODYSPLASIA))
        read.insert(conditions.index(_NPM1_AND_ITD), gene)
    if not options["tp53_downgrades_favorable"]:
        read = [(code, condition.replace(_BUT_NOT_TP53, "")) for code, condition in read]
    if not options["unknown_cytogenetics_absent"]:
        read = [(code, condition.replace("certain(", "(")) for code, condition in read]
    return tuple(read)


@lru_cache(maxsize=1)
def dictionary() -> DataDictionary:
    """The data dictionary ``aml``, read once."""
    return DataDictionary.load("aml")


def stands_on(*names: str) -> set[str]:
    """The variables, and all that they are derived from.

    Examples
    --------
    >>> sorted(stands_on("tp53_adverse"))
    ['mut_TP53', 'tp53_adverse', 'tp53_vaf']
    """
    found: set[str] = set()
    pending: list[str] = list(names)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            derivation = dictionary().derivations.get(name)
            pending.extend(derivation.inputs if derivation else ())
    return found


def _in_words(condition: str) -> str:
    """A condition with labels for names; that it holds certainly goes without saying."""
    variables = dictionary().variables
    if condition == "otherwise":
        return "everything else"

    def label(name: re.Match[str]) -> str:
        if name.group() not in variables:
            return name.group()
        words = variables[name.group()].label
        return words[0].lower() + words[1:] if words[1:2].islower() else words

    plain = re.sub(r"certain\((\w+)\)", r"\1", condition).replace("certain(", "(")
    if plain.startswith("(") and plain.find(")") == len(plain) - 1:
        plain = plain[1:-1]
    return re.sub(r"\b[A-Za-z]\w*\b", label, plain)
