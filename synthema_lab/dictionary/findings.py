"""What did a check of a table find?"""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from synthema_lab.dictionary.columns import row_numbers

COLUMNS = ("severity", "rule", "variable", "count", "rows", "message")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong (error) or worth a look (warning).

    Attributes
    ----------
    rule : str
        The check or the dictionary's rule it comes from.
    severity : {"error", "warning"}
        An error means that the table does not match its dictionary.
    variable : str or None
        The variable it concerns.
    rows : tuple of int
        The first data rows concerned, counted from 1; at most 20.
    count : int
        How many rows are concerned in all.
    message : str
        In words; never a patient's value.
    """

    rule: str
    severity: str
    variable: str | None
    rows: tuple[int, ...]
    count: int
    message: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.message}" + self._where()

    def _where(self) -> str:
        if not self.rows:
            return ""
        shown = ", ".join(map(str, self.rows[:5])) + (", ..." if self.count > 5 else "")
        return f" (row{'s' if self.count > 1 else ''} {shown})"


def where_true(
    rule: str, variable: str | None, mask: np.ndarray, message: str, severity: str = "error"
) -> Iterator[Finding]:
    """A finding about the rows where `mask` is true; none where it nowhere is.

    Examples
    --------
    >>> [str(finding) for finding in where_true("r", "x", np.array([0, 1], bool), "x is odd.")]
    ['error: x is odd. (row 2)']
    """
    count = int(mask.sum())
    if count:
        yield Finding(rule, severity, variable, row_numbers(mask), count, message)


@dataclass(frozen=True)
class Findings:
    """All that a check found.

    Attributes
    ----------
    errors, warnings : tuple of Finding
        In the order of the dictionary.
    undecided : tuple of str
        Rules that could not be decided because a column is absent. They are
        neither kept nor broken.
    rows : int
        Data rows looked at.

    Examples
    --------
    >>> print(Findings(rows=3))
    3 rows: no error, no warning.
    """

    errors: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    undecided: tuple[str, ...] = ()
    rows: int = 0

    @property
    def ok(self) -> bool:
        """Whether there is no error; warnings do not count."""
        return not self.errors

    @property
    def summary(self) -> str:
        """One line that counts errors and warnings."""
        return (
            f"{_counted(self.rows, 'row')}: {_counted(len(self.errors), 'error')}, "
            f"{_counted(len(self.warnings), 'warning')}."
        )

    def table(self) -> pd.DataFrame:
        """One line a finding, errors first.

        Returns
        -------
        DataFrame
            Columns severity, rule, variable, count, rows, message.
        """
        return pd.DataFrame(
            [
                [getattr(finding, column) for column in COLUMNS]
                for finding in (*self.errors, *self.warnings)
            ],
            columns=list(COLUMNS),
        )

    def __str__(self) -> str:
        lines = [self.summary]
        lines += [f"  {finding}" for finding in (*self.errors, *self.warnings)]
        if self.undecided:
            lines.append(f"  Not decided, a column is absent: {', '.join(self.undecided)}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = "".join(f"<th style='text-align:left'>{column}</th>" for column in COLUMNS)
        body = "".join(
            "<tr>"
            + "".join(
                f"<td style='text-align:left'>{html.escape(_cell(getattr(finding, column)))}</td>"
                for column in COLUMNS
            )
            + "</tr>"
            for finding in (*self.errors, *self.warnings)
        )
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        undecided = (
            f"<p>Not decided, a column is absent: {html.escape(', '.join(self.undecided))}</p>"
            if self.undecided
            else ""
        )
        return f"<p>{html.escape(self.summary)}</p>{table if body else ''}{undecided}"


def _counted(count: int, noun: str) -> str:
    return f"{count or 'no'} {noun}{'' if count in (0, 1) else 's'}"


def _cell(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value[:10])) + (", ..." if len(value) > 10 else "")
    return "" if value is None else str(value)
