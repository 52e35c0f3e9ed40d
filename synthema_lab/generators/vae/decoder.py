"""How are patients drawn from trained parameters, without torch?

A component of the prior, a point of it, the decoder's chances, and a draw from
them for every head.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .heads import Heads
from .network import LARGEST_LOG_VARIANCE


def can_draw(parameters: Mapping[str, np.ndarray], heads: Heads) -> bool:
    """Whether `draw_codes` can use the parameters for these heads.

    Raises
    ------
    KeyError, ValueError, TypeError
        If they are no parameters at all.
    """
    hidden, latent = parameters["decode_in.weight"].shape
    prior, one = parameters["prior_weight.weight"].shape
    knots = sum(head.basis.shape[1] for head in heads.heads)
    shapes = {
        "decode_in.weight": (hidden, latent), "decode_in.bias": (hidden,),
        "decode_out.weight": (knots, hidden), "decode_out.bias": (knots,),
        "level.weight": (sum(heads.sizes), one), "prior_weight.weight": (prior, 1),
        "prior_middle.weight": (prior * latent, one), "prior_spread.weight": (prior * latent, one),
    }  # fmt: skip
    return all(
        parameters[name].shape == shape and bool(np.isfinite(parameters[name]).all())
        for name, shape in shapes.items()
    )


def draw_codes(
    parameters: Mapping[str, np.ndarray], heads: Heads, rows: int, rng: np.random.Generator
) -> np.ndarray:
    """Cells of invented patients, by prior and decoder alone.

    Parameters
    ----------
    parameters : mapping of str to numpy.ndarray
        Of the network, by name.
    heads : Heads
    rows : int
    rng : numpy.random.Generator

    Returns
    -------
    numpy.ndarray of int64, shape (rows, heads)
    """
    drawn = _from_prior(parameters, rows, rng)
    hidden = drawn @ parameters["decode_in.weight"].T + parameters["decode_in.bias"]
    hidden = np.maximum(hidden, 0.0)
    knots = hidden @ parameters["decode_out.weight"].T + parameters["decode_out.bias"]
    offset = heads.offset + parameters["level.weight"][:, 0]
    cells = np.cumsum([0, *heads.sizes])
    ends = np.cumsum([0, *(head.basis.shape[1] for head in heads.heads)])
    codes = np.empty((rows, len(heads.heads)), dtype=np.int64)
    for place, head in enumerate(heads.heads):
        told = knots[:, ends[place] : ends[place + 1]] @ head.basis.T
        told += offset[cells[place] : cells[place + 1]]
        # The largest of logits with Gumbel noise is a draw from their chances.
        codes[:, place] = np.argmax(told + rng.gumbel(size=told.shape), axis=1)
    return codes


def _from_prior(
    parameters: Mapping[str, np.ndarray], rows: int, rng: np.random.Generator
) -> np.ndarray:
    """Points of the latent space, shape (rows, latent)."""
    weight = parameters["prior_weight.weight"][:, 0]
    latent = parameters["decode_in.weight"].shape[1]
    chances = np.exp(weight - weight.max())
    component = rng.choice(weight.size, size=rows, p=chances / chances.sum())
    middle = parameters["prior_middle.weight"].reshape(-1, latent)[component]
    spread = parameters["prior_spread.weight"].reshape(-1, latent)[component]
    spread = np.clip(spread, -LARGEST_LOG_VARIANCE, LARGEST_LOG_VARIANCE)
    return middle + np.exp(spread / 2) * rng.standard_normal((rows, latent))
