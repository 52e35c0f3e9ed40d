"""Which party ended a session, and why?

When one party goes, the others notice and go as well. What is told here is the
cause: a process that ended without a word, a party that the others name, a
port, a certificate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...errors import LabError
from .errors import CertificateRefused, PartiesDisagree, PartyLost
from .pipe import Frame

_NOTHING = "Nothing was opened."


def ended_with(names: Sequence[str], heard: Mapping[str, Frame | None], late: bool) -> LabError:
    """The error that tells why a session ended.

    Parameters
    ----------
    names : sequence of str
        All sites, in roster order.
    heard : mapping of str to (header, block) or None
        Last words of parties of this caller; None for a process that is gone or silent.
    late : bool
        Whether the time limit passed with no last word.

    Returns
    -------
    PartyLost, CertificateRefused or PartiesDisagree
    """
    told = {site: frame[0] for site, frame in heard.items() if frame is not None}
    reasons = {header["error"]: site for site, header in told.items()}
    named = {names[n] for header in told.values() for n in header["parties"]}

    def joined(sites: set[str]) -> str:
        return ", ".join(sorted(sites))

    if "address" in reasons:
        return PartyLost(
            f"{reasons['address']} cannot listen at its address: the port is taken, or the "
            "address is not of this machine.",
            "A free port at an address of the machine that the site's process runs on.",
            "Give another port in addresses=, at all sites, or end the process that holds it.",
        )
    if "disagree" in reasons:
        return PartiesDisagree(
            "The parties were asked for different things.",
            "The same question, bounds, lengths and grid at every site.",
            "Compare the calls at the sites; take bounds and grid from the study.",
        )
    if "certificate" in reasons:
        return _certificate(joined(named), "did not prove to be the site in the roster")
    if "unadmitted" in reasons:
        return _certificate(reasons["unadmitted"], "was refused by another party")
    if "fault" in reasons:
        fault = told[reasons["fault"]]
        return PartyLost(
            f"The party process of {reasons['fault']} failed ({fault['kind']}). {_NOTHING}",
            "The same version of this package and of MPyC at every site.",
            "Compare the versions, then open a new session.",
        )
    gone = {site for site, frame in heard.items() if frame is None}
    silent = (named - set(told)) or named or gone
    if "absent" in reasons:
        return PartyLost(
            f"{joined(silent)} did not connect within the time limit. {_NOTHING}",
            "Every party connected, under the key pinned in the roster.",
            "Check that the site's process runs and its address is reachable, then start again.",
        )
    gone = gone & named or gone or silent
    return PartyLost(
        f"{joined(gone)} {'fell silent' if late or 'silent' in reasons else 'was lost'}. "
        f"{_NOTHING}",
        "Every party present until the end.",
        "Open a new session and ask again; give a larger timeout where a site is slow.",
    )


def _certificate(site: str, what: str) -> CertificateRefused:
    return CertificateRefused(
        f"{site} {what}. {_NOTHING}",
        "A certificate signed with the identity key that the roster pins.",
        "Compare the roster at the sites; enrol the site again if its key has changed.",
    )
