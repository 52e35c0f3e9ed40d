"""A small round gives the very bytes that are committed, and its primitives are the standard ones.

The answers pin the protocol: a change of any byte on the wire is a new version
of it. ``python -m tests.secure_aggregation.test_secure_aggregation_known_answers``
writes them anew, on purpose only.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
from pathlib import Path

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from synthema_lab import randomness
from synthema_lab.secure_aggregation import (
    Coordinator,
    Identity,
    Roster,
    RoundSettings,
    Site,
    encode,
    keys,
    masks,
    shamir,
)
from synthema_lab.secure_aggregation.boxes import seal

ANSWERS = Path(__file__).with_name("known_answers.json")
TAG = b"synthema-lab secure aggregation 1 "
SITES = ("east", "north", "south", "west")
STAGES = ("advertise", "share", "mask", "agree", "unmask")


def named(name: str) -> bytes:
    """32 bytes that stand for `name`."""
    return hashlib.sha256(name.encode()).digest()


def drawn(label: str):
    """A stream in place of the operating system's."""
    draws = itertools.count()
    return lambda n: hashlib.shake_256(f"{label} {next(draws)}".encode()).digest(n)


PEOPLE = tuple(Identity(name, named(f"identity of {name}")) for name in SITES)
SETTINGS = RoundSettings(
    Roster.of(person.member() for person in PEOPLE),
    "known/1", 5, 8.0, 2**20, named("model"), named("study"),
)  # fmt: skip
VECTORS = np.arange(-10, 10).reshape(4, 5) / 4
SECRET, DIGEST = named("secret"), named("keys")


def round_messages() -> tuple[dict[str, dict[str, str]], list[float]]:
    """SHA-256 of every message, by stage and site; south drops after it gave out shares."""
    sites = {person.name: Site(SETTINGS, person, set()) for person in PEOPLE}
    coordinator, told = Coordinator(SETTINGS), {}
    with randomness.swapped(drawn("round")):
        for site, vector in zip(sites.values(), VECTORS, strict=True):
            site.contribute(vector)
        answers = {name: site.begin() for name, site in sites.items()}
        for stage in STAGES:
            told[f"{stage}, from sites"] = hashed(answers)
            for answer in answers.values():
                coordinator.receive(answer)
            sent = coordinator.close()
            told[f"{stage}, to sites"] = hashed(sent)
            answers = {
                name: sites[name].receive(message)
                for name, message in sent.items()
                if (stage, name) != ("share", "south")
            }
    return told, coordinator.opened.total.tolist()


