"""Which columns does a regression have, and on which scale?

The design is planned from the data dictionary alone, so that every site codes
alike and nothing about a patient decides a scale. A number is centred at the
middle of its hard limits and divided by half their width: it lies within -1
and 1 at every site. A category becomes one indicator a level but the reference
level.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...dictionary import DataDictionary, did_you_mean
from ...dictionary.variable import Variable, plain
from ...errors import ArgumentRefused
from ...validation.units import readable_unit

MOST_COLUMNS = 40


@dataclass(frozen=True)
class Column:
    """One column of a design.

    Parameters
    ----------
    name : str
        ``age_years``, ``mut_NPM1``, or ``sex[M]`` for a level of a category.
    variable : str
        The variable of the dictionary that it comes from.
    label : str
        As printed: unit or contrast included.
    level : int
        Code of the level of an indicator; -1 for a number.
    centre, half_width : float
        ``(value - centre) / half_width`` lies in -1 to 1; 0 and 1 for an indicator.
    per : float
        Coefficients are reported for this many units.
    """

    name: str
    variable: str
    label: str
    level: int = -1
    centre: float = 0.0
    half_width: float = 1.0
    per: float = 1.0

    @property
    def indicator(self) -> bool:
        """Whether it is 0 or 1."""
        return self.level >= 0


@dataclass(frozen=True, eq=False)
class Design:
    """The columns of a model, from public knowledge alone.

    Parameters
    ----------
    dictionary : DataDictionary
    columns : tuple of Column
    references : mapping of str to str
        Reference level of each category.
    """

    dictionary: DataDictionary
    columns: tuple[Column, ...]
    references: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def units(self) -> np.ndarray:
        """What a coefficient on the public scale is multiplied by to be reported."""
        return np.array([column.per / column.half_width for column in self.columns])

    @property
    def indicators(self) -> np.ndarray:
        """Which columns are indicators, shape (columns,)."""
        return np.array([column.indicator for column in self.columns], dtype=bool)

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables of the dictionary that are read, each once."""
        return tuple(dict.fromkeys(column.variable for column in self.columns))

    @property
    def lowest(self) -> np.ndarray:
        """The smallest coded value of each column; the largest is 1."""
        return np.where(self.indicators, 0.0, -1.0)


def plan_design(
    dictionary: DataDictionary,
    covariates: Sequence[str],
    references: Mapping[str, str] | None = None,
    per: Mapping[str, float] | None = None,
    taken: Sequence[str] = (),
) -> Design:
    """Plan a design from the dictionary.

    Parameters
    ----------
    dictionary : DataDictionary
    covariates : sequence of str
        Variables: numbers with hard limits, categories, booleans.
    references : mapping of str to str, optional
        Reference level of a category; its first one if not given, 0 of a boolean.
    per : mapping of str to float, optional
        How many units of a number a coefficient is reported for; 1 if not given.
    taken : sequence of str
        Variables that cannot be covariates: the outcome, time and event.

    Raises
    ------
    ArgumentRefused
        If a covariate, level or unit cannot be used.

    Examples
    --------
    >>> dictionary = DataDictionary.load("leuksurv")
    >>> design = plan_design(dictionary, ["age_years", "sex"], per={"age_years": 10})
    >>> for column in design.columns:
    ...     print(column.name, "|", column.label)
    age_years | Age at diagnosis, per 10 years
    sex[M] | Sex: male vs female
    """
    covariates = [covariates] if isinstance(covariates, str) else list(covariates)
    references, per = dict(references or {}), dict(per or {})
    if not covariates or len(set(covariates)) != len(covariates):
        raise ArgumentRefused(
            "The model has no covariate, or one twice.",
            "At least one variable of the dictionary, each once.",
            'As in covariates=["age_years", "sex"].',
        )
    for name in (*references, *per):
        if name not in covariates:
            raise ArgumentRefused(
                f"{name:.60} has a reference or a unit and is no covariate.",
                f"One of: {', '.join(covariates)}.",
                did_you_mean(name, covariates),
            )
    columns: list[Column] = []
    for name in covariates:
        variable = declared(dictionary, name, taken)
        if variable.numeric:
            columns.append(_number(variable, per.get(name, 1.0)))
        else:
            found, references[name] = _levels(variable, references.get(name), name in per)
            columns += found
    if len(columns) > MOST_COLUMNS:
        raise ArgumentRefused(
            f"The model has {len(columns)} columns.",
            f"At most {MOST_COLUMNS}, each level of a category but one being a column.",
            "Leave out categories with many levels, or use a coarser one.",
        )
    return Design(dictionary, tuple(columns), references)


def declared(dictionary: DataDictionary, name: str, taken: Sequence[str] = ()) -> Variable:
    """A variable that can stand in a model.

    Raises
    ------
    ArgumentRefused
        If the dictionary has no such variable, or it is text or an identifier or taken.
    """
    if name not in dictionary.variables:
        raise ArgumentRefused(
            f"{name!s:.60} is no variable of the dictionary {dictionary.name}.",
            "Variables of the dictionary.",
            did_you_mean(str(name), tuple(dictionary.variables)),
        )
    variable = dictionary.variables[name]
    if name in taken or variable.type in ("identifier", "text"):
        raise ArgumentRefused(
            f"{name} cannot be a covariate: it is "
            + ("the outcome." if name in taken else f"of type {variable.type}."),
            "A number, a category or a boolean that is not the outcome.",
            "Leave it out of covariates.",
        )
    return variable


def limits(variable: Variable) -> tuple[float, float]:
    """Middle and half the width of a number's hard limits; they are public.

    Raises
    ------
    ArgumentRefused
        If the dictionary declares none.
    """
    low, high = variable.range or (math.nan, math.nan)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ArgumentRefused(
            f"{variable.name} has no hard limits in the dictionary.",
            "Public limits, by which its values are scaled without looking at patients.",
            f"Add range: [lowest, highest] to {variable.name} in the dictionary.",
        )
    return (low + high) / 2, (high - low) / 2


def _number(variable: Variable, per: float) -> Column:
    if isinstance(per, bool) or not isinstance(per, int | float) or not 0 < per < math.inf:
        raise ArgumentRefused(
            f"{variable.name} cannot be reported for that many units.",
            "A number above 0.",
            f'As in per={{"{variable.name}": 10}}.',
        )
    centre, half_width = limits(variable)
    unit = f"per {plain(per)} {readable_unit(variable.unit)}".rstrip()
    label = f"{variable.label}, {unit}"
    return Column(variable.name, variable.name, label, -1, centre, half_width, float(per))


def _levels(variable: Variable, reference: str | None, has_unit: bool) -> tuple[list[Column], str]:
    boolean = variable.type == "boolean"
    labels = {"0": "no", "1": "yes"} if boolean else dict(variable.categories)
    levels = list(labels)
    reference = levels[0] if reference is None else str(reference)
    if reference not in labels or has_unit:
        raise ArgumentRefused(
            f"{variable.name} has no level {reference:.60}."
            if not has_unit
            else f"{variable.name} has levels and no unit.",
            f"One of: {variable.allowed}.",
            f'As in references={{"{variable.name}": "{levels[0]}"}}.',
        )
    columns = [
        Column(
            variable.name if boolean and level == "1" else f"{variable.name}[{level}]",
            variable.name,
            f"{variable.label}: {labels[level]} vs {labels[reference]}",
            code,
        )
        for code, level in enumerate(levels)
        if level != reference
    ]
    return columns, reference
