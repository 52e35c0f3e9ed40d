"""What does a karyotype written in ISCN say that its flags do not?

Only what can be decided from the string is decided. A text that is no
karyotype, such as a remark that no metaphases were found, is missing.

References
----------
McGowan-Jordan J, Hastings RJ, Moore S, editors. ISCN 2020. Karger (recalled).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_START = re.compile(r"[~<]*\s*\d{2,3}(\s*[-~]\s*\d{2,3})?\s*(<\dn[+-]?>)?\s*[, ]\s*[XY?-]")
_CELLS = re.compile(r"\[[^\]]*\]?")
_CLONE = re.compile(r"/+|(?<=\])\s*;?\s+(?=\d{2})")
_MONOSOMY = re.compile(r"-(\d{1,2})")
_STRUCTURAL = re.compile(
    r"(?<![a-z])(t|del|inv|add|der|dic|idic|i|ins|dup|r|ider|trp|qdp|tas|hsr|rea|rob|trc|psu)"
    r"(?![a-z])"
)
_CBF = re.compile(r"t\(8;21\)|inv\(16\)|t\(16;16\)")
_TRANSLOCATION = re.compile(r"t\(([\dXY;?]+)\)\(([^()]*)\)")
_BREAK = re.compile(r"[pq]\d{2}(\.\d+)?")


@dataclass(frozen=True)
class Karyotype:
    """What was read from one string.

    Attributes
    ----------
    clones : tuple of tuple of str
        The abnormalities of each clone; those of the first are repeated where a
        later one says ``idem`` or ``sl``.
    """

    clones: tuple[tuple[str, ...], ...]

    @property
    def monosomal(self) -> bool:
        """Two autosomal monosomies, or one and a structural abnormality, in one clone.

        Core-binding-factor leukaemia is excluded (Breems DA et al., J Clin
        Oncol 2008; 26: 4791-4797). A marker alone is no structural abnormality
        here: it may hold the chromosome that is missed.
        """
        if any(_CBF.search(item) for clone in self.clones for item in clone):
            return False
        for clone in self.clones:
            lost = [match for item in clone if (match := _MONOSOMY.fullmatch(item))]
            autosomal = sum(1 <= int(match.group(1)) <= 22 for match in lost)
            structural = any(_STRUCTURAL.search(item) for item in clone)
            if autosomal >= 2 or (autosomal == 1 and structural):
                return True
        return False

    @property
    def t_8_16(self) -> bool | None:
        """A translocation of 8p11 with 16p13; None where the breaks cannot be read."""
        return self._translocated(lambda breaks: {("8", "p11"), ("16", "p13")} <= breaks, "8")

    @property
    def mecom_other(self) -> bool | None:
        """A translocation that breaks 3q26 and not a second chromosome 3; None where unclear."""
        return self._translocated(
            lambda breaks: (
                ("3", "q26") in breaks and [chromosome for chromosome, _ in breaks].count("3") == 1
            ),
            "3",
        )

    def _translocated(
        self, wanted: Callable[[set[tuple[str, str]]], bool], chromosome: str
    ) -> bool | None:
        """Whether a translocation is as wanted; None if one with the chromosome is not read."""
        unclear = False
        for item in (item for clone in self.clones for item in clone):
            for names, bands in _TRANSLOCATION.findall(item):
                chromosomes, breaks = names.split(";"), bands.split(";")
                clear = len(chromosomes) == len(breaks) and all(map(_BREAK.fullmatch, breaks))
                pairs = zip(chromosomes, (band[:3] for band in breaks), strict=False)
                if clear and wanted(set(pairs)):
                    return True
                unclear |= not clear and chromosome in chromosomes
        return None if unclear else False


def read_karyotype(text: str | None) -> Karyotype | None:
    """The clones of an ISCN string; None where it is none.

    Examples
    --------
    >>> read_karyotype("45,XY,-7,del(5)(q13q33)[18]/46,XY[2]").monosomal
    True
    >>> read_karyotype("46,XX,t(3;21)(q26;q22)").mecom_other
    True
    >>> read_karyotype("no metaphases") is None
    True
    """
    if text is None:
        return None
    compact = re.sub(r"\s+", " ", text).strip()
    if not _START.match(compact):
        return None
    clones: list[tuple[str, ...]] = []
    for clone in _CLONE.split(compact):
        items = [item.strip() for item in _CELLS.sub("", clone).split(",")]
        if not re.match(r"[~<]*\s*\d", items[0]):
            continue
        changes = [item for item in items[1:] if item]
        if clones and any(re.match(r"idem|sl\b|sdl", item) for item in changes[:2]):
            changes = [*clones[0], *changes]
        clones.append(tuple(changes))
    return Karyotype(tuple(clones))
