"""What does the owner of the data allow?

The file ``site.yaml`` of a site: commented, edited by the owner, read anew
before every decision. A key that is not known is refused, so that a misspelt
rule is not silently no rule.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

from ...privacy import check_budget
from ..study.errors import StudyRefused
from ..study.fields import Fields
from ..study.strict_yaml import read_strictly
from .errors import SiteRefused

NAME = "site.yaml"
KEYS = (
    "site", "datasets", "epsilon_a_study", "delta", "allow_without_noise", "colluding",
    "minimum_sites", "threshold", "smallest_cell", "generators", "rounds_a_study", "approvers",
    "approval_days", "researchers", "peers", "only_known", "custom_code", "exchange", "anchor",
    "rounds_at", "google_token", "google_accounts",
)  # fmt: skip
HOLDOUT, LARGEST_HOLDOUT = 0.2, 0.9
THRESHOLDS = ("two_thirds", "all")
_TEMPLATES = Path(__file__).with_name("templates")


class PolicyFields(Fields):
    """A section of a policy; what is wrong with it is a `SiteRefused`."""

    def refuse(self, happened: str, expected: str, next_step: str = "") -> NoReturn:
        """Raise SiteRefused about this section."""
        raise SiteRefused(
            f"{self.where} {happened}", expected, next_step or f"Correct {NAME} of this site."
        )

    def names(self, key: str) -> tuple[str, ...]:
        """A list of names, each once."""
        found = self.items(key)
        if not all(isinstance(one, str) and one for one in found) or len({*found}) != len(found):
            self.refuse(f"has {key} that are not names, each once.", "A list as in [a, b].")
        return tuple(found)

    def keys_by_name(self, key: str) -> dict[str, str]:
        """A public key a name."""
        inner = PolicyFields(
            self.mapping(key), f"{self.where}, section {key},", tuple(self.mapping(key))
        )
        return {name: inner.hexadecimal(name) for name in inner.content}


@dataclass(frozen=True)
class Dataset:
    """A table that studies may ask for.

    Attributes
    ----------
    name, dictionary : str
    table : pathlib.Path
    variables : tuple of str or None
        None: all.
    epsilon_in_all : float
    holdout : float or pathlib.Path
        Share of patients, or a table of patients, that are never learnt from
        and against whom synthetic cohorts are judged.
    """

    name: str
    dictionary: str
    table: Path
    variables: tuple[str, ...] | None
    epsilon_in_all: float
    holdout: float | Path = HOLDOUT


@dataclass(frozen=True)
class SitePolicy:
    """The policy of a site; see ``site.yaml`` for what each line means.

    Attributes
    ----------
    digest : str
        SHA-256 of the file.
    exchange, anchor : pathlib.Path
        Absolute.
    """

    site: str
    datasets: dict[str, Dataset]
    epsilon_a_study: float
    delta: float
    allow_without_noise: bool
    colluding: int
    minimum_sites: int
    threshold: str
    smallest_cell: int
    generators: tuple[str, ...]
    rounds_a_study: int
    approvers: dict[str, str]
    approval_days: int
    researchers: dict[str, str]
    peers: dict[str, str]
    only_known: bool
    exchange: Path
    anchor: Path
    digest: str
    rounds_at: str = ""
    google_token: Path | None = None
    google_accounts: tuple[tuple[str, str], ...] = ()

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> SitePolicy:
        """Read a policy from its file.

        Raises
        ------
        SiteRefused
            If there is none, or a line of it cannot be used.
        """
        path = Path(path)
        try:
            content = path.read_bytes()
        except OSError:
            content = None
        if content is None:
            _unusable(f"There is no policy {path}.")
        return _parsed(content, path.name, path.parent.resolve())


def template(
    name: str, approver: str, key: str, exchange: str, anchor: str, datasets: list[dict[str, str]]
) -> str:
    """The text of a new site's policy, with a comment to every line.

    Parameters
    ----------
    name, approver, key : str
        Of the site; of its first approver, and that one's public key.
    exchange, anchor : str
        Paths.
    datasets : list of dict
        With name, dictionary and table.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True, autoescape=False,
    )  # fmt: skip
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
    environment.filters["tojson"] = _quoted
    return environment.get_template("site.yaml.j2").render(
        name=name, approver={"name": approver, "key": key}, exchange=exchange, anchor=anchor,
        datasets=datasets,
    )  # fmt: skip


