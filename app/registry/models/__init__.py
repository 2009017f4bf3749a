"""What the registry remembers: dossiers, projects, issuances, blocks, lots, wishes, handovers, the log."""

from app.registry.models.acts import BlockAct, Hold, Mandate, OwnRetirement
from app.registry.models.blocks import Block
from app.registry.models.dossiers import (
    Document,
    Dossier,
    DossierMaker,
    Objection,
    Opinion,
    Parcel,
    RightShare,
    VerifiedRemoval,
)
from app.registry.models.handovers import Handover, HandoverReceipt
from app.registry.models.log import LogEntry, LogHead, LogNode
from app.registry.models.lots import Lot
from app.registry.models.market import OpenLot, Wish, WishOffer, WishPurchase
from app.registry.models.origins import CarbonTicket, Origin, OriginSeries
from app.registry.models.programmes import Programme, ProgrammeStatement
from app.registry.models.projects import Issuance, Project
from app.registry.models.regions import Region
from app.registry.models.sanctions import Sanction, SanctionSale, SanctionStep

__all__ = [
    "Block",
    "BlockAct",
    "CarbonTicket",
    "Document",
    "Dossier",
    "DossierMaker",
    "Handover",
    "HandoverReceipt",
    "Hold",
    "Issuance",
    "LogEntry",
    "LogHead",
    "LogNode",
    "Lot",
    "Mandate",
    "Objection",
    "OpenLot",
    "Opinion",
    "Origin",
    "OriginSeries",
    "OwnRetirement",
    "Parcel",
    "Programme",
    "ProgrammeStatement",
    "Project",
    "Region",
    "RightShare",
    "Sanction",
    "SanctionSale",
    "SanctionStep",
    "VerifiedRemoval",
    "Wish",
    "WishOffer",
    "WishPurchase",
]
