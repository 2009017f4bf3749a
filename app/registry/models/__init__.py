"""What the registry remembers: projects and issuances, blocks of serials, lots on sale, wishes."""

from app.registry.models.blocks import Block
from app.registry.models.lots import Lot
from app.registry.models.market import OpenLot, Wish, WishOffer, WishPurchase
from app.registry.models.projects import Issuance, Project
from app.registry.models.regions import Region
from app.registry.models.sanctions import Sanction, SanctionSale, SanctionStep

__all__ = [
    "Block",
    "Issuance",
    "Lot",
    "OpenLot",
    "Project",
    "Region",
    "Sanction",
    "SanctionSale",
    "SanctionStep",
    "Wish",
    "WishOffer",
    "WishPurchase",
]
