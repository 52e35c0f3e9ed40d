"""How does a coordinator that breaks the protocol take the vector of one site?

Each attack is written once, for any copy of the package: it talks to the sites
as a coordinator does, in bytes, may be joined by colluding sites, and returns
the vector of `TARGET`. It never looks into an honest site. Where the code
refuses, the error of that code comes out; where it merely tells nothing,
`NothingLearnt`.

What an attacker may do is within the promise: colluding sites are fewer than
``2 * threshold - sites``.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Mapping

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

TARGET = "site-0"
FOLDED = 2**16


class NothingLearnt(Exception):
    """The attack ran to its end and found nothing."""


class Scene:
    """Sites that an attacker talks to, and what it writes to them.

    Parameters
    ----------
    code : Code
        The package under attack.
    rng : numpy.random.Generator
        Of the sites' vectors.
    sites : int
    agreed
        Settings other than the usual ones.
    """

    def __init__(self, code, rng, sites, **agreed):
        self.code, self.rng = code, rng
        names = sorted(f"site-{number}" for number in range(sites))
        self.people = [code.roster.Identity.new(name) for name in names]
        self.roster = code.roster.Roster.of(person.member() for person in self.people)
        self.agreed = {
            "roster": self.roster,
            "round_id": "r1",
            "length": 12,
            "clip": 100,
            "scale": 1,
            "model_digest": bytes(32),
            "study_digest": bytes(32),
        } | agreed
        self.settings = self.asked()
        self.used = {person.name: set() for person in self.people}
        self.given, self.shared, self.models = {}, {}, {}
        self.enter({person.name: self.whole() for person in self.people})

    def asked(self, **changed):
        """Settings as the coordinator asks for them."""
        return self.code.settings.RoundSettings(**(self.agreed | changed))

    def whole(self):
        """A vector of whole numbers within the clip."""
        clip = int(self.agreed["clip"])
        drawn = self.rng.integers(-clip, clip + 1, self.agreed["length"])
        return drawn if self.agreed["scale"] == 1 else drawn.astype(float)

    def enter(self, vectors, settings=None):
        """Let every site take part in a round with its vector; settings may differ by site."""
        settings = settings or {}
        self.sites = {}
        for person in self.people:
            agreed = settings.get(person.name, self.settings)
            site = self.code.site.Site(agreed, person, self.used[person.name])
            site.contribute(vectors[person.name], model=self.models.get(person.name))
            self.sites[person.name] = site
        self.given = {**vectors, **self.given}

    def number(self, name):
        return self.roster.names.index(name)

    def say(self, kind, body, name=None):
        """A message of the coordinator, for the round that the site believes in."""
        settings = self.settings if name is None else self.sites[name].settings
        return self.code.frames.write(self.code.frames.Kind[kind], settings, body.parts())

    def tell(self, kind, bodies: Mapping[str, object]) -> dict[str, bytes]:
        """Send each site its body and collect what the sites answer."""
        return {
            name: self.sites[name].receive(self.say(kind, body, name))
            for name, body in bodies.items()
        }

    def read(self, kind, message):
        """The body of a site's message, as the coordinator reads it, signature unseen."""
        frames, messages = self.code.frames, self.code.messages
        body = memoryview(message)[frames.HEADER_BYTES : -frames.SIGNATURE_BYTES]
        if kind == "MASKED":
            return messages.Masked.read(body, self.settings)
        return {
            "ADVERT": messages.Advert,
            "SHARES": messages.Boxes,
            "UNMASKING": messages.Unmasking,
        }[kind].read(body)

    # The round, stage by stage, with what the coordinator chooses at each

    def begin(self):
        self.adverts = {name: site.begin() for name, site in self.sites.items()}
        self.public = {
            self.number(name): self.read("ADVERT", advert) for name, advert in self.adverts.items()
        }
        listed = tuple(self.adverts.values())
        self.keys = self.code.keys.keys_digest(self.settings, listed)
        return self.code.messages.Frames(listed)

    def share(self, listed=None):
        listed = listed or self.begin()
        answers = self.tell("KEYS", dict.fromkeys(self.sites, listed))
        self.boxes = {self.number(n): self.read("SHARES", m) for n, m in answers.items()}

    def mask(self, senders: Mapping[str, tuple[int, ...]] | None = None):
        """Deliver shares, all or those of `senders`; keeps the covered vectors."""
        bodies = {}
        for name in self.sites:
            me = self.number(name)
            chosen = (senders or {}).get(name, tuple(self.boxes))
            boxes = {at: self.boxes[at].boxes[me] for at in chosen if at != me}
            bodies[name] = self.deliver(me, self.boxes[me].keys_digest, boxes)
        self.uploads = {
            self.number(name): np.frombuffer(
                self.read("MASKED", answer).vector, dtype=self.settings.dtype
            )
            for name, answer in self.tell("DELIVERY", bodies).items()
        }

    def deliver(self, site, keys_digest, boxes):
        """What a site is delivered; remembers what its masks will depend on."""
        graph = dict.fromkeys((site, *boxes), ())
        model = self.models.get(self.roster.names[site], b"")
        self.shared[site] = self.code.keys.sharers_digest(keys_digest, graph, model)
        return self.code.messages.Delivery(keys_digest, graph, boxes)

    def agree(self, shown: Mapping[str, tuple[int, ...]]):
        """Show each site its survivors; gives the signed agreements."""
        survivors = self.code.messages.Survivors
        return self.tell("SURVIVORS", {name: survivors(s) for name, s in shown.items()})

    def unmask(self, quorums: Mapping[str, tuple[bytes, ...]]):
        """Show each site its quorum; gives the shares that it opens, by number."""
        frames = self.code.messages.Frames
        answers = self.tell("QUORUM", {name: frames(quorum) for name, quorum in quorums.items()})
        return {self.number(n): self.read("UNMASKING", m) for n, m in answers.items()}

    def open_for(self, survivors, without=()):
        """One honest survivor set; gives the shares that its sites open."""
        names = [self.roster.names[at] for at in survivors if self.roster.names[at] not in without]
        agreed = self.agree(dict.fromkeys(names, tuple(survivors)))
        return self.unmask(dict.fromkeys(names, tuple(agreed.values())))

    # What the attacker makes of it

    def held(self, name):
        """All shares that a colluding site holds: by owner, of its key and of its seed."""
        return self.sites[name]._state.held

    def seed(self, site, shares):
        """The seed of a site from shares by holder; it must be the one committed to."""
        seed = self.rebuilt(shares)
        commitment = self.code.keys.seed_commitment(self.settings, site, seed)
        if commitment != self.public[site].seed_commitment:
            raise NothingLearnt
        return seed

    def mask_key(self, site, shares):
        """The private mask key of a site from shares by holder."""
        key = self.code.keys.RoundKey(self.rebuilt(shares))
        if key.public != self.public[site].mask_key:
            raise NothingLearnt
        return key

    def rebuilt(self, shares):
        first = dict(sorted(shares.items())[: self.settings.threshold])
        if len(first) < self.settings.threshold:
            raise NothingLearnt
        return self.code.shamir.rebuild(first)

    def uncover(self, site, seed=None, secrets: Mapping[int, bytes] = ()):
        """The vector under a site's upload, without the masks that are known."""
        shared = self.shared[site]
        masks, derive = self.code.masks, self.code.keys
        vector = self.uploads[site].copy()
        if seed is not None:
            masks.subtract_mask(vector, derive.self_mask_key(self.settings, shared, seed, site))
        for peer, secret in dict(secrets).items():
            key = derive.pair_mask_key(self.settings, shared, secret, site, peer)
            (masks.subtract_mask if site < peer else masks.add_mask)(vector, key)
        return vector

    def decoded(self, vector):
        return self.code.encoding.decode(vector, self.settings, 1)

    def secrets_of(self, site, key, peers=None):
        """What a site's mask key agrees on with its peers."""
        peers = self.public if peers is None else peers
        return {peer: key.agree(self.public[peer].mask_key) for peer in peers if peer != site}


