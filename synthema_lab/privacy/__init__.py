"""How much privacy has been spent, and what noise does it take?"""

from .accounting import calibrate, calibrate_training, check_budget, epsilon_of
from .events import PrivacyEvent
from .ledger import Charge, Ledger
from .noise import skellam_share
from .releases import OpenedSums, OpenedVector, ReleaseStore, release_identifier
from .skellam import ORDERS, SkellamEvent, renyi_bound
from .subsampled import DpSgdEvent

__all__ = [
    "ORDERS",
    "Charge",
    "DpSgdEvent",
    "Ledger",
    "OpenedSums",
    "OpenedVector",
    "PrivacyEvent",
    "ReleaseStore",
    "SkellamEvent",
    "calibrate",
    "calibrate_training",
    "check_budget",
    "epsilon_of",
    "release_identifier",
    "renyi_bound",
    "skellam_share",
]
