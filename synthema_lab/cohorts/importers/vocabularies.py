"""Which vocabulary does a code belong to, however a source names or spells it?

FHIR names vocabularies by address, OMOP by its own short names, dictionaries by
their usual names. A coding is brought to one pair: usual name and bare code.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

Coding = tuple[str, str]
"""A vocabulary's usual name, and a code of it."""

_NAMES = {
    "LOINC": "LOINC", "SNOMED": "SNOMED CT", "SNOMEDCT": "SNOMED CT", "OMOP": "OMOP",
    "RXNORM": "RxNorm", "RXNORMEXTENSION": "RxNorm", "ATC": "ATC", "HGNC": "HGNC",
    "HPO": "HPO", "HP": "HPO", "ORPHA": "ORPHA", "ORPHANET": "ORPHA", "ICDO3": "ICD-O-3",
    "ICD10": "ICD-10", "ICD10CM": "ICD-10", "ICD10GM": "ICD-10", "ICD10WHO": "ICD-10",
    "NCBIGENE": "NCBI Gene", "ICD10AM": "ICD-10", "ICD10CA": "ICD-10", "UCUM": "UCUM",
}  # fmt: skip
_ADDRESSES = {
    "loinc.org": "LOINC", "snomed.info/sct": "SNOMED CT", "unitsofmeasure.org": "UCUM",
    "nlm.nih.gov/research/umls/rxnorm": "RxNorm", "whocc.no/atc": "ATC",
    "fhir.de/codesystem/bfarm/atc": "ATC", "hl7.org/fhir/sid/icd-10": "ICD-10",
    "hl7.org/fhir/sid/icd-10-cm": "ICD-10", "hl7.org/fhir/sid/icd-o-3": "ICD-O-3",
    "fhir.de/codesystem/bfarm/icd-10-gm": "ICD-10", "fhir.de/codesystem/dimdi/icd-10-gm": "ICD-10",
    "human-phenotype-ontology.org": "HPO", "purl.obolibrary.org/obo/hp.owl": "HPO",
    "ncbi.nlm.nih.gov/gene": "NCBI Gene",
    "orpha.net": "ORPHA", "genenames.org": "HGNC", "genenames.org/geneid": "HGNC",
    "2.16.840.1.113883.6.1": "LOINC", "2.16.840.1.113883.6.96": "SNOMED CT",
    "2.16.840.1.113883.6.88": "RxNorm", "2.16.840.1.113883.6.3": "ICD-10",
    "2.16.840.1.113883.6.90": "ICD-10", "2.16.840.1.113883.6.73": "ATC",
}  # fmt: skip
_PREFIXED = ("ICD-10", "ATC")
"""Vocabularies whose longer codes are kinds of the shorter ones."""


def vocabulary(name: object) -> str | None:
    """The usual name of a vocabulary; None where it is not known.

    National editions of ICD-10 count as one vocabulary: where they differ, a
    dictionary names codes that only one of them has, such as ``D57.20``.

    Examples
    --------
    >>> vocabulary("http://loinc.org"), vocabulary("ICD10CM"), vocabulary("SNOMED CT")
    ('LOINC', 'ICD-10', 'SNOMED CT')
    >>> vocabulary("our own list") is None
    True
    """
    return _vocabulary(name) if isinstance(name, str) else None


@functools.lru_cache(maxsize=1024)
def _vocabulary(name: str) -> str | None:
    address = re.sub(r"^(https?://(www\.)?|urn:oid:)", "", name.strip().lower()).rstrip("/")
    if address in _ADDRESSES:
        return _ADDRESSES[address]
    return _NAMES.get(re.sub(r"[^A-Z0-9]", "", name.upper()))


def coding(system: object, code: object) -> Coding | None:
    """A coding under its usual name, its code without dots or prefixes; None where unknown.

    Examples
    --------
    >>> coding("http://hl7.org/fhir/sid/icd-10-cm", "D57.20"), coding("ORPHA", "ORPHA:232")
    (('ICD-10', 'D5720'), ('ORPHA', '232'))
    """
    if not isinstance(system, str) or not isinstance(code, str | int) or isinstance(code, bool):
        return None
    return _coding(system, code if isinstance(code, str) else f"{code:d}")


