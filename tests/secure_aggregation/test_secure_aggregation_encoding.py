"""Vectors are encoded exactly or refused; nothing is clipped in silence."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from synthema_lab.secure_aggregation import (
    Identity,
    Roster,
    RoundSettings,
    decode,
    default_scale,
    encode,
)
from synthema_lab.secure_aggregation.errors import (
    NoiseBeyondBound,
    SettingsRefused,
    SumOutOfRange,
    ValueBeyondClip,
    ValueNotFinite,
    VectorRefused,
)

ROSTERS = {
    sites: Roster.of(Identity.new(f"s{number}").member() for number in range(sites))
    for sites in (3, 5)
}


def settings(length=3, clip=8.0, scale=2**20, sites=3, noise_bound=0):
    return RoundSettings(
        ROSTERS[sites], "r", length, clip, scale, bytes(32), bytes(32), noise_bound=noise_bound
    )


def summed(vectors, agreed, noise=None):
    """The sum of encoded vectors modulo two to the bits, as masks leave it."""
    total = np.zeros(agreed.length, dtype=agreed.dtype)
    for place, vector in enumerate(vectors):
        total += encode(vector, agreed, None if noise is None else noise[place])
    return total


@st.composite
def fixed_point_rounds(draw):
    sites = draw(st.sampled_from([3, 5]))
    clip = draw(st.sampled_from([0.125, 1.0, 3.7, 8.0, 1000.0, 2.0**22]))
    scale = 2 ** draw(st.integers(4, 24))
    length = draw(st.integers(1, 5))
    values = st.floats(-clip, clip, width=64)
    vectors = draw(arrays.arrays(np.float64, (sites, length), elements=values))
    return settings(length, clip, scale, sites), vectors


@given(fixed_point_rounds())
def test_the_error_of_a_sum_is_at_most_half_a_step_for_each_site(case):
    agreed, vectors = case
    opened = decode(summed(vectors, agreed), agreed, agreed.sites)
    bound = Fraction(agreed.sites, 2 * agreed.scale)
    for place in range(agreed.length):
        exact = sum(Fraction(float(vector[place])) for vector in vectors)
        assert abs(Fraction(float(opened[place])) - exact) <= bound


@given(
    st.sampled_from([7, 2**29, 2**40, 2**60]).flatmap(
        lambda bound: st.tuples(
            st.just(bound),
            arrays.arrays(np.int64, (3, 4), elements=st.integers(-bound, bound)),
        )
    )
)
def test_whole_numbers_are_summed_exactly(case):
    bound, vectors = case
    agreed = settings(4, bound, 1)
    opened = decode(summed(vectors, agreed), agreed, 3)
    assert opened.dtype == np.int64
    assert opened.tolist() == vectors.sum(axis=0).tolist()


@pytest.mark.parametrize("scale", [2**20, 2**26])
def test_values_at_the_clip_are_summed_in_both_moduli(scale):
    for value in (8.0, -8.0, -0.0):
        agreed = settings(clip=8.0, scale=scale)
        vectors = [np.full(3, value)] * 3
        assert decode(summed(vectors, agreed), agreed, 3).tolist() == [3 * value] * 3


def test_blocks_join_without_a_seam():
    rng = np.random.default_rng(1)
    vector = rng.integers(-100, 100, 100_003) / 4
    agreed = settings(vector.size, 25.0, 4)
    assert np.array_equal(encode(vector, agreed).view("<i4"), (vector * 4).astype(int))


@pytest.mark.parametrize("scale", [2**20, 2**28])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_shorter_floating_types_are_read_exactly(dtype, scale):
    vector = np.array([0.5, -7.25, 8.0], dtype=dtype)
    agreed = settings(scale=scale)
    assert decode(summed([vector] * 3, agreed), agreed, 3).tolist() == [1.5, -21.75, 24.0]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_refused(bad):
    with pytest.raises(ValueNotFinite, match="1 values"):
        encode(np.array([1.0, bad, 2.0]), settings())


@pytest.mark.parametrize("beyond", [np.nextafter(8.0, 9.0), -np.nextafter(8.0, 9.0), 1e300])
def test_a_value_beyond_the_clip_is_refused_and_not_printed(beyond):
    with pytest.raises(ValueBeyondClip, match="1 values beyond") as refused:
        encode(np.array([1.0, beyond, 2.0]), settings())
    assert repr(beyond) not in str(refused.value)


def test_a_single_precision_value_just_beyond_the_clip_is_refused():
    """The clip is not rounded to the vector's type: in single precision it would be 8."""
    for value in (8.0, -8.0):
        with pytest.raises(ValueBeyondClip, match="3 values"):
            encode(np.full(3, value, dtype=np.float32), settings(clip=8.0 - 1e-9))


@pytest.mark.parametrize(
    "beyond",
    [
        np.array([0, 11, 0]),
        np.array([0, -11, 0]),
        np.array([0, np.iinfo(np.int64).min, 0]),
        np.array([0, 2**64 - 1, 0], dtype=np.uint64),
        np.array([0, -128, 0], dtype=np.int8),
    ],
)
def test_a_whole_number_beyond_the_bound_is_refused(beyond):
    with pytest.raises(ValueBeyondClip, match="1 values"):
        encode(beyond, settings(clip=10, scale=1))


def test_a_bound_wider_than_a_short_integer_type_is_no_obstacle():
    assert encode(np.array([1, -128, 127], dtype=np.int8), settings(clip=1000, scale=1)).size == 3


