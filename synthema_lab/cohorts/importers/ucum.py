"""How is a value in one unit expressed in the unit that the dictionary declares?

Units are written in UCUM, the Unified Code for Units of Measure, as FHIR and
OMOP write them; common spellings of laboratories are understood as well. The
arithmetic is done by ``pint``. A mass concentration becomes a substance
concentration, or the other way round, with the variable's molar mass.
"""

from __future__ import annotations

import functools
import re
from typing import Any

import numpy as np

from synthema_lab.dictionary import Variable
from synthema_lab.errors import DataMismatch, ExtraMissing

_ATOMS = {
    "g": "gram", "L": "liter", "l": "liter", "m": "meter", "s": "second", "mol": "mole",
    "kat": "katal", "U": "enzyme_unit", "[IU]": "enzyme_unit", "[iU]": "enzyme_unit",
    "Pa": "pascal", "J": "joule", "cal": "calorie", "Hz": "hertz", "m[Hg]": "ucum_meter_Hg",
}  # fmt: skip
_WHOLE = {
    "min": "minute", "h": "hour", "d": "day", "wk": "week", "mo": "month", "a": "year",
    "%": "percent", "Cel": "degree_Celsius", "[degF]": "degree_Fahrenheit",
    "[in_i]": "inch", "[lb_av]": "pound", "[ppm]": "ppm", "1": "dimensionless",
}  # fmt: skip
_PREFIXES = {
    "k": "kilo", "d": "deci", "c": "centi", "m": "milli", "u": "micro", "n": "nano",
    "p": "pico", "f": "femto", "M": "mega", "G": "giga", "T": "tera",
}  # fmt: skip
_POWER_OF_TEN = re.compile(r"10[*^]([+-]?\d{1,3})")
_COMPONENT = re.compile(r"(.*?)([+-]?\d)?")
_ANNOTATION = re.compile(r"\{([^{}]*)\}")

SPELLINGS = {
    "10^9/l": "10*9/L", "10e9/l": "10*9/L", "x10^9/l": "10*9/L", "x10e9/l": "10*9/L",
    "giga/l": "10*9/L", "gpt/l": "10*9/L", "/nl": "10*9/L", "1/nl": "10*9/L",
    "k/ul": "10*3/uL", "10^3/ul": "10*3/uL", "x10^3/ul": "10*3/uL", "10e3/ul": "10*3/uL",
    "x10e3/ul": "10*3/uL", "tsd/ul": "10*3/uL", "tsd./ul": "10*3/uL", "thou/ul": "10*3/uL",
    "10^12/l": "10*12/L", "x10^12/l": "10*12/L", "10e12/l": "10*12/L", "tpt/l": "10*12/L",
    "/pl": "10*12/L", "10^6/ul": "10*6/uL", "x10^6/ul": "10*6/uL", "m/ul": "10*6/uL",
    "cells/ul": "/uL", "/mm3": "/uL", "10^3/mm3": "10*3/uL", "iu/l": "U/L", "mmhg": "mm[Hg]",
    "ml/min/1.73m2": "mL/min/{1.73_m2}", "ml/min/1.73 m2": "mL/min/{1.73_m2}",
    "ml/min/1.73m^2": "mL/min/{1.73_m2}", "ml/min/1.73_m2": "mL/min/{1.73_m2}",
    "ml/min/{1.73_m2}": "mL/min/{1.73_m2}", "years": "a", "year": "a", "yrs": "a", "months": "mo",
    "month": "mo", "weeks": "wk", "days": "d", "day": "d", "percent": "%", "ratio": "1",
    "fraction": "1", "gm/dl": "g/dL", "mcg/l": "ug/L", "mcmol/l": "umol/L",
}  # fmt: skip
"""How laboratories spell units that UCUM writes otherwise; looked up in lower case."""


def convert(values: object, unit: str | None, variable: Variable) -> np.ndarray:
    """Values in the variable's own unit.

    Parameters
    ----------
    values : array of float, shape (n,), in `unit`; NaN where missing
    unit : str or None
        UCUM, such as ``g/L``, ``10*3/uL``, ``mmol/L``, ``mm[Hg]`` or ``{score}``, or one
        of the spellings in ``SPELLINGS``. None means that the values are in the
        variable's unit already.
    variable : Variable
        Its ``unit`` is what comes out; without one, a pure number. Its
        ``molar_mass`` (g/mol) ties masses to amounts of substance.

    Returns
    -------
    ndarray of float64, shape (n,)

    Raises
    ------
    DataMismatch
        If a unit is unknown, or if the two do not measure the same thing. The
        message names the units.
    ExtraMissing
        If ``pint`` is not installed and a conversion is needed.

    References
    ----------
    Schadow G, McDonald CJ. The Unified Code for Units of Measure, version 2.1.

    Examples
    --------
    >>> haemoglobin = Variable("hb_gdl", "Haemoglobin", "number", unit="g/dL")
    >>> convert([91.0, 104.0], "g/L", haemoglobin)
    array([ 9.1, 10.4])
    """
    numbers = np.asarray(values, dtype=np.float64)
    wanted = variable.unit or "1"
    if unit is None or unit.strip() == wanted:
        return numbers.copy()
    given, divided_by = _parsed(unit, variable.name)
    due, due_divided_by = _parsed(wanted, variable.name)
    registry = _registry()
    if divided_by != due_divided_by:
        raise _incompatible(unit, wanted, variable)
    amount = registry.Quantity(numbers * given.magnitude, given.units)
    if not amount.is_compatible_with(due.units):
        molar_mass = getattr(variable, "molar_mass", None)
        bridge = registry.Quantity(molar_mass or 1.0, "gram / mole")
        candidates = [] if molar_mass is None else [amount * bridge, amount / bridge]
        bridged = [option for option in candidates if option.is_compatible_with(due.units)]
        if not bridged:
            raise _incompatible(unit, wanted, variable)
        amount = bridged[0]
    return np.asarray(amount.to(due.units).magnitude, dtype=np.float64) / due.magnitude


