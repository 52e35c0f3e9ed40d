"""How well do the values of a column fit a variable, and in which unit or code?

Values are looked at, and never shown: what comes out are shares, units, and
words of a fixed vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from synthema_lab.cohorts.importers.ucum import convert
from synthema_lab.dictionary import Variable
from synthema_lab.dictionary.columns import read_numbers, read_texts
from synthema_lab.errors import DataMismatch

OTHER_UNITS = (
    "g/L", "g/dL", "umol/L", "mmol/L", "mg/dL", "mg/L", "ug/L", "/uL", "10*9/L", "10*6/uL", "U/L",
    "ukat/L", "%", "1", "a", "mo", "d", "m", "cm", "kg", "g", "cm/s", "m/s", "s", "ms", "kPa",
    "mm[Hg]", "mg/mmol", "mg/g",
)  # fmt: skip
SEXES = {
    "F": ("f", "female", "w", "weiblich", "woman", "frau", "femme", "femminile", "donna", "mujer"),
    "M": ("m", "male", "mannlich", "männlich", "man", "mann", "homme", "maschile", "uomo",
          "hombre", "varon", "h"),
}  # fmt: skip
YES = (
    "1", "yes", "y", "true", "checked", "ja", "j", "oui", "si", "sí", "positive", "pos", "mutated",
    "mut", "present", "dead", "died",
)  # fmt: skip
NO = (
    "0", "no", "n", "false", "unchecked", "nein", "non", "negative", "neg", "wildtype",
    "wild type", "wt", "absent", "alive",
)  # fmt: skip
DATE_FORMATS = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d")


@dataclass(frozen=True)
class Fit:
    """How values fit: a share from 0 to 1, what has to be said to read them, and why.

    Attributes
    ----------
    share : float
        Of the present values, those that are understood.
    says : mapping
        Keys of a mapping file: ``unit``, ``values``.
    reason : str
    decimal_comma : bool
    """

    share: float
    says: dict[str, object] = field(default_factory=dict)
    reason: str = ""
    decimal_comma: bool = False


def fit(
    column: pd.Series,
    variable: Variable,
    unit: str | None = None,
    codes: Mapping[str, str | None] | None = None,
) -> Fit:
    """How well a column's values fit a variable.

    Parameters
    ----------
    column : Series
    variable : Variable
    unit : str, optional
        The unit that the column's name seems to say.
    codes : mapping, optional
        Texts with their codes in the schema that the column's name is from.

    Examples
    --------
    >>> haemoglobin = Variable("hb_gdl", "Haemoglobin", "number", unit="g/dL",
    ...                        range=(1, 25), plausible=(3, 19))
    >>> fit(pd.Series([91, 104, 78]), haemoglobin).says
    {'unit': 'g/L'}
    """
    if column.isna().all():
        return Fit(0.0, reason="no values")
    if variable.numeric:
        return _numbers(column, variable, unit)
    if variable.type == "boolean":
        return _words(column, {"1": YES, "0": NO}, ("0", "1"), codes or {})
    if variable.type == "category":
        known = {code: (code, label) for code, label in variable.categories.items()}
        if {"F", "M"} <= set(known):
            known = {code: (*words, *SEXES.get(code, ())) for code, words in known.items()}
        return _words(column, known, tuple(variable.categories), codes or {})
    texts = read_texts(column)
    present = texts.codes >= 0
    distinct = len(set(texts.codes[present])) / present.sum()
    return Fit(1.0, reason=f"{distinct:.0%} distinct")


def _numbers(column: pd.Series, variable: Variable, unit: str | None) -> Fit:
    comma = False
    numbers = read_numbers(column)
    if numbers.unreadable.any() and column.dtype == object:
        points = column.astype("string").str.replace(
            r"^\s*([+-]?\d*),(\d+)\s*$", r"\1.\2", regex=True
        )
        again = read_numbers(points.astype(object))
        comma = bool(again.unreadable.sum() < numbers.unreadable.sum())
        numbers = again if comma else numbers
    values = numbers.values[~np.isnan(numbers.values)]
    readable = len(values) / max(1, int((~numbers.missing).sum()))
    if not len(values):
        return Fit(0.0, reason="no numbers")
    limits = variable.plausible or variable.range
    if limits is None:
        return Fit(readable, reason=f"{readable:.0%} numbers", decimal_comma=comma)
    own = variable.unit or "1"
    shares: dict[str, float] = {own: _within(values, limits, own, variable)}
    for other in dict.fromkeys(([unit] if unit else []) + list(OTHER_UNITS)):
        shares.setdefault(other, _within(values, limits, other, variable))
    # Its own unit unless another fits clearly better; the one in the name before others.
    best = max(shares, key=shares.__getitem__)
    if shares[best] - shares[own] < 0.3:
        best = own
    if unit is not None and shares[unit] >= max(0.5, shares[best] - 0.3):
        best = unit
    share, reason = shares[best], f"{shares[best]:.0%} plausible in {best}"
    if best == own:
        return Fit(readable * share, {}, reason, comma)
    rivals = [other for other in shares if other != best and shares[other] > share - 0.1]
    if rivals and best != unit:
        share, reason = share * 0.9, f"{reason}, and as well in {' or '.join(rivals)}"
    return Fit(readable * share, {"unit": best}, reason, comma)


def _within(
    values: np.ndarray, limits: tuple[float, float], unit: str, variable: Variable
) -> float:
    """The share of values within limits if they are in a unit; 0 where it does not convert."""
    try:
        converted = convert(values, unit, variable)
    except DataMismatch:
        return 0.0
    return float(((converted >= limits[0]) & (converted <= limits[1])).mean())


def _words(
    column: pd.Series,
    known: dict[str, tuple[str, ...]],
    own: tuple[str, ...],
    codes: Mapping[str, str | None],
) -> Fit:
    """Texts that are a code, its label or a usual word for it."""
    code_of = {word.casefold(): code for code, words in known.items() for word in words}
    code_of |= {text.casefold(): code for text, code in codes.items() if code is not None}
    texts = read_texts(column)
    counts = np.bincount(texts.codes[texts.codes >= 0], minlength=len(texts.labels))
    values: dict[str, str] = {}
    understood = 0
    for label, count in zip(texts.labels, counts, strict=True):
        text = label.strip()
        code = text if text in own else code_of.get(text.casefold())
        if code is None:
            continue
        understood += int(count)
        if text != code:
            values[text] = code
    share = understood / max(1, int(counts.sum()))
    left = len(texts.labels) - sum(
        label.strip() in own or label.strip().casefold() in code_of for label in texts.labels
    )
    reason = f"{share:.0%} known codes" + (f", {left} texts are not understood" if left else "")
    return Fit(share, {"values": values} if values else {}, reason)


def date_format(column: pd.Series) -> str | None:
    """The format that at least nine in ten of a column's texts are dates in; None if none.

    Examples
    --------
    >>> date_format(pd.Series(["03.02.2021", "24.12.2020"]))
    '%d.%m.%Y'
    """
    if pd.api.types.is_datetime64_any_dtype(column):
        return DATE_FORMATS[0]
    if column.dtype != object:
        return None
    texts = column.dropna().astype(str).str.strip()
    for written in DATE_FORMATS if len(texts) else ():
        if pd.to_datetime(texts, format=written, errors="coerce").notna().mean() >= 0.9:
            return written
    return None
