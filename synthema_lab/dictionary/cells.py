"""What does a raw table hold, each column read once?

A check asks for the same column many times: for its limits, for every rule, for
every derived variable. Here it is read at the first question and kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np
import pandas as pd

from synthema_lab.dictionary.columns import Numbers, Texts, read_numbers, read_texts
from synthema_lab.dictionary.evaluate import Rows
from synthema_lab.dictionary.expressions import Expression
from synthema_lab.dictionary.lookup import Lookup
from synthema_lab.dictionary.values import Number, Text, Value
from synthema_lab.dictionary.variable import UNMODELLED, Variable


class Cells:
    """The columns of a table, read as their variables are declared.

    Parameters
    ----------
    table : DataFrame
        Raw or conformed; column names are unique.
    variables : mapping of name to Variable

    Examples
    --------
    >>> age = Variable("age_years", "Age", "integer")
    >>> cells = Cells(pd.DataFrame({"age_years": ["61", None]}), Lookup({"age_years": age}))
    >>> cells.numbers("age_years").values.tolist()
    [61.0, nan]
    """

    def __init__(self, table: pd.DataFrame, variables: Lookup[Variable]) -> None:
        self.table = table
        self.variables = variables
        self._present = frozenset(table.columns)
        self._numbers: dict[str, Numbers] = {}
        self._texts: dict[str, Texts] = {}

    def __len__(self) -> int:
        return len(self.table)

    def __contains__(self, name: object) -> bool:
        return name in self._present

    @property
    def declared(self) -> list[Variable]:
        """The variables that have a column, in the dictionary's order."""
        return [variable for name, variable in self.variables.items() if name in self]

    def textual(self, name: str) -> bool:
        """Whether the variable is declared as text: a category, an identifier, free text."""
        return self.variables[name].type in ("category", *UNMODELLED)

    def numbers(self, name: str) -> Numbers:
        """The column read as numbers."""
        if name not in self._numbers:
            self._numbers[name] = read_numbers(self.table[name])
        return self._numbers[name]

    def texts(self, name: str) -> Texts:
        """The column read as texts, against the codes of a category."""
        if name not in self._texts:
            variable = self.variables[name]
            known = variable.categories if variable.type == "category" else None
            self._texts[name] = read_texts(self.table[name], known)
        return self._texts[name]

    def values(self, name: str) -> Value:
        """The column as an expression uses it."""
        variable = self.variables[name]
        if self.textual(name):
            texts = self.texts(name)
            known = tuple(variable.categories) if variable.type == "category" else None
            return Text(texts.codes, texts.labels, known, name=name)
        return Number(self.numbers(name).values, variable.type == "boolean")

    def missing(self, name: str) -> np.ndarray:
        """Where the column is empty, ndarray of bool, shape (rows,)."""
        return (self.texts(name) if self.textual(name) else self.numbers(name)).missing

    def unreadable(self, names: Iterable[str]) -> np.ndarray:
        """Where one of these columns holds what its variable cannot be read from.

        Nobody can say whether a rule over such a cell holds, not even one about
        whether the value is there.
        """
        anywhere = np.zeros(len(self), dtype=bool)
        for name in names:
            if name in self:
                textual = self.textual(name)
                anywhere |= self.texts(name).unknown if textual else self.numbers(name).unreadable
        return anywhere


class CellRows(Rows):
    """Cells, as the rows that rules and derived variables are evaluated on.

    Parameters
    ----------
    cells : Cells
    derivations : mapping of name to Expression
    hidden : collection of str
        Columns treated as if the table did not have them.
    """

    def __init__(
        self, cells: Cells, derivations: Lookup[Expression], hidden: Collection[str] = ()
    ) -> None:
        # Only the row labels: columns come from the cells.
        super().__init__(pd.DataFrame(index=cells.table.index), cells.variables, derivations)
        self.cells = cells
        self.hidden = frozenset(hidden)

    def _read_now(self, name: str) -> Value:
        if name in self.cells and name not in self.hidden:
            return self.cells.values(name)
        return super()._read_now(name)