def known_unit(unit: str) -> bool:
    """Whether `convert` understands the unit.

    Examples
    --------
    >>> known_unit("10*9/L"), known_unit("K/uL"), known_unit("furlong")
    (True, True, False)
    """
    try:
        _parsed(unit, "")
    except DataMismatch:
        return False
    return True


def _incompatible(unit: str, wanted: str, variable: Variable) -> DataMismatch:
    return DataMismatch(
        f"{variable.name} is given in {unit!s:.40}, which does not convert to {wanted}.",
        f"A unit of the same kind as {wanted}"
        + (", or a molar_mass in the dictionary." if "mol" in unit + wanted else "."),
        "Correct the unit, or leave it out if the values are in the dictionary's unit.",
    )


@functools.lru_cache(maxsize=256)
def _parsed(unit: str, name: str) -> tuple[Any, tuple[str, ...]]:
    """One of the unit as a pint quantity, and the annotations it is divided by."""
    text = unit.strip().replace("µ", "u").replace("μ", "u")
    text = SPELLINGS.get(text.lower(), text)
    registry = _registry()
    divided_by = tuple(sorted(_ANNOTATION.findall("".join(re.findall(r"/\{[^{}]*\}", text)))))
    bare = re.sub(r"/\{[^{}]*\}", "", text)
    annotated = _ANNOTATION.search(bare) is not None
    bare = _ANNOTATION.sub("", bare)
    if not bare and annotated:
        bare = "1"
    total = registry.Quantity(1.0, "dimensionless")
    understood = bool(bare)
    sign, parts = 1, re.split(r"([./])", bare)
    for at, part in enumerate(parts):
        if at % 2:
            sign = -1 if part == "/" else 1
            continue
        if not part and (at == 0 or annotated) and len(parts) > 1:
            continue  # a leading solidus, or an annotation that stood alone
        factor = _component(part, registry)
        if factor is None:
            understood = False
            break
        if len(parts) == 1:  # a temperature cannot be multiplied
            return factor, divided_by
        total = total * factor**sign
    if not understood:
        raise DataMismatch(
            f"{unit!s:.40} is not a unit that is understood" + (f" (for {name})." if name else "."),
            "A unit in UCUM, such as g/dL, g/L, mmol/L, 10*9/L, U/L, %, a, mo, d or 1.",
            "Correct the unit; UCUM writes 10*9/L for ten to the ninth per litre.",
        )
    return total, divided_by


def _component(text: str, registry: Any) -> Any | None:
    """One unit with prefix and exponent, or a power of ten; None where unknown."""
    power = _POWER_OF_TEN.fullmatch(text)
    if power:
        return registry.Quantity(10.0 ** int(power.group(1)), "dimensionless")
    if text in _WHOLE:
        return registry.Quantity(1.0, _WHOLE[text])
    if text.isdigit() and len(text) < 7:
        return registry.Quantity(float(text), "dimensionless")
    symbol, exponent = _COMPONENT.fullmatch(text).groups()
    for prefix, name in (("", ""), *_PREFIXES.items()):
        atom = symbol.removeprefix(prefix)
        if symbol.startswith(prefix) and atom in _ATOMS:
            unit = registry.Quantity(1.0, f"{name}{_ATOMS[atom]}")
            return unit ** int(exponent or 1)
    return None


@functools.lru_cache(maxsize=1)
def _registry() -> Any:
    try:
        import pint
    except ImportError:
        pint = None
    if pint is None:
        raise ExtraMissing(
            "The package pint, which converts units, is not installed.",
            "The extra 'importers'.",
            "Type: pip install 'synthema-lab[importers]'",
        )
    registry = pint.UnitRegistry(autoconvert_offset_to_baseunit=True)
    registry.define("ucum_meter_Hg = 133322.387415 * pascal")
    return registry
