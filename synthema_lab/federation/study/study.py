"""What does a researcher ask the hospitals for?

A study is data, never code: every site runs its own installed package of the
version that the study names. It has one canonical byte form; the SHA-256 of
that form is the study's hash, to which approvals are given and by which every
round is bound. Whatever differs by one character is another study.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...errors import ArgumentRefused
from ...secure_aggregation import Member, Roster, RoundSettings
from .errors import StudyRefused
from .fields import Fields, plain_setting
from .parts import NO_NOISE, Output, PrivacyBudget, Researcher, SumTerms

_TAG = b"synthema-lab study 1\x00"
KEYS = (
    "title", "researcher", "cohort", "variables", "generator", "rounds", "sites",
    "secure_aggregation", "budget", "outputs", "smallest_cell", "package_version", "expires",
)  # fmt: skip
_RESERVED = ("epsilon", "delta", "colluding")
_VERSION = re.compile(r"[0-9][0-9A-Za-z.+-]{0,31}")


@dataclass(frozen=True)
class Study:
    """What a researcher asks for.

    Attributes
    ----------
    title : str
    researcher : Researcher
    cohort, dictionary : str
        Name of the cohort at the sites, and the SHA-256 of its data dictionary
        in hexadecimal.
    variables : tuple of (str, str)
        Each variable that is needed, in order of name, and why.
    generator : str
    settings : tuple of (str, object)
        The generator's settings in order of name; scalars, or tuples of them.
    rounds, repeats : int
        Rounds asked for, and how many may be run again after one broke off.
    sites : tuple of Member
        The hospitals asked, with their identity keys; rounds are run among
        these and no others.
    secure_aggregation : SumTerms
    budget : PrivacyBudget
    outputs : tuple of Output
    smallest_cell : int or None
        Cells with fewer patients are hidden, for outputs under disclosure control.
    package_version : str
        The version of this package that the sites are to run.
    expires : datetime.date
        The last day, in UTC, on which a round may begin.

    Examples
    --------
    >>> from synthema_lab.federation.study.example import example_study
    >>> study = example_study()
    >>> study.title, len(study.hash)
    ('Survival after diagnosis', 64)
    >>> Study.from_dict(study.as_dict()) == study
    True
    """

    title: str
    researcher: Researcher
    cohort: str
    dictionary: str
    variables: tuple[tuple[str, str], ...]
    generator: str
    settings: tuple[tuple[str, Any], ...]
    rounds: int
    repeats: int
    sites: tuple[Member, ...]
    secure_aggregation: SumTerms
    budget: PrivacyBudget
    outputs: tuple[Output, ...]
    smallest_cell: int | None
    package_version: str
    expires: datetime.date

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Study:
        """A study from plain values, as YAML gives them.

        Raises
        ------
        StudyRefused
            If a field is unknown, absent or outside its range.
        """
        part = Fields(content, "The study", KEYS)
        cohort = part.inner("cohort", ("name", "dictionary"))
        generator = part.inner("generator", ("name", "settings"))
        rounds = part.inner("rounds", ("asked", "repeats"))
        sites = part.each("sites", ("key", "expires"))
        outputs = part.each("outputs", Output.KEYS)
        study = cls(
            title=part.text("title"),
            researcher=Researcher.read(part.inner("researcher", Researcher.KEYS)),
            cohort=cohort.text("name"),
            dictionary=cohort.hexadecimal("dictionary"),
            variables=tuple(sorted(part.texts("variables").items())),
            generator=generator.text("name"),
            settings=_settings(generator),
            rounds=rounds.whole("asked", 1),
            repeats=rounds.whole("repeats", 0, 0),
            sites=tuple(
                Member(name, bytes.fromhex(one.hexadecimal("key")), one.whole("expires", 0, 0))
                for name, one in sorted(sites.items())
            ),
            secure_aggregation=SumTerms.read(part.inner("secure_aggregation", SumTerms.KEYS)),
            budget=PrivacyBudget.read(part.inner("budget", PrivacyBudget.KEYS)),
            outputs=tuple(Output.read(name, one) for name, one in sorted(outputs.items())),
            smallest_cell=part.whole("smallest_cell", 2) if part.given("smallest_cell") else None,
            package_version=part.text("package_version"),
            expires=part.day("expires"),
        )
        _require_sound(study, part)
        return study

    def as_dict(self) -> dict[str, Any]:
        """The study as plain values; `from_dict` gives it back."""
        terms, budget = self.secure_aggregation, self.budget
        return {
            "title": self.title,
            "researcher": {name: getattr(self.researcher, name) for name in Researcher.KEYS},
            "cohort": {"name": self.cohort, "dictionary": self.dictionary},
            "variables": dict(self.variables),
            "generator": {
                "name": self.generator,
                "settings": {
                    name: list(value) if isinstance(value, tuple) else value
                    for name, value in self.settings
                },
            },
            "rounds": {"asked": self.rounds, "repeats": self.repeats},
            "sites": {
                site.name: {"key": site.key.hex(), "expires": site.expires} for site in self.sites
            },
            "secure_aggregation": {name: getattr(terms, name) for name in SumTerms.KEYS},
            "budget": {
                "epsilon": NO_NOISE if budget.epsilon is None else budget.epsilon,
                "delta": budget.delta,
                "colluding": budget.colluding,
            },
            "outputs": {
                one.name: {"what": one.what, "protection": one.protection} for one in self.outputs
            },
            "smallest_cell": self.smallest_cell,
            "package_version": self.package_version,
            "expires": self.expires.isoformat(),
        }

    @cached_property
    def canonical(self) -> bytes:
        """The one byte form: a tag, then JSON with sorted keys, in ASCII."""
        text = json.dumps(self.as_dict(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return _TAG + text.encode("ascii")

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the canonical form, 32 bytes: the ``study_digest`` of every round."""
        return hashlib.sha256(self.canonical).digest()

    @property
    def hash(self) -> str:
        """The digest in hexadecimal: what is approved."""
        return self.digest.hex()

    @property
    def rounds_at_most(self) -> int:
        """Rounds that may begin, repeats included."""
        return self.rounds + self.repeats

    @property
    def ends(self) -> float:
        """Unix time from which no round may begin."""
        day = datetime.datetime.combine(
            self.expires, datetime.time(), tzinfo=datetime.UTC
        ) + datetime.timedelta(days=1)
        return day.timestamp()

    def roster(self) -> Roster:
        """All sites that are asked."""
        return Roster.of(self.sites)

    def __str__(self) -> str:
        return f"{self.title} ({self.researcher.name}, {self.hash[:12]})"


