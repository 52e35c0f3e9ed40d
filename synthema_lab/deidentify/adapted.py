"""What does the dictionary of a de-identified table say?

It follows from the dictionary, the policy and the levels alone, never from a
patient. Numbers told in bands stay numbers, so that every later method works: a
value stands for its band, and the bands become the bins. Grouped categories
have the groups as codes. Rules that speak of a changed variable are left out,
since a value that stands for a band need not keep them.
"""

from __future__ import annotations

from collections.abc import Mapping

from synthema_lab.deidentify.binding import Binding
from synthema_lab.deidentify.hierarchy import Hierarchy
from synthema_lab.deidentify.policy_parts import Rounding
from synthema_lab.deidentify.steps import kept_codes
from synthema_lab.dictionary import DataDictionary


def adapted(binding: Binding, levels: Mapping[str, int]) -> DataDictionary:
    """The dictionary of the table that leaves at these levels.

    Parameters
    ----------
    binding : Binding
    levels : mapping of str to int
        Level of each quasi-identifier.
    """
    full, policy = binding.dictionary, binding.policy
    content = full.as_dict()
    told = {h.variable.name: h.told(levels[h.variable.name]) for h in binding.hierarchies}
    grouped = {
        h.variable.name for h in binding.hierarchies
        if levels[h.variable.name] and h.steps[levels[h.variable.name] - 1].kind == "groups"
    }  # fmt: skip
    kept = {name for name in binding.leaving if told.get(name, True)}
    for name in full.derived:  # inputs come before what needs them
        inputs = full.derivations[name].inputs
        if name in binding.computed and not (inputs <= kept and not inputs & grouped):
            kept.discard(name)
    changed = _changed(binding, levels)
    variables = {
        name: _declared(content["variables"][name], name, binding, levels)
        for name in full.variables
        if name in kept
    }
    rules = {
        rule.name: content["rules"][rule.name]
        for rule in full.rules
        if rule.inputs <= kept and not rule.inputs & changed
    }
    return DataDictionary.from_dict(
        {
            **content,
            "name": f"{full.name}_deidentified",
            "title": f"{full.title}, de-identified",
            "source": f"{full.source} De-identified under the policy {policy.name} "
            f"{policy.version} for {binding.study.name}.",
            "variables": variables,
            "rules": rules,
            **_roles(content, kept, variables),
        }
    )


def _changed(binding: Binding, levels: Mapping[str, int]) -> set[str]:
    """Variables told less precisely, and what is computed from them."""
    full, policy = binding.dictionary, binding.policy
    changed = {name for name, level in levels.items() if level}
    changed |= set(policy.numbers) | set(policy.rare)
    for name in full.derived:
        if full.derivations[name].inputs & changed:
            changed.add(name)
    return changed


def _roles(
    content: Mapping[str, object], kept: set[str], variables: Mapping[str, Mapping[str, object]]
) -> dict[str, object]:
    """Roles whose variables are all there."""
    survival = content["survival"]
    if survival and {survival["time"], survival["event"]} <= kept:
        covariates = [name for name in survival.get("covariates", ()) if name in kept]
        survival = {key: value for key, value in survival.items() if key != "covariates"}
        survival |= {"covariates": covariates} if covariates else {}
    else:
        survival = None
    modelled = {
        name for name in kept
        if variables[name]["type"] not in ("identifier", "text")
        and not variables[name].get("derive") and name != content["centre"]
    }  # fmt: skip
    cliques = [[name for name in clique if name in modelled] for clique in content["workload"]]
    panels = {
        panel: [name for name in members if name in modelled and variables[name]["missing"]]
        for panel, members in content.get("panels", {}).items()
    }
    distinct = {frozenset(clique): clique for clique in cliques if len(clique) > 1}
    return {
        **{
            role: content[role] if content[role] in kept else None
            for role in ("patient", "centre", "risk_group")
        },
        "survival": survival,
        "workload": list(distinct.values()),
        "panels": {panel: members for panel, members in panels.items() if len(members) > 1},
    }


def _declared(
    declared: Mapping[str, object], name: str, binding: Binding, levels: Mapping[str, int]
) -> dict[str, object]:
    """One variable as it is now."""
    new, policy, said = dict(declared), binding.policy, []
    if new.get("derive") and name not in binding.computed:
        new |= {"derive": None, "core": False}
        new.pop("tolerance", None)
        said.append("Recorded as it was derived from variables that did not leave.")
    if name in policy.numbers:
        new["resolution"] = _resolution(declared, policy.numbers[name])
        new.pop("digits", None)
        said.append(f"Told less precisely: {policy.numbers[name]}.")
    if name in policy.rare:
        said.append(
            f"Codes of fewer than {policy.rare_below} patients were put under {policy.rare[name]}."
        )
    ladder = next((h for h in binding.hierarchies if h.variable.name == name), None)
    if ladder is not None and levels[name]:
        new |= _generalised(ladder, levels[name], declared)
        new.pop("digits", None)
        said.append(f"Generalised: {ladder.words(levels[name])}; a value stands for its group.")
    if said:
        new["caveat"] = " ".join([str(declared.get("caveat") or ""), *said]).strip()
    return new


def _generalised(
    ladder: Hierarchy, level: int, declared: Mapping[str, object]
) -> dict[str, object]:
    step = ladder.steps[level - 1]
    if step.kind == "bands":
        return {"bins": list(step.edges), "resolution": None, "within_bin": "uniform"}
    if step.kind == "groups":
        labels = dict(declared["categories"])
        return {
            "categories": {
                code: "; ".join(labels[member] for member in step.groups[code])
                if code in step.groups
                else labels[code]
                for code in kept_codes(step, ladder.variable)
            }
        }
    return {}


def _resolution(declared: Mapping[str, object], rounding: Rounding) -> float | None:
    """The step of rounding, where limits and bins are multiples of it."""
    marks = [*(declared["range"] or ()), *(declared["bins"] or ())]
    marks += [mark for mark in (rounding.bottom, rounding.top) if mark is not None]
    step = rounding.step
    if step is None or any(abs(mark / step - round(mark / step)) > 1e-6 for mark in marks):
        return None
    return step