@functools.lru_cache(maxsize=65536)
def _coding(system: str, code: str) -> Coding | None:
    name = vocabulary(system)
    if name is None:
        return None
    text = code.strip().upper()
    if name == "ICD-10":
        text = re.sub(r"[^A-Z0-9]", "", text)  # also the dagger, asterisk and dash of some editions
    elif name in ("ORPHA", "HGNC"):
        text = text.rpartition(":")[2]
    return (name, text) if text else None


@dataclass(frozen=True)
class Matcher:
    """Finds what a coding stands for.

    Attributes
    ----------
    targets : mapping of coding to tuple of str
        What each coding stands for. In ICD-10 and ATC a code also stands for
        what the longest listed code that begins it stands for.

    Examples
    --------
    >>> find = Matcher({("ICD-10", "D57"): ("sickle",), ("ICD-10", "D573"): ("trait",)})
    >>> find(("ICD-10", "D5720")), find(("ICD-10", "D573")), find(("ICD-10", "D58"))
    (('sickle',), ('trait',), ())
    """

    targets: Mapping[Coding, tuple[str, ...]]
    _known: dict[Coding, tuple[str, ...]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, codes: Mapping[str, Iterable[Coding]]) -> Matcher:
        """From the codings of each target."""
        targets: dict[Coding, tuple[str, ...]] = {}
        for name, codings in codes.items():
            for one in codings:
                targets[one] = tuple(dict.fromkeys((*targets.get(one, ()), name)))
        return cls(targets)

    def __call__(self, one: Coding) -> tuple[str, ...]:
        if one not in self._known:
            self._known[one] = self._find(one)
        return self._known[one]

    def _find(self, one: Coding) -> tuple[str, ...]:
        system, code = one
        shortest = len(code) if system not in _PREFIXED else 1
        for length in range(len(code), shortest - 1, -1):
            if (system, code[:length]) in self.targets:
                return self.targets[system, code[:length]]
        return ()

    def explode(self, facts: pd.DataFrame) -> pd.DataFrame:
        """The facts with a column ``target``, one row a target; others are dropped.

        Parameters
        ----------
        facts : DataFrame
            Columns system and code, and any others.
        """
        positions, distinct = distinct_pairs(facts["system"], facts["code"])
        found = [self(pair) for pair in distinct]
        counts = np.array([len(names) for names in found], dtype=np.int64)
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        flat = np.array([name for names in found for name in names], dtype=object)
        repeats = counts[positions]
        rows = np.repeat(np.arange(len(facts)), repeats)
        firsts = np.cumsum(repeats) - repeats
        within = np.arange(len(rows)) - firsts[rows]
        spread = facts.iloc[rows].reset_index(drop=True)
        spread["target"] = flat[starts[positions[rows]] + within] if len(rows) else []
        return spread


def distinct_pairs(
    first: pd.Series, second: pd.Series
) -> tuple[np.ndarray, list[tuple[object, object]]]:
    """The distinct pairs of two columns, and which of them each row has.

    Examples
    --------
    >>> positions, distinct = distinct_pairs(pd.Series(["a", "a", None]), pd.Series([1, 1, 2]))
    >>> positions.tolist(), distinct
    ([0, 0, 1], [('a', 1), (None, 2)])
    """
    (ones, left), (others, right) = (
        (codes, [*labels.tolist(), None])
        for codes, labels in (pd.factorize(first), pd.factorize(second))
    )
    joined = ones.astype(np.int64) * (len(right) + 1) + others
    positions, distinct = pd.factorize(joined)
    firsts = np.zeros(len(distinct), dtype=np.int64)
    firsts[positions[::-1]] = np.arange(len(positions))[::-1]
    return positions, [(left[ones[at]], right[others[at]]) for at in firsts]
