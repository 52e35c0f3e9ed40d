"""Of which parts does a study consist?"""

from __future__ import annotations

from dataclasses import dataclass

from .fields import Fields

PROTECTIONS = {
    "epsilon": "differentially private",
    "disclosure_control": "under disclosure control: small cells hidden, figures rounded",
    "outside_epsilon": "not protected by epsilon",
}
"""How an output that is opened may be protected."""

NO_NOISE = "off"
"""What stands for epsilon where no noise is asked for."""


@dataclass(frozen=True)
class Researcher:
    """Who asks.

    Attributes
    ----------
    name, institution, purpose, legal_basis : str
        In the researcher's words.
    key : str
        Ed25519 public key, 64 hexadecimal digits, under which the study is signed.
    """

    name: str
    institution: str
    purpose: str
    legal_basis: str
    key: str

    KEYS = ("name", "institution", "purpose", "legal_basis", "key")

    @classmethod
    def read(cls, part: Fields) -> Researcher:
        """From its section."""
        return cls(*(part.text(name) for name in cls.KEYS[:-1]), part.hexadecimal("key"))


@dataclass(frozen=True)
class SumTerms:
    """On which terms the sites sum.

    Attributes
    ----------
    modulus_bits : {32, 64}
    scale : int
        Fixed-point steps in a unit, a power of two; 1 for whole numbers.
    clip : float
        Largest absolute value of a coordinate of one site's vector.
    threshold : int or None
        Sites that must stay in a round; None: the smallest number above two thirds.
    minimum_sites : int
        Fewest sites in a round, at least 3.
    noise_bound : int
        Room for noise that is given apart from the vectors, in steps.
    """

    modulus_bits: int
    scale: int
    clip: float
    threshold: int | None = None
    minimum_sites: int = 3
    noise_bound: int = 0

    KEYS = ("modulus_bits", "scale", "clip", "threshold", "minimum_sites", "noise_bound")

    @classmethod
    def read(cls, part: Fields) -> SumTerms:
        """From its section."""
        bits = part.whole("modulus_bits", 1)
        if bits not in (32, 64):
            part.refuse(f"has a modulus of {bits} bits.", "32 or 64.")
        threshold = part.whole("threshold", 3) if part.given("threshold") else None
        return cls(
            bits,
            part.whole("scale", 1),
            part.real("clip"),
            threshold,
            part.whole("minimum_sites", 3),
            part.whole("noise_bound", 0, 0),
        )


@dataclass(frozen=True)
class PrivacyBudget:
    """What the study may spend at each site.

    Attributes
    ----------
    epsilon : float or None
        For one patient added or removed; None: no noise, and no privacy is claimed.
    delta : float
    colluding : int
        Sites whose share of the noise is not counted on.
    """

    epsilon: float | None
    delta: float
    colluding: int

    KEYS = ("epsilon", "delta", "colluding")

    @classmethod
    def read(cls, part: Fields) -> PrivacyBudget:
        """From its section."""
        from ...privacy import check_budget

        epsilon, delta = part.optional_real("epsilon", NO_NOISE), part.real("delta")
        check_budget(epsilon, delta)
        return cls(epsilon, delta, part.whole("colluding", 0))


@dataclass(frozen=True)
class Output:
    """One thing that will be opened.

    Attributes
    ----------
    name, what : str
        What it is called, and in plain words what it is.
    protection : str
        A key of `PROTECTIONS`.
    """

    name: str
    what: str
    protection: str

    KEYS = ("what", "protection")

    @classmethod
    def read(cls, name: str, part: Fields) -> Output:
        """From its section."""
        return cls(name, part.text("what"), part.choice("protection", tuple(PROTECTIONS)))
