"""In which order does a simulated patient come into being?

Genotype, genetic modifiers, values without treatment, what decides on
treatment, treatment, values under treatment, events, imaging, follow-up. Every
step draws from a generator of its own, so that a change in one leaves the
draws of the others alone.
"""

from __future__ import annotations

import numpy as np

from synthema_lab.cohorts.simulators.scd import (
    body,
    complications,
    events,
    follow_up,
    genetics,
    haemoglobin,
    imaging,
    kidney,
    laboratory,
    population,
    residuals,
    smear,
    treatment,
)

_STEPS = (
    "population", "genetics", "hbf", "residuals", "haemoglobin", "laboratory", "body", "doppler",
    "frailty", "stroke", "treatment", "effects", "fractions", "events", "complications", "spleen",
    "heart", "brain", "iron", "smear", "kidney", "medication", "follow_up", "confirmed",
)  # fmt: skip


def simulate(
    patients: int,
    rng: np.random.Generator,
    hydroxycarbamide: bool | None = None,
    only: int | None = None,
) -> dict[str, np.ndarray]:
    """Everything about each patient, under the simulator's own names.

    Parameters
    ----------
    patients : int
    rng : numpy.random.Generator
    hydroxycarbamide : bool, optional
        Give it to everyone or to nobody, all else drawn alike, as a trial
        would; by default it is assigned.
    only : int, optional
        Position in `GENOTYPES`: everyone has it.

    Returns
    -------
    dict of str to array, shape (patients,)
    """
    draws = dict(zip(_STEPS, rng.spawn(len(_STEPS)), strict=True))
    people = population.draw(patients, draws["population"], only)
    people |= genetics.draw(people, draws["genetics"])
    scores = residuals.draw(haemoglobin.hbf_score(people, draws["hbf"]), draws["residuals"])
    people |= body.draw(people, draws["body"])
    own = haemoglobin.untreated(people, scores, draws["haemoglobin"])
    own |= laboratory.untreated(people, scores, draws["laboratory"])
    people["tcd"] = imaging.doppler(people, own, draws["doppler"])
    people |= events.frailties(people, draws["frailty"])
    people |= complications.stroke(people, own, draws["stroke"])
    people |= treatment.assign(people, draws["treatment"])
    if hydroxycarbamide is not None:
        people["hu"] = np.full(patients, hydroxycarbamide)
    people["tcd"] = np.maximum(people["tcd"] + imaging.HU_TCD * people["hu"], 41.0)
    blood = treatment.on_blood(people, own, draws["effects"])
    blood |= haemoglobin.red_cells(blood)
    people |= events.yearly(people, blood, draws["events"])
    people |= complications.ever(people, own, draws["complications"])
    people["spleen"] = complications.spleen_status(people, people["sequestration"], draws["spleen"])
    people |= imaging.heart(people, scores["trv"], draws["heart"])
    people |= imaging.brain(people, own, draws["brain"])
    people |= imaging.iron(people, blood, draws["iron"])
    blood["transfused"] = people["transfused"]
    people |= smear.draw(people, blood, draws["smear"])
    blood |= kidney.draw(people, blood, draws["kidney"])
    people |= treatment.medication(people, blood, draws["medication"])
    people["confirmed"] = draws["confirmed"].random(patients) < 0.321
    blood |= haemoglobin.fractions(people, blood, draws["fractions"])
    everything = people | blood
    return everything | follow_up.draw(everything, draws["follow_up"])
