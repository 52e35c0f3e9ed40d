"""How do a module's parameters become one vector, the same at every site?

The order is that of `named_parameters`; names, shapes and everything that is
not trained are hashed, so that sites with another architecture, another frozen
layer or another order find out before anything is summed.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...errors import ArgumentRefused
from ...privacy.dpsgd.extra import required

if TYPE_CHECKING:
    import torch

_TAG = b"synthema-lab averaged model 1\x00"


@dataclass(frozen=True)
class ParameterLayout:
    """Where each trained parameter lies in the vector.

    Parameters
    ----------
    names : tuple of str
    shapes : tuple of tuple of int
    digest : bytes
        SHA-256 of names, shapes, the printed architecture, and frozen values.

    Examples
    --------
    >>> import torch
    >>> layout = ParameterLayout.of(torch.nn.Linear(3, 2))
    >>> layout.names, layout.length
    (('weight', 'bias'), 8)
    """

    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    digest: bytes

    @classmethod
    def of(cls, module: torch.nn.Module) -> ParameterLayout:
        """The layout of a module's trained parameters.

        Raises
        ------
        ArgumentRefused
            If nothing is trained, or a parameter is not of real numbers.
        """
        trained = [(name, one) for name, one in module.named_parameters() if one.requires_grad]
        if not trained or not all(one.is_floating_point() for _, one in trained):
            raise ArgumentRefused(
                "The module's parameters cannot be averaged.",
                "At least one trained parameter, and all of them of real numbers.",
                "Give a torch module with floating-point parameters.",
            )
        names = tuple(name for name, _ in trained)
        shapes = tuple(tuple(one.shape) for _, one in trained)
        hashed = hashlib.sha256(_TAG + repr((names, shapes, str(module))).encode())
        for name, value in module.state_dict().items():
            if name not in names:
                array = np.ascontiguousarray(value.detach().cpu().numpy())
                hashed.update(repr((name, array.dtype.str, array.shape)).encode())
                hashed.update(array.tobytes())
        return cls(names, shapes, hashed.digest())

    @property
    def length(self) -> int:
        """Number of coordinates."""
        return sum(math.prod(shape) for shape in self.shapes)

    def flatten(self, values: Mapping[str, torch.Tensor]) -> np.ndarray:
        """One vector from a value for each name.

        Parameters
        ----------
        values : mapping of str to torch.Tensor
            Such as ``dict(module.named_parameters())``.

        Returns
        -------
        numpy.ndarray of float64, shape (length,)
        """
        parts = [values[name].detach().cpu().double().numpy().ravel() for name in self.names]
        return np.concatenate(parts)

    def split(self, vector: np.ndarray) -> dict[str, torch.Tensor]:
        """A value in double precision for each name, from one vector."""
        torch = required("torch")
        sizes = [math.prod(shape) for shape in self.shapes]
        parts = np.split(np.array(vector, dtype=np.float64), np.cumsum(sizes)[:-1])
        return {
            name: torch.from_numpy(part).reshape(shape)
            for name, shape, part in zip(self.names, self.shapes, parts, strict=True)
        }

    def load(self, module: torch.nn.Module, vector: np.ndarray) -> None:
        """Write a vector into a module's parameters, rounded to their precision."""
        torch = required("torch")
        parts = self.split(vector)
        with torch.no_grad():
            for name, one in module.named_parameters():
                if name in parts:
                    one.copy_(parts[name])


def model_digest(layout: ParameterLayout, vector: np.ndarray) -> bytes:
    """SHA-256 of a model: its layout and every trained parameter.

    Examples
    --------
    >>> layout = ParameterLayout(("weight",), ((2,),), bytes(32))
    >>> model_digest(layout, np.zeros(2)) == model_digest(layout, np.array([0.0, 1e-9]))
    False
    """
    plain = np.ascontiguousarray(vector, dtype="<f8")
    return hashlib.sha256(_TAG + layout.digest + plain.tobytes()).digest()