@pytest.mark.parametrize(
    "vector",
    [
        np.zeros(2),
        np.zeros(4),
        np.zeros((1, 3)),
        np.zeros((3, 1)),
        np.float64(1.0),
        np.zeros(0),
    ],
)
def test_another_length_or_shape_is_refused(vector):
    with pytest.raises(VectorRefused):
        encode(vector, settings())


@pytest.mark.parametrize(
    "vector",
    [
        np.array([1, 2, 3]),
        np.array([True, False, True]),
        np.array([1j, 2, 3]),
        np.array(["1", "2", "3"]),
        np.array([1.0, None, 2.0], dtype=object),
        np.ma.masked_array([1.0, 2.0, 3.0], mask=[0, 1, 0]),
        np.zeros(3, dtype="datetime64[s]"),
    ],
    ids=lambda vector: str(vector.dtype),
)
def test_what_is_not_floating_point_is_refused_above_scale_one(vector):
    with pytest.raises(VectorRefused):
        encode(vector, settings())


@pytest.mark.skipif(np.dtype(np.longdouble).itemsize == 8, reason="longdouble is double here")
def test_an_extended_type_is_refused():
    with pytest.raises(VectorRefused):
        encode(np.zeros(3, dtype=np.longdouble), settings())


@pytest.mark.parametrize(
    "vector", [np.zeros(3), np.array([True, False, True]), np.array([1, 2, None], dtype=object)]
)
def test_what_is_not_whole_is_refused_at_scale_one(vector):
    with pytest.raises(VectorRefused):
        encode(vector, settings(clip=10, scale=1))


def test_noise_is_added_in_steps_and_may_exceed_the_clip():
    agreed = settings(clip=10, scale=1, noise_bound=30)
    vectors = [np.array([10, -10, 0])] * 3
    noise = [np.array([5, -5, 30]), np.array([7, -7, -30]), np.array([9, -9, 1])]
    assert decode(summed(vectors, agreed, noise), agreed, 3).tolist() == [51, -51, 1]


@pytest.mark.parametrize(
    ("noise", "error"),
    [
        (np.array([0, 31, 0]), NoiseBeyondBound),
        (np.array([0, -31, 0]), NoiseBeyondBound),
        (np.array([0.0, 1.0, 0.0]), VectorRefused),
        (np.array([0, 1]), VectorRefused),
    ],
)
def test_noise_beyond_its_bound_or_of_another_shape_is_refused(noise, error):
    with pytest.raises(error):
        encode(np.zeros(3, dtype=int), settings(clip=10, scale=1, noise_bound=30), noise)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_sum_that_honest_vectors_cannot_reach_is_refused(sign):
    agreed = settings(clip=10, scale=1, noise_bound=5)
    reached = np.full(3, sign * 35, dtype=np.int64).astype(agreed.dtype)
    assert decode(reached, agreed, 3).tolist() == [sign * 35] * 3
    for total, survivors in ((reached + np.array(sign).astype("<u4"), 3), (reached, 2)):
        with pytest.raises(SumOutOfRange):
            decode(total, agreed, survivors)


@pytest.mark.parametrize("sites", [3, 5, 100])
@pytest.mark.parametrize("clip", [2.0**-40, 1e-3, 1.0, 8.0, 12345.678, 1e9])
def test_the_scale_chosen_for_a_clip_is_fine_and_its_sums_are_exact(sites, clip):
    scale = default_scale(sites, clip)
    assert scale & (scale - 1) == 0
    assert sites * round(clip * scale) < (2**31 if scale * clip * sites < 2**31 else 2**53)
    assert scale >= 2**16 or clip > 1e6


@pytest.mark.parametrize("clip", [0.0, -1.0, float("nan"), float("inf"), 2.0**53, 2.0**-60])
def test_a_clip_that_no_scale_suits_is_refused(clip):
    with pytest.raises(SettingsRefused):
        default_scale(3, clip)


@st.composite
def rounds_at_their_edge(draw):
    """Settings whose sums come as near as they can to wrapping, at the largest values."""
    sites = draw(st.sampled_from([3, 5]))
    scale = 2 ** draw(st.integers(0, 30))
    room = draw(st.sampled_from([2**31, 2**63 if scale == 1 else 2**53]))
    noise_bound = draw(st.integers(0, room // 4))
    largest = (room - 1 - noise_bound) // sites
    largest -= largest % 2**11 if room > 2**53 else 0  # a clip is a double
    clip = largest if scale == 1 else largest / scale
    return settings(2, clip, scale, sites, noise_bound)


@given(rounds_at_their_edge(), st.sampled_from([1, -1]), st.booleans())
def test_no_sum_wraps_as_long_as_every_vector_is_within_its_clip(agreed, sign, one_more):
    """At the edge the sum is exact; with a step more of noise, 32 bits are not to be had."""
    whole = agreed.scale == 1
    value = sign * (agreed.largest if whole else agreed.clip)
    vectors = [np.full(2, value, dtype=np.int64 if whole else np.float64)] * agreed.sites
    noise = np.zeros((agreed.sites, 2), dtype=np.int64)
    noise[0] = sign * agreed.noise_bound
    opened = decode(summed(vectors, agreed, noise), agreed, agreed.sites)
    steps = agreed.sites * sign * agreed.largest + sign * agreed.noise_bound
    assert [Fraction(float(one) if not whole else int(one)) for one in opened] == [
        Fraction(steps, agreed.scale)
    ] * 2
    assert agreed.largest_sum < 2 ** (agreed.modulus_bits - 1)
    if one_more and agreed.modulus_bits == 32:
        wider = settings(
            2, agreed.clip, agreed.scale, agreed.sites, 2**31 - agreed.sites * agreed.largest
        )
        assert wider.modulus_bits == 64
