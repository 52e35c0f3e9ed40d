"""What happens when someone cheats in a secure sum?

`rehearse` plays every attack of the catalogue, and every limit, against the
state machines that run in hospitals, and reports what they answered. No answer
is written down beforehand: an attack that is not refused is reported as one
that went through.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from ...errors import GateFailed
from . import (
    altered_messages,
    bad_vectors,
    chosen_neighbours,
    other_settings,
    replaced_keys,
    replays,
    series,
    sight,
    survivors,
    wrong_shares,
)
from .attack import COORDINATOR, HOSPITAL, WIRE, Answer, Attack, answer_to
from .limit import Limit, Shown
from .limits import LIMITS

CATALOGUE: tuple[Attack, ...] = (
    *sight.ATTACKS,
    *survivors.ATTACKS,
    *replaced_keys.ATTACKS,
    *chosen_neighbours.ATTACKS,
    *wrong_shares.ATTACKS,
    *replays.ATTACKS,
    *series.ATTACKS,
    *other_settings.ATTACKS,
    *bad_vectors.ATTACKS,
    *altered_messages.ATTACKS,
)
CHEATS = (COORDINATOR, HOSPITAL, WIRE)


@dataclass(frozen=True, repr=False)
class Rehearsal:
    """What came of every attack and of every limit.

    Parameters
    ----------
    answers : tuple of Answer
    limits : tuple of Shown
    """

    answers: tuple[Answer, ...]
    limits: tuple[Shown, ...]

    @property
    def through(self) -> tuple[Answer, ...]:
        """The attacks that were not refused; empty if all is well."""
        return tuple(answer for answer in self.answers if not answer.refused)

    @property
    def table(self) -> pd.DataFrame:
        """One row an attack.

        Columns: ``attack``, ``who cheats``, ``hopes for``, ``tries``,
        ``answer`` (classes of the refusals), ``because`` (what the first says
        happened), ``expected``, ``next``, ``things tried``, ``status``,
        ``refused``.
        """
        rows = [
            {
                "attack": answer.attack.name,
                "who cheats": answer.attack.cheat,
                "hopes for": answer.attack.hope,
                "tries": answer.attack.tried,
                "answer": ", ".join(answer.errors),
                "because": answer.happened,
                "expected": answer.expected,
                "next": answer.next_step,
                "things tried": answer.tries,
                "status": answer.status,
                "refused": answer.refused,
            }
            for answer in self.answers
        ]
        return pd.DataFrame(rows)

    def by(self, cheat: str) -> pd.DataFrame:
        """The attacks of one cheat, in the columns that a reader looks at first.

        Parameters
        ----------
        cheat : str
            "the coordinator", "a hospital" or "the wire".
        """
        table = self.table
        shown = ["attack", "tries", "status", "answer", "because", "expected"]
        return table.loc[table["who cheats"] == cheat, shown].reset_index(drop=True)

    @property
    def summary(self) -> pd.DataFrame:
        """One row a cheat: attacks, things tried, and how many went through."""
        rows = []
        for cheat in dict.fromkeys([*CHEATS, *(a.attack.cheat for a in self.answers)]):
            theirs = [answer for answer in self.answers if answer.attack.cheat == cheat]
            rows.append(
                {
                    "who cheats": cheat,
                    "attacks": len(theirs),
                    "things tried": sum(answer.tries for answer in theirs),
                    "refused": sum(answer.refused for answer in theirs),
                    "went through": sum(not answer.refused for answer in theirs),
                }
            )
        return pd.DataFrame(rows)

    @property
    def not_stopped(self) -> pd.DataFrame:
        """One row a limit: what is not stopped, what came of it, what helps."""
        rows = [
            {
                "not stopped": shown.limit.name,
                "who": shown.limit.cheat,
                "tried": shown.limit.tried,
                "came of it": shown.came or "It did not show itself: this text is stale.",
                "what helps": shown.limit.instead,
            }
            for shown in self.limits
        ]
        return pd.DataFrame(rows)

    def require_refused(self) -> Rehearsal:
        """This rehearsal, if every attack was refused.

        Raises
        ------
        GateFailed
            Naming the attacks that were not.
        """
        if self.through:
            raise GateFailed(
                f"Attacks were not refused: {_named(self.through)}.",
                "Every attack of the catalogue refused, for a reason that fits.",
                "Use no secure sum of this version, and report it to its maintainers.",
            )
        return self

    def __str__(self) -> str:
        lines = [self._headline(), ""]
        width = max((len(answer.attack.name) for answer in self.answers), default=0)
        for answer in self.answers:
            said = ", ".join(answer.errors) or answer.happened
            lines.append(f"{answer.attack.name.ljust(width)}  {answer.status}: {said}")
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        loud = "color:#D55E00;font-weight:bold" if self.through else "font-weight:bold"
        head = "".join(
            f'<th scope="col" style="text-align:left">{name}</th>'
            for name in ("attack", "who cheats", "status", "answer", "because")
        )
        rows = []
        for answer in self.answers:
            style = "" if answer.refused else ' style="color:#D55E00;font-weight:bold"'
            cells = (
                answer.attack.cheat,
                answer.status,
                ", ".join(answer.errors),
                answer.happened,
            )
            rows.append(
                f'<tr{style}><th scope="row" style="text-align:left">'
                f"{html.escape(answer.attack.name)}</th>"
                + "".join(f'<td style="text-align:left">{html.escape(c)}</td>' for c in cells)
                + "</tr>"
            )
        return (
            f'<p style="{loud}">{html.escape(self._headline())}</p><table><thead><tr>{head}</tr>'
            f"</thead><tbody>{''.join(rows)}</tbody></table>"
        )

    def _headline(self) -> str:
        tried = sum(answer.tries for answer in self.answers)
        if self.through:
            return (
                f"NOT SAFE: {len(self.through)} of {len(self.answers)} attacks were not refused: "
                f"{_named(self.through)}."
            )
        return (
            f"{len(self.answers)} attacks, {tried} things tried: all refused, and nothing learnt."
        )


def rehearse(attacks: Sequence[Attack] = CATALOGUE, limits: Sequence[Limit] = LIMITS) -> Rehearsal:
    """Play attacks and limits against the state machines of a round.

    Takes a second or two. Two rehearsals give the same report, although keys and
    masks are drawn afresh.

    Parameters
    ----------
    attacks : sequence of Attack
        The whole catalogue by default.
    limits : sequence of Limit

    Returns
    -------
    Rehearsal

    Examples
    --------
    >>> found = rehearse(CATALOGUE[5:7], limits=())
    >>> found.table[["attack", "answer", "status"]].iloc[0].tolist()
    ['both kinds of share', 'MessageOutOfTurn', 'refused']
    >>> found.through
    ()
    """
    return Rehearsal(
        tuple(answer_to(attack) for attack in attacks),
        tuple(Shown(limit, limit.play()) for limit in limits),
    )


def _named(answers: Sequence[Answer]) -> str:
    return ", ".join(f"{answer.attack.name} ({answer.status})" for answer in answers)