def hashed(messages: dict[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(message).hexdigest() for name, message in messages.items()}


def answers() -> dict[str, object]:
    """Everything that is pinned."""
    here, there = keys.RoundKey(named("here")), keys.RoundKey(named("there"))
    streams = {}
    for dtype in ("<u4", "<u8"):
        vector = np.zeros(6, dtype=dtype)
        masks.add_mask(vector, SECRET)
        streams[dtype] = vector.tobytes().hex()
    with randomness.swapped(drawn("shares")):
        shares = shamir.split(SECRET, 3, range(4))
    with randomness.swapped(drawn("box")):
        box = seal(SECRET, DIGEST, shares[0], shares[1])
    told, total = round_messages()
    return {
        "settings": {"canonical": SETTINGS.canonical.hex(), "digest": SETTINGS.digest.hex()},
        "encodings": [encode(vector, SETTINGS).tobytes().hex() for vector in VECTORS],
        "x25519": {"public": here.public.hex(), "agreed": here.agree(there.public).hex()},
        "ed25519": {
            "public": PEOPLE[0].member().key.hex(),
            "signature": PEOPLE[0].sign(SECRET).hex(),
        },
        "digests": {
            "keys": keys.keys_digest(SETTINGS, [b"a", b"b"]).hex(),
            "sharers": keys.sharers_digest(DIGEST, {0: (2, 3), 2: (), 3: (0,)}, SECRET).hex(),
            "agreement": keys.agreement_digest(DIGEST, [0, 2, 3]).hex(),
            "seed commitment": keys.seed_commitment(SETTINGS, 2, SECRET).hex(),
        },
        "derived keys": {
            "pair mask": keys.pair_mask_key(SETTINGS, DIGEST, SECRET, 3, 1).hex(),
            "self mask": keys.self_mask_key(SETTINGS, DIGEST, SECRET, 2).hex(),
            "box": keys.box_key(SETTINGS, DIGEST, SECRET, 3, 1).hex(),
        },
        "masks": streams,
        "shares": {str(holder): share.hex() for holder, share in shares.items()},
        "box": box.hex(),
        "messages": told,
        "total": total,
    }


KNOWN = json.loads(ANSWERS.read_text()) if ANSWERS.exists() else {}


def test_a_round_gives_the_committed_bytes():
    found = answers()
    assert set(found) == set(KNOWN)
    for part, known in KNOWN.items():
        assert found[part] == known, part
    assert KNOWN["total"] == (VECTORS[0] + VECTORS[1] + VECTORS[3]).tolist()


# The committed bytes once more, from the standards and not from our modules


def hkdf(secret: bytes, info: bytes) -> str:
    """RFC 5869 with SHA-256, one block, by HMAC alone."""
    extracted = hmac.digest(SETTINGS.digest, secret, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256").hex()


def test_derived_keys_are_hkdf_sha256_of_all_that_was_agreed():
    assert KNOWN["derived keys"] == {
        "pair mask": hkdf(SECRET, TAG + b"pair mask\x00" + DIGEST + b"\0\1\0\3"),
        "self mask": hkdf(SECRET, TAG + b"self mask\x00" + DIGEST + b"\0\2"),
        "box": hkdf(SECRET, TAG + b"box\x00" + DIGEST + b"\0\3\0\1"),
    }


def test_digests_are_sha256_of_what_they_cover():
    listed = b"\0\3" + b"\0\0" + b"\0\2" + b"\0\3"
    drew = b"\0\2" + b"\0\2" + b"\0\3" + b"\0\0" + b"\0\1" + b"\0\0"
    covered = {
        "keys": b"keys\x00" + SETTINGS.digest + b"ab",
        "sharers": b"sharers\x00" + DIGEST + listed + drew + SECRET,
        "agreement": b"agreement\x00" + DIGEST + listed,
        "seed commitment": b"seed\x00" + SETTINGS.digest + b"\0\2" + SECRET,
    }
    expected = {name: hashlib.sha256(TAG + part).hexdigest() for name, part in covered.items()}
    assert KNOWN["digests"] == expected
    canonical = bytes.fromhex(KNOWN["settings"]["canonical"])
    assert hashlib.sha256(canonical).hexdigest() == KNOWN["settings"]["digest"]
    assert canonical.startswith(TAG + b"settings\x00" + b"\0\4\4east")


def test_masks_are_aes_256_in_counter_mode_from_zero():
    for dtype, stream in KNOWN["masks"].items():
        zeros = bytes(6 * np.dtype(dtype).itemsize)
        cipher = Cipher(algorithms.AES(SECRET), modes.CTR(bytes(16))).encryptor()
        assert cipher.update(zeros).hex() == stream


def test_agreement_and_signatures_are_x25519_and_ed25519():
    here = X25519PrivateKey.from_private_bytes(named("here"))
    there = X25519PrivateKey.from_private_bytes(named("there"))
    public = here.public_key().public_bytes_raw()
    assert KNOWN["x25519"] == {
        "public": public.hex(),
        "agreed": there.exchange(X25519PublicKey.from_public_bytes(public)).hex(),
    }
    signer = Ed25519PrivateKey.from_private_bytes(named("identity of east"))
    assert KNOWN["ed25519"] == {
        "public": signer.public_key().public_bytes_raw().hex(),
        "signature": signer.sign(SECRET).hex(),
    }


def test_shares_lie_on_a_polynomial_of_degree_two_through_the_secret():
    """By differences: the third difference of a quadratic is zero, at places 0 (secret) to 4."""
    values = [int.from_bytes(SECRET, "big")]
    values += [int(KNOWN["shares"][str(holder)], 16) for holder in range(4)]
    a, b, c, d, e = values
    assert (d - 3 * c + 3 * b - a) % (2**256 + 297) == 0
    assert (e - 3 * d + 3 * c - b) % (2**256 + 297) == 0
    assert (c - 2 * b + a) % (2**256 + 297) != 0


def test_a_box_is_chacha20_poly1305_with_its_nonce_ahead():
    box = bytes.fromhex(KNOWN["box"])
    opened = ChaCha20Poly1305(SECRET).decrypt(box[:12], box[12:], DIGEST)
    assert opened.hex() == KNOWN["shares"]["0"] + KNOWN["shares"]["1"]


def test_encodings_are_steps_in_two_s_complement():
    steps = (VECTORS * 2**20).astype("<i4")
    assert KNOWN["encodings"] == [row.tobytes().hex() for row in steps]


if __name__ == "__main__":
    ANSWERS.write_text(json.dumps(answers(), indent=1) + "\n", encoding="utf-8")
    print(f"Written anew: {ANSWERS}")
