"""What went wrong, what was expected, and what to type next?

Every error a user can meet has those three parts and the exit code that the
command line returns for it. Messages name variables, rules, row numbers and
counts; they never hold a patient's value.
"""

from __future__ import annotations


class LabError(Exception):
    """An error with three parts.

    Parameters
    ----------
    happened : str
        What happened, in one sentence, without a patient's value.
    expected : str
        What was expected instead.
    next_step : str
        What to type or do next; the more literal the better.

    Examples
    --------
    >>> print(LabError("Epsilon is 0.", "A number above 0.", "Use --epsilon 3."))
    Epsilon is 0.
      Expected: A number above 0.
      Next:     Use --epsilon 3.
    """

    exit_code = 2

    def __init__(self, happened: str, expected: str, next_step: str) -> None:
        self.happened = happened
        self.expected = expected
        self.next_step = next_step
        super().__init__(happened, expected, next_step)

    def __str__(self) -> str:
        return f"{self.happened}\n  Expected: {self.expected}\n  Next:     {self.next_step}"

    def as_dict(self) -> dict[str, object]:
        """The error as plain values, for ``--json``."""
        return {
            "error": type(self).__name__,
            "happened": self.happened,
            "expected": self.expected,
            "next": self.next_step,
            "exit_code": self.exit_code,
        }


class ArgumentRefused(LabError):
    """An argument or a notebook parameter cannot be used."""


class DataMismatch(LabError):
    """A table does not match its dictionary, or a file is not a table."""

    exit_code = 3


class BudgetExhausted(LabError):
    """The privacy budget does not cover what was asked for."""

    exit_code = 4


class GateFailed(LabError):
    """A disclosure or privacy gate refused an output."""

    exit_code = 5


class NotReproduced(LabError):
    """A rerun did not give the recorded numbers."""

    exit_code = 6


class ExtraMissing(LabError):
    """A package that belongs to an optional extra is not installed."""

    exit_code = 7


class ApprovalMissing(LabError):
    """A study was not approved here, or is not the one that was approved."""

    exit_code = 8
