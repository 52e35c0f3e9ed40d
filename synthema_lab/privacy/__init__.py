"""How much privacy has been spent, and what noise does it take?"""

from .accounting import calibrate, check_budget, epsilon_of
from .ledger import Charge, Ledger
from .noise import skellam_share
from .releases import OpenedSums, ReleaseStore, release_identifier
from .skellam import ORDERS, SkellamEvent, renyi_bound

__all__ = [
    "ORDERS",
    "Charge",
    "Ledger",
    "OpenedSums",
    "ReleaseStore",
    "SkellamEvent",
    "calibrate",
    "check_budget",
    "epsilon_of",
    "release_identifier",
    "renyi_bound",
    "skellam_share",
]