Attack = Callable[[Scene], np.ndarray]
SCENES: dict[Attack, dict] = {}


def on(sites: int, **agreed) -> Callable[[Attack], Attack]:
    """The sites and settings that an attack is played on."""

    def remember(attack: Attack) -> Attack:
        SCENES[attack] = {"sites": sites, **agreed}
        return attack

    return remember


@on(3)
def search_seeds(scene: Scene) -> np.ndarray:
    """Meet in the middle over the two pair masks of the target, by listening alone.

    With seeds of f bits, a table of ``2**f`` keystream blocks and one pass over
    it are enough, because a vector within its clip is recognised. One block is
    16 bytes and under 10 microseconds in Python: 32 bits take 64 GB and half a day
    on one core, minutes in compiled code; 256 bits take for ever.
    """
    scene.share()
    scene.mask()
    opened = scene.open_for((0, 1, 2))
    seed = scene.seed(0, {at: shares.seed_shares[0] for at, shares in opened.items()})
    covered = scene.uncover(0, seed)
    blocks = np.frombuffer(
        b"".join(
            Cipher(algorithms.AES(key.to_bytes(32, "big")), modes.CTR(bytes(16)))
            .encryptor()
            .update(bytes(16))
            for key in range(FOLDED)
        ),
        dtype="<u4",
    ).reshape(FOLDED, 4)
    clip = scene.settings.largest
    order = np.argsort(blocks[:, 0])
    ranked = blocks[order, 0].astype(np.int64)
    lowest = (np.int64(covered[0]) - blocks[:, 0].astype(np.int64) - clip) % 2**32
    first, last = (np.searchsorted(ranked, lowest + width) for width in (0, 2 * clip + 1))
    for one in np.flatnonzero(last > first):
        others = order[first[one] : last[one]]
        left = (covered[:4] - blocks[one] - blocks[others]).view("<i4")
        for other in others[(np.abs(left) <= clip).all(axis=1)]:
            found = covered.copy()
            for key in (one, other):
                scene.code.masks.subtract_mask(found, int(key).to_bytes(32, "big"))
            if np.abs(found.view("<i4")).max() <= clip:
                return scene.decoded(found)
    raise NothingLearnt


