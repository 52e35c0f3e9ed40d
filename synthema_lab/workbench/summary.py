"""What does a finished run say to its reader?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from .display import html_table, text_table
from .headlines import HEADER, rows_of

_KINDS = {"figure": "figures", "table": "tables", "data": "data files", "model": "models"}


@dataclass(frozen=True)
class Summary:
    """What a run made, without times, ids or paths.

    Attributes
    ----------
    notebook : str
    headlines, outputs : sequence of mapping
        As they stand in the manifest.
    """

    notebook: str
    headlines: Sequence[Mapping[str, Any]]
    outputs: Sequence[Mapping[str, Any]]

    def _made(self) -> list[tuple[str, str]]:
        made = []
        for kind, words in _KINDS.items():
            names = [o["name"] for o in self.outputs if o["kind"] == kind]
            if names:
                made.append((words, ", ".join(names)))
        return made

    def __str__(self) -> str:
        lines = [f"{self.notebook} is finished."]
        lines += [f"  {words}: {names}" for words, names in self._made()]
        if self.headlines:
            lines += ["", text_table(HEADER, rows_of(self.headlines))]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        made = "".join(
            f"<li>{escape(words)}: {escape(names)}</li>" for words, names in self._made()
        )
        head = f"<p><strong>{escape(self.notebook)}</strong> is finished.</p><ul>{made}</ul>"
        if not self.headlines:
            return head
        return head + html_table(HEADER, rows_of(self.headlines), "Headlines")
