"""What does a hospital's site keep, allow, approve and refuse?

`SiteFolder` holds a site's books; `receive`, `review`, `approve` and `revoke`
are what the owner of the data does with a study; `PeerAnchors` is how others
remember how far a site's books had come.
"""

from __future__ import annotations

from .anchor import Heads, OwnAnchor, PeerAnchors
from .approval import Approval, require_approval
from .desk import approve, proposed, publish, review, revoke
from .errors import (
    LedgerRolledBack,
    PolicyRefused,
    RegisterRolledBack,
    RoundRefused,
    SiteRefused,
    TermsRefused,
)
from .exchange import card_of, deliver, exchange_of, heard
from .folder import SiteFolder
from .founding import create_site
from .intake import receive
from .logbook import Entry, Logbook
from .policy import Dataset, SitePolicy
from .standing import Standing, standing, standings

__all__ = [
    "Approval",
    "Dataset",
    "Entry",
    "Heads",
    "LedgerRolledBack",
    "Logbook",
    "OwnAnchor",
    "PeerAnchors",
    "PolicyRefused",
    "RegisterRolledBack",
    "RoundRefused",
    "SiteFolder",
    "SitePolicy",
    "SiteRefused",
    "Standing",
    "TermsRefused",
    "approve",
    "card_of",
    "create_site",
    "deliver",
    "exchange_of",
    "heard",
    "proposed",
    "publish",
    "receive",
    "require_approval",
    "review",
    "revoke",
    "standing",
    "standings",
]