@on(3)
def guess_the_clock(scene: Scene) -> np.ndarray:
    """Try every second of the last hour as the seed, against the target's signed advert."""
    scene.share()
    scene.mask()
    now = round(time.time())
    for second in range(now, now - 3600, -1):
        draw = random.Random(f"{second} 0").randbytes
        _, private, seed = draw(32), draw(32), draw(32)
        commitment = scene.code.keys.seed_commitment(scene.settings, 0, seed)
        if commitment == scene.public[0].seed_commitment:
            secrets = scene.secrets_of(0, scene.code.keys.RoundKey(private))
            return scene.decoded(scene.uncover(0, seed, secrets))
    raise NothingLearnt


def _from_both_kinds(scene: Scene, seeds: Mapping, keys: Mapping) -> np.ndarray:
    seed = scene.seed(0, {at: shares.seed_shares[0] for at, shares in seeds.items()})
    key = scene.mask_key(0, {at: shares.key_shares[0] for at, shares in keys.items()})
    return scene.decoded(scene.uncover(0, seed, scene.secrets_of(0, key)))


@on(4)
def ask_for_both_kinds(scene: Scene) -> np.ndarray:
    """Look for both kinds in the answers; ask again, with the target dropped, if they miss."""
    scene.share()
    scene.mask()
    seeds = scene.open_for((0, 1, 2, 3))
    if all(0 in shares.key_shares for shares in seeds.values()):
        return _from_both_kinds(scene, seeds, seeds)
    return _from_both_kinds(scene, seeds, scene.open_for((1, 2, 3)))


