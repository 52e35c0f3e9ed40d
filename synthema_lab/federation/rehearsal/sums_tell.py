"""What does a sum let through or tell, whatever protocol opened it?"""

from __future__ import annotations

import numpy as np

from .limit import Limit, limit
from .scene import Scene

_PEOPLE = 12


@limit(
    "a hospital that lies within its clip",
    "a hospital",
    "hospital-b counts 40 patients who do not exist into one cell",
    "agreed definitions, audits at the hospital, and statistics that one hospital cannot move far",
)
def lies() -> str | None:
    honest = [np.full(4, _PEOPLE)] * 3
    lying = [honest[0], honest[1] + [0, 40, 0, 0], honest[2]]
    before, after = (
        Scene(vectors=given, sites=3, round_id=f"round-{at}").play().total
        for at, given in enumerate((honest, lying))
    )
    moved = after - before
    if moved.tolist() != [0, 40, 0, 0]:
        return None
    return f"The sum of that cell rose by {moved[1]}; the round ended as usual."


@limit(
    "a sum over few patients",
    "whoever reads the sum",
    "three hospitals count patients of one rare kind; two have none and one has one",
    "the disclosure rule for small cells, or noise under a budget, before anything is opened",
)
def small_cell() -> str | None:
    vectors = [np.array([_PEOPLE, 0]), np.array([_PEOPLE, 1]), np.array([_PEOPLE, 0])]
    total = Scene(3, vectors=vectors, length=2).play().total
    if total[1] != 1:
        return None
    return f"The sum of the cell is {total[1]}: whoever knows such a patient has found them."


@limit(
    "two sums that differ by one hospital",
    "the coordinator",
    "after a round of five, one more patient each is counted; in the next round hospital-e is "
    "silent, and the two sums are subtracted",
    "the same hospitals in every round, and noise under a budget. The very same vector is opened "
    "among one set of hospitals only; a vector that changed is another",
)
def differs_by_one() -> str | None:
    first = Scene().play()
    more = [vector + np.array([1, 0, 0, 0]) for vector in first.vectors.values()]
    people = list(first.people.values())
    changed = first.agreed | {"round_id": "round-2"}
    second = Scene(vectors=more, people=people, used=first.used, **changed)
    second.answer(leave_out=["hospital-e"])
    second.collect()
    second.play()
    off = np.abs(first.total - second.total - first.vectors["hospital-e"])
    if off.tolist() != [4, 0, 0, 0]:
        return None
    return (
        f"The difference is the vector of hospital-e, off by the {off.sum()} patients who were "
        "added elsewhere."
    )


@limit(
    "all others against one",
    "two of three hospitals",
    "hospital-b and hospital-c subtract their own vectors from the sum",
    "more hospitals: subtraction is arithmetic, and every sum allows it; noise in the sum blurs it",
)
def subtracted() -> str | None:
    scene = Scene(3).play()
    left = scene.total - scene.vectors["hospital-b"] - scene.vectors["hospital-c"]
    if not np.array_equal(left, scene.vectors["hospital-a"]):
        return None
    return "What was left is the vector of hospital-a, exactly."


LIMITS: tuple[Limit, ...] = (lies, small_cell, differs_by_one, subtracted)
