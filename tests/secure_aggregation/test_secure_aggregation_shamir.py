"""A quorum rebuilds a secret; fewer learn nothing."""

from __future__ import annotations

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthema_lab import randomness
from synthema_lab.secure_aggregation import shamir
from synthema_lab.secure_aggregation.errors import ShareRefused

SECRET = bytes(range(32))


def is_probable_prime(number):
    """Miller and Rabin with the first twelve primes as witnesses."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for witness in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37):
        power = pow(witness, odd, number)
        if power in (1, number - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True


def test_the_modulus_is_the_smallest_prime_above_two_to_the_256():
    assert is_probable_prime(shamir.PRIME)
    assert not any(is_probable_prime(n) for n in range(2**256 + 1, shamir.PRIME, 2))


def test_every_quorum_rebuilds_the_secret():
    shares = shamir.split(SECRET, 3, range(5))
    for holders in itertools.combinations(range(5), 3):
        assert shamir.rebuild({holder: shares[holder] for holder in holders}) == SECRET
    assert shamir.rebuild(shares) == SECRET


@given(
    st.binary(min_size=32, max_size=32),
    st.integers(1, 7),
    st.sets(st.integers(0, 999), min_size=7, max_size=9),
)
def test_any_secret_survives_splitting_among_any_holders(secret, threshold, holders):
    shares = shamir.split(secret, threshold, sorted(holders))
    quorum = sorted(holders)[-threshold:]
    assert all(len(share) == shamir.SHARE_BYTES for share in shares.values())
    assert shamir.rebuild({holder: shares[holder] for holder in quorum}) == secret


@pytest.mark.parametrize("secret", [bytes(32), b"\xff" * 32])
def test_the_smallest_and_the_largest_secret_survive(secret):
    assert shamir.rebuild(shamir.split(secret, 3, range(3))) == secret


def test_one_share_too_few_fits_every_secret_equally_well():
    """For any two shares and any secret there is exactly one polynomial of degree two."""
    shares = shamir.split(SECRET, 3, range(3))
    known = {0: shamir.element(shares[0]), 1: shamir.element(shares[1])}
    weights = shamir.weights_at_zero((0, 1, 2))
    for guess in (0, 1, int.from_bytes(SECRET, "big"), 2**256 - 1):
        rest = guess - sum(weights[holder] * value for holder, value in known.items())
        third = rest * pow(weights[2], -1, shamir.PRIME) % shamir.PRIME
        completed = {0: shares[0], 1: shares[1], 2: third.to_bytes(33, "big")}
        assert shamir.rebuild(completed) == guess.to_bytes(32, "big")


def test_too_few_or_altered_shares_do_not_give_the_secret():
    shares = shamir.split(SECRET, 3, range(4))
    altered = bytearray(shares[1])
    altered[-1] ^= 1
    for given_shares in (
        {0: shares[0], 1: shares[1]},
        {0: shares[0], 1: bytes(altered), 2: shares[2]},
        {0: shares[1], 1: shares[0], 2: shares[2]},
    ):
        with contextlib.suppress(ShareRefused):
            assert shamir.rebuild(given_shares) != SECRET


@pytest.mark.parametrize(
    "share", [b"", bytes(32), bytes(34), shamir.PRIME.to_bytes(33, "big"), b"\xff" * 33]
)
def test_a_share_that_is_no_field_element_is_refused(share):
    with pytest.raises(ShareRefused):
        shamir.element(share)


def test_a_rebuilt_number_without_a_32_byte_form_is_refused():
    share = (2**256).to_bytes(33, "big")
    with pytest.raises(ShareRefused):
        shamir.rebuild({0: share})


def test_two_splits_of_one_secret_share_nothing():
    first, second = (shamir.split(SECRET, 2, range(3)) for _ in range(2))
    assert not set(first.values()) & set(second.values())


def test_coefficients_at_or_above_the_prime_are_drawn_again():
    drawn = iter([b"\xff" * 33, shamir.PRIME.to_bytes(33, "big"), (5).to_bytes(33, "big")])
    with randomness.swapped(lambda n: next(drawn)):
        shares = shamir.split(bytes(32), 2, [0, 6])
    assert [shamir.element(share) for share in shares.values()] == [5, 35]