@on(4)
def wait_for_a_restart(scene: Scene) -> np.ndarray:
    """Ask once; after the sites were restored from last night's backups, ask otherwise."""
    scene.share()
    scene.mask()
    backups = {name: site.save() for name, site in scene.sites.items()}
    seeds = scene.open_for((0, 1, 2, 3))
    for person in scene.people:
        scene.sites[person.name] = scene.code.site.Site.restore(
            backups[person.name], scene.settings, person, scene.used[person.name]
        )
    return _from_both_kinds(scene, seeds, scene.open_for((1, 2, 3)))


@on(4)
def stand_between(scene: Scene) -> np.ndarray:
    """Show the target a list in which all other keys are the coordinator's own."""
    code = scene.code
    own = scene.sites[TARGET].begin()
    scene.public = {0: scene.read("ADVERT", own)}
    boxes, masks, listed = {}, {}, [own]
    for at in (1, 2, 3):
        boxes[at], masks[at] = code.keys.RoundKey(), code.keys.RoundKey()
        advert = code.messages.Advert(boxes[at].public, masks[at].public, bytes(32))
        stranger = code.roster.Identity.new(f"site-{at}")
        listed.append(
            code.frames.write(code.frames.Kind.ADVERT, scene.settings, advert.parts(), at, stranger)
        )
    keys = code.keys.keys_digest(scene.settings, listed)
    answer = scene.tell("KEYS", {TARGET: code.messages.Frames(tuple(listed))})[TARGET]
    sealed = scene.read("SHARES", answer).boxes
    seeds, delivered = {}, {}
    for at, box in boxes.items():
        secret = box.agree(scene.public[0].box_key)
        key = code.keys.box_key(scene.settings, keys, secret, 0, at)
        _, seeds[at] = code.boxes.unseal(key, keys, sealed[at])
        back = code.keys.box_key(scene.settings, keys, secret, at, 0)
        delivered[at] = code.boxes.seal(back, keys, bytes(33), bytes(33))
    answer = scene.tell("DELIVERY", {TARGET: scene.deliver(0, keys, delivered)})[TARGET]
    covered = scene.read("MASKED", answer).vector
    scene.uploads = {0: np.frombuffer(covered, dtype=scene.settings.dtype)}
    secrets = {at: mask.agree(scene.public[0].mask_key) for at, mask in masks.items()}
    return scene.decoded(scene.uncover(0, scene.seed(0, seeds), secrets))


def _split_view(scene: Scene, quorum: Callable[[str, Mapping], tuple[bytes, ...]]) -> np.ndarray:
    """Seven sites, threshold five, two of them (5 and 6) collude: fewer than a third.

    The target is delivered shares of as few sites as it accepts, so that it has
    pair masks with 1, 2 and the colluders only. To some sites 1 is shown as
    dropped, to others 2, so that both mask keys open; the target survives for all.
    """
    scene.share()
    colluders = {at: scene.sites[scene.roster.names[at]]._state.mask for at in (5, 6)}
    colluders = {at: scene.code.keys.RoundKey(key.private) for at, key in colluders.items()}
    scene.mask({TARGET: (0, 1, 2, 5, 6)})
    shown = {
        "site-0": (0, 1, 2, 5, 6),
        "site-1": (0, 1, 3, 4, 5, 6),
        "site-2": (0, 2, 3, 4, 5, 6),
        "site-3": (0, 3, 4, 5, 6),
        "site-4": (0, 3, 4, 5, 6),
    }
    agreed = scene.agree(shown)
    opened = scene.unmask({name: quorum(name, agreed) for name in shown})
    held = {at: scene.held(scene.roster.names[at]) for at in colluders}
    seeds = {at: shares.seed_shares[0] for at, shares in opened.items()}
    seed = scene.seed(0, seeds | {at: shares[0][1] for at, shares in held.items()})
    secrets = {at: key.agree(scene.public[0].mask_key) for at, key in colluders.items()}
    for peer in (1, 2):
        keys = {at: s.key_shares[peer] for at, s in opened.items() if peer in s.key_shares}
        key = scene.mask_key(peer, keys | {at: shares[peer][0] for at, shares in held.items()})
        secrets[peer] = key.agree(scene.public[0].mask_key)
    return scene.decoded(scene.uncover(0, seed, secrets))


