"""What is true of a dossier 项目申报书 on its way from a forest to units. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from app.registry.rules.lots import WHOLE_BP


class DossierStatus(StrEnum):
    """Where a dossier stands; derived from its times."""

    DRAFT = "draft"
    NOTICE = "notice"
    REGISTERED = "registered"
    WITHDRAWN = "withdrawn"


def dossier_status(
    reviewed_at: datetime | None, registered_at: datetime | None, withdrawn_at: datetime | None
) -> DossierStatus:
    """The status that these times say."""
    if withdrawn_at is not None:
        return DossierStatus.WITHDRAWN
    if registered_at is not None:
        return DossierStatus.REGISTERED
    return DossierStatus.DRAFT if reviewed_at is None else DossierStatus.NOTICE


class RemovalStatus(StrEnum):
    """Where a verified removal stands; derived from its times."""

    REQUESTED = "requested"
    ISSUED = "issued"
    REFUSED = "refused"


ROLES = ("village", "household", "farm", "fee")
"""Who has a share of a project 权益: village collective, household, state farm, the platform for its work."""
OF_KIND = {"village": "village", "household": "household", "farm": "organisation"}
"""The kind of holder that a right holder of each role is; a fee is the platform's own."""
VERDICTS = ("favourable", "conditional", "unfavourable")
DOCUMENT_KINDS = ("title", "design", "monitoring", "verification", "opinion", "other")
"""Certificate of forest rights 林权证, project design, monitoring report, verification report, …"""
MOST_DOCUMENTS = 40
LARGEST_DOCUMENT_BYTES = 8 * 1024 * 1024
MEDIA_TYPES = {"pdf": "application/pdf", "png": "image/png", "jpeg": "image/jpeg"}
_MAGIC = {"pdf": b"%PDF-", "png": b"\x89PNG\r\n\x1a\n", "jpeg": b"\xff\xd8\xff"}
MOST_BUFFER_BP = 5_000
"""What a project may owe the buffer pool of every issuance, at most."""
MOST_KG_PER_HECTARE_YEAR = 60_000
"""A removal beyond 60 t CO2e a hectare and year is a slip of the pen. A plausibility bound of our own and no
official figure: generously above what the fastest plantations grow."""
LONGEST_CREDITING = timedelta(days=366 * 60)
"""Longer than any forest method credits; CCER-14-001-V01 for planted forest says 20 to 40 years."""
LONGEST_OBJECTION = 1_000
OBJECTIONS_AN_HOUR = 20
"""For one dossier, from everybody together: more are asked to come back later."""


def media_of(content: bytes) -> str | None:
    """What a file is by its first bytes, whatever its name says; None for anything we do not take."""
    return next((media for media, magic in _MAGIC.items() if content.startswith(magic)), None)


@dataclass(frozen=True, slots=True)
class Share:
    """What one right holder is entitled to, in basis points of what the project earns."""

    holder_id: int
    role: str
    share_bp: int


@dataclass(frozen=True, slots=True)
class Sharing:
    """Shares as the terms of a lot have them: the seller gets what village and platform leave."""

    seller_holder_id: int
    village_holder_id: int | None
    village_bp: int
    fee_bp: int


def shares_fault(shares: Sequence[Share]) -> str | None:
    """What keeps these shares from being all of a project; a catalogue name, None when nothing does."""
    if sum(share.share_bp for share in shares) != WHOLE_BP:
        return "registry.shares_not_whole"
    if all(share.role == "fee" for share in shares):
        return "registry.shares_of_nobody"
    return None


def sharing(shares: Sequence[Share]) -> Sharing | None:
    """The terms that follow from a project's shares by themselves; None where somebody has to decide.

    A lot knows one seller, one village beside it, and the platform's fee.
    """
    sellers = [share for share in shares if share.role in ("household", "farm")]
    villages = [share for share in shares if share.role == "village"]
    fee_bp = sum(share.share_bp for share in shares if share.role == "fee")
    if len(sellers) == 1 and len(villages) <= 1:
        village = villages[0] if villages else None
        return Sharing(
            sellers[0].holder_id,
            village.holder_id if village else None,
            village.share_bp if village else 0,
            fee_bp,
        )
    if not sellers and len(villages) == 1:
        return Sharing(villages[0].holder_id, None, 0, fee_bp)
    return None


def crediting_fault(start: date, end: date) -> str | None:
    """What is wrong with a crediting period 计入期, both days included; a name in the catalogue."""
    if not start < end or end - start > LONGEST_CREDITING or start.year < 2000:
        return "registry.crediting_period"
    return None


def overlap_in_time(one: tuple[date, date], other: tuple[date, date]) -> bool:
    """Whether two periods, both days included, share a day."""
    return one[0] <= other[1] and other[0] <= one[1]


def removal_fault(
    period: tuple[date, date], vintage: int, verified_on: date, crediting: tuple[date, date], today: date
) -> str | None:
    """What is wrong with a verified removal before anyone looks at the forest; a name in the catalogue."""
    start, end = period
    if not start <= end or not start.year <= vintage <= end.year:
        return "registry.removal_period"
    if start < crediting[0] or end > crediting[1]:
        return "registry.removal_not_credited"
    if not end <= verified_on <= today or end >= today:
        return "registry.removal_not_past"
    return None


def is_plausible(quantity_kg: int, area_m2: int, period: tuple[date, date]) -> bool:
    """Whether so much can have grown on this land within a period, both days included."""
    days = (period[1] - period[0]).days + 1
    return quantity_kg * 10_000 * 365 <= MOST_KG_PER_HECTARE_YEAR * area_m2 * days