@lru_cache(maxsize=16)
def _parsed(content: bytes, name: str, folder: Path) -> SitePolicy:
    """A policy of these bytes; it is asked for before every round."""
    happened = ""
    try:
        part = PolicyFields(read_strictly(content, name), name, KEYS)
    except StudyRefused as problem:
        happened = problem.happened
    if happened:
        _unusable(happened)
    return _read(part, folder, hashlib.sha256(content).hexdigest())


def _unusable(happened: str) -> NoReturn:
    raise SiteRefused(
        happened,
        f"The file {NAME} of a site folder, as plain YAML.",
        "Correct it, or make a site folder: synthema site init FOLDER --name NAME",
    )


def _quoted(text: str) -> str:
    """A text between single quotes, as YAML wants it."""
    return "'" + text.replace("'", "''") + "'"


def _read(part: PolicyFields, folder: Path, digest: str) -> SitePolicy:
    if part.flag("custom_code", False):
        part.refuse("allows custom_code.", "false: this version runs no code that is sent to it.")
    epsilon, delta = part.real("epsilon_a_study"), part.real("delta")
    check_budget(epsilon, delta)
    policy = SitePolicy(
        site=part.text("site"),
        datasets=_datasets(part, folder, delta),
        epsilon_a_study=epsilon,
        delta=delta,
        allow_without_noise=part.flag("allow_without_noise", False),
        colluding=part.whole("colluding", 0, 1),
        minimum_sites=part.whole("minimum_sites", 3, 3),
        threshold=part.choice("threshold", THRESHOLDS, "two_thirds"),
        smallest_cell=part.whole("smallest_cell", 2, 10),
        generators=part.names("generators"),
        rounds_a_study=part.whole("rounds_a_study", 1, 200),
        approvers=part.keys_by_name("approvers"),
        approval_days=part.whole("approval_days", 1, 90),
        researchers=part.keys_by_name("researchers"),
        peers=part.keys_by_name("peers"),
        only_known=part.flag("only_known", False),
        exchange=_place(part, "exchange", folder),
        anchor=_place(part, "anchor", folder),
        digest=digest,
        rounds_at=part.text("rounds_at", ""),
        google_token=_place(part, "google_token", folder) if part.given("google_token") else None,
        google_accounts=tuple(sorted(part.texts("google_accounts").items())),
    )
    if policy.anchor.is_relative_to(folder.resolve()):
        part.refuse(
            "keeps the anchor inside the site folder, where an older copy brings its own along.",
            "A file outside it.",
        )
    return policy


def _datasets(part: PolicyFields, folder: Path, delta: float) -> dict[str, Dataset]:
    found: dict[str, Dataset] = {}
    for name, one in part.each(
        "datasets", ("dictionary", "table", "variables", "epsilon_in_all", "holdout")
    ).items():
        epsilon = one.real("epsilon_in_all")
        check_budget(epsilon, delta)
        every: Any = one.content.get("variables")
        found[name] = Dataset(
            name, one.text("dictionary"), _place(one, "table", folder),
            None if every == "all" else one.names("variables"), epsilon, _holdout(one, folder),
        )  # fmt: skip
    tables = [dataset.table.resolve() for dataset in found.values()]
    if len(set(tables)) < len(tables):
        part.refuse("gives one table two names, and so two budgets.", "Each table under one name.")
    return found


def _holdout(part: PolicyFields, folder: Path) -> float | Path:
    """A share, or the path of a table."""
    if not part.given("holdout"):
        return HOLDOUT
    if isinstance(part.content["holdout"], str):
        return _place(part, "holdout", folder)
    share = part.real("holdout", 0.0)
    if share > LARGEST_HOLDOUT:
        part.refuse(
            "has a holdout that cannot be used.",
            f"A share from 0 to {LARGEST_HOLDOUT}, or the path of a table, under holdout.",
        )
    return share


def _place(part: PolicyFields, key: str, folder: Path) -> Path:
    return (folder.resolve() / Path(part.text(key)).expanduser()).resolve()
