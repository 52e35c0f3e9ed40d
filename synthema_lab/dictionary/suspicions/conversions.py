"""Which other units is a variable recorded in where the due one is not kept?"""

from __future__ import annotations

from dataclasses import dataclass

from synthema_lab.dictionary.variable import Variable

# UCUM unit: (kind, how many of the kind's base unit one of it is). Mass concentrations are
# in g/L, amounts in mol/L, counts per litre, times in days, lengths in m, enzymes in U/L:
# 1 ukat is 60 U, since 1 kat is 1 mol/s and 1 U is 1 umol/min (SI brochure, 9th edition).
UNITS = {
    "g/L": ("mass", 1.0), "g/dL": ("mass", 10.0), "mg/dL": ("mass", 1e-2), "mg/L": ("mass", 1e-3),
    "ug/dL": ("mass", 1e-5), "ug/L": ("mass", 1e-6), "ng/mL": ("mass", 1e-6),
    "ng/L": ("mass", 1e-9), "pg/mL": ("mass", 1e-9),
    "mmol/L": ("amount", 1e-3), "umol/L": ("amount", 1e-6), "nmol/L": ("amount", 1e-9),
    "pmol/L": ("amount", 1e-12),
    "/uL": ("count", 1e6), "10*3/uL": ("count", 1e9), "10*9/L": ("count", 1e9),
    "10*6/uL": ("count", 1e12), "10*12/L": ("count", 1e12),
    "1": ("share", 1.0), "%": ("share", 1e-2),
    "m": ("length", 1.0), "cm": ("length", 1e-2), "mm": ("length", 1e-3),
    "kg": ("weight", 1.0), "g": ("weight", 1e-3),
    "a": ("time", 365.25), "mo": ("time", 30.4375), "d": ("time", 1.0),
    "U/L": ("enzyme", 1.0), "ukat/L": ("enzyme", 60.0),
    "mm[Hg]": ("pressure", 1.0), "kPa": ("pressure", 7.50062),
}  # fmt: skip
# What is met in practice where a unit of the kind is due, most usual first.
USUAL = {
    "mass": ("g/L", "g/dL", "mg/dL", "mg/L", "ug/dL", "ng/mL", "pg/mL"),
    "amount": ("mmol/L", "umol/L", "nmol/L", "pmol/L"),
    "count": ("10*9/L", "/uL", "10*12/L"),
    "share": ("1", "%"),
    "length": ("m", "cm", "mm"),
    "weight": ("kg", "g"),
    "time": ("mo", "a", "d"),
    "enzyme": ("ukat/L", "U/L"),
    "pressure": ("kPa", "mm[Hg]"),
}
# The amounts in which a substance is reported that others report in these masses.
AMOUNTS = {
    "g/L": ("umol/L", "mmol/L"), "g/dL": ("mmol/L",), "mg/dL": ("umol/L", "mmol/L"),
    "mg/L": ("umol/L", "nmol/L"), "ug/dL": ("umol/L", "nmol/L"), "ug/L": ("nmol/L", "pmol/L"),
    "ng/mL": ("nmol/L", "pmol/L"), "ng/L": ("pmol/L",), "pg/mL": ("pmol/L",),
}  # fmt: skip
MASSES = {
    amount: tuple(mass for mass, reported in AMOUNTS.items() if amount in reported)
    for amount in USUAL["amount"]
}
FARTHEST = 1000.5


@dataclass(frozen=True)
class Conversion:
    """From the unit that was used to the one that is due: multiply by `factor`."""

    unit: str
    factor: float

    @property
    def called(self) -> str:
        """The unit in words.

        Examples
        --------
        >>> Conversion("1", 100.0).called, Conversion("g/L", 0.1).called
        ('shares of 1', 'g/L')
        """
        return {"1": "shares of 1", "a": "years", "mo": "months", "d": "days"}.get(
            self.unit, self.unit
        )

    @property
    def advice(self) -> str:
        """What to do, in words.

        Examples
        --------
        >>> Conversion("g/L", 0.1).advice, Conversion("m", 100.0).advice
        ('divide by 10', 'multiply by 100')
        """
        inverse = 1 / self.factor
        if self.factor < 1 and abs(inverse - round(inverse)) < 1e-6 * inverse:
            return f"divide by {round(inverse):d}"
        if self.factor < 0.01:
            return f"divide by {inverse:.4g}"
        return f"multiply by {self.factor:.4g}"


def conversions(variable: Variable) -> tuple[Conversion, ...]:
    """The conversions into a variable's unit that are met in practice.

    Parameters
    ----------
    variable : Variable
        A number; with a `molar_mass`, amounts of substance count too.

    Examples
    --------
    >>> hb = Variable("hb_gdl", "Haemoglobin", "number", unit="g/dL", range=(2, 25))
    >>> conversions(hb)[0]
    Conversion(unit='g/L', factor=0.1)
    >>> creatinine = Variable(
    ...     "creat_mgdl", "Creatinine", "number", unit="mg/dL", range=(0, 30), molar_mass=113.12
    ... )
    >>> [f"{c.unit} {c.factor:.4f}" for c in conversions(creatinine)]
    ['umol/L 0.0113', 'mmol/L 11.3120']
    """
    if not variable.numeric or variable.unit not in UNITS or variable.name.endswith("year"):
        return ()
    kind, due = UNITS[variable.unit]
    limits = variable.range or variable.plausible
    if variable.unit == "1" and (limits is None or not 0 <= limits[0] < limits[1] <= 1):
        return ()  # a score without unit is no share
    found: dict[str, float] = {}
    mass = variable.molar_mass
    if mass is not None and kind == "mass":
        found |= {unit: UNITS[unit][1] * mass / due for unit in AMOUNTS[variable.unit]}
    if mass is not None and kind == "amount":
        found |= {unit: UNITS[unit][1] / mass / due for unit in MASSES[variable.unit]}
    # Where laboratories report an amount, they do not report yet another mass.
    if not (found and variable.unit in ("mg/dL", "mg/L")):
        found |= {unit: UNITS[unit][1] / due for unit in USUAL[kind]}
    return tuple(
        Conversion(unit, factor)
        for unit, factor in found.items()
        if abs(factor - 1) > 1e-9 and (kind != "mass" or 1 / FARTHEST <= factor <= FARTHEST)
    )
