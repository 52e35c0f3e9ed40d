"""How does a data dictionary look in a notebook, in a terminal, and as plain values?"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from synthema_lab.dictionary.variable import DEFAULT_TOLERANCE, Survival, Variable

if TYPE_CHECKING:
    from synthema_lab.dictionary.dictionary import DataDictionary

HEAD = ("variable", "label", "type", "unit", "allowed", "missing", "identifier", "code")


def _row(variable: Variable) -> tuple[str, ...]:
    if not variable.missing:
        missing = "no"
    elif variable.expected_missing is None:
        missing = "yes"
    else:
        missing = f"about {variable.expected_missing:.0%}"
    return (
        variable.name,
        variable.label,
        variable.type + (", derived" if variable.derive else ""),
        variable.unit or "",
        variable.allowed,
        missing,
        variable.identifier,
        "; ".join(map(str, variable.codes)),
    )


def as_text(dictionary: DataDictionary) -> str:
    """A compact text: one line a variable, then rules by name."""
    lines = [
        f"{dictionary.title} ({dictionary.name} {dictionary.version}, "
        f"{len(dictionary.variables)} variables, {len(dictionary.rules)} rules)"
    ]
    lines += [f"  {variable}" for variable in dictionary.variables.values()]
    if dictionary.rules:
        lines.append("  rules: " + ", ".join(rule.name for rule in dictionary.rules))
    return "\n".join(lines)


def as_html(dictionary: DataDictionary) -> str:
    """A table of variables and a list of rules; everything is escaped."""
    left = "style='text-align:left'"
    head = "".join(f"<th {left}>{name}</th>" for name in HEAD)
    body = "".join(
        "<tr>"
        + "".join(f"<td {left}>{html.escape(cell)}</td>" for cell in _row(variable))
        + "</tr>"
        for variable in dictionary.variables.values()
    )
    rules = "".join(
        f"<li><b>{html.escape(rule.name)}</b>: {html.escape(rule.text)} "
        f"<code>{html.escape(rule.expression)}</code></li>"
        for rule in dictionary.rules
    )
    return (
        f"<p><b>{html.escape(dictionary.title)}</b> "
        f"({html.escape(dictionary.name)} {html.escape(dictionary.version)})</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        + (f"<p>Rules</p><ul>{rules}</ul>" if rules else "")
        + f"<p><small>{html.escape(dictionary.source)} "
        f"Licence: {html.escape(dictionary.licence)}</small></p>"
    )


def plain_values(dictionary: DataDictionary) -> dict[str, object]:
    """The dictionary as lists, texts and numbers, with every default written out."""
    survival = dictionary.survival
    facts = {
        "name": dictionary.name,
        "title": dictionary.title,
        "version": dictionary.version,
        "source": dictionary.source,
        "licence": dictionary.licence,
        "patient": dictionary.patient,
        "centre": dictionary.centre,
        "survival": survival and _plain_survival(survival),
        "risk_group": dictionary.risk_group,
        "workload": [list(clique) for clique in dictionary.workload],
        "variables": {
            name: _plain_variable(variable) for name, variable in dictionary.variables.items()
        },
        "rules": {
            rule.name: {"text": rule.text, "expression": rule.expression, "source": rule.source}
            for rule in dictionary.rules
        },
    }
    if dictionary.panels:
        facts["panels"] = {name: list(members) for name, members in dictionary.panels.items()}
    return facts


def _plain_survival(survival: Survival) -> dict[str, object]:
    facts = {"time": survival.time, "event": survival.event, "horizon": survival.horizon}
    return facts | ({"covariates": list(survival.covariates)} if survival.covariates else {})


def _plain_variable(variable: Variable) -> dict[str, object]:
    facts: dict[str, object] = {
        "label": variable.label,
        "type": variable.type,
        "missing": variable.missing,
        "expected_missing": variable.expected_missing,
        "derive": [{code: condition} for code, condition in variable.steps] or variable.derive,
        "codes": [
            {"system": code.system, "code": code.code, "status": code.status}
            for code in variable.codes
        ],
        "identifier": variable.identifier,
        "core": variable.core,
        "caveat": variable.caveat,
        "source": variable.source,
    }
    if variable.numeric:
        facts |= {
            "unit": variable.unit,
            "range": variable.range and list(variable.range),
            "plausible": variable.plausible and list(variable.plausible),
            "bins": list(variable.bins),
            "within_bin": variable.within_bin,
            "resolution": variable.resolution,
        }
    # Written out only where they say something, so that a dictionary without keeps its digest.
    if variable.derive and variable.numeric and variable.tolerance != DEFAULT_TOLERANCE:
        facts["tolerance"] = variable.tolerance
    for key in ("molar_mass", "evidence"):
        if getattr(variable, key):
            facts[key] = getattr(variable, key)
    if variable.digits:
        facts["digits"] = list(variable.digits)
    if variable.type == "category":
        facts["categories"] = dict(variable.categories)
    return facts
