"""How is an ordered table, first hit wins, read as one expression?

Guidelines state risk groups as such tables. A category may be derived by one::

    derive:
      - APL: certain(t_15_17)
      - favorable: certain(t_8_21) or certain(inv16)
      - intermediate: otherwise

It means the nested ``choose`` of its rows. `otherwise` takes what no row took;
without it the rest is missing. A row that cannot be decided leaves the result
missing, so ``certain`` marks conditions where not recorded counts as absent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from synthema_lab.dictionary.sections import Section

OTHERWISE = "otherwise"
_NOTHING = "cut(0, [1, 2], ['{}'])"  # 0 lies in no interval: missing


def derivation_steps(section: Section, kind: str) -> tuple[tuple[str, str], ...]:
    """The rows of an ordered table under ``derive``; empty where it is written otherwise.

    Raises
    ------
    DataMismatch
        If the variable is no category or a row is not one ``code: condition``.
    """
    given = section.content.get("derive")
    if not isinstance(given, list):
        return ()
    if kind != "category":
        section.refuse(f"is a {kind} derived by an ordered table.", "Such a table for a category.")
    steps: list[tuple[str, str]] = []
    for row in given:
        pair = next(iter(row.items())) if isinstance(row, Mapping) and len(row) == 1 else None
        if pair is None or not all(isinstance(part, str) and part.strip() for part in pair):
            section.refuse(
                f"has an unreadable row {len(steps) + 1} in its ordered table.",
                "One code and its condition a row, as in - favorable: certain(inv16).",
            )
        if steps and steps[-1][1] == OTHERWISE:
            section.refuse("has a row after otherwise.", "otherwise in the last row only.")
        if "'" in pair[0]:
            section.refuse("has a code with a quotation mark.", "Codes without quotation marks.")
        steps.append((pair[0], " ".join(pair[1].split())))
    if not steps:
        section.refuse("has an empty ordered table.", "At least one row.")
    return tuple(steps)


def nested(steps: Sequence[tuple[str, str]]) -> str:
    """The table as one expression.

    Parameters
    ----------
    steps : sequence of (str, str)
        Code and condition of each row, in order.

    Examples
    --------
    >>> nested([("high", "wbc_gl > 100"), ("other", "otherwise")])
    "choose(wbc_gl > 100, 'high', 'other')"
    """
    *rows, (last_code, last_condition) = steps
    if last_condition == OTHERWISE:
        expression = f"'{last_code}'"
    else:
        nothing = _NOTHING.format(last_code)
        expression = f"choose({last_condition}, '{last_code}', {nothing})"
    for code, condition in reversed(rows):
        expression = f"choose({condition}, '{code}', {expression})"
    return expression
