"""What may a wire do to a round, and does the round still end right or by name?

`Wire` drives the state machines of all parties through a schedule drawn from a
seed: messages are reordered, delayed, doubled, lost and altered, parties crash
and come back, and stages are closed as soon as the wire pleases.
"""

from __future__ import annotations

import random
from collections import Counter

from synthema_lab.secure_aggregation import Coordinator, Site
from synthema_lab.secure_aggregation.errors import RoundAborted, TooFewSurvivors

COORDINATOR = "coordinator"
ACTS = ("deliver", "double", "lose", "alter", "crash", "close")


class Wire:
    """A hostile wire between a coordinator and its sites.

    Parameters
    ----------
    settings : RoundSettings
    people : sequence of Identity
    vectors : mapping of str to numpy.ndarray
    seed : int
        Of the schedule alone.
    weights : mapping of str to float
        By act, how often it is chosen; see `ACTS`.
    """

    def __init__(self, settings, people, vectors, seed, weights):
        self.settings, self.draw = settings, random.Random(seed)
        self.people = {person.name: person for person in people}
        self.used = {name: set() for name in self.people}
        self.coordinator = Coordinator(settings)
        self.sites = {n: Site(settings, p, self.used[n]) for n, p in self.people.items()}
        self.acts, self.weights = list(weights), list(weights.values())
        self.done, self.refused = Counter(), Counter()
        self.flying = []
        for name, site in self.sites.items():
            site.contribute(vectors[name])
            self.flying.append((COORDINATOR, site.begin()))

    def run(self):
        """Play to the end; gives the opened sum.

        Raises
        ------
        RoundAborted
            If the coordinator cannot go on: too few sites are left, or a share is wrong.
        """
        while True:
            act = self.draw.choices(self.acts, self.weights)[0]
            if act == "close" or not self.flying:
                try:
                    sent = self.coordinator.close()
                except TooFewSurvivors:
                    if not self.flying:
                        raise
                    continue  # it waits for more
                if self.coordinator.opened is not None:
                    return self.coordinator.opened
                self.flying += sent.items()
            elif act == "crash":
                self.crash()
            else:
                self.carry(act)
            self.done[act] += 1

    def carry(self, act):
        """Take any message in flight, which is how they overtake each other."""
        receiver, message = self.flying.pop(self.draw.randrange(len(self.flying)))
        if act == "lose":
            return
        if act == "double":
            self.flying.append((receiver, message))
        if act == "alter":
            altered = bytearray(message)
            altered[self.draw.randrange(len(altered))] ^= self.draw.randrange(1, 256)
            message = bytes(altered)
        try:
            if receiver == COORDINATOR:
                self.coordinator.receive(message)
            else:
                self.flying.append((COORDINATOR, self.sites[receiver].receive(message)))
        except RoundAborted as error:  # as if the receiver had heard nothing, or had left
            self.refused[type(error).__name__] += 1

    def crash(self):
        """Any party loses its process and comes back from its disk."""
        name = self.draw.choice([COORDINATOR, *self.sites])
        if name == COORDINATOR:
            self.coordinator = Coordinator.restore(self.coordinator.save(), self.settings)
        else:
            self.sites[name] = Site.restore(
                self.sites[name].save(), self.settings, self.people[name], self.used[name]
            )
