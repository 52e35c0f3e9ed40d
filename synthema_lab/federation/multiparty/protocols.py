"""What do the parties compute together, and what do they open?

Each protocol takes MPyC's runtime, the public job and this party's own vector,
and opens no more than it says. They are secure against parties that follow the
protocol, as long as no more of them than the threshold pool what they see; a
party that breaks the protocol can spoil a result.

MPyC's public zero test and the comparisons that rest on it are not used. In
version 0.11 that test, over fields as large as comparisons need, opens the
product of two sharing polynomials without fresh randomness: one of its roots
gives every single party the value that was tested. `zeros` here shares the
product anew before it is opened, and a comparison takes the top bit of a bit
decomposition, whose openings are masked.

References
----------
Damgard I, Fitzi M, Kiltz E, Nielsen JB, Toft T. Unconditionally secure
constant-rounds multi-party computation for equality, comparison, bits and
exponentiation. TCC 2006.

Gennaro R, Rabin MO, Rabin T. Simplified VSS and fast-track multiparty
computations. PODC 1998.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from ... import randomness
from .projections import project
from .wires import exchanged

FIELD = 2**61 - 1
Answer = tuple[dict[str, Any], np.ndarray]


async def suppressed(mpc: Any, job: dict[str, Any], counts: np.ndarray) -> Answer:
    """The sum of all parties' counts, opened where it is 0 or at least ``job["smallest"]``.

    A cell is small or empty exactly where x (x - 1) ... (x - smallest + 1) is
    zero in the field. Which cells those are is part of the result, and nothing
    else about them is opened.
    """
    field = mpc.SecFld(modulus=FIELD)
    total = _sum(mpc.input(_shared(field, counts)))
    factors = [total, *(total - value for value in range(1, job["smallest"]))]
    while len(factors) > 1:
        pairs = [first * second for first, second in zip(factors[::2], factors[1::2], strict=False)]
        factors = pairs + factors[2 * len(pairs) :]
    hidden = await zeros(mpc, field, factors[0])
    opened = np.zeros(len(counts), dtype=np.int64)
    if not hidden.all():
        values = await mpc.output(total[~hidden])
        opened[~hidden] = [int(value) for value in values.value]
    return {}, opened


async def zeros(mpc: Any, field: Any, secret: Any) -> np.ndarray:
    """Where a secret array is zero; all else about it stays hidden.

    It is multiplied by numbers that are uniform as long as one party's are. A
    value that is not zero is taken for one with chance ``2**-61``.
    """
    masks = randomness.random_below(FIELD, secret.size)
    product = secret * _sum(mpc.input(_shared(field, masks)))
    opened = await mpc.output(product)
    return np.array([value == 0 for value in opened.value], dtype=bool)


async def within_norm(mpc: Any, job: dict[str, Any], vector: np.ndarray) -> Answer:
    """Which parties' vectors have projections of the permitted length.

    The parties first send each other commitments to their vectors and to their
    parts of a seed, then the parts. The seed gives the directions, so nobody
    knew them when vectors were fixed.
    """
    part, salt = randomness.random_bytes(32), randomness.random_bytes(32)
    bound_to = commitment(vector, salt)
    stated = await exchanged(mpc, bound_to + hashlib.sha256(part).digest())
    parts = await exchanged(mpc, part)
    if any(
        hashlib.sha256(shown).digest() != first[32:]
        for shown, first in zip(parts, stated, strict=True)
    ):
        raise ValueError("a part of the seed is not the one committed to")
    seed = hashlib.sha256(b"".join([*parts, *stated])).digest()
    lengths = project(vector, seed, job["projections"])
    integers = mpc.SecInt(job["bits"])
    shared = mpc.np_vstack(mpc.input(_shared(integers, lengths)))
    squares = mpc.np_sum(shared * shared, axis=1)
    beyond = mpc.np_to_bits(job["largest"] - squares)[:, -1]
    verdicts = np.array([int(bit) == 0 for bit in await mpc.output(beyond)], dtype=np.int64)
    told = {"seed": seed.hex(), "commitments": [first[:32].hex() for first in stated]}
    return told | {"salt": salt.hex()}, verdicts


def commitment(vector: np.ndarray, salt: bytes) -> bytes:
    """SHA-256 commitment to a vector of whole numbers under 32 secret bytes."""
    return hashlib.sha256(salt + np.ascontiguousarray(vector, dtype="<i8").tobytes()).digest()


async def quantile_bins(mpc: Any, job: dict[str, Any], cumulative: np.ndarray) -> Answer:
    """For each share of patients, the first bin at which their running count reaches it.

    A binary search over the bins: each step opens whether the bin sought lies at
    or before the middle one, which the result says as well. Before it, one bit
    is opened: whether both tails hold enough patients.
    """
    integers = mpc.SecInt(job["bits"])
    running = _sum(mpc.input(_shared(integers, cumulative)))
    wanted, whole = np.array(job["wanted"], dtype=object), job["whole"]
    everyone = running[np.full(len(wanted), len(cumulative) - 1)]
    tail = min(min(share, whole - share) for share in job["wanted"])
    short = everyone[:1] * tail - whole * job["tail"]
    if (await _negative(mpc, short))[0]:
        return {"tail": False}, np.zeros(0, dtype=np.int64)
    low = np.zeros(len(wanted), dtype=np.int64)
    high = np.full(len(wanted), len(cumulative) - 1)
    while (low < high).any():
        middle = (low + high) // 2
        later = await _negative(mpc, running[middle] * whole - everyone * wanted)
        low, high = np.where(later, middle + 1, low), np.where(later, high, middle)
    return {"tail": True}, low


async def _negative(mpc: Any, secret: Any) -> np.ndarray:
    opened = await mpc.output(mpc.np_to_bits(secret)[:, -1])
    return np.array([int(bit) == 1 for bit in opened], dtype=bool)


def _shared(kind: Any, values: np.ndarray) -> Any:
    return kind.array(np.array([int(value) for value in values], dtype=object))


def _sum(arrays: list[Any]) -> Any:
    total = arrays[0]
    for array in arrays[1:]:
        total = total + array
    return total


PROTOCOLS = {"table": suppressed, "norm": within_norm, "quantile": quantile_bins}
