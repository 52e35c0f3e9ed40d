"""Is this the study that its researcher signed?

A signed study is a YAML file with the study and an Ed25519 signature (RFC
8032) over its canonical form, under the key that the study itself names. So a
study cannot be signed by another hand without becoming another study. Whether
the key belongs to whom it should is for the site to know: see its policy.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...secure_aggregation import Identity, Member
from .errors import StudyForged, StudyRefused
from .fields import Fields
from .strict_yaml import read_strictly, write_plainly
from .study import Study

FORMAT = "synthema-lab study 1"
_TAG = b"synthema-lab study signature 1\x00"
_CANCEL = b"synthema-lab study cancellation 1\x00"
_HEAD = "# A study, signed. Whoever changes a character of it has another study.\n"


@dataclass(frozen=True)
class SignedStudy:
    """A study with its researcher's signature, which was checked.

    Parameters
    ----------
    study : Study
    signature : bytes
        64 bytes.

    Raises
    ------
    StudyForged
        If the signature does not fit.

    Examples
    --------
    >>> from synthema_lab.federation.study.example import example_content
    >>> researcher = Identity.new("researcher")
    >>> signed = SignedStudy.sign(Study.from_dict(example_content(researcher)), researcher)
    >>> SignedStudy.from_yaml(signed.to_yaml()) == signed
    True
    """

    study: Study
    signature: bytes

    def __post_init__(self) -> None:
        if not _member(self.study).verifies(self.signature, _TAG + self.study.canonical):
            raise StudyForged(
                "The signature of this study does not fit.",
                "The study as its researcher signed it, under the key that it names.",
                "Do not approve it. Ask the researcher, by telephone, to send it again.",
            )

    @classmethod
    def sign(cls, study: Study, researcher: Identity) -> SignedStudy:
        """Sign a study with the key that it names.

        Raises
        ------
        StudyRefused
            If it names another key.
        """
        if researcher.member().key.hex() != study.researcher.key:
            raise StudyRefused(
                "The study names another key than the one given.",
                "The researcher's own key, in the study and for signing.",
                "Leave researcher.key out of the draft to have it filled in.",
            )
        return cls(study, researcher.sign(_TAG + study.canonical))

    @property
    def hash(self) -> str:
        """The study's hash."""
        return self.study.hash

    def to_yaml(self) -> bytes:
        """The file's content; `from_yaml` gives it back."""
        content = {
            "format": FORMAT,
            "study": self.study.as_dict(),
            "signature": self.signature.hex(),
        }
        return (_HEAD + write_plainly(content)).encode("utf-8")

    @classmethod
    def from_yaml(cls, content: bytes) -> SignedStudy:
        """Read a signed study, believing nothing in it.

        Raises
        ------
        StudyRefused
            If the text or a field cannot be used.
        StudyForged
            If the signature does not fit.
        """
        part = Fields(read_strictly(content), "The signed study", ("format", "study", "signature"))
        part.choice("format", (FORMAT,))
        return cls(
            Study.from_dict(part.mapping("study")), bytes.fromhex(part.hexadecimal("signature", 64))
        )


def cancellation(study: Study, researcher: Identity) -> bytes:
    """The researcher's word, signed, that a study is withdrawn."""
    signature = researcher.sign(_CANCEL + study.digest).hex()
    return write_plainly({"cancels": study.hash, "signature": signature}).encode("ascii")


def require_cancellation(content: bytes, study: Study) -> None:
    """Refuse a cancellation that the study's researcher did not sign.

    Raises
    ------
    StudyRefused, StudyForged
    """
    part = Fields(
        read_strictly(content, "The cancellation"), "The cancellation", ("cancels", "signature")
    )
    signature = bytes.fromhex(part.hexadecimal("signature", 64))
    named = part.hexadecimal("cancels") == study.hash
    if not named or not _member(study).verifies(signature, _CANCEL + study.digest):
        raise StudyForged(
            "The signature of this cancellation does not fit.",
            "A cancellation that the study's own researcher signed.",
            "Ask the researcher; the owner of the data can always type: synthema site revoke",
        )


def _member(study: Study) -> Member:
    return Member("researcher", bytes.fromhex(study.researcher.key))
