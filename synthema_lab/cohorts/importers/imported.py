"""What does an import give: which patients, and what was changed or left out on the way?"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from synthema_lab.dictionary import DataDictionary, Finding, Findings
from synthema_lab.dictionary.columns import read_numbers, read_texts, row_numbers
from synthema_lab.dictionary.conform import not_whole
from synthema_lab.dictionary.variable import Variable


@dataclass
class Notes:
    """Collects what an importer has to say, in order; never a patient's value.

    A warning says what was changed, left out or not understood. An error says
    what could not be read: the table is then not to be used.

    Attributes
    ----------
    found : list of Finding
    row_of : ndarray of int, shape (patients,), or None
        The row of the source, from 1, that each patient stands in, where rows
        of the source were left out.

    Examples
    --------
    >>> notes = Notes()
    >>> notes.warn("not_understood", "sex", np.array([False, True]), "sex holds an unknown code.")
    >>> print(notes.findings(rows=2))
    2 rows: no error, 1 warning.
      warning: sex holds an unknown code. (row 2)
    """

    found: list[Finding] = field(default_factory=list)
    row_of: np.ndarray | None = None

    def warn(self, rule: str, variable: str | None, where: np.ndarray | int, message: str) -> None:
        """Note a warning.

        Parameters
        ----------
        rule : str
            A short name for the kind of thing, such as ``not_understood``.
        variable : str or None
            The variable it concerns.
        where : ndarray of bool, or int
            The rows concerned (nothing is noted where there is none), or how
            many things without rows of their own, such as columns or resources.
        message : str
            In words, without a value.
        """
        self._add("warning", rule, variable, where, message)

    def error(self, rule: str, variable: str | None, where: np.ndarray | int, message: str) -> None:
        """Note an error; the parameters are those of `warn`."""
        self._add("error", rule, variable, where, message)

    def _add(
        self,
        severity: str,
        rule: str,
        variable: str | None,
        where: np.ndarray | int,
        message: str,
    ) -> None:
        whole = isinstance(where, int | np.integer)
        count = int(where) if whole else int(np.count_nonzero(where))
        rows = () if whole else row_numbers(np.asarray(where, dtype=bool))
        if count:
            finding = Finding(rule, severity, variable, rows, count, message)
            self.found.append(_in_source(finding, self.row_of))

    def findings(self, rows: int) -> Findings:
        """What was noted so far, for a table of so many rows."""
        return Findings(
            errors=tuple(note for note in self.found if note.severity == "error"),
            warnings=tuple(note for note in self.found if note.severity == "warning"),
            rows=rows,
        )


@dataclass(frozen=True, eq=False, repr=False)
class Imported:
    """Patients in the dictionary's columns, and what happened on the way.

    Attributes
    ----------
    patients : DataFrame, shape (patients, variables)
        Conformed to the dictionary, one row a patient. A cell that could not
        be read is missing here and an error in `notes`.
    dictionary : DataDictionary
    source : str
        Where the patients come from, in words.
    notes : Findings
        What was changed, left out, not understood: counts and row numbers.
    row_of : ndarray of int, shape (patients,), or None
        Each patient's row in the source, from 1; None where rows are the same.
    absent : tuple of str
        Variables that the source does not hold and that are empty columns here.

    Printing an import shows counts, never rows.
    """

    patients: pd.DataFrame
    dictionary: DataDictionary
    source: str
    notes: Findings
    row_of: np.ndarray | None = None
    absent: tuple[str, ...] = ()

    def check(self) -> Findings:
        """What the import noted and what the dictionary says of these patients.

        Row numbers are those of the source. That a column is empty which the
        source does not hold was noted once and is not said again.
        """
        found = self.dictionary.check(self.patients)
        told = {("all_missing", name) for name in self.absent}
        found = replace(
            found,
            warnings=tuple(w for w in found.warnings if (w.rule, w.variable) not in told),
        )
        errors = (_in_source(finding, self.row_of) for finding in found.errors)
        warnings = (_in_source(finding, self.row_of) for finding in found.warnings)
        return replace(
            found,
            errors=(*self.notes.errors, *errors),
            warnings=(*self.notes.warnings, *warnings),
        )

    def __repr__(self) -> str:
        rows, columns = self.patients.shape
        return (
            f"{self.source}: {rows} patients, {columns} variables of {self.dictionary.name}\n"
            + (str(self.notes))
        )

    def _repr_html_(self) -> str:
        rows, columns = self.patients.shape
        return (
            f"<p><b>{html.escape(self.source)}</b>: {rows} patients, {columns} variables of "
            f"{html.escape(self.dictionary.name)}</p>{self.notes._repr_html_()}"
        )


def settle(
    columns: Mapping[str, object] | pd.DataFrame,
    dictionary: DataDictionary,
    source: str,
    notes: Notes,
) -> Imported:
    """The last step of every importer: conform, derive what is absent, and close the notes.

    Parameters
    ----------
    columns : mapping of name to column, or DataFrame
        Values in the dictionary's units and codes, under the dictionary's names.
    dictionary : DataDictionary
    source : str
        Where they come from, in words.
    notes : Notes
        What the importer noted so far. A cell that cannot be read as its
        variable's type is added as an error and becomes missing.

    Returns
    -------
    Imported
        Derived variables that the source does not hold are computed; those that
        it holds are kept as recorded, so that a check can compare them. A core
        variable, or one that the risk group needs, that may be missing and that
        the source does not hold becomes an empty column, and a warning.

    Raises
    ------
    DataMismatch
        If a column is not in the dictionary.

    Examples
    --------
    >>> leuksurv = DataDictionary.load("leuksurv")
    >>> given = {"patient_id": ["a", "b"], "age_years": ["61", "6x1"], "sex": ["F", "M"]}
    >>> settle(given, leuksurv, "An example", Notes())
    An example: 2 patients, 4 variables of leuksurv
    2 rows: 1 error, no warning.
      error: age_years (Age at diagnosis) is not a whole number. (row 2)
    """
    table = columns if isinstance(columns, pd.DataFrame) else pd.DataFrame(dict(columns))
    table = table.reset_index(drop=True)
    readable: dict[str, pd.Series] = {}
    for name in table.columns:
        column = table[name]
        variable = dictionary.variables.get(name)
        if variable is not None:
            bad, what = unreadable(column, variable)
            notes.error("not_readable", name, bad, f"{name} ({variable.label}) is {what}.")
            if bad.any():
                column = column.astype(object).where(~bad, None)
        readable[name] = column
    empty = _empty(dictionary, readable, len(table), notes)
    readable |= empty
    patients = dictionary.conform(pd.DataFrame(readable, index=table.index))
    derived = dictionary.derive(patients)
    for name in dictionary.derived:
        if name in derived and name not in patients:
            patients[name] = derived[name]
    patients = patients[[name for name in dictionary.variables if name in patients]]
    found = notes.findings(len(patients))
    return Imported(patients, dictionary, source, found, notes.row_of, tuple(empty))


def _empty(
    dictionary: DataDictionary, given: Mapping[str, object], rows: int, notes: Notes
) -> dict[str, pd.Series]:
    """Empty columns for variables that may be missing and that the source lacks.

    Those are the core variables, and what the risk group is derived from.
    """
    needed = {name for name, variable in dictionary.variables.items() if variable.core}
    asked = [dictionary.risk_group]
    while asked:
        expression = dictionary.derivations.get(asked.pop())
        asked += () if expression is None else expression.inputs
        needed |= set() if expression is None else expression.inputs
    absent = [
        name
        for name, variable in dictionary.variables.items()
        if name in needed and variable.missing and not variable.derive and name not in given
    ]
    message = f"The source does not hold {', '.join(absent)}: empty columns."
    notes.warn("not_in_source", None, len(absent), message)
    return {name: pd.Series([None] * rows, dtype=object) for name in absent}


def _in_source(finding: Finding, row_of: np.ndarray | None) -> Finding:
    if row_of is None:
        return finding
    return replace(finding, rows=tuple(int(row_of[row - 1]) for row in finding.rows))


def unreadable(
    column: pd.Series, variable: Variable, any_number: bool = False
) -> tuple[np.ndarray, str]:
    """Cells that are not of the variable's type, and what they are not, in words.

    With `any_number`, a whole number may still have decimals (before a change of unit).
    """
    if variable.type == "category":
        return read_texts(column, variable.categories).unknown, f"none of {variable.allowed}"
    if variable.type not in ("number", "integer", "boolean"):
        return np.zeros(len(column), dtype=bool), ""
    numbers = read_numbers(column)
    bad = numbers.unreadable
    present = ~np.isnan(numbers.values)
    if variable.type == "number" or any_number:
        return bad, "not a number" + _spelling(column, bad)
    if variable.type == "boolean":
        return bad | (present & ~np.isin(numbers.values, (0, 1))), "neither 0 nor 1"
    bad = bad | (present & not_whole(numbers.values))
    return bad, "not a whole number" + _spelling(column, bad)


def _spelling(column: pd.Series, bad: np.ndarray) -> str:
    """How what cannot be read seems to be spelt, without saying what it is."""
    if not bad.any():
        return ""
    texts = column[bad].astype(str).str.strip()
    said = []
    if texts.str.fullmatch(r"[+-]?\d*,\d+").any():
        said.append("a decimal comma? A mapping says decimal: comma")
    if texts.str.match(r"[<>]=?\s*\d").any():
        said.append("a detection limit? A mapping says detection_limits: keep")
    return f" ({'; '.join(said)})" if said else ""
