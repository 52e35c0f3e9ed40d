"""Which files does a query of the Drive interface mean?

The clauses that PySyft 0.10 writes, joined by ``and``; anything else is an
error and not an empty answer. Reference: "Search query terms and operators",
Google Drive API v3.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Protocol

_TEXT = r"'((?:[^'\\]|\\.)*)'"
_CLAUSE = re.compile(
    rf"(?P<not>not\s+)?(?:"
    rf"(?P<field>name|mimeType)\s*(?P<how>=|contains)\s*{_TEXT.replace('(', '(?P<text>', 1)}"
    rf"|{_TEXT.replace('(', '(?P<member>', 1)}\s+in\s+(?P<of>parents|owners)"
    rf"|trashed\s*=\s*(?P<trashed>true|false))\s*(?:and\s+|$)"
)


class Described(Protocol):
    """What a query looks at."""

    name: str
    mimeType: str  # noqa: N815
    parents: Sequence[str]


def matches(query: str, item: Described, owner: str, me: str) -> bool:
    """Whether a file matches.

    Parameters
    ----------
    query : str
    item : Described
    owner, me : str
        E-mail addresses of the file's owner and of who asks.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> item = SimpleNamespace(name="SyftBox", mimeType="folder", parents=["top"])
    >>> query = "name contains 'Syft' and 'top' in parents and not 'me' in owners"
    >>> matches(query, item, "north@x", "lab@x"), matches(query, item, "lab@x", "lab@x")
    (True, False)
    """
    place, query = 0, query.strip()
    while place < len(query):
        clause = _CLAUSE.match(query, place)
        if clause is None:
            raise ValueError(f"A query of the Drive interface is not understood: {query[place:]}")
        if _holds(clause.groupdict().get, item, owner, me) == bool(clause["not"]):
            return False
        place = clause.end()
    return True


def _holds(part: Callable[[str], str | None], item: Described, owner: str, me: str) -> bool:
    if part("field"):
        value, text = getattr(item, part("field")), part("text").replace("\\'", "'")
        return value == text if part("how") == "=" else text in value
    if part("of") == "parents":
        return part("member") in item.parents
    if part("of") == "owners":
        return owner == (me if part("member") == "me" else part("member"))
    return part("trashed") == "false"