@on(7)
def show_different_survivors(scene: Scene) -> np.ndarray:
    """Show the sites different survivors, and all that they signed as the quorum."""
    return _split_view(scene, lambda name, agreed: tuple(agreed.values()))


@on(7)
def repeat_a_signature(scene: Scene) -> np.ndarray:
    """Show the sites different survivors, and each its own signature, five times."""
    return _split_view(scene, lambda name, agreed: (agreed[name],) * 5)


@on(4)
def open_a_late_vector(scene: Scene) -> np.ndarray:
    """Declare the target dropped although its vector arrived; then ask for the rest."""
    scene.share()
    scene.mask()
    opened = scene.open_for((1, 2, 3))
    key = scene.mask_key(0, {at: shares.key_shares[0] for at, shares in opened.items()})
    secrets = scene.secrets_of(0, key)
    try:
        return scene.decoded(scene.uncover(0, None, secrets))
    except scene.code.errors.SumOutOfRange:  # still covered by the self-mask
        seeds = scene.open_for((0, 1, 2, 3), without=(TARGET,))
    seed = scene.seed(0, {at: shares.seed_shares[0] for at, shares in seeds.items()})
    return scene.decoded(scene.uncover(0, seed, secrets))


@on(3)
def repeat_a_round_number(scene: Scene) -> np.ndarray:
    """Run a number again on which the sites have nothing new, and take the difference."""
    scene.share()
    scene.mask()
    before = scene.uploads[0]
    nothing = np.zeros(scene.settings.length, dtype=int)
    scene.enter(dict.fromkeys(scene.sites, nothing))
    scene.share()
    scene.mask()
    return scene.decoded(before - scene.uploads[0])


@on(3, clip=8.0, scale=2**3)
def give_each_site_its_own_scale(scene: Scene) -> np.ndarray:
    """Ask each site for another scale, so that the sum holds each vector in digits of its own.

    The sites' values are multiples of an eighth, so that a digit has 8 bits.
    """
    scales = {"site-0": 2**3, "site-1": 2**11, "site-2": 2**19}
    scene.given.clear()
    scene.enter(
        {name: scene.rng.integers(-60, 61, scene.settings.length) / 8 for name in scales},
        {name: scene.asked(scale=scale) for name, scale in scales.items()},
    )
    scene.share()
    scene.mask()
    opened = scene.open_for((0, 1, 2))
    total = np.zeros(scene.settings.length, dtype=scene.settings.dtype)
    for at in (0, 1, 2):
        seed = scene.seed(at, {by: shares.seed_shares[at] for by, shares in opened.items()})
        total += scene.uncover(at, seed)
    return (total.astype(np.uint8).view(np.int8)) / 8


