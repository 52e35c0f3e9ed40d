"""Which variables are the pseudonym, the centre, the outcome, and which belong together?"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from synthema_lab.dictionary.lookup import Lookup
from synthema_lab.dictionary.sections import Section
from synthema_lab.dictionary.spelling import did_you_mean
from synthema_lab.dictionary.variable import UNMODELLED, Survival, Variable

SURVIVAL_KEYS = ("time", "event", "horizon", "covariates")


def role(
    section: Section, key: str, variables: Mapping[str, Variable], types: Collection[str]
) -> str | None:
    """The variable that plays a role, or None; refused where it has another type."""
    name = section.optional_text(key)
    if name is None:
        return None
    if name not in variables:
        section.refuse(
            f"names a {key} that it does not declare.",
            "The name of a variable.",
            did_you_mean(name, variables),
        )
    if variables[name].type not in types:
        section.refuse(
            f"has {name} as its {key}, and {name} is a {variables[name].type}.",
            f"A variable of type {' or '.join(types)}.",
        )
    return name


def survival_of(section: Section, variables: Mapping[str, Variable]) -> Survival | None:
    """The outcome, or None; refused where its horizon or covariates cannot be used."""
    if not section.given("survival"):
        return None
    inner = Section(section.content["survival"], "survival", SURVIVAL_KEYS)
    inner.text("time"), inner.text("event")
    time = role(inner, "time", variables, ("number", "integer"))
    event = role(inner, "event", variables, ("boolean",))
    horizon = inner.number("horizon")
    limits = variables[time].range
    if horizon <= 0 or (limits is not None and horizon > limits[1]):
        inner.refuse("has a horizon beyond the range of its time.", "A positive time in range.")
    return Survival(time, event, horizon, _covariates(inner, variables, (time, event)))


def _covariates(
    section: Section, variables: Mapping[str, Variable], outcome: Collection[str]
) -> tuple[str, ...]:
    names = section.items("covariates")
    for name in names:
        if name not in variables or name in outcome or variables[name].type in UNMODELLED:
            section.refuse(
                f"has {name!s:.60} among its covariates.",
                "Names of variables other than the outcome, identifiers and texts.",
                did_you_mean(str(name), variables),
            )
    if len(set(names)) < len(names):
        section.refuse("has a covariate twice.", "Each name once.")
    return tuple(names)


def workload_of(section: Section, modelled: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """The sets of modelled variables whose joint counts matter, each once."""
    cliques: list[tuple[str, ...]] = []
    for clique in section.items("workload"):
        if (
            not isinstance(clique, list)
            or len(clique) < 2
            or len(set(map(str, clique))) < len(clique)
        ):
            section.refuse("has a workload entry that is no set.", "As in [os_days, age_years].")
        for name in clique:
            if name not in modelled:
                section.refuse(
                    f"has {name!s:.60} in its workload, which is not a modelled variable.",
                    "Variables that are no identifier, not derived and not the centre.",
                    did_you_mean(str(name), modelled),
                )
        if any(set(clique) == set(earlier) for earlier in cliques):
            section.refuse(f"has {', '.join(clique)} twice in its workload.", "Each set once.")
        cliques.append(tuple(clique))
    return tuple(cliques)


def panels_of(
    section: Section, variables: Mapping[str, Variable], modelled: tuple[str, ...]
) -> Lookup[tuple[str, ...]]:
    """Variables that one examination gives; no variable is in two panels."""
    panels: dict[str, tuple[str, ...]] = {}
    taken: set[str] = set()
    for panel, members in section.mapping("panels").items():
        if not isinstance(members, list) or len(members) < 2:
            section.refuse(f"has a panel {panel} that is no list.", "At least two variables.")
        for name in members:
            if name not in modelled or not variables[name].missing or name in taken:
                section.refuse(
                    f"has {name!s:.60} in its panel {panel}.",
                    "Modelled variables that may be missing, each in one panel.",
                    did_you_mean(str(name), modelled),
                )
            taken.add(name)
        panels[panel] = tuple(members)
    return Lookup(panels)
