"""Do a policy, a dictionary and a study belong together, and what do they let through?

Decided from the three alone, before any patient is looked at, so that every site
that applies them gets the same variables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from synthema_lab.deidentify.hierarchy import Hierarchy
from synthema_lab.deidentify.policy import Policy
from synthema_lab.deidentify.study import Study
from synthema_lab.dictionary import DataDictionary, did_you_mean
from synthema_lab.errors import ArgumentRefused


@dataclass(frozen=True, eq=False)
class Binding:
    """What leaves, and in which role.

    Attributes
    ----------
    policy : Policy
    study : Study
    dictionary : DataDictionary
        The dictionary and what the policy makes: areas from postcodes, shifted dates.
    leaving : tuple of str
        Variables that may leave, in the dictionary's order.
    computed : frozenset of str
        Those that are computed again from what leaves.
    hierarchies : tuple of Hierarchy
        One for each quasi-identifier that leaves.
    sensitive : tuple of str
    """

    policy: Policy
    study: Study
    dictionary: DataDictionary
    leaving: tuple[str, ...]
    computed: frozenset[str]
    hierarchies: tuple[Hierarchy, ...]
    sensitive: tuple[str, ...]

    @property
    def needed(self) -> frozenset[str]:
        """Variables that leave, and those that a leaving one is derived from."""
        found = set(self.leaving)
        for name in reversed(self.dictionary.derived):
            if name in found:
                found |= self.dictionary.derivations[name].inputs
        return frozenset(found)


def bind(dictionary: DataDictionary, policy: Policy, study: Study | None = None) -> Binding:
    """Bring the three together.

    Raises
    ------
    ArgumentRefused
        If the policy is for another dictionary, names what the dictionary does not
        have, or has a step that does not suit its variable; or the study asks for
        what the policy drops.
    """
    if policy.dictionary != dictionary.name:
        raise ArgumentRefused(
            f"The policy {policy.name} is for the dictionary {policy.dictionary}, not for "
            f"{dictionary.name}.",
            "A policy written for the table's dictionary.",
            f"Give --dictionary {policy.dictionary}, or another policy.",
        )
    study = study or Study.everything(policy.name)
    full = extended(dictionary, policy)
    _require_names(full, policy)
    study.require_known(full)
    for each in policy.studies.values():
        each.require_known(full)
    leaving = tuple(name for name in full.variables if _leaves(name, full, policy, study))
    _require_allowed(study, leaving, full)
    computed = frozenset(
        name for name in full.derived
        if name in leaving and full.derivations[name].inputs <= set(leaving)
    )  # fmt: skip
    # A derived variable without its inputs is told as recorded, where a study asks for it by name.
    leaving = tuple(
        name
        for name in leaving
        if not full.variables[name].derive or name in computed or study.variables is not None
    )
    quasi = [name for name in leaving if name not in computed and _is_quasi(name, full, policy)]
    return Binding(
        policy=policy,
        study=study,
        dictionary=full,
        leaving=leaving,
        computed=computed,
        hierarchies=tuple(
            Hierarchy.of(full.variables[name], policy.quasi_identifiers.get(name, []))
            for name in quasi
        ),
        sensitive=tuple(name for name in policy.sensitive if name in leaving),
    )


def extended(dictionary: DataDictionary, policy: Policy) -> DataDictionary:
    """The dictionary with what the policy makes: areas, shifted dates, codes for rare ones."""
    content = dictionary.as_dict()
    variables: dict[str, dict[str, object]] = dict(content["variables"])
    made = {
        postcode.into: f"First characters of {column}"
        for column, postcode in policy.postcodes.items()
    } | {
        name: f"{name}, all dates of a patient moved by one secret number of days"
        for name in policy.dates.shifted
    }
    for name, label in made.items():
        if name in variables:
            raise ArgumentRefused(
                f"The policy makes {name[:60]}, which the dictionary has already.",
                "A new name for what a postcode becomes, and dates that are no variables.",
                "Choose another name in the policy.",
            )
        variables[name] = {
            "label": label, "type": "identifier", "identifier": "quasi", "missing": True,
            "core": False, "source": f"Policy {policy.name}.",
        }  # fmt: skip
    for name, code in policy.rare.items():
        declared = variables.get(name, {})
        if declared.get("type") == "category" and code not in declared["categories"]:
            categories = {**declared["categories"], code: "rare, grouped"}
            variables[name] = {**declared, "categories": categories}
    return DataDictionary.from_dict({**content, "variables": variables})


def _leaves(name: str, full: DataDictionary, policy: Policy, study: Study) -> bool:
    variable = full.variables[name]
    if name == full.patient:
        return True
    if name in policy.drop or variable.identifier == "direct" or not study.wants(name):
        return False
    return variable.type != "text" or name in policy.free_text


def _is_quasi(name: str, full: DataDictionary, policy: Policy) -> bool:
    """By class, by the policy, or because it was computed from one that is."""
    if name == full.patient or name in policy.not_quasi:
        return False
    if name in policy.quasi_identifiers or full.variables[name].identifier == "quasi":
        return True
    if full.variables[name].derive:
        return any(_is_quasi(each, full, policy) for each in full.derivations[name].inputs)
    return False


def _require_allowed(study: Study, leaving: Iterable[str], full: DataDictionary) -> None:
    for name in study.variables or ():
        if name not in leaving:
            free = full.variables[name].type == "text"
            raise ArgumentRefused(
                f"The study {study.name} asks for {name}, which does not leave"
                + (": it is free text." if free else "."),
                "Variables that the policy lets through.",
                f"Take {name} out of the study"
                + (", or name it under free_text in the policy." if free else "."),
            )


def _require_names(full: DataDictionary, policy: Policy) -> None:
    """Each name in the policy is a variable of the right type."""
    numeric, anything = ("number", "integer"), None
    places: list[tuple[str, Mapping[str, object] | Iterable[str], tuple[str, ...] | None]] = [
        ("quasi_identifiers", policy.quasi_identifiers, anything),
        ("not_quasi", policy.not_quasi, anything),
        ("sensitive", policy.sensitive, anything),
        ("numbers", policy.numbers, numeric),
        ("rare", policy.rare, ("category",)),
        ("free_text", policy.free_text, ("text",)),
        ("dates", policy.dates.made, numeric),
    ]
    for place, names, types in places:
        for name in names:
            variable = full.variables.get(name)
            if variable is None:
                happened, hint = "no variable", did_you_mean(name, full.variables)
            elif types is not None and variable.type not in types:
                happened, hint = f"a {variable.type}", f"Take it out of {place}."
            elif variable.derive and place in ("numbers", "rare", "dates"):
                happened, hint = "derived", "Name what it is derived from."
            else:
                continue
            raise ArgumentRefused(
                f"The policy {policy.name} names {name[:60]} under {place}, and it is {happened}.",
                f"Variables of {full.name}" + (f" of type {' or '.join(types)}." if types else "."),
                hint,
            )
    if policy.levels:
        for name, level in policy.levels.items():
            Hierarchy.of(full.variables[name], policy.quasi_identifiers[name]).require(level)