@on(3, scale=2**4)
def name_a_small_modulus(scene: Scene) -> np.ndarray:
    """Ask for modulus 2 ahead of the keys: masks of one bit cover one bit of a value."""

    class Named(scene.code.messages.Frames):
        def parts(self):
            return [(2).to_bytes(8, "big"), *super().parts()]

    scene.share(Named(scene.begin().frames))
    scene.mask()
    steps = scene.uploads[0].view("<i4")  # at most three above a multiple of the scale
    return scene.decoded((steps // 16 * 16).view("<u4"))


def _send_other_models(scene: Scene, late: bool) -> np.ndarray:
    """Send all but the target a model with dead units: their updates are zero.

    After Pasquini, Francati and Ateniese 2022. A site's update is the gradient of
    one rectified unit over its patients.
    """
    live, dead = np.array([1, 0, 0]), np.array([1, 0, -(10**6)])  # two weights and a bias

    def update(model, patients):
        active = patients @ model[:2] + model[2] > 0
        return (active[:, None] * np.pad(patients, ((0, 0), (0, 1)), constant_values=1)).sum(0)

    models = {name: live if name == TARGET else dead for name in scene.sites}
    digests = {name: hashlib.sha256(one.tobytes()).digest() for name, one in models.items()}
    scene.agreed |= {"length": 3, "clip": 10_000}
    if late:
        scene.models = digests
        settings = dict.fromkeys(models, scene.asked(model_digest=None))
    else:
        settings = {name: scene.asked(model_digest=digest) for name, digest in digests.items()}
    patients = {name: scene.rng.integers(1, 80, (20, 2)) for name in models}
    scene.settings = settings[TARGET]
    scene.given.clear()
    scene.enter({name: update(models[name], patients[name]) for name in models}, settings)
    scene.share()
    scene.mask()
    opened = scene.open_for((0, 1, 2))
    total = np.zeros(3, dtype=scene.settings.dtype)
    for at in (0, 1, 2):
        seed = scene.seed(at, {by: shares.seed_shares[at] for by, shares in opened.items()})
        total += scene.uncover(at, seed)
    return scene.decoded(total)


@on(3)
def send_other_models(scene: Scene) -> np.ndarray:
    """Send other models to all but the target in rounds whose settings name the model."""
    return _send_other_models(scene, late=False)


@on(3)
def send_other_models_late(scene: Scene) -> np.ndarray:
    """The same, where keys and shares were exchanged before there was a model."""
    return _send_other_models(scene, late=True)


@on(104)
def show_another_graph(scene: Scene) -> np.ndarray:
    """Show the target a graph in which nearly none of its neighbours gave out shares.

    The true graph is shown to all others, with the target as a survivor and the few
    that it has masks with as dropped. They sign that without the target, open its
    seed, and the mask keys of those few.
    """
    scene.share()
    sealed, messages, shamir = scene.boxes, scene.code.messages, scene.code.shamir
    sites, needed = range(len(scene.people)), scene.settings.shares_needed
    true = {at: tuple(sorted(sealed[at].boxes)) for at in sites}
    away = [at for at in sites if at != 0 and at not in true[0]] + list(true[0])
    shown = sorted([0, *away[: scene.settings.threshold - 1]])
    false = {at: tuple(to for to in sites if to not in (0, at))[:40] for at in shown}
    false[0] = true[0]
    partners = [at for at in true[0] if at in false]
    covered = {}
    for at in sites:
        graph = false if at == 0 else true
        boxes = {by: sealed[by].boxes[at] for by in graph if at in graph[by]}
        body = messages.Delivery(sealed[at].keys_digest, graph, boxes)
        name = scene.roster.names[at]
        covered[at] = scene.read("MASKED", scene.tell("DELIVERY", {name: body})[name])
    scene.uploads = {0: np.frombuffer(covered[0].vector, dtype=scene.settings.dtype)}
    scene.shared[0] = scene.code.keys.sharers_digest(sealed[0].keys_digest, false)
    kept = tuple(at for at in sites if at not in partners)
    named = messages.Survivors(kept, tuple(covered[at].covered for at in kept))
    names = [scene.roster.names[at] for at in kept if at != 0]
    agreed = scene.tell("SURVIVORS", dict.fromkeys(names, named))
    opened = scene.unmask(dict.fromkeys(names, tuple(agreed.values())))

    def rebuilt(site, kind):
        shares = {by: getattr(answer, kind) for by, answer in opened.items()}
        held = {by: known[site] for by, known in shares.items() if site in known}
        return shamir.rebuild(dict(sorted(held.items())[:needed]))

    secrets = {
        at: scene.code.keys.RoundKey(rebuilt(at, "key_shares")).agree(scene.public[0].mask_key)
        for at in partners
    }
    return scene.decoded(scene.uncover(0, rebuilt(0, "seed_shares"), secrets))


@on(4)
def subtract_two_cohorts(scene: Scene) -> np.ndarray:
    """Sum the same vectors in two rounds, the second without the target, and subtract."""
    totals = []
    for number, cohort in enumerate(((0, 1, 2, 3), (1, 2, 3))):
        scene.settings = scene.asked(round_id=f"sum-{number}")
        scene.enter(scene.given)
        scene.share()
        scene.mask()
        opened = scene.open_for(cohort)
        total = sum(scene.uncover(at) for at in cohort)
        for at in cohort:
            shares = {by: answer.seed_shares[at] for by, answer in opened.items()}
            own = scene.code.keys.self_mask_key(
                scene.settings, scene.shared[at], scene.seed(at, shares), at
            )
            scene.code.masks.subtract_mask(total, own)
        for gone in {0, 1, 2, 3} - set(cohort):
            shares = {by: answer.key_shares[gone] for by, answer in opened.items()}
            secrets = scene.secrets_of(gone, scene.mask_key(gone, shares), cohort)
            for peer, secret in secrets.items():
                key = scene.code.keys.pair_mask_key(
                    scene.settings, scene.shared[peer], secret, peer, gone
                )
                undo = scene.code.masks.subtract_mask if peer < gone else scene.code.masks.add_mask
                undo(total, key)
        totals.append(total)
    return scene.decoded(totals[0] - totals[1])


@on(4)
def leave_the_target_alone(scene: Scene) -> np.ndarray:
    """Show every site that only it and the target survived."""
    scene.share()
    scene.mask()
    shown = {name: tuple(sorted({0, scene.number(name)})) for name in scene.sites}
    agreed = scene.agree(shown)
    opened = scene.unmask({name: (agreed[name],) for name in shown})
    seed = scene.seed(0, {at: shares.seed_shares[0] for at, shares in opened.items()})
    secrets = {}
    for peer in (1, 2, 3):
        keys = {at: s.key_shares[peer] for at, s in opened.items() if peer in s.key_shares}
        secrets[peer] = scene.mask_key(peer, keys).agree(scene.public[0].mask_key)
    return scene.decoded(scene.uncover(0, seed, secrets))


@on(6)
def have_two_camps_agree(scene: Scene) -> np.ndarray:
    """Ask for a threshold of half, and let each half sign that the other has dropped."""
    scene.agreed["threshold"] = 3
    scene.settings = scene.asked()
    scene.enter({name: scene.whole() for name in scene.sites} | scene.given)
    scene.share()
    scene.mask()
    seeds, keys = scene.open_for((0, 1, 2)), scene.open_for((3, 4, 5))
    return _from_both_kinds(scene, seeds, keys)


@on(4)
def ask_one_accomplice(scene: Scene) -> np.ndarray:
    """Take the shares that a single colluding site holds of the target."""
    scene.share()
    scene.mask()
    key_share, seed_share = scene.held("site-3")[0]
    rebuild = scene.code.shamir.rebuild
    seed, private = rebuild({3: seed_share}), rebuild({3: key_share})
    key = scene.code.keys.RoundKey(private)
    commitment = scene.code.keys.seed_commitment(scene.settings, 0, seed)
    known = scene.public[0]
    if (commitment, key.public) != (known.seed_commitment, known.mask_key):
        raise NothingLearnt
    return scene.decoded(scene.uncover(0, seed, scene.secrets_of(0, key)))


@on(4)
def read_the_boxes(scene: Scene) -> np.ndarray:
    """Open the boxes that pass by with the key that the coordinator would know."""
    scene.share()
    scene.mask()
    digest = scene.boxes[0].keys_digest
    shares = {
        at: scene.code.boxes.unseal(bytes(32), digest, box)
        for at, box in scene.boxes[0].boxes.items()
    }
    key = scene.mask_key(0, {at: share for at, (share, _) in shares.items()})
    seed = scene.seed(0, {at: share for at, (_, share) in shares.items()})
    return scene.decoded(scene.uncover(0, seed, scene.secrets_of(0, key)))


@on(2)
def take_off_ones_own(scene: Scene) -> np.ndarray:
    """Be one of two sites, see the sum, take off one's own vector."""
    coordinator = scene.code.coordinator.Coordinator(scene.settings)
    for site in scene.sites.values():
        coordinator.receive(site.begin())
    while messages := coordinator.close():
        for name, message in messages.items():
            coordinator.receive(scene.sites[name].receive(message))
    return coordinator.opened.total - scene.given["site-1"]
