"""What does one FHIR resource say about a patient?

References
----------
HL7. FHIR R4 and R5, resources Observation, Condition, Procedure,
MedicationStatement, MedicationRequest, MedicationAdministration, MedicationDispense.
HL7. Genomics Reporting Implementation Guide: variant with the gene studied (LOINC 48018-6).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from synthema_lab.cohorts.importers.fhir_fields import (
    codings,
    number,
    part,
    parts,
    says,
    span,
    text,
    ucum,
    when,
)
from synthema_lab.cohorts.importers.fhir_people import People
from synthema_lab.cohorts.importers.vocabularies import Coding, Matcher

OPEN_END = datetime(2200, 1, 1)
MEDICATIONS = (
    "MedicationStatement", "MedicationRequest", "MedicationAdministration", "MedicationDispense",
)  # fmt: skip
_VOID = {"entered-in-error", "cancelled"}
_NOT_TAKEN = {"not-taken", "not-done", "draft", "intended", "declined"}
_NOT_SO = ("refuted", "entered-in-error", "differential")
_GENE_STUDIED = "48018-6"
_VALUES = {"valueQuantity", "valueCodeableConcept", "valueInteger", "valueBoolean", "valueString"}


@dataclass
class Gathered:
    """Facts gathered resource by resource, patients still under the names used for them.

    Attributes
    ----------
    results, happenings : Matcher
        Which codes are results and which are conditions, procedures or drugs of use.
    answers : collection of coding
        Coded answers that are understood.
    people : People
    events, measurements : list of tuple
        As in ``records.EVENTS`` and ``records.MEASUREMENTS``.
    holds : set of str
        Kinds of event met, of use or not.
    left_out : Counter
        Why resources were left out.
    """

    results: Matcher
    happenings: Matcher
    answers: Collection[Coding]
    people: People = field(default_factory=People)
    events: list[tuple[object, ...]] = field(default_factory=list)
    measurements: list[tuple[object, ...]] = field(default_factory=list)
    holds: set[str] = field(default_factory=set)
    left_out: Counter[str] = field(default_factory=Counter)
    medications: dict[str, list[Coding]] = field(default_factory=dict)
    prescribed: list[tuple[object, ...]] = field(default_factory=list)

    def take(self, address: str | None, resource: dict[str, object]) -> None:
        """Take what one resource says; kinds of resource that say nothing of use pass by."""
        kind = resource["resourceType"]
        if kind == "Patient":
            self.people.add(address, resource)
        elif kind == "Medication":
            own = text(resource, "id")
            for name in (address, own and f"Medication/{own}"):
                if name:
                    self.medications[name] = list(_drug_codes(resource))
        elif kind in ("Observation", "Condition", "Procedure", "Encounter", *MEDICATIONS):
            subject = self.people.subject(resource)
            if text(resource, "status") in _VOID:
                self.left_out["void"] += 1
            elif subject is None:
                self.left_out["no_patient"] += 1
            elif kind == "Observation":
                self._observation(subject, resource)
            elif kind == "Condition":
                self._condition(subject, resource)
            elif kind == "Procedure":
                self._procedure(subject, resource)
            elif kind in MEDICATIONS:
                self._medication(subject, resource)
            else:
                period = part(resource, "period") or part(resource, "actualPeriod")
                self.people.look(subject, when(part(period, "start")), when(part(period, "end")))

    def settle(self) -> None:
        """Look up the drugs that were named by reference."""
        self.people.settle()
        for subject, reference, start, end in self.prescribed:
            codes = self.medications.get(reference) or self.medications.get(
                "/".join(reference.split("/")[-2:])
            )
            if codes is None:
                self.left_out["no_medication"] += 1
            else:
                self._happened(subject, "drug", codes, start, end)
        self.prescribed = []

    def _observation(self, subject: str, resource: dict[str, object]) -> None:
        start, _, given = span(resource, "effective")
        start = start if given else when(part(resource, "issued"))
        self.people.look(subject, start)
        genes: list[Coding] = []
        for component in parts(resource, "component"):
            if says(part(component, "code"), _GENE_STUDIED):
                genes += codings(part(component, "valueCodeableConcept"))
            self._result(subject, [*codings(part(component, "code"))], component, start)
        self._result(subject, genes or [*codings(part(resource, "code"))], resource, start)

    def _result(
        self, subject: str, codes: list[Coding], content: dict[str, object], at: datetime | None
    ) -> None:
        of_use = next((code for code in codes if self.results(code)), None)
        if of_use is None or not any(key.startswith("value") for key in content):
            return
        if not _VALUES & set(content):
            self.left_out["other_value"] += 1
        elif at is None:
            self.left_out["undated"] += 1
        else:
            self.measurements.append((subject, *of_use, *self._value(content), at))

    def _value(self, content: dict[str, object]) -> tuple[object, ...]:
        """Value, unit, bound, answer's vocabulary and code, text."""
        quantity = part(content, "valueQuantity")
        if quantity is not None:
            bound = text(quantity, "comparator") is not None
            return number(part(quantity, "value")), ucum(quantity), bound, None, None, None
        given = part(content, "valueBoolean")
        if isinstance(given, bool):
            return float(given), None, False, None, None, None
        answers = [*codings(part(content, "valueCodeableConcept"))]
        if answers:
            answer = next((one for one in answers if one in self.answers), answers[0])
            return math.nan, None, False, *answer, None
        whole = number(part(content, "valueInteger"))
        return whole, None, False, None, None, text(content, "valueString")

    def _condition(self, subject: str, resource: dict[str, object]) -> None:
        self.holds.add("condition")
        if says(part(resource, "verificationStatus"), *_NOT_SO):
            self.left_out["not_so"] += 1
            return
        start, _, given = span(resource, "onset")
        recorded = when(part(resource, "recordedDate"))
        end, until, _ = span(resource, "abatement")
        self.people.look(subject, start, recorded)
        start = start if given else recorded
        self._happened(subject, "condition", codings(part(resource, "code")), start, until or end)

    def _procedure(self, subject: str, resource: dict[str, object]) -> None:
        self.holds.add("procedure")
        if text(resource, "status") in _NOT_TAKEN:
            self.left_out["not_so"] += 1
            return
        name = "performed" if any(key.startswith("performed") for key in resource) else "occurrence"
        start, end, _ = span(resource, name)
        self.people.look(subject, start, end)
        self._happened(subject, "procedure", codings(part(resource, "code")), start, end)

    def _medication(self, subject: str, resource: dict[str, object]) -> None:
        self.holds.add("drug")
        if text(resource, "status") in _NOT_TAKEN or part(resource, "doNotPerform") is True:
            self.left_out["not_so"] += 1
            return
        start, end = _taken(resource)
        self.people.look(subject, start, None if end == OPEN_END else end)
        concept = part(resource, "medicationCodeableConcept") or part(
            resource, "medication", "concept"
        )
        reference = text(resource, "medicationReference", "reference") or text(
            resource, "medication", "reference", "reference"
        )
        if concept is None and reference is not None and not reference.startswith("#"):
            self.prescribed.append((subject, reference, start, end))
            return
        codes = [*codings(concept)]
        for drug in parts(resource, "contained"):
            if reference == f"#{text(drug, 'id')}":
                codes += _drug_codes(drug)
        self._happened(subject, "drug", codes, start, end)

    def _happened(
        self,
        subject: object,
        kind: str,
        codes: Iterator[Coding] | list[Coding],
        start: object,
        end: object,
    ) -> None:
        for code in codes:
            if self.happenings(code):
                self.events.append((subject, kind, *code, start, end))


def _drug_codes(drug: dict[str, object]) -> Iterator[Coding]:
    """The codes of a Medication and of what it contains."""
    yield from codings(part(drug, "code"))
    for ingredient in parts(drug, "ingredient"):
        yield from codings(part(ingredient, "itemCodeableConcept"))
        yield from codings(part(ingredient, "item", "concept"))


def _taken(resource: dict[str, object]) -> tuple[datetime | None, datetime | None]:
    """From when to when a drug was taken; an active one without an end still is."""
    active = text(resource, "status") in ("active", "recorded")
    if resource["resourceType"] == "MedicationRequest":
        start = when(part(resource, "authoredOn"))
        period = part(resource, "dispenseRequest", "validityPeriod")
        end = when(part(period, "end"))
        return start, end or (OPEN_END if active else None)
    for name in ("effective", "occurence", "occurrence"):
        start, end, given = span(resource, name)
        if given:
            lasting = active and f"{name}Period" in resource
            return start, end or (OPEN_END if lasting else None)
    days = (
        when(part(resource, name)) for name in ("whenHandedOver", "whenPrepared", "dateAsserted")
    )
    return next((day for day in days if day is not None), None), None
