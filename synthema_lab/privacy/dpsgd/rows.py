"""Which tensors hold one finite row a patient, encoded without looking at the patients?

Rows are to be encoded by the public dictionary alone: the mean that a scaler
was fitted to would be a result without noise. Most such encodings cannot be
told from the numbers; columns standardised by their own mean and standard
deviation can, and are refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...errors import ArgumentRefused, DataMismatch
from .extra import required

if TYPE_CHECKING:
    import torch


def of_one_length(tensors: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """The tensors, if they have the same first dimension; DataMismatch otherwise."""
    torch = required("torch")
    tensors = list(tensors)
    plain = tensors and all(isinstance(one, torch.Tensor) and one.ndim for one in tensors)
    if not plain or len({len(one) for one in tensors}) != 1:
        raise DataMismatch(
            "The tensors do not hold one row a patient.",
            "Tensors with the patients as first dimension, the same in each.",
            "Encode the table once, and split the columns.",
        )
    return tensors


def finite(tensors: list[torch.Tensor]) -> list[torch.Tensor]:
    """The tensors, if nothing in them is missing or infinite; DataMismatch otherwise."""
    torch = required("torch")
    if not all(bool(torch.isfinite(one).all()) for one in tensors if one.is_floating_point()):
        raise DataMismatch(
            "The tensors hold values that are missing or infinite.",
            "Finite numbers.",
            "Encode missing values by the dictionary, such as with an indicator of their own.",
        )
    return tensors


def require_not_standardised(tensors: Sequence[torch.Tensor]) -> None:
    """Refuse columns that have mean 0 and standard deviation 1 to six digits.

    Columns of two values, which may be coded as -1 and 1, are left out.

    Raises
    ------
    ArgumentRefused

    Examples
    --------
    >>> import torch
    >>> require_not_standardised([torch.rand(40, 3)])
    """
    torch = required("torch")
    for one in tensors:
        if not one.is_floating_point() or len(one) < 3:
            continue
        columns = one.detach().double().reshape(len(one), -1)
        mean, spread = columns.mean(0), columns.std(0, correction=0)
        own = (mean.abs() < 1e-6) & (
            ((spread - 1).abs() < 1e-6)
            | ((spread * (len(one) / (len(one) - 1)) ** 0.5 - 1).abs() < 1e-6)
        )
        fitted = sum(len(torch.unique(columns[:, k])) > 2 for k in torch.nonzero(own).flatten())
        if fitted:
            raise ArgumentRefused(
                f"{fitted} columns have mean 0 and standard deviation 1, as a scaler fitted to "
                "these patients leaves them.",
                "An encoding that does not depend on the patients.",
                "Scale by the limits that the dictionary gives for each variable.",
            )


def doubled(tensors: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """The tensors on the processor, with real numbers in double precision."""
    plain = [one.detach().cpu() for one in tensors]
    return [one.double() if one.is_floating_point() else one for one in plain]
