"""Which plug-ins of synthcity can learn a cohort, and what can be set of each?

Read from the library's source text and never by importing it: an import takes
seconds and loads torch.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from ...dictionary.lookup import Lookup
from ...dictionary.spelling import nearest
from ...errors import ArgumentRefused, ExtraMissing

LIBRARY = "synthcity"
SURVIVAL = "survival_analysis"
LEAF = "min_samples_leaf"
FAMILIES = ("generic", "privacy", SURVIVAL)
"""The library's folders of plug-ins for one row a patient."""

REFUSED = {
    "aim": "it fails beside the scipy that the lock names",
    "dummy_sampler": "it hands the patients themselves back",
    "great": "it downloads a language model",
    "goggle": "it needs a graph library that is not part of the extra",
    "decaf": "it needs an image library that does not load beside a CPU-only torch",
}
_KINDS = {"int": int, "float": float, "bool": bool, "str": str}
_NOT_SET = {"random_state", "compress_dataset", "sampling_patience", "strict", "verbose",
            "epsilon", "delta", "sampling_strategy"}  # fmt: skip


@dataclass(frozen=True)
class Parameter:
    """One parameter of a plug-in: its type and the library's default."""

    name: str
    kind: type
    default: object


@dataclass(frozen=True, repr=False)
class Plugin:
    """What is known of a plug-in without importing it.

    Attributes
    ----------
    name : str
    family : {"generic", "privacy", "survival_analysis"}
    parameters : Lookup of Parameter
        What may be set: numbers, switches and words; of a survival plug-in
        also what it hands on to the generator inside.
    inner : str
        Name of the generator inside a survival plug-in, else empty.
    """

    name: str
    family: str
    parameters: Lookup[Parameter]
    inner: str = ""

    def __repr__(self) -> str:
        inside = f" around {self.inner}" if self.inner else ""
        return f"{self.family}{inside}, {len(self.parameters)} parameters"


_ADDED = {"syn_seq": {LEAF: Parameter(LEAF, int, 10)}}
"""As it comes, every leaf of its trees is one patient, whom it hands back."""


def available() -> Lookup[Plugin]:
    """The plug-ins that can be asked for: a list of names, completed by Tab.

    Returns
    -------
    Lookup of Plugin
        Iterates over the names, in alphabetical order.

    Raises
    ------
    ExtraMissing
        If synthcity is not installed.

    Examples
    --------
    >>> "ctgan" in available()
    True
    >>> available().survival_gan.inner
    'adsgan'
    """
    spec = importlib.util.find_spec(LIBRARY)
    if spec is None or not spec.submodule_search_locations:
        raise ExtraMissing(
            "The package synthcity is not installed.",
            "The extra 'deep'.",
            "Type: pip install 'synthema-lab[deep]'",
        )
    return _plugins(next(iter(spec.submodule_search_locations)))


def plugin_named(name: str) -> Plugin:
    """One plug-in.

    Raises
    ------
    ArgumentRefused
        If there is none of that name, with the nearest one.
    ExtraMissing
        If synthcity is not installed.
    """
    known = available()
    if name in known:
        return known[name]
    near = nearest(str(name), known)
    why = f": {REFUSED[name]}" if name in REFUSED else ""
    raise ArgumentRefused(
        f"There is no plug-in '{name}' of synthcity to use{why}.",
        f"One of: {', '.join(known)}.",
        f"Did you mean 'synthcity:{near}'?" if near else "Use --generator synthcity:ctgan.",
    )


@functools.lru_cache(maxsize=4)
def _plugins(library: str) -> Lookup[Plugin]:
    files = {
        file.stem.removeprefix("plugin_"): file
        for family in FAMILIES
        for file in sorted(Path(library, "plugins", family).glob("plugin_*.py"))
    }
    read = {name: _read(name, file) for name, file in files.items() if name not in REFUSED}
    complete = {}
    for name, plugin in sorted(read.items()):
        inner = dict(read[plugin.inner].parameters) if plugin.inner in read else {}
        own = {**plugin.parameters, **_ADDED.get(name, {})}
        complete[name] = Plugin(name, plugin.family, Lookup({**inner, **own}), plugin.inner)
    return Lookup(complete)


def _read(name: str, file: Path) -> Plugin:
    """A plug-in from its source text."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    told = {
        target.id: node.value.id
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    parameters, inner = {}, ""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == told.get("plugin"):
            for part in ast.walk(node):
                if isinstance(part, ast.FunctionDef) and part.name == "__init__":
                    parameters = _parameters(part.args)
                if isinstance(part, ast.Call) and ast.unparse(part.func) == "SurvivalPipeline":
                    inner = ast.literal_eval(part.args[0])
    return Plugin(name, file.parent.name, Lookup(parameters), inner)


def _parameters(arguments: ast.arguments) -> dict[str, Parameter]:
    """Parameters of a plain type, with their defaults."""
    placed = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(placed) - len(arguments.defaults)) + list(arguments.defaults)
    pairs = [*zip(placed, defaults, strict=True)]
    pairs += zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    found = {}
    for argument, default in pairs:
        written = ast.unparse(argument.annotation) if argument.annotation else ""
        kind = _KINDS.get(written.removeprefix("Optional[").removesuffix("]"))
        if kind is not None and default is not None and argument.arg not in _NOT_SET:
            found[argument.arg] = Parameter(argument.arg, kind, ast.literal_eval(default))
    return found
