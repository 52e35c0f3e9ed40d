"""Can the coordinator choose with whom a hospital shares its secrets?

Above 100 sites a hospital shares with neighbours that it draws itself. A
coordinator that could choose them would choose accomplices.
"""

from __future__ import annotations

import numpy as np

from ...secure_aggregation.errors import RoundMismatch, SiteUnknown, TooFewSurvivors
from ...secure_aggregation.frames import Kind
from ...secure_aggregation.messages import BOX_BYTES, Delivery
from .attack import COORDINATOR, Attack, attack
from .scene import Scene

_SITES = 101


@attack(
    "neighbours of the coordinator's choosing",
    COORDINATOR,
    hope="accomplices as the only holders of a hospital's shares",
    tried="among 101 sites it names other neighbours for one hospital than that one drew, too few "
    "for another, and a graph of a few sites",
    by=(RoundMismatch, SiteUnknown, TooFewSurvivors),
    vectors=[np.zeros(4, dtype=int)] * _SITES,
)
def chosen(scene: Scene) -> None:
    scene.play("advertise")
    name = scene.names[0]
    sent = scene.read(Kind.SHARES, scene.sites[name].receive(scene.messages[name]))
    drew, several = tuple(sorted(sent.boxes)), scene.settings.neighbours
    honest = {
        at: tuple(one for one in range(_SITES) if one != at)[:several] for at in range(_SITES)
    }
    others = tuple(one for one in range(1, _SITES) if one not in drew)[:several]
    few = honest | {0: drew, 1: honest[1][:2]}
    for graph in (honest | {0: others}, few, {0: drew, 1: honest[1]}):
        dealt = [at for at in graph if at and 0 in graph[at]]
        body = Delivery(sent.keys_digest, graph, dict.fromkeys(dealt, bytes(BOX_BYTES)))
        scene.ask(scene.twin(name), scene.frame(Kind.DELIVERY, body))


ATTACKS: tuple[Attack, ...] = (chosen,)