def _settings(generator: Fields) -> tuple[tuple[str, Any], ...]:
    found = generator.mapping("settings")
    for name, value in found.items():
        if name in _RESERVED:
            generator.refuse(f"sets {name}.", f"{name} under budget, where the site looks for it.")
        if not plain_setting(value):
            generator.refuse(f"has a setting {name} that is not plain.", "Numbers, texts, lists.")
    return tuple(
        (name, tuple(value) if isinstance(value, list | tuple) else value)
        for name, value in sorted(found.items())
    )


def _require_sound(study: Study, part: Fields) -> None:
    """Refuse what is wrong between fields, not within one."""
    terms, sites = study.secure_aggregation, len(study.sites)
    if not study.variables:
        part.refuse("names no variable.", "Each variable that is needed, with a reason.")
    if not study.outputs:
        part.refuse("names no output.", "Everything that will be opened, under outputs.")
    if not _VERSION.fullmatch(study.package_version):
        part.refuse("has a package_version that is none.", "A version such as 0.1.0.")
    if terms.minimum_sites > sites:
        part.refuse(f"wants {terms.minimum_sites} sites of {sites}.", "At most those it names.")
    if study.budget.colluding > max(0, terms.minimum_sites - 2):
        part.refuse(
            f"discounts {study.budget.colluding} colluding sites of {terms.minimum_sites}.",
            "At least two sites whose noise counts.",
        )
    guarded = [one.name for one in study.outputs if one.protection == "disclosure_control"]
    if guarded and study.smallest_cell is None:
        part.refuse(
            "has no smallest_cell.", f"One, since {guarded[0]} is under disclosure control."
        )
    private = [one.name for one in study.outputs if one.protection == "epsilon"]
    if private and study.budget.epsilon is None:
        part.refuse(
            f"calls {private[0]} differentially private, without noise.",
            "An epsilon, or outputs that are said to be outside_epsilon.",
        )
    happened = ""
    try:
        settings = RoundSettings(
            study.roster(), "check", 1, terms.clip, terms.scale, None, study.digest,
            terms.threshold, terms.noise_bound,
        )  # fmt: skip
    except ArgumentRefused as error:
        happened, expected, next_step = error.happened, error.expected, error.next_step
    if happened:
        raise StudyRefused(f"The study cannot be summed. {happened}", expected, next_step)
    if settings.modulus_bits != terms.modulus_bits:
        part.refuse(
            f"names a modulus of {terms.modulus_bits} bits.",
            f"{settings.modulus_bits} bits, which its clip, scale and sites come to.",
        )
