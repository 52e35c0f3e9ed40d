"""Which patient does a FHIR resource speak of?

Resources name their patient by ``Patient/x``, by the full address that a Bundle
gives it, by a business identifier, or carry it inside. The patient may come later
than what is said of it, so that names are resolved at the end.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from synthema_lab.cohorts.importers.fhir_fields import part, parts, text, when

_SEX = {"male": "M", "female": "F"}


@dataclass
class People:
    """The patients met so far, and all names under which they may be spoken of.

    Attributes
    ----------
    rows : mapping of patient to (sex, born, died, died_on, centre)
    names : mapping of a reference to patient; None where two patients bear it
    inside : mapping of a reference to the row of a patient carried inside a resource
    seen : mapping of a reference to the first and last day something is said
    repeated : int
        Patients that came more than once; the last one counts.
    nameless : int
        Patients without id and address.
    """

    rows: dict[str, tuple[object, ...]] = field(default_factory=dict)
    names: dict[str, str | None] = field(default_factory=dict)
    inside: dict[str, tuple[str, tuple[object, ...]]] = field(default_factory=dict)
    seen: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    repeated: int = 0
    nameless: int = 0

    def add(self, address: str | None, patient: dict[str, object]) -> None:
        """Take a Patient resource."""
        own = text(patient, "id")
        person = own or (address or "").rpartition("/")[2].rpartition(":")[2]
        if not person:
            self.nameless += 1
            return
        self.repeated += person in self.rows
        self.rows[person] = _row(patient)
        for name in (f"Patient/{person}", address, *_identifiers(patient)):
            if name:
                clash = self.names.get(name, person) != person
                self.names[name] = None if clash else person

    def subject(self, resource: dict[str, object]) -> str | None:
        """The reference to the patient that a resource speaks of, ready for `resolve`."""
        given = part(resource, "subject") or part(resource, "patient")
        reference = text(given, "reference")
        if reference is None:
            return next(iter(_identifiers({"identifier": [part(given, "identifier")]})), None)
        if reference.startswith("#"):
            for patient in parts(resource, "contained"):
                if text(patient, "id") == reference[1:]:
                    for name in _identifiers(patient):
                        self.inside[name] = (name.rpartition("|")[2], _row(patient))
                        return name
            return None
        return reference.partition("/_history/")[0]

    def look(self, reference: str, *days: datetime | None) -> None:
        """Note that something is said of a patient on these days."""
        known = [day for day in days if day is not None]
        if known:
            first, last = self.seen.get(reference, (known[0], known[0]))
            self.seen[reference] = (min(first, *known), max(last, *known))

    def settle(self) -> None:
        """Patients that were only carried inside resources become patients of their own."""
        for name, (person, row) in self.inside.items():
            if name not in self.names:
                self.names[name] = person
                self.rows.setdefault(person, row)

    def resolve(self, reference: str | None) -> str | None:
        """The patient a reference means, or None."""
        if reference is None:
            return None
        if reference in self.names:
            return self.names[reference]
        return self.names.get("/".join(reference.split("/")[-2:]))


def _identifiers(patient: object) -> list[str]:
    return [
        f"identifier|{text(one, 'system') or ''}|{text(one, 'value')}"
        for one in parts(patient, "identifier")
        if text(one, "value")
    ]


def _row(patient: dict[str, object]) -> tuple[object, ...]:
    died_on = when(part(patient, "deceasedDateTime"))
    died = "deceasedDateTime" in patient or part(patient, "deceasedBoolean") is True
    centre = text(patient, "managingOrganization", "reference")
    centre = None if centre is None else centre.rpartition("/")[2].rpartition(":")[2]
    sex = part(patient, "gender")
    sex = _SEX.get(sex) if isinstance(sex, str) else None
    return sex, when(part(patient, "birthDate"), birth=True), died, died_on, centre
