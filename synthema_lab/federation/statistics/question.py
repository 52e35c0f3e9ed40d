"""Which patients does a question concern, and which of them can answer it?

A question is public: names of variables and, if asked, a condition in the
dictionary's rule language. What it selects at a site stays at that site.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ...dictionary import DataDictionary, did_you_mean
from ...dictionary.evaluate import Rows, evaluate, three_valued
from ...dictionary.expressions import ALLOWED, Expression, ExpressionError, parse
from ...dictionary.values import KindError, as_truth
from ...errors import ArgumentRefused, DataMismatch
from .disclosure import shown_count
from .display import text


@dataclass(frozen=True)
class Question:
    """The variables and the condition of a statistic.

    Parameters
    ----------
    dictionary : DataDictionary
    variables : tuple of str
        Patients with a missing value in any of them are not used.
    where : str or None
        A condition in the dictionary's rule language, such as
        ``"age_years >= 60 and sex == 'F'"``. Patients for whom it is false are
        outside the question; those for whom it is undecided are not used.

    Attributes
    ----------
    condition : Expression or None
        `where`, as it was read.

    Raises
    ------
    ArgumentRefused
        If a variable is unknown or twice there, or the condition outside the language.

    Examples
    --------
    >>> dictionary = DataDictionary.load("leuksurv")
    >>> question = Question(dictionary, ("wbc_gl",), "age_years >= 60")
    >>> sites = pd.DataFrame({"age_years": [70, 50, None, 80], "wbc_gl": [4.0, 5.0, 6.0, None]})
    >>> patients, unused = question.select(dictionary.conform(sites))
    >>> len(patients), unused
    (1, 2)
    """

    dictionary: DataDictionary = field(repr=False)
    variables: tuple[str, ...]
    where: str | None = None
    condition: Expression | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        known = self.dictionary.variables
        for name in self.variables:
            if name not in known:
                raise ArgumentRefused(
                    f"{name} is not a variable of the dictionary.",
                    f"A variable of the dictionary '{self.dictionary.name}'.",
                    did_you_mean(name, known),
                )
        if len(set(self.variables)) < len(self.variables):
            raise ArgumentRefused(
                "A variable is named twice in a question.",
                "Each variable once.",
                "Leave out the repetition.",
            )
        if self.where is not None:
            object.__setattr__(self, "condition", _condition(self.where, self.dictionary))

    @property
    def inputs(self) -> tuple[str, ...]:
        """Every variable that is read, those of the condition included."""
        asked = self.condition.inputs if self.condition else frozenset()
        return (*self.variables, *sorted(asked - set(self.variables)))

    def select(self, patients: pd.DataFrame) -> tuple[pd.DataFrame, int]:
        """The patients of one site that answer the question.

        Parameters
        ----------
        patients : DataFrame
            Conformed to the dictionary.

        Returns
        -------
        complete : DataFrame
            The question's variables of the patients used, in the order asked:
            float64, int64 (integers and booleans), or categorical over the
            dictionary's codes.
        unused : int
            How many are within the question but miss a value of it.
        """
        held = np.ones(len(patients), dtype=np.int8)
        if self.condition is not None:
            value = evaluate(
                self.condition,
                Rows(patients, self.dictionary.variables, self.dictionary.derivations),
            )
            held = three_valued(value, len(patients))
        asked = patients[list(self.variables)]
        present = asked.notna().all(axis=1).to_numpy(dtype=bool)
        complete = asked[present & (held == 1)].reset_index(drop=True)
        whole = [name for name in complete if self._type(name) in ("integer", "boolean")]
        complete = complete.astype(dict.fromkeys(whole, np.int64))
        return complete, int(np.count_nonzero(held != 0)) - len(complete)

    def _type(self, name: str) -> str:
        return self.dictionary.variables[name].type


@dataclass(frozen=True, repr=False)
class RowsUsed:
    """How many patients a statistic rests on, before the disclosure rule.

    Attributes
    ----------
    used, unused : int
        With all variables of the question, and with one missing. Printed only
        where they may be shown.
    smallest_cell : int
    """

    used: int
    unused: int
    smallest_cell: int = 1

    def __repr__(self) -> str:
        used, unused = (
            text(shown_count(number, self.smallest_cell)) for number in (self.used, self.unused)
        )
        return f"RowsUsed(used={used}, unused={unused})"


def _condition(written: str, dictionary: DataDictionary) -> Expression:
    """The condition, read and found to be one."""
    try:
        parsed = parse(written, dictionary.variables)
        nobody = Rows(pd.DataFrame(), dictionary.variables, dictionary.derivations)
        as_truth(evaluate(parsed, nobody))
        return parsed
    except (ExpressionError, KindError) as refused:
        problem = str(refused).rstrip(".")
    raise ArgumentRefused(
        f"The condition cannot be used: {problem}.",
        f"A condition made of {ALLOWED}.",
        "Write it as in: where=\"age_years >= 60 and sex == 'F'\".",
    )


def fitted(site: str, table: pd.DataFrame, dictionary: DataDictionary) -> pd.DataFrame:
    """A site's table with the dictionary's types, and derived variables where they can be.

    Raises
    ------
    DataMismatch, ArgumentRefused
        If the rows do not fit; names the site, the variable and row numbers.
    """
    try:
        patients = dictionary.conform(table)
        derived = dictionary.derive(patients)
        new = [name for name in derived if name not in patients]
        return patients.join(derived[new]) if new else patients
    except (DataMismatch, ArgumentRefused) as error:
        refused = type(error), error.happened, error.expected, error.next_step
    kind, happened, expected, next_step = refused
    raise kind(f"At {site}: {happened}", expected, next_step)


def require(site: str, patients: pd.DataFrame, variables: Sequence[str]) -> None:
    """Refuse a site that lacks a variable of the question."""
    for name in variables:
        if name not in patients.columns:
            raise DataMismatch(
                f"{site} has no variable {name}.",
                "Every variable of the question at every site.",
                f"Ask without {name}, or without {site}.",
            )
