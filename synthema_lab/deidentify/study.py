"""Which variables does a study need, and for what?

A study names its purpose and its variables; the rest never leaves (data
minimisation, Article 5(1)(c) of the General Data Protection Regulation). Its
name also separates its pseudonyms from those of every other study.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from synthema_lab.deidentify.section import PolicySection
from synthema_lab.dictionary import DataDictionary, did_you_mean
from synthema_lab.dictionary.load import read_file
from synthema_lab.errors import ArgumentRefused, DataMismatch

KEYS = ("name", "purpose", "variables")


@dataclass(frozen=True)
class Study:
    """What leaves, for whom.

    Attributes
    ----------
    name : str
    purpose : str
    variables : tuple of str or None
        None: all that the policy lets through.
    named : bool
        False where nobody named a study.
    """

    name: str
    purpose: str
    variables: tuple[str, ...] | None
    named: bool = True

    def __str__(self) -> str:
        asked = "all that the policy lets through" if self.variables is None else ", ".join(
            self.variables
        )  # fmt: skip
        return f"{self.name}: {self.purpose} ({asked})"

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Study:
        """Read a study from a YAML file with name, purpose and variables.

        Raises
        ------
        ArgumentRefused
            If there is no such file or it is no study.
        """
        path = Path(path)
        if not path.is_file():
            raise ArgumentRefused(
                f"There is no study file {path}.", "A YAML file with name, purpose and variables.",
                "Give such a file, the name of a study of the policy, or --variables a,b,c.",
            )  # fmt: skip
        return cls.read(read_mapping(path, "study"), path.name)

    @classmethod
    def read(cls, content: object, where: str, name: str | None = None) -> Study:
        """A study from plain values."""
        section = PolicySection(content, where, KEYS)
        variables = section.names("variables")
        if not variables:
            section.refuse("names no variable.", "The variables that its purpose needs.")
        return cls(name or section.text("name"), section.text("purpose"), variables)

    @classmethod
    def of_variables(cls, variables: Iterable[str]) -> Study:
        """A study without a name, which is known by its variables.

        Two such requests with other variables get other pseudonyms.
        """
        names = tuple(dict.fromkeys(name.strip() for name in variables if name.strip()))
        if not names:
            raise ArgumentRefused(
                "No variable was named.",
                "At least one.",
                "As in --variables age_years,sex,os_days.",
            )
        digest = hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()[:12]
        return cls(f"variables {digest}", "not said", names)

    @classmethod
    def everything(cls, policy_name: str) -> Study:
        """No study: all that the policy lets through."""
        return cls(f"policy {policy_name}", "not said", None, named=False)

    def require_known(self, dictionary: DataDictionary) -> None:
        """Refuse variables that the dictionary does not have."""
        for name in self.variables or ():
            if name not in dictionary.variables:
                raise ArgumentRefused(
                    f"The study {self.name} needs {name[:60]}, which is no variable.",
                    f"Variables of the dictionary {dictionary.name} or made by the policy.",
                    did_you_mean(name, dictionary.variables),
                )

    def wants(self, name: str) -> bool:
        """Whether the study needs a variable."""
        return self.variables is None or name in self.variables


def read_mapping(path: Path, what: str) -> Mapping[str, object]:
    """A YAML file as a mapping, read as strictly as a dictionary."""
    try:
        return read_file(path)
    except DataMismatch as problem:
        happened = problem.happened.replace("a data dictionary", f"a {what}")
    raise ArgumentRefused(
        happened, f"A YAML mapping that describes a {what}, each key once.",
        f"Correct the {what}; data_dictionaries/policies/leuksurv.yaml is an example.",
    )  # fmt: skip
