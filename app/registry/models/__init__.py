"""What the registry remembers: projects, blocks and acts on them, lots, wishes, handovers, the log."""

from app.registry.models.acts import BlockAct, Hold, Mandate, OwnRetirement
from app.registry.models.blocks import Block
from app.registry.models.handovers import Handover, HandoverReceipt
from app.registry.models.log import LogEntry, LogHead, LogNode
from app.registry.models.lots import Lot
from app.registry.models.market import OpenLot, Wish, WishOffer, WishPurchase
from app.registry.models.origins import CarbonTicket, Origin, OriginSeries
from app.registry.models.partners import Partner, PartnerStatement
from app.registry.models.projects import Issuance, Project
from app.registry.models.regions import Region
from app.registry.models.sanctions import Sanction, SanctionSale, SanctionStep

__all__ = [
    "Block",
    "BlockAct",
    "CarbonTicket",
    "Handover",
    "HandoverReceipt",
    "Hold",
    "Issuance",
    "LogEntry",
    "LogHead",
    "LogNode",
    "Lot",
    "Mandate",
    "OpenLot",
    "Origin",
    "OriginSeries",
    "OwnRetirement",
    "Partner",
    "PartnerStatement",
    "Project",
    "Region",
    "Sanction",
    "SanctionSale",
    "SanctionStep",
    "Wish",
    "WishOffer",
    "WishPurchase",
]
