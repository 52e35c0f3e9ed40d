"""Which rules tie variables together, and where do they hold?"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from synthema_lab.dictionary.evaluate import Rows, evaluate, three_valued
from synthema_lab.dictionary.expressions import Expression
from synthema_lab.dictionary.lookup import Lookup
from synthema_lab.dictionary.variable import Variable


@dataclass(frozen=True)
class Rule:
    """A statement that is true of every patient.

    Attributes
    ----------
    name : str
        Short name, as it appears in findings.
    text : str
        The rule in words.
    expression : str
        The rule in the dictionary's expression language.
    source : str
        Where the rule comes from.
    inputs : frozenset of str
        Variables it uses.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthema_lab.dictionary import DataDictionary
    >>> dictionary = DataDictionary.from_dict({
    ...     "name": "example", "title": "Example", "version": "1",
    ...     "source": "none", "licence": "CC0-1.0",
    ...     "variables": {
    ...         "anc_gl": {"label": "Neutrophils", "type": "number", "missing": True},
    ...         "wbc_gl": {"label": "Leukocytes", "type": "number"}},
    ...     "rules": {"neutrophils_within_leukocytes": {
    ...         "text": "Neutrophils are leukocytes.", "expression": "anc_gl <= wbc_gl"}}})
    >>> dictionary.rules[0].holds(pd.DataFrame({"anc_gl": [2, 9, None], "wbc_gl": [5, 5, 5]}))
    array([ 1,  0, -1], dtype=int8)
    """

    name: str
    text: str
    expression: str
    source: str = ""
    inputs: frozenset[str] = frozenset()
    parsed: Expression | None = field(default=None, repr=False, compare=False)
    variables: Mapping[str, Variable] = field(default_factory=Lookup, repr=False, compare=False)
    derivations: Mapping[str, Expression] = field(default_factory=Lookup, repr=False, compare=False)

    def holds(self, table: pd.DataFrame) -> np.ndarray:
        """Where the rule holds.

        Parameters
        ----------
        table : DataFrame
            Raw or conformed. A derived variable without a column is derived here.

        Returns
        -------
        ndarray of int8, shape (rows,)
            1 where it holds, 0 where it is broken, -1 where it cannot be
            decided because an input is missing or its column absent.
        """
        return self.holds_on(Rows(table, self.variables, self.derivations))

    def holds_on(self, rows: Rows) -> np.ndarray:
        """As `holds`, on a table whose columns have been read already."""
        return three_valued(evaluate(self.parsed, rows), len(rows))

    def __str__(self) -> str:
        return f"{self.name}: {self.text} [{self.expression}]"

    def _repr_html_(self) -> str:
        return (
            f"<p><b>{html.escape(self.name)}</b>: {html.escape(self.text)}<br>"
            f"<code>{html.escape(self.expression)}</code></p>"
        )
