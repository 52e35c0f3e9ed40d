"""How does a policy speak of dates, postcodes and numbers?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from synthema_lab.deidentify.dates import ISO
from synthema_lab.deidentify.section import PolicySection

DATE_KEYS = ("index", "layout", "days", "ages", "years", "shifted", "largest_shift")


@dataclass(frozen=True)
class DateRules:
    """What becomes of dates.

    Attributes
    ----------
    index : str
        The column with the index date, from which days are counted; never leaves.
    layout : str
        As ``strftime`` writes it, by default ISO.
    days : mapping of str to (str, int or None)
        Date column, the variable that becomes days since the index date, and the
        least of them.
    ages, years : mapping of str to str
        Date column and the variable that becomes completed years at the index
        date, or the year alone.
    shifted : tuple of str
        Dates that stay dates, moved by each patient's secret shift.
    largest_shift : int
        In days.
    """

    index: str = ""
    layout: str = ISO
    days: Mapping[str, tuple[str, int | None]] = field(default_factory=dict)
    ages: Mapping[str, str] = field(default_factory=dict)
    years: Mapping[str, str] = field(default_factory=dict)
    shifted: tuple[str, ...] = ()
    largest_shift: int = 180

    @property
    def sources(self) -> tuple[str, ...]:
        """Every column that holds dates."""
        named = [self.index] if self.index else []
        return tuple(dict.fromkeys([*named, *self.days, *self.ages, *self.years, *self.shifted]))

    @property
    def made(self) -> tuple[str, ...]:
        """Variables that are computed from dates."""
        return (
            *(into for into, _ in self.days.values()), *self.ages.values(), *self.years.values()
        )  # fmt: skip


@dataclass(frozen=True)
class Postcode:
    """A postcode that is cut to its first characters.

    Attributes
    ----------
    into : str
        The variable that it becomes.
    characters : int
    """

    into: str
    characters: int


@dataclass(frozen=True)
class Rounding:
    """A number told less precisely.

    Attributes
    ----------
    step : float or None
        Values become the nearest multiple.
    bottom, top : float or None
        Public limits; what lies beyond is told as the limit.
    """

    step: float | None = None
    bottom: float | None = None
    top: float | None = None

    def __str__(self) -> str:
        words = [f"rounded to {self.step:g}"] if self.step else []
        words += [f"{self.bottom:g} or less as {self.bottom:g}"] if self.bottom is not None else []
        words += [f"{self.top:g} or more as {self.top:g}"] if self.top is not None else []
        return ", ".join(words)


def read_dates_section(content: object) -> DateRules:
    """The section ``dates``; nothing where it is absent."""
    if content is None:
        return DateRules()
    section = PolicySection(content, "dates", DATE_KEYS)
    days: dict[str, tuple[str, int | None]] = {}
    for column, declared in section.mapping("days").items():
        inner = PolicySection(
            {"into": declared} if isinstance(declared, str) else declared,
            f"days from {column}", ("into", "at_least"),
        )  # fmt: skip
        least = inner.whole("at_least", 0, 0) if inner.given("at_least") else None
        days[column] = (inner.text("into"), least)
    rules = DateRules(
        index=section.text("index", ""),
        layout=section.text("layout", ISO),
        days=days,
        ages=section.names_by_name("ages"),
        years=section.names_by_name("years"),
        shifted=section.names("shifted"),
        largest_shift=section.whole("largest_shift", 180, 1),
    )
    if (rules.days or rules.ages) and not rules.index:
        section.refuse("counts days or years and has no index.", "The column with the index date.")
    if len(set(rules.made)) != len(rules.made):
        section.refuse("makes a variable from two dates.", "Each variable from one date.")
    return rules


def read_postcodes_section(content: Mapping[str, object]) -> Iterator[tuple[str, Postcode]]:
    """The section ``postcodes``."""
    for column, declared in content.items():
        section = PolicySection(declared, f"The postcode {column}", ("into", "characters"))
        yield column, Postcode(section.text("into"), section.whole("characters", 2, 1))


def read_numbers_section(content: Mapping[str, object]) -> Iterator[tuple[str, Rounding]]:
    """The section ``numbers``."""
    for name, declared in content.items():
        section = PolicySection(declared, f"The number {name}", ("round_to", "bottom", "top"))
        step, bottom, top = (
            section.number(key) if section.given(key) else None
            for key in ("round_to", "bottom", "top")
        )
        if step is not None and step <= 0:
            section.refuse("is rounded to nothing.", "A step above 0, as in round_to: 0.5.")
        if step is None and bottom is None and top is None:
            section.refuse("says nothing.", "round_to, bottom or top.")
        if bottom is not None and top is not None and bottom >= top:
            section.refuse("has a bottom above its top.", "bottom below top.")
        yield name, Rounding(step, bottom, top)
