"""Why is a study not taken?

`StudyRefused` (exit code 2) is what its author can correct. `StudyForged`
(exit code 8) is a study, or a word about one, that is not what was signed.
"""

from __future__ import annotations

from ...errors import ApprovalMissing, ArgumentRefused


class StudyRefused(ArgumentRefused):
    """A study's text or one of its fields cannot be used."""


class KeyFileRefused(ArgumentRefused):
    """A file with a signing key is absent, open to others, or something else."""


class StudyForged(ApprovalMissing):
    """A signature does not fit: the study was changed, or signed by somebody else."""
