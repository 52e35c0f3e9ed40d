"""How is a check of a table told in a terminal?"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..dictionary import DataDictionary, Finding, Findings

WIDTH, TOGETHER = 100, "The files together"


def as_report(named: dict[str, Findings], dictionary: DataDictionary) -> str:
    """A headline for each table, findings by variable, what to do next, what stayed open.

    Parameters
    ----------
    named : mapping of a table's name to Findings
    dictionary : DataDictionary
    """
    from ..dictionary.remedies import remedies

    lines: list[str] = []
    told: list[Finding] = []
    for name, findings in named.items():
        lines += [""] if lines else []
        verdict = _verdict(findings, dictionary) if name != TOGETHER else ":"
        lines.append(f"{name}{verdict} {findings.summary}")
        ordered = _by_variable(findings, dictionary)
        told += [finding for _, group in ordered for finding in group]
        lines += _table(ordered)
    told.sort(key=lambda finding: finding.severity == "warning")
    steps = remedies(told)
    if steps:
        lines += ["", "What to do next"]
        lines += [line for step in steps for line in _wrapped(step, "  - ", "    ")]
    undecided = list(dict.fromkeys(rule for found in named.values() for rule in found.undecided))
    if undecided:
        lines += ["", "Not decided, since a column they need is absent"]
        lines += _wrapped(", ".join(undecided), "  ", "  ")
    return "\n".join(lines)


def _verdict(findings: Findings, dictionary: DataDictionary) -> str:
    verdict = "matches" if findings.ok else "does not match"
    return f" {verdict} {dictionary.name} {dictionary.version}:"


def _by_variable(findings: Findings, dictionary: DataDictionary) -> list[tuple[str, list[Finding]]]:
    """Findings grouped by variable: those with errors first, then in the dictionary's order."""
    rules = {rule.name for rule in dictionary.rules}
    groups: dict[str, list[Finding]] = {}
    for finding in (*findings.errors, *findings.warnings):
        group = finding.variable or ("(rules)" if finding.rule in rules else "(table)")
        groups.setdefault(group, []).append(finding)
    places = {name: at for at, name in enumerate(["(table)", *dictionary.variables, "(rules)"])}
    return sorted(
        groups.items(),
        key=lambda item: (item[1][0].severity == "warning", places.get(item[0], len(places))),
    )


def _table(ordered: list[tuple[str, list[Finding]]]) -> list[str]:
    if not ordered:
        return []
    width = min(30, max(len(name) for name, _ in ordered)) + 2
    lines = ["", f"  {'variable':<{width}}{'':<9}{'rows':>7}  what", "  " + "-" * (WIDTH - 2)]
    for name, group in ordered:
        for at, finding in enumerate(group):
            shown = name if at == 0 else ""
            count = str(finding.count or "")
            head = f"  {shown:<{width}}{finding.severity:<9}{count:>7}  "
            where = f" Rows {_rows(finding)}" if finding.rows else ""
            lines += _wrapped(finding.message + where, head, " " * len(head))
    return lines


def _rows(finding: Finding) -> str:
    return ", ".join(map(str, finding.rows[:8])) + (", ..." if finding.count > 8 else ".")


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
    )
