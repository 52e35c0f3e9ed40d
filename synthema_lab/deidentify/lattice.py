"""Does a combination of levels meet the target, and what does it cost?

The levels of all quasi-identifiers span a lattice. Two facts make a search
short. Groups only merge on the way up, so a node that needs too many
suppressed patients for k or l condemns every node below it. And the entropy
lost adds up over variables, so the cost of a node is known from below before
any patient is grouped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from synthema_lab.deidentify.classes import EquivalenceClasses, group, joint_codes
from synthema_lab.deidentify.hierarchy import Hierarchy
from synthema_lab.deidentify.information import bits_lost
from synthema_lab.deidentify.sensitive import Sensitive, diversity
from synthema_lab.errors import ArgumentRefused

Levels = tuple[int, ...]


@dataclass(frozen=True)
class Target:
    """What a generalised table must reach.

    Parameters
    ----------
    k : int
        Patients in the smallest class; at least 2.
    l : int
        Different sensitive values in each class; 1 asks for nothing.
    t : float
        Largest distance of a class from all patients, up to 1, which asks for nothing.
    suppress_at_most : float
        Share of patients that may be left out for it, 0 to below 1.

    Examples
    --------
    >>> print(Target(k=5, suppress_at_most=0.05))
    k at least 5, at most 5% of patients left out
    """

    k: int = 5
    l: int = 1
    t: float = 1.0
    suppress_at_most: float = 0.05

    def __post_init__(self) -> None:
        sound = (
            _whole(self.k) and self.k >= 2 and _whole(self.l) and self.l >= 1
            and 0 < self.t <= 1 and 0 <= self.suppress_at_most < 1
        )  # fmt: skip
        if not sound:
            raise ArgumentRefused(
                "The target of the generalisation cannot be used.",
                "k a whole number from 2, l from 1, t above 0 to 1, suppress_at_most from 0 to "
                "below 1.",
                "As in Target(k=5, l=2, t=0.4, suppress_at_most=0.05).",
            )

    def __str__(self) -> str:
        words = [f"k at least {self.k}"]
        words += [f"l at least {self.l}"] if self.l > 1 else []
        words += [f"t at most {self.t:g}"] if self.t < 1 else []
        return ", ".join([*words, f"at most {self.suppress_at_most:.0%} of patients left out"])


@dataclass(frozen=True, eq=False)
class Node:
    """A combination of levels that was looked at.

    Attributes
    ----------
    levels : tuple of int
    violating : int
        Patients in classes that k or l do not allow.
    meets : bool
        Whether it meets the whole target once they are left out.
    cost : float
        Sum over quasi-identifiers of the share of bits lost, suppressed patients counted in
        full; infinite where it does not meet the target.
    kept : ndarray of bool, shape (rows,)
    """

    levels: Levels
    violating: int
    meets: bool
    cost: float
    kept: np.ndarray = field(repr=False)

    @property
    def rank(self) -> tuple[float, int, Levels]:
        """What is compared to find the best: cost, then height, then levels."""
        return (round(self.cost, 9), sum(self.levels), self.levels)


class Lattice:
    """The levels of all quasi-identifiers, on one table of patients.

    Parameters
    ----------
    patients : DataFrame
        Conformed.
    hierarchies : sequence of Hierarchy
        One for each quasi-identifier; one without steps has a single level.
    target : Target
    sensitive : sequence of Sensitive
        Looked at for l and t; not needed where the target asks for neither.
    importance : mapping of str to float, optional
        How much a quasi-identifier counts, 1 where it is not named.
    """

    def __init__(
        self,
        patients: pd.DataFrame,
        hierarchies: Sequence[Hierarchy],
        target: Target,
        sensitive: Sequence[Sensitive] = (),
        importance: Mapping[str, float] | None = None,
    ) -> None:
        self.target, self.names = target, [ladder.variable.name for ladder in hierarchies]
        self.tops: Levels = tuple(ladder.top for ladder in hierarchies)
        self.sensitive = tuple(sensitive) if target.l > 1 or target.t < 1 else ()
        codes = [
            [ladder.codes(patients[ladder.variable.name], level) for level in range(ladder.top + 1)]
            for ladder in hierarchies
        ]
        # Patients who agree in everything are looked at once.
        together = [levels[0] for levels in codes] + [each.codes for each in self.sensitive]
        _, first, self.of_patient, self.weights = np.unique(
            joint_codes(together, len(patients)),
            return_index=True, return_inverse=True, return_counts=True,
        )  # fmt: skip
        self.codes = [[level[first] for level in levels] for levels in codes]
        self.sensitive = tuple(
            Sensitive(each.name, each.codes[first], each.ordered) for each in self.sensitive
        )
        nothing = np.zeros(len(first), dtype=np.int64)
        # Without importance every quasi-identifier counts the same: else sex, with one bit, would
        # always be given up for a finer age.
        all_bits = [bits_lost(levels[0], nothing, self.weights) for levels in self.codes]
        counts = [float((importance or {}).get(name, 1.0)) for name in self.names]
        scale = [
            (float(bits @ self.weights) or 1.0) / count
            for bits, count in zip(all_bits, counts, strict=True)
        ]
        self.bits = [
            [bits_lost(levels[0], level, self.weights) / whole for level in levels]
            for levels, whole in zip(self.codes, scale, strict=True)
        ]
        self.all_bits = sum(
            (bits / whole for bits, whole in zip(all_bits, scale, strict=True)),
            np.zeros(len(first)),
        )
        self.lost = [np.array([float(bits @ self.weights) for bits in each]) for each in self.bits]
        self.rows = int(self.weights.sum())
        self.allowed = int(np.floor(target.suppress_at_most * self.rows + 1e-9))
        self.looked_at = 0

    @property
    def nodes(self) -> int:
        """How many combinations of levels there are."""
        return int(np.prod([top + 1 for top in self.tops], dtype=np.float64))

    def at_least(self, levels: Levels) -> float:
        """A lower bound of the cost: what generalisation alone loses."""
        return float(sum(lost[level] for lost, level in zip(self.lost, levels, strict=True)))

    def look(self, levels: Levels) -> Node:
        """Group the patients at these levels and see whether the target is met."""
        self.looked_at += 1
        columns = [codes[level] for codes, level in zip(self.codes, levels, strict=True)]
        of_row = joint_codes(columns, len(self.weights))
        classes = self._classes(of_row)
        bad = classes.sizes < self.target.k
        if self.target.l > 1:
            for each in self.sensitive:
                bad |= self._diversity(of_row, each).distinct < self.target.l
        violating = int(classes.sizes[bad].sum())
        if violating > self.allowed:
            return Node(levels, violating, False, np.inf, np.zeros(0, dtype=bool))
        if self.target.t < 1:
            bad = self._too_far(of_row, classes, bad)
        left_out = int(classes.sizes[bad].sum())
        meets = left_out <= self.allowed and left_out < self.rows
        kept = ~bad[of_row]
        return Node(levels, violating, meets, self._cost(levels, kept) if meets else np.inf, kept)

    def kept_patients(self, node: Node) -> np.ndarray:
        """Which rows of the table stay, shape (rows,)."""
        return node.kept[self.of_patient]

    def _classes(self, of_row: np.ndarray) -> EquivalenceClasses:
        sizes = np.bincount(of_row, weights=self.weights).astype(np.int64)
        return EquivalenceClasses(of_row, sizes)

    def _diversity(self, of_row: np.ndarray, each: Sensitive):
        """Diversity over patients, one row each again."""
        spread = np.repeat(of_row, self.weights)
        sizes = np.bincount(spread, minlength=int(of_row.max()) + 1)
        codes = np.repeat(each.codes, self.weights)
        return diversity(
            EquivalenceClasses(spread, sizes), Sensitive(each.name, codes, each.ordered)
        )

    def _too_far(
        self, of_row: np.ndarray, classes: EquivalenceClasses, bad: np.ndarray
    ) -> np.ndarray:
        """Classes to leave out so that the rest lie within t of the rest."""
        bad = bad.copy()
        while not bad.all() and int(classes.sizes[bad].sum()) <= self.allowed:
            kept = ~bad[of_row]
            again = group([of_row[kept]], int(kept.sum()))
            number = np.empty(again.sizes.size, dtype=np.int64)
            number[again.of_row] = of_row[kept]
            weights = self.weights[kept]
            spread = np.repeat(again.of_row, weights)
            far = np.zeros(again.sizes.size, dtype=bool)
            for each in self.sensitive:
                found = diversity(
                    EquivalenceClasses(spread, np.bincount(spread)),
                    Sensitive(each.name, np.repeat(each.codes[kept], weights), each.ordered),
                )
                far |= found.distance > self.target.t + 1e-12
            if not far.any():
                break
            bad[number[far]] = True
        return bad

    def _cost(self, levels: Levels, kept: np.ndarray) -> float:
        here = sum(
            (bits[level] for bits, level in zip(self.bits, levels, strict=True)),
            np.zeros(len(self.weights)),
        )
        return float(np.where(kept, here, self.all_bits) @ self.weights)


def _whole(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool)
