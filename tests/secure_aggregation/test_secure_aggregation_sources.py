"""Masks, keys, shares and noise are drawn through randomness.py and through nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import synthema_lab

PACKAGE = Path(synthema_lab.__file__).parent
PROTECTED = [
    PACKAGE / "randomness.py",
    *sorted((PACKAGE / "secure_aggregation").rglob("*.py")),
    *sorted((PACKAGE / "privacy").glob("*.py")),
    # The rest of the room computes with torch; its own tests hold it to drawing here alone.
    *(PACKAGE / "privacy" / "dpsgd" / f"{name}.py" for name in ("gaussian", "sampling")),
]
FORBIDDEN_MODULES = {"random", "torch", "jax", "tensorflow", "uuid", "numpy.random", "scipy.stats"}
OPERATING_SYSTEM = {"secrets", "os.urandom", "os.getrandom", "ssl.RAND_bytes"}
GENERATORS = {"default_rng", "RandomState", "SeedSequence", "Generator", "urandom", "getrandom"}
LIBRARY_KEYS = {"generate", "generate_key", "rvs"}
DYNAMIC = {"__import__", "import_module", "exec", "eval"}


def called(node: ast.Call) -> str:
    return ast.unparse(node.func).rpartition(".")[2]


def forbidden(source: str, is_seam: bool = False) -> list[str]:
    """What in a module's source could draw randomness past randomness.py."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names] + [node.module]
        elif isinstance(node, ast.Attribute):
            attribute = node.attr in GENERATORS | LIBRARY_KEYS | {"random"}
            if attribute and not (is_seam and ast.unparse(node) == "os.urandom"):
                found.append(ast.unparse(node))
            continue
        elif isinstance(node, ast.Call) and called(node) in DYNAMIC:
            found.append(ast.unparse(node))
            continue
        else:
            continue
        for name in names:
            parts = name.split(".")
            stems = {".".join(parts[: end + 1]) for end in range(len(parts))}
            if stems & FORBIDDEN_MODULES or (stems & OPERATING_SYSTEM and not is_seam):
                found.append(name)
    return found


@pytest.mark.parametrize("path", PROTECTED, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_randomness_that_protects_comes_from_one_module(path):
    assert forbidden(path.read_text(), is_seam=path.name == "randomness.py") == []


def test_the_scan_covers_the_rooms_that_protect():
    rooms = {path.relative_to(PACKAGE).parts[0] for path in PROTECTED}
    assert rooms == {"randomness.py", "secure_aggregation", "privacy"}
    assert len(PROTECTED) > 15


@pytest.mark.parametrize(
    "source",
    [
        "import random",
        "from random import randint",
        "import numpy.random as npr",
        "from numpy import random",
        "from numpy.random import default_rng",
        "import numpy as np\nnp.random.normal()",
        "import numpy\nnumpy.random.seed(1)",
        "def share(rng=None):\n    import torch\n    return torch.randn(3)",
        "from torch import Generator",
        "import os\nos.urandom(4)",
        "from os import urandom",
        "import secrets",
        "import uuid",
        "from scipy import stats",
        "from scipy.stats import norm",
        "key = X25519PrivateKey.generate()",
        "key = AESGCM.generate_key(256)",
        "noise = distribution.rvs(10)",
        "__import__('random').random()",
        "import importlib\nimportlib.import_module('random')",
    ],
)
def test_the_scan_finds_each_way_past_it(source):
    assert forbidden(source)


def test_the_scan_lets_the_one_module_through():
    assert forbidden("from .. import randomness\nrandomness.random_bytes(3)") == []
