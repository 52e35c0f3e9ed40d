"""How does one vector a site become one opened sum?

Agree on its encoding and its noise from what is public, compute it at each
site, and sum it over the protocol.
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from ...errors import ArgumentRefused, DataMismatch, LabError
from ...privacy import SkellamEvent, skellam_share
from ..secure_sum import secure_total
from .noise import DistributedNoise, Sensitivity
from .question import Question
from .steps import Steps

Local = Callable[[pd.DataFrame], np.ndarray]


def agreed(
    purpose: str,
    noise: DistributedNoise | None,
    clip: float | np.ndarray | None,
    bound: int,
    sensitivity: Sensitivity | None,
    openings: int,
    sites: int,
) -> tuple[Steps, SkellamEvent | None]:
    """How the vectors are encoded, and what the noise on them costs.

    Returns
    -------
    steps : Steps
    event : SkellamEvent or None
        With the variance, in squared steps, that the counted sites' shares
        carry; None without noise.

    Raises
    ------
    ArgumentRefused
        If noise is asked of a vector without a stated sensitivity.
    """
    if noise is not None and sensitivity is None:
        raise ArgumentRefused(
            f"'{purpose}' has no stated sensitivity, so no noise can be added to it.",
            "A statistic whose change by one patient is bounded by public limits.",
            "Ask for it without noise, or for one with bounded variables.",
        )
    if clip is None:
        steps = Steps(bound)
        if noise is None:
            return steps, None
        return steps, noise.calibrated(sensitivity, int(np.max(sensitivity.change)), openings)
    clip = _positive(clip)
    if noise is None:
        return Steps.of_clip(clip, sites), None
    parts, event = noise.finest(sensitivity, openings)
    return Steps.of_size(np.asarray(sensitivity.change, dtype=float) / parts, clip), event


def answer(
    site: str,
    purpose: str,
    local: Local,
    question: Question,
    patients: pd.DataFrame,
    unused: bool,
) -> np.ndarray:
    """A site's vector; an error of the local part never carries a value out.

    Raises
    ------
    DataMismatch
        If the local part fails; the message names the kind of error only.
    """
    complete, left_out = question.select(patients)
    try:
        vector = local(complete)
        return np.append(vector, np.int64(left_out)) if unused else vector
    except LabError as error:
        kind, parts = type(error), (error.happened, error.expected, error.next_step)
    except Exception as error:
        kind, parts = None, (type(error).__name__,)
    if kind is not None:
        raise kind(f"At {site}: {parts[0]}", *parts[1:])
    raise DataMismatch(
        f"The local part of '{purpose}' failed at {site} ({parts[0]}).",
        "A function that gives a vector for any patients that fit the dictionary, also for none.",
        "Try it on mock patients: local(question.select(patients)[0]).",
    )


def question_digest(
    purpose: str, question: Question, local: Local, clip: float | np.ndarray | None
) -> bytes:
    """SHA-256 of all that is public in a question; it binds the round that answers it.

    A site that was asked something else derives other masks, and no sum opens.

    Parameters
    ----------
    purpose : str
    question : Question
    local : callable
        Known by its name; a `functools.partial` also by its arguments.
    clip : float, numpy.ndarray or None

    Returns
    -------
    bytes
        32 of them.
    """
    function, arguments = local, {}
    if isinstance(local, functools.partial):
        arguments = {**dict(enumerate(local.args)), **local.keywords}
        function = local.func
    told = [
        question.dictionary.digest,
        purpose,
        question.variables,
        question.where,
        getattr(function, "__module__", ""),
        getattr(function, "__qualname__", type(function).__name__),
        *((name, _plain(value)) for name, value in arguments.items()),
        _plain(clip),
    ]
    return hashlib.sha256(repr(told).encode()).digest()


def _plain(value: object) -> object:
    return value.tolist() if isinstance(value, np.ndarray) else value


def summed(
    sites: Sequence[str],
    digest: bytes,
    vectors: Sequence[np.ndarray],
    steps: Steps,
    event: SkellamEvent | None,
    counted: int,
) -> tuple[np.ndarray, float]:
    """The sum over the sites in steps, and the standard deviation of its noise.

    `digest` is that of the question. Each site draws its share for `counted`
    sites, so that the sum of all carries at least the event's variance.
    """
    variance = 0.0 if event is None else event.variance * len(sites) / counted
    total = secure_total(
        sites,
        bound=steps.bound,
        # Room only: a share beyond it aborts the round, and ten deviations never occur.
        noise_bound=math.ceil(10 * math.sqrt(variance)) + 50 if event else 0,
        study_digest=digest,
    )
    if event is None:
        return total(vectors), 0.0
    wanted = np.full(vectors[0].size, event.variance)
    shares = [skellam_share(wanted, counted) for _ in sites]
    return total(vectors, shares), math.sqrt(variance)


def _positive(clip: float | np.ndarray) -> np.ndarray:
    clip = np.asarray(clip, dtype=float)
    if clip.size == 0 or not (np.isfinite(clip).all() and (clip > 0).all()):
        raise ArgumentRefused(
            "The clip of a statistic cannot be used.",
            "Finite numbers above 0.",
            "Use a limit of the dictionary times consortium.largest_site.",
        )
    return clip
