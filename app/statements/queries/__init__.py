"""What can be known of accounts and regions. The only readers of this room."""

from app.statements.queries import crowds, lines
from app.statements.queries.accounts import CarbonAccount, get_account
from app.statements.queries.proofs import prove
from app.statements.queries.regions import RegionFootprint, find_snapshot, get_region_footprint

__all__ = [
    "CarbonAccount",
    "RegionFootprint",
    "crowds",
    "find_snapshot",
    "get_account",
    "get_region_footprint",
    "lines",
    "prove",
]
