"""How is one value made less precise: by a band, a group, a prefix, or not told at all?

Everything a step needs is public and written in the policy: no edge and no
group is computed from patients, so that every site applies the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pandas as pd

from synthema_lab.deidentify.section import PolicySection
from synthema_lab.dictionary import Variable

KEYS = ("width", "bands", "groups", "prefix", "suppress")


@dataclass(frozen=True)
class Step:
    """One step of a hierarchy, from the original value.

    Attributes
    ----------
    kind : {"bands", "groups", "prefix", "suppress"}
    edges : tuple of float
        For bands: ``e0 <= x < e1``, ..., the last band closed. Values beyond the
        first and last edge fall into the outer bands (bottom and top coding).
    groups : mapping of code to tuple of str
        For categories: the new code and the codes it stands for. Codes that no
        group names stay as they are.
    length : int
        For texts such as postcodes: how many characters stay.
    """

    kind: str
    edges: tuple[float, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    length: int = 0

    def __str__(self) -> str:
        if self.kind == "bands":
            return f"{len(self.edges) - 1} bands"
        if self.kind == "groups":
            return f"{len(self.groups)} groups"
        if self.kind == "prefix":
            return f"first {self.length} character{'s' if self.length > 1 else ''}"
        return "not told"


def read_step(content: object, where: str, variable: Variable) -> Step:
    """One step as the policy writes it, made sound for its variable.

    Raises
    ------
    ArgumentRefused
        If it does not suit the variable's type, limits or codes.
    """
    section = PolicySection({"suppress": True} if content == "suppress" else content, where, KEYS)
    given = [key for key in KEYS if section.given(key)]
    if len(given) != 1:
        section.refuse("does not say one thing.", f"Exactly one of {', '.join(KEYS)}.")
    kind = given[0]
    wanted = {
        "width": ("number", "integer"), "bands": ("number", "integer"), "groups": ("category",),
        "prefix": ("identifier", "text"), "suppress": (variable.type,),
    }[kind]  # fmt: skip
    if variable.type not in wanted:
        section.refuse(
            f"gives {kind} to a {variable.type}.", f"{kind} for a {' or '.join(wanted)}."
        )
    if kind == "suppress":
        section.flag("suppress", True)
        return Step("suppress")
    if kind == "prefix":
        length = section.number("prefix")
        if not length.is_integer() or length < 1:
            section.refuse("has a prefix that is no length.", "A whole number from 1.")
        return Step("prefix", length=int(length))
    if kind == "groups":
        return Step("groups", groups=_groups(section, variable))
    return Step("bands", edges=_edges(section, kind, variable))


def _edges(section: PolicySection, kind: str, variable: Variable) -> tuple[float, ...]:
    if variable.range is None:
        section.refuse("is about a variable without limits.", "A range in the data dictionary.")
    low, high = variable.range
    if kind == "width":
        width = section.number("width")
        if width <= 0 or (high - low) / width > 10_000:
            section.refuse("has a width that cannot be used.", "A number above 0, such as 5.")
        inner = np.arange(np.floor(low / width) + 1, np.ceil(high / width)) * width
        edges = [low, *(float(edge) for edge in inner if low < edge < high), high]
    else:
        inner = list(section.numbers("bands"))
        if any(a >= b for a, b in pairwise(inner)) or not inner:
            section.refuse("has bands that do not increase.", "Edges in order, as in [40, 60, 70].")
        if inner[0] < low or inner[-1] > high:
            section.refuse(
                "has bands beyond the variable's limits.", f"Edges from {low:g} to {high:g}."
            )
        edges = [low, *(edge for edge in inner if low < edge < high), high]
    if variable.type == "integer" and not all(float(edge).is_integer() for edge in edges):
        section.refuse("cuts an integer between whole numbers.", "Whole numbers as edges.")
    return tuple(edges)


def _groups(section: PolicySection, variable: Variable) -> dict[str, tuple[str, ...]]:
    groups: dict[str, tuple[str, ...]] = {}
    seen: set[str] = set()
    for code, members in section.mapping("groups").items():
        if not isinstance(members, list) or not members or not code.strip():
            section.refuse("has a group without codes.", "A list of codes under each new code.")
        for member in members:
            if not isinstance(member, str) or member not in variable.categories:
                section.refuse(
                    "groups a code that the variable does not have.",
                    f"Codes in quotes among {variable.allowed}.",
                )
            if member in seen:
                section.refuse("puts a code into two groups.", "Each code in one group.")
            seen.add(member)
        groups[code] = tuple(members)
    for code in groups:
        if code in variable.categories and code not in seen:
            section.refuse(
                "has a group named as a code that stays as it is.", "Another name for the group."
            )
    if not groups:
        section.refuse("has no groups.", "As in groups: {north: ['1', '2']}.")
    return groups


def representatives(step: Step, variable: Variable) -> np.ndarray:
    """The value that stands for each band: its middle, a whole number for an integer.

    Examples
    --------
    >>> age = Variable("age_years", "Age", "integer", range=(0, 105))
    >>> representatives(Step("bands", (0.0, 18.0, 40.0, 105.0)), age).tolist()
    [8.0, 28.0, 72.0]
    """
    edges = np.array(step.edges)
    low, high = edges[:-1], edges[1:].copy()
    if variable.type != "integer":
        return (low + high) / 2
    high[:-1] -= 1  # the last band is closed
    return np.floor((low + high) / 2)


def band_of(values: np.ndarray, step: Step) -> np.ndarray:
    """The band of each value, from 0; -1 where missing."""
    band = np.searchsorted(np.array(step.edges[1:-1]), values, side="right")
    return np.where(np.isnan(values), -1, band)


def kept_codes(step: Step, variable: Variable) -> list[str]:
    """The codes a category has after the step, in the order of the dictionary."""
    into = {member: code for code, members in step.groups.items() for member in members}
    return list(dict.fromkeys(into.get(code, code) for code in variable.categories))


def applied(column: pd.Series, step: Step, variable: Variable) -> pd.Series:
    """The column after the step, in the variable's type; categories over the new codes.

    Parameters
    ----------
    column : Series
        Conformed to the dictionary.
    """
    if step.kind == "bands":
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        middle = np.append(representatives(step, variable), np.nan)[band_of(values, step)]
        return pd.Series(middle, index=column.index).astype(column.dtype)
    if step.kind == "groups":
        codes = kept_codes(step, variable)
        into = {member: code for code, members in step.groups.items() for member in members}
        place = [codes.index(into.get(code, code)) for code in column.cat.categories]
        new = np.array([*place, -1])[column.cat.codes.to_numpy()]
        return pd.Series(pd.Categorical.from_codes(new, categories=codes), index=column.index)
    if step.kind == "prefix":
        return column.astype("string").str.strip().str.upper().str[: step.length]
    return pd.Series(pd.NA, index=column.index, dtype="string")
