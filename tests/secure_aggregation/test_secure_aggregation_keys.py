"""Keys, commitments and masks depend on everything that two parties must agree on."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from synthema_lab.secure_aggregation import keys, masks
from synthema_lab.secure_aggregation.boxes import seal, unseal
from synthema_lab.secure_aggregation.errors import KeyRefused, ShareRefused

SECRET = hashlib.sha256(b"secret").digest()
DIGEST = hashlib.sha256(b"keys").digest()


@pytest.fixture
def rounds(identities_of, settings_of):
    people = identities_of(4)
    return settings_of(people), settings_of(people, round_id="round-2")


def test_both_ends_of_a_pair_derive_the_same_mask_key(rounds):
    here, there = keys.RoundKey(), keys.RoundKey()
    first = keys.pair_mask_key(rounds[0], DIGEST, here.agree(there.public), 1, 3)
    assert first == keys.pair_mask_key(rounds[0], DIGEST, there.agree(here.public), 3, 1)
    assert len(first) == 32


def test_every_derived_key_depends_on_round_keys_sites_secret_and_purpose(rounds):
    here, there = rounds
    other_secret, other_digest = bytes(32), bytes(32)
    derived = [
        keys.pair_mask_key(here, DIGEST, SECRET, 0, 1),
        keys.pair_mask_key(there, DIGEST, SECRET, 0, 1),
        keys.pair_mask_key(here, other_digest, SECRET, 0, 1),
        keys.pair_mask_key(here, DIGEST, other_secret, 0, 1),
        keys.pair_mask_key(here, DIGEST, SECRET, 0, 2),
        keys.pair_mask_key(here, DIGEST, SECRET, 1, 2),
        keys.self_mask_key(here, DIGEST, SECRET, 0),
        keys.self_mask_key(there, DIGEST, SECRET, 0),
        keys.self_mask_key(here, other_digest, SECRET, 0),
        keys.self_mask_key(here, DIGEST, other_secret, 0),
        keys.self_mask_key(here, DIGEST, SECRET, 1),
        keys.box_key(here, DIGEST, SECRET, 0, 1),
        keys.box_key(here, DIGEST, SECRET, 1, 0),
        keys.box_key(there, DIGEST, SECRET, 0, 1),
        keys.box_key(here, other_digest, SECRET, 0, 1),
        keys.box_key(here, DIGEST, other_secret, 0, 1),
        keys.box_key(here, DIGEST, SECRET, 0, 2),
    ]
    assert len(set(derived)) == len(derived)


def test_every_digest_depends_on_all_that_it_covers(rounds):
    here, there = rounds
    digests = [
        keys.keys_digest(here, [b"a", b"b"]),
        keys.keys_digest(there, [b"a", b"b"]),
        keys.keys_digest(here, [b"b", b"a"]),
        keys.keys_digest(here, [b"a"]),
        keys.sharers_digest(DIGEST, {0: (), 1: (), 2: ()}),
        keys.sharers_digest(bytes(32), {0: (), 1: (), 2: ()}),
        keys.sharers_digest(DIGEST, {0: (), 1: (), 3: ()}),
        keys.sharers_digest(DIGEST, {0: (), 1: ()}),
        keys.sharers_digest(DIGEST, {0: (1,), 1: (0,)}),
        keys.sharers_digest(DIGEST, {0: (1,), 1: ()}),
        keys.sharers_digest(DIGEST, {0: (), 1: (0,)}),
        keys.sharers_digest(DIGEST, {0: (), 1: ()}, bytes(32)),
        keys.sharers_digest(DIGEST, {0: (), 1: ()}, DIGEST),
        keys.agreement_digest(DIGEST, [0, 1, 2]),
        keys.agreement_digest(bytes(32), [0, 1, 2]),
        keys.agreement_digest(DIGEST, [0, 1, 3]),
        keys.seed_commitment(here, 0, SECRET),
        keys.seed_commitment(there, 0, SECRET),
        keys.seed_commitment(here, 1, SECRET),
        keys.seed_commitment(here, 0, bytes(32)),
    ]
    assert len(set(digests)) == len(digests)
    turned = {2: (1, 0), 0: (2, 1), 1: (0, 2)}
    straight = {0: (1, 2), 1: (0, 2), 2: (0, 1)}
    assert keys.sharers_digest(DIGEST, turned) == keys.sharers_digest(DIGEST, straight)


def test_two_keys_drawn_are_never_the_same_and_a_private_key_is_not_printed():
    first, second = keys.RoundKey(), keys.RoundKey()
    assert first.public != second.public
    assert first.private.hex() not in repr(first)
    assert keys.RoundKey(first.private).public == first.public


def test_agreement_with_a_key_of_low_order_is_refused():
    with pytest.raises(KeyRefused):
        keys.RoundKey().agree(bytes(32))


@pytest.mark.parametrize("dtype", ["<u4", "<u8"])
@pytest.mark.parametrize("length", [1, 3, 4, 8192, 16384, 16385, 50_001])
def test_a_mask_is_the_keystream_of_aes_256_in_counter_mode(dtype, length):
    """Recomputed block by block from the definition in NIST SP 800-38A."""
    vector = np.arange(length, dtype=dtype)
    masks.add_mask(vector, SECRET)
    blocks = -(-vector.nbytes // 16)
    counters = b"".join(block.to_bytes(16, "big") for block in range(blocks))
    stream = Cipher(algorithms.AES(SECRET), modes.ECB()).encryptor().update(counters)
    words = np.frombuffer(stream[: vector.nbytes], dtype=dtype)
    assert np.array_equal(vector, np.arange(length, dtype=dtype) + words)
    masks.subtract_mask(vector, SECRET)
    assert np.array_equal(vector, np.arange(length, dtype=dtype))


def test_every_bit_of_a_key_changes_the_mask():
    seen = set()
    for bit in range(256):
        vector = np.zeros(4, dtype="<u4")
        masks.add_mask(vector, (1 << bit).to_bytes(32, "big"))
        seen.add(vector.tobytes())
    assert len(seen) == 256


def test_a_box_sealed_twice_looks_different_and_opens_with_its_key_and_round_only():
    shares = bytes(33), bytes(32) + b"\x07"
    boxes = [seal(SECRET, DIGEST, *shares) for _ in range(2)]
    assert boxes[0][:12] != boxes[1][:12]
    assert boxes[0][12:] != boxes[1][12:]
    assert unseal(SECRET, DIGEST, boxes[0]) == shares
    for key, digest in ((bytes(32), DIGEST), (SECRET, bytes(32))):
        with pytest.raises(ShareRefused):
            unseal(key, digest, boxes[0])


def test_a_sealed_share_that_is_no_field_element_is_refused():
    with pytest.raises(ShareRefused):
        unseal(SECRET, DIGEST, seal(SECRET, DIGEST, b"\xff" * 33, bytes(33)))
