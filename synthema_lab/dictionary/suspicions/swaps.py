"""Do two columns stand in each other's place?

Looked for only among columns most of whose values are none of what their
variable usually holds, so that a good table costs nothing.
"""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np

from synthema_lab.dictionary.cells import Cells
from synthema_lab.dictionary.columns import read_numbers, read_texts
from synthema_lab.dictionary.findings import Finding, where_true
from synthema_lab.dictionary.variable import UNMODELLED, Variable

MISFIT, FIT, FEWEST, MOST_COLUMNS = 0.5, 0.8, 5, 40


def swapped_columns(cells: Cells) -> tuple[frozenset[str], list[Finding]]:
    """Pairs of columns that each hold what the other should.

    Returns
    -------
    swapped : frozenset of str
        The columns concerned.
    findings : list of Finding
        Errors; the rows are those that are wrong in the first column of the pair.
    """
    misfits = [variable for variable in cells.declared if _misfit(cells, variable)]
    misfits = misfits[:MOST_COLUMNS]
    fits = {
        (one.name, other.name)
        for one, other in permutations(misfits, 2)
        if _fit(cells, one.name, other) >= FIT
    }
    mixed: set[str] = set()
    findings: list[Finding] = []
    for one, other in combinations((variable.name for variable in misfits), 2):
        both = (one, other) in fits and (other, one) in fits
        if both and not {one, other} & mixed:
            mixed |= {one, other}
            message = (
                f"{one} and {other} look interchanged: most values of each are what the other "
                "may hold."
            )
            findings += where_true("swapped_columns", one, _wrong(cells, one), message)
    for variable in misfits:
        name = variable.name
        if variable.type != "category" or name in mixed:
            continue
        like = next((other for other in _categories(cells) if _like(cells, variable, other)), None)
        if like is not None:
            message = f"{name} holds the codes of {like.name}."
            findings += where_true("codes_of_another", name, _wrong(cells, name), message)
            mixed.add(name)
    return frozenset(mixed), findings


def _categories(cells: Cells) -> list[Variable]:
    return [v for v in cells.variables.values() if v.type == "category"]


def _like(cells: Cells, variable: Variable, other: Variable) -> bool:
    """Whether a category holds texts of another one that are not numbers as well."""
    if other.name == variable.name or all(code.isdigit() for code in other.categories):
        return False
    return _fit(cells, variable.name, other) >= FIT


def _wrong(cells: Cells, name: str) -> np.ndarray:
    return ~cells.missing(name) & ~_usual(cells, name, cells.variables[name])


def _misfit(cells: Cells, variable: Variable) -> bool:
    if variable.type in UNMODELLED:
        return False
    if variable.numeric and variable.range is None and variable.plausible is None:
        return False
    present = ~cells.missing(variable.name)
    count = int(present.sum())
    if count < FEWEST:
        return False
    return bool(_usual(cells, variable.name, variable)[present].mean() < MISFIT)


def _fit(cells: Cells, column: str, variable: Variable) -> float:
    """Which share of a column's values another variable might usually hold."""
    present = ~cells.missing(column)
    return float(_usual(cells, column, variable)[present].mean())


def _usual(cells: Cells, column: str, variable: Variable) -> np.ndarray:
    """Where the column holds what the variable usually does."""
    own = column == variable.name
    if variable.type == "category":
        texts = cells.texts(column) if own else read_texts(cells.table[column], variable.categories)
        return texts.codes >= 0
    numeric = not cells.textual(column)
    numbers = cells.numbers(column) if numeric else read_numbers(cells.table[column])
    if variable.type == "boolean":
        return np.isin(numbers.values, (0.0, 1.0))
    low, high = variable.plausible or variable.range or (-np.inf, np.inf)
    return (numbers.values >= low) & (numbers.values <= high)
