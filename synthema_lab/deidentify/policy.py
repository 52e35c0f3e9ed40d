"""What may leave the source system, and in which form?

A policy is a YAML file that a data protection officer can read: what is
dropped, how pseudonyms and dates are made, which quasi-identifiers are told how
precisely, what each study needs, and from which numbers on a table passes.
Nothing in it is computed from patients. A key that is not known is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from synthema_lab.deidentify.lattice import Target
from synthema_lab.deidentify.policy_parts import (
    DateRules,
    Postcode,
    Rounding,
    read_dates_section,
    read_numbers_section,
    read_postcodes_section,
)
from synthema_lab.deidentify.pseudonyms import CHARACTERS, LONGEST, SHORTEST
from synthema_lab.deidentify.section import PolicySection
from synthema_lab.deidentify.study import Study, read_mapping
from synthema_lab.deidentify.thresholds import Thresholds
from synthema_lab.dictionary import Lookup, did_you_mean
from synthema_lab.dictionary.load import SUFFIXES, folders
from synthema_lab.errors import ArgumentRefused

FOLDER = "policies"
KEYS = (
    "name", "title", "version", "source", "dictionary", "pseudonym", "drop", "dates", "postcodes",
    "numbers", "rare", "quasi_identifiers", "not_quasi", "levels", "importance", "sensitive",
    "free_text", "anonymity", "studies", "assessment",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Policy:
    """What a site lets leave.

    Attributes
    ----------
    name, title, version, source, dictionary : str
    identifiers : tuple of str
        Columns, the first present of which names the patient at the source.
    characters : int
        Length of a pseudonym.
    drop : tuple of str
        Columns that never leave.
    dates : DateRules
    postcodes : mapping of str to Postcode
    numbers : mapping of str to Rounding
    rare : mapping of str to str
        Category, and the code that its rare values become.
    rare_below : int
        Fewer patients than this are rare.
    quasi_identifiers : mapping of str to list
        Steps of each hierarchy, see `Hierarchy`.
    not_quasi : mapping of str to str
        Variables of class quasi that this policy does not count as one, with the reason.
    levels : mapping of str to int
        Levels that are applied at least.
    importance : mapping of str to float
        How much the loss of a quasi-identifier counts in the search; 1 where not named.
    sensitive : tuple of str
    free_text : tuple of str
        Free texts that may leave.
    target : Target or None
        What the search must reach; None: the levels are applied and nothing is searched.
    studies : mapping of str to Study
    thresholds : Thresholds
    digest : str
        SHA-256 of what the policy says.

    Examples
    --------
    >>> policy = Policy.load("leuksurv")
    >>> policy.target.k, policy.dictionary
    (5, 'leuksurv')
    """

    name: str
    title: str
    version: str
    source: str
    dictionary: str
    identifiers: tuple[str, ...]
    characters: int
    drop: tuple[str, ...]
    dates: DateRules
    postcodes: Mapping[str, Postcode]
    numbers: Mapping[str, Rounding]
    rare: Mapping[str, str]
    rare_below: int
    quasi_identifiers: Mapping[str, list[object]] = field(repr=False)
    not_quasi: Mapping[str, str]
    levels: Mapping[str, int]
    importance: Mapping[str, float]
    sensitive: tuple[str, ...]
    free_text: tuple[str, ...]
    target: Target | None
    studies: Mapping[str, Study]
    thresholds: Thresholds = field(repr=False)
    digest: str = field(repr=False)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Policy:
        """Read a policy from a YAML file, or by the name of one that comes with the workbench.

        Raises
        ------
        ArgumentRefused
            If there is no such file, a key is unknown or repeated, or the policy
            contradicts itself.
        """
        asked = Path(path)
        if asked.suffix.lower() in SUFFIXES and asked.is_file():
            return cls.from_dict(read_mapping(asked, "policy"))
        places = [folder / FOLDER for folder in folders()]
        known = {file.stem: file for place in reversed(places) for file in place.glob("*.yaml")}
        if str(path) in known:
            return cls.from_dict(read_mapping(known[str(path)], "policy"))
        raise ArgumentRefused(
            f"There is no policy {asked}.",
            f"A YAML file, or the name of one in data_dictionaries/{FOLDER}/.",
            did_you_mean(asked.stem, sorted(known)),
        )

    @classmethod
    def from_dict(cls, content: Mapping[str, object]) -> Policy:
        """Build a policy from plain values; raises as `load` does."""
        section = PolicySection(content, "The policy", KEYS)
        pseudonym = PolicySection(
            section.content.get("pseudonym") or {}, "pseudonym", ("from", "characters")
        )
        rare = PolicySection(section.content.get("rare") or {}, "rare", ("fewer_than", "into"))
        target = _target(section)
        characters = pseudonym.whole("characters", CHARACTERS, SHORTEST)
        if characters > LONGEST:
            pseudonym.refuse("has too many characters.", f"{SHORTEST} to {LONGEST}.")
        quasi = section.mapping("quasi_identifiers")
        if not all(isinstance(steps, list) for steps in quasi.values()):
            section.refuse(
                "has a quasi-identifier without a list of steps.",
                "A list, which may be empty: [] tells it as recorded.",
            )
        built = cls(
            name=section.text("name"),
            title=section.text("title"),
            version=section.text("version"),
            source=section.text("source", ""),
            dictionary=section.text("dictionary"),
            identifiers=pseudonym.names("from"),
            characters=characters,
            drop=section.names("drop"),
            dates=read_dates_section(section.content.get("dates")),
            postcodes=Lookup(read_postcodes_section(section.mapping("postcodes"))),
            numbers=Lookup(read_numbers_section(section.mapping("numbers"))),
            rare=Lookup(rare.names_by_name("into")),
            rare_below=rare.whole("fewer_than", target.k if target else 5, 2),
            quasi_identifiers=Lookup({name: list(steps) for name, steps in quasi.items()}),
            not_quasi=Lookup(section.names_by_name("not_quasi")),
            levels=Lookup(_levels(section, quasi)),
            importance=Lookup(_importance(section, quasi)),
            sensitive=section.names("sensitive"),
            free_text=section.names("free_text"),
            target=target,
            studies=Lookup(
                (name, Study.read(inner, f"Study {name}", name))
                for name, inner in section.mapping("studies").items()
            ),
            thresholds=Thresholds.read(section.content.get("assessment") or {}),
            digest=_digest(content),
        )
        _refuse_contradictions(section, built)
        return built

    def study(self, name: str) -> Study:
        """A study of the policy by its name."""
        if name not in self.studies:
            raise ArgumentRefused(
                f"The policy {self.name} has no study {str(name)[:60]!r}.",
                f"One of: {', '.join(self.studies) or '(none)'}.",
                did_you_mean(str(name), self.studies),
            )
        return self.studies[name]

    def asking(self, **target: float) -> Policy:
        """The same policy with another target, such as ``policy.asking(k=10)``.

        Its digest says so. The thresholds of the assessment stay.

        Parameters
        ----------
        **target
            k, l, t or suppress_at_most, see `Target`.
        """
        asked = replace(self.target or Target(), **target)
        digest = hashlib.sha256(f"{self.digest} {asked!r}".encode()).hexdigest()
        return replace(self, target=asked, digest=self.digest if asked == self.target else digest)

    def __str__(self) -> str:
        return f"{self.title} ({self.name} {self.version}, for the dictionary {self.dictionary})"


def _target(section: PolicySection) -> Target | None:
    inner = PolicySection(
        section.content.get("anonymity") or {}, "anonymity",
        ("search", "k", "l", "t", "suppress_at_most"),
    )  # fmt: skip
    target = Target(
        k=inner.whole("k", 5, 2),
        l=inner.whole("l", 1, 1),
        t=inner.share("t", 1.0),
        suppress_at_most=inner.share("suppress_at_most", 0.05),
    )
    return target if inner.flag("search", True) else None


def _levels(section: PolicySection, quasi: Mapping[str, object]) -> dict[str, int]:
    levels = section.mapping("levels")
    for name, level in levels.items():
        if name not in quasi:
            section.refuse(
                f"has a level for {name[:60]}, which has no steps.",
                "Names under quasi_identifiers.", did_you_mean(name, quasi),
            )  # fmt: skip
        if isinstance(level, bool) or not isinstance(level, int):
            section.refuse(f"has a level of {name} that is no number.", "A whole number from 0.")
    return {name: int(level) for name, level in levels.items()}


def _importance(section: PolicySection, quasi: Mapping[str, object]) -> dict[str, float]:
    inner = PolicySection(section.content.get("importance") or {}, "importance", list(quasi))
    counts = {name: inner.number(name) for name in inner.content}
    if any(count <= 0 for count in counts.values()):
        inner.refuse("has a number that is not above 0.", "Above 0; 1 is usual, 3 counts thrice.")
    return counts


def _refuse_contradictions(section: PolicySection, policy: Policy) -> None:
    """What is dropped cannot be kept as well."""
    made = {*policy.dates.made, *(postcode.into for postcode in policy.postcodes.values())}
    kept = {
        "quasi_identifiers": set(policy.quasi_identifiers), "numbers": set(policy.numbers),
        "rare": set(policy.rare), "sensitive": set(policy.sensitive),
        "free_text": set(policy.free_text), "pseudonym": set(policy.identifiers),
        "dates": {*policy.dates.sources, *made}, "postcodes": set(policy.postcodes),
        **{f"study {study.name}": set(study.variables or ()) for study in policy.studies.values()},
    }  # fmt: skip
    for place, names in kept.items():
        for name in sorted(names & set(policy.drop)):
            section.refuse(
                f"contradicts itself: {name[:60]} is dropped and also named under {place}.",
                "Each column either dropped or used.",
            )
    for name in sorted(set(policy.quasi_identifiers) & {*policy.sensitive, *policy.not_quasi}):
        section.refuse(
            f"contradicts itself: {name[:60]} is a quasi-identifier and something else.",
            "What an intruder knows (quasi_identifiers), what an intruder wants to learn "
            "(sensitive), or neither (not_quasi).",
        )
    for name in sorted(set(policy.rare) & {n for n, s in policy.quasi_identifiers.items() if s}):
        section.refuse(
            f"contradicts itself: {name[:60]} has its rare codes grouped and steps as well.",
            "One of the two: a step with groups can hold the rare codes.",
        )


def _digest(content: Mapping[str, object]) -> str:
    canonical = json.dumps(content, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
