"""Handovers 移交 as they stand, and what their letters say of the units."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, select

from app.accounts import chart
from app.accounts import queries as accounts
from app.kit import clock
from app.kit.database import db
from app.kit.messages import t
from app.registry.errors import HandoverUnknown
from app.registry.models import Block, Handover, HandoverReceipt, Issuance, Origin, Programme, Project
from app.registry.queries.serials import get_series

_TOLD = (
    *("name_zh", "name_en", "region", "county_zh", "county_en", "township_zh", "township_en"),
    *("village_zh", "village_en", "forest_type", "area_m2", "description_zh", "description_en", "sample"),
)


@dataclass(frozen=True, slots=True)
class GivenView:
    """A handover that we give: whose units they are, and to which programme they go."""

    handover: Handover
    programme: Programme
    holder: str
    holder_code: str


def offer_content(handover: Handover) -> dict[str, Any]:
    """What an offer and its deed say of the units: whose forest, which serials, from which time."""
    block = db.session.get_one(Block, handover.block_id, populate_existing=True)
    issuance = db.session.get_one(Issuance, block.issuance_id)
    project = db.session.get_one(Project, issuance.project_id)
    origin = db.session.get(Origin, issuance.origin_id) if issuance.origin_id else None
    return {
        "number": handover.number,
        "recipient": handover.recipient,
        "quantity_kg": handover.quantity_kg,
        "serial": get_series(issuance.id).text(block.serials),
        "product": project.product,
        "vintage": issuance.vintage,
        "monitoring_start": issuance.period_start.isoformat(),
        "monitoring_end": issuance.period_end.isoformat(),
        "verification": issuance.verification,
        "methodology": origin.methodology
        if origin
        else t(f"registry.methodology_{project.methodology}", "zh"),
        "project": {"code": project.code, **{name: getattr(project, name) for name in _TOLD}},
        "origin": None
        if origin is None
        else {"registry": origin.home, "serial": origin.serial, "reference": origin.reference},
    }


def get_given(number: str) -> Handover:
    """The handover that we give under this number. Raises `HandoverUnknown`."""
    found = None
    if _is_code(number):
        found = db.session.scalar(select(Handover).where(Handover.number == number))
    if found is None:
        raise HandoverUnknown()
    return found


def list_given(limit: int = 200) -> list[GivenView]:
    """What we give, the newest first."""
    return _given_views(select(Handover).order_by(Handover.id.desc()).limit(limit))


def view_given(number: str) -> GivenView:
    """The same of one, for the console. Raises `HandoverUnknown`."""
    return _given_views(select(Handover).where(Handover.id == get_given(number).id))[0]


def _given_views(wanted: Select[Handover]) -> list[GivenView]:
    found = db.session.execute(
        wanted.add_columns(Programme).join(Programme, Programme.id == Handover.programme_id)
    ).all()
    holders = accounts.list_holders([row.Handover.holder_id for row in found])
    views = []
    for row in found:
        holder = holders[row.Handover.holder_id]
        views.append(GivenView(row.Handover, row.Programme, holder.name or "", holder.code))
    return views


def get_taken(giver: str, number: str) -> HandoverReceipt:
    """What a programme gives us under this number. Raises `HandoverUnknown`."""
    found = None
    if _is_code(number) and _is_code(giver):
        found = db.session.scalar(
            select(HandoverReceipt).where(HandoverReceipt.giver == giver, HandoverReceipt.number == number)
        )
    if found is None:
        raise HandoverUnknown()
    return found


def received_serial(receipt: HandoverReceipt) -> str | None:
    """What the units of a completed handover are called here; None before."""
    issuance_id = db.session.scalar(select(Issuance.id).where(Issuance.origin_id == receipt.origin_id))
    if issuance_id is None:
        return None
    series = get_series(issuance_id)
    return series.text(series.serials)


def list_taken(limit: int = 200) -> Sequence[HandoverReceipt]:
    """What we are given, the newest first."""
    wanted = select(HandoverReceipt).order_by(HandoverReceipt.id.desc()).limit(limit)
    return db.session.scalars(wanted).all()


def handed(block_ids: Sequence[int]) -> frozenset[int]:
    """Which of these blocks a handover names that was not withdrawn. For whoever has locked them."""
    wanted = select(Handover.block_id).where(
        Handover.block_id.in_(block_ids), Handover.withdrawn_at.is_(None)
    )
    return frozenset(db.session.scalars(wanted))


def may_leave() -> tuple[ColumnElement[bool], ...]:
    """What may go to another registry: not on sale, not bound to a ruling here, not the pool's, nor proved.

    What entered by a proof of its cancellation at home stays: a receiver could not see it come twice, by
    our deed and by that proof.
    """
    proved = exists().where(
        Issuance.id == Block.issuance_id, Origin.id == Issuance.origin_id, Origin.channel == "proof"
    )
    return (
        Block.lot_id.is_(None),
        Block.bound.is_(None),
        Block.holder_id != chart.BUFFER_POOL,
        ~proved.correlate(Block),
    )


@dataclass(frozen=True, slots=True)
class Silent:
    """A letter of ours that a programme with an address has not answered, on our `side` of its handover."""

    side: str
    id: int
    programme: str


def list_silent(side: str, limit: int, after: int = 0) -> list[Silent]:
    """Handovers on one side whose other side has not answered, by id: offers, or acceptances, of ours."""
    code, row, waits = _SILENT[side]
    wanted = (
        select(row.id, code)
        .where(*waits, row.id > after, code.in_(select(Programme.code).where(*_REACHED)))
        .order_by(row.id)
        .limit(limit)
    )
    return [Silent(side, *each) for each in db.session.execute(wanted)]


_REACHED = (
    Programme.confirmed_at.is_not(None),
    Programme.ended_at.is_(None),
    Programme.base_url.is_not(None),
)
_ENTERED = select(Programme.code).where(Programme.id == Handover.programme_id).scalar_subquery()
_SILENT: dict[str, tuple[Any, Any, tuple[ColumnElement[bool], ...]]] = {
    "given": (
        _ENTERED,
        Handover,
        (
            Handover.offered_at.is_not(None),
            Handover.executed_at.is_(None),
            Handover.withdrawn_at.is_(None),
        ),
    ),
    "taken": (
        HandoverReceipt.giver,
        HandoverReceipt,
        (
            HandoverReceipt.accepted_at.is_not(None),
            HandoverReceipt.completed_at.is_(None),
            HandoverReceipt.closed_at.is_(None),
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Post:
    """A letter to be sent: to which address."""

    base_url: str
    document: str


def find_post(side: str, row_id: int) -> Post | None:
    """The letter of a handover that its other side should have now; None without an address for it."""
    if side == "given":
        handover = db.session.get_one(Handover, row_id)
        code = db.session.get_one(Programme, handover.programme_id).code
        document = handover.deed or handover.withdrawal or handover.offer
    else:
        receipt = db.session.get_one(HandoverReceipt, row_id)
        code, document = receipt.giver, receipt.acceptance or receipt.refusal
    base_url = db.session.scalar(select(Programme.base_url).where(Programme.code == code, *_REACHED))
    return Post(base_url, document) if base_url and document else None


def handover_waits() -> int:
    """How many handovers wait for one of our operators: drafts to approve, offers to answer, expired ones."""
    drafted = select(Handover.id).where(Handover.offered_at.is_(None), Handover.withdrawn_at.is_(None))
    expired = select(Handover.id).where(
        Handover.expires_at <= clock.now(), Handover.executed_at.is_(None), Handover.withdrawn_at.is_(None)
    )
    pending = select(HandoverReceipt.id).where(
        HandoverReceipt.accepted_at.is_(None), HandoverReceipt.closed_at.is_(None)
    )
    return sum(len(db.session.scalars(each.limit(1000)).all()) for each in (drafted, expired, pending))


def _is_code(word: str) -> bool:
    return word.isascii() and word.isalnum() and len(word) <= 26
