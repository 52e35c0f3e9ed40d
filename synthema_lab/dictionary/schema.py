"""How is a dictionary written as a pandera schema, for those who validate with one?

A schema gives a first answer in a pipeline that already speaks pandera. What it
cannot say (units mixed up, swapped columns, direct identifiers) stays with
``dictionary.check``.

Unlike a check, pandera keeps the failing values: ``SchemaErrors.failure_cases`` and
the text of its errors hold them. Where the table is of patients, neither may be
printed, logged or sent; show counts of ``failure_cases["check"]`` instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pandas as pd

from synthema_lab.dictionary.rules import Rule
from synthema_lab.dictionary.variable import UNMODELLED, Variable, plain
from synthema_lab.errors import ExtraMissing

if TYPE_CHECKING:
    import pandera.pandas as pandera

    from synthema_lab.dictionary.dictionary import DataDictionary


def pandera_schema(dictionary: DataDictionary) -> pandera.DataFrameSchema:
    """The dictionary's columns, hard limits, codes and rules as a pandera schema.

    Parameters
    ----------
    dictionary : DataDictionary

    Returns
    -------
    pandera.pandas.DataFrameSchema
        For a table with the dictionary's types: ``dictionary.conform(table)`` gives
        them. Core variables are required, no other column is allowed, and
        pseudonyms are unique. Each limit and each rule is a check with its name; a
        rule that cannot be decided in a row, or for want of a column, is not broken.

    Raises
    ------
    ExtraMissing
        If pandera is not installed.

    Examples
    --------
    >>> from synthema_lab.dictionary import DataDictionary
    >>> schema = pandera_schema(DataDictionary.load("leuksurv"))
    >>> schema.columns["age_years"].nullable, [check.name for check in schema.checks][0]
    (False, 'follow_up_within_register')
    """
    pandera = _pandera()
    return pandera.DataFrameSchema(
        columns={
            name: pandera.Column(
                dtype=_dtype(variable),
                checks=_limits(variable, pandera),
                nullable=variable.missing,
                required=variable.core and not variable.derive,
                unique=name == dictionary.patient,
                title=variable.label,
                description=variable.caveat or None,
                metadata={"unit": variable.unit} if variable.unit else None,
            )
            for name, variable in dictionary.variables.items()
        },
        checks=[
            pandera.Check(_holds(rule), name=rule.name, error=rule.name, description=rule.text)
            for rule in dictionary.rules
        ],
        strict=True,
        name=dictionary.name,
        title=dictionary.title,
    )


def _pandera() -> Any:
    try:
        import pandera.pandas as pandera
    except ImportError:
        pandera = None
    if pandera is None:
        raise ExtraMissing(
            "The package pandera is not installed.",
            "The extra 'schemas'.",
            "Type: pip install 'synthema-lab[schemas]'",
        )
    return pandera


def _dtype(variable: Variable) -> object:
    """The type that ``conform`` gives."""
    if variable.type == "category":
        return pd.CategoricalDtype(list(variable.categories))
    if variable.type in UNMODELLED:
        return pd.StringDtype()
    return "float64" if variable.type == "number" else "Int64"


def _limits(variable: Variable, pandera: Any) -> list[Any]:
    if variable.type == "boolean":
        return [pandera.Check.isin([0, 1], name="zero_or_one", error="zero_or_one")]
    if variable.range is None:
        return []
    low, high = variable.range
    name = f"within {plain(low)} to {plain(high)}"
    return [pandera.Check.in_range(low, high, name=name, error=name)]


def _holds(rule: Rule) -> Callable[[pd.DataFrame], pd.Series]:
    def holds(table: pd.DataFrame) -> pd.Series:
        return pd.Series(rule.holds(table) != 0, index=table.index)

    return holds
