"""How does a fitted model show itself, whatever its kind?"""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import pandas as pd

from ..dictionary import DataDictionary
from .subgroup import subgroup


class ShownModel:
    """Text and table of a model's facts.

    For a class with ``generator``, ``columns``, ``privacy``, ``provenance`` and
    ``release``; it says with `_size` how large it is.
    """

    generator: str
    dictionary: DataDictionary
    columns: tuple[str, ...]
    privacy: Mapping[str, Any] | None
    provenance: Mapping[str, Any]
    release: str

    def subgroup(self, where: str, rows: int, seed: int = 0) -> pd.DataFrame:
        """Draw synthetic patients of one kind.

        Parameters
        ----------
        where : str
            A condition in the language of the dictionary's rules, such as
            ``"age_years < 18 and sex == 'female'"``.
        rows : int
        seed : int

        Returns
        -------
        pandas.DataFrame
            As `sample` gives it; every row certainly meets the condition.
            ``.attrs["accepted"]`` is the share of the drawn rows that did.

        Raises
        ------
        ArgumentRefused
            If the condition cannot be used, or no patient can meet it.
        GateFailed
            If too few rows meet it.
        """
        return subgroup(self, where, rows, seed)

    def _size(self) -> tuple[str, str]:
        """What is counted, and how many there are."""
        raise NotImplementedError

    def _facts(self) -> list[tuple[str, str]]:
        facts = [
            ("Generator", self.generator),
            ("Variables", ", ".join(self.columns)),
            ("Sites", str(self.provenance["sites"])),
            self._size(),
        ]
        if self.privacy is None:
            return [*facts, ("Privacy", "noise off: no guarantee; not for release")]
        views = self.privacy["views"]
        spent = "; ".join(f"epsilon {epsilon:.2f} against {who}" for who, epsilon in views.items())
        return [
            *facts,
            ("Privacy", f"{spent} (delta {self.privacy['delta']:g}, {self.privacy['unit']})"),
            ("Assumed", str(self.privacy["assumed"])),
            ("Release", self.release),
        ]

    def __str__(self) -> str:
        return "\n".join(f"{label + ':':<18}{text}" for label, text in self._facts())

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th scope='row' style='text-align:left'>{html.escape(label)}</th>"
            f"<td style='text-align:left'>{html.escape(text)}</td></tr>"
            for label, text in self._facts()
        )
        return f"<table><caption style='text-align:left'>Fitted model</caption>{rows}</table>"
