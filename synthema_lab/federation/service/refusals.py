"""What does the researcher learn of an error at a site, and what stays there?

The researcher learns the class of the error, its exit code and a reference
number. Sentences, printed output and tracebacks may hold what only the site
may see: they go into a log of the site's own, under that number.
"""

from __future__ import annotations

import os
import traceback
from datetime import UTC, datetime
from pathlib import Path

from ... import randomness
from ..rounds.letters import REFUSED, Letter, told_of

LARGEST_LOG = 5_000_000


class Refusals:
    """A site's log of what went wrong in a study.

    Parameters
    ----------
    path : pathlib.Path
        Private to the site.

    Examples
    --------
    >>> import tempfile
    >>> from synthema_lab.errors import DataMismatch
    >>> refusals = Refusals(Path(tempfile.mkdtemp()) / "errors.log")
    >>> letter = refusals.refused(DataMismatch("Patient 17 is 210 years old.", "No.", "Look."))
    >>> letter.says["error"], letter.says["exit_code"], "210" in str(letter.says)
    ('DataMismatch', 3, False)
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def refused(self, error: Exception) -> Letter:
        """The letter that tells of an error; the rest is noted here."""
        return Letter(REFUSED, told_of(error, getattr(error, "reference", "") or self.note(error)))

    def note(self, error: Exception) -> str:
        """Note an error in the log; its reference number."""
        reference = randomness.random_bytes(4).hex()
        told = "".join(traceback.format_exception(error))
        moment = datetime.now(UTC).isoformat(timespec="seconds")
        if self.path.exists() and self.path.stat().st_size > LARGEST_LOG:
            os.replace(self.path, self.path.with_suffix(".old.log"))
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with open(handle, "a", encoding="utf-8") as stream:
            stream.write(f"--- {reference} {moment}\n{told}\n")
        return reference
