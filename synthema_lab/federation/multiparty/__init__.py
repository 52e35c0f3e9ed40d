"""What can sites learn together that is more than a sum, with small numbers kept closed?

Three statistics, each computed on secret shares (Shamir; MPyC 0.11) in one
process a site: `suppressed_table` zeroes small cells before they are opened,
`norm_check` opens one yes or no a site, `quantile` opens a place on a public
grid. `parties` keeps the processes up for several questions.

What is promised: against sites that follow the protocol, nothing is learnt
beyond what a result lists as opened, as long as no more than t of n sites pool
what they see, where t is the largest whole number below n / 2: one of three or
four, two of five or six. With three sites, any two that collude learn
everything about the third. Nothing holds against a site that breaks the
protocol: it can spoil a result or learn more. Where that is to be feared, use
`secure_sum`, whose protocol stands up to it.

All parties must stay until the end; there is no dropout. A lost party ends the
session within the time limit, with an error and without a result.
"""

from __future__ import annotations

from .answers import Cost
from .errors import (
    AddressRefused,
    CertificateRefused,
    PartiesDisagree,
    PartyLost,
    TailTooSmall,
)
from .norm import NormCheck, norm_check
from .parties import Parties, parties
from .quantile import GridQuantile, quantile
from .table import SuppressedTable, SuppressedTotal, suppressed_table

__all__ = [
    "AddressRefused",
    "CertificateRefused",
    "Cost",
    "GridQuantile",
    "NormCheck",
    "Parties",
    "PartiesDisagree",
    "PartyLost",
    "SuppressedTable",
    "SuppressedTotal",
    "TailTooSmall",
    "norm_check",
    "parties",
    "quantile",
    "suppressed_table",
]
