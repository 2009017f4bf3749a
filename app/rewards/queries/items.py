"""What points can be redeemed for, as people and as operators see it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select

from app.accounts import queries as accounts
from app.kit import clock
from app.kit.database import db
from app.registry.queries.sanctions import list_halted_holders
from app.rewards.errors.items import ItemUnknown, VoucherPartnerUnknown
from app.rewards.models.items import ItemStock, RewardItem, VoucherCode, VoucherPartner
from app.rewards.rules.items import Offer, Period, fingerprint, offer_of

_TERMS = (
    *("kind", "supply", "giver_id", "partner_id", "product", "title_zh", "title_en", "terms_zh", "terms_en"),
    *("points", "region", "most_each", "period", "use_days", "opens_on", "closes_on"),
    *("charity_code", "appeal_number"),
)
"""What an item promises; it never changes once published."""


@dataclass(frozen=True)
class ItemFacts:
    """An item with its giver's name, its stock and where it stands today."""

    item: RewardItem
    giver: str
    partner: VoucherPartner | None
    offered: int | None
    remaining: int | None
    offer: Offer

    @property
    def period(self) -> Period:
        """Of what the limit for one person counts."""
        return Period(self.item.period)

    @property
    def limited(self) -> bool:
        """Whether one person may have only so many."""
        return self.item.most_each is not None

    @property
    def terms(self) -> str:
        """What this draft is known by."""
        return fingerprint(*(getattr(self.item, name) for name in _TERMS))


def list_items(
    limit: int, before: int | None = None, kind: str | None = None, region: str | None = None
) -> list[ItemFacts]:
    """What is on offer or announced, the newest first; of a region also what is for everybody."""
    today = clock.business_day()
    wanted = (
        select(RewardItem)
        .where(
            RewardItem.published_at.is_not(None),
            RewardItem.withdrawn_at.is_(None),
            or_(RewardItem.closes_on.is_(None), RewardItem.closes_on >= today),
        )
        .order_by(RewardItem.id.desc())
        .limit(limit)
    )
    if before is not None:
        wanted = wanted.where(RewardItem.id < before)
    if kind is not None:
        wanted = wanted.where(RewardItem.kind == kind)
    if region is not None:
        places = [region[:length] for length in (2, 4, 6, 9, 12) if length <= len(region)]
        wanted = wanted.where(or_(RewardItem.region.is_(None), RewardItem.region.in_(places)))
    return _assemble(db.session.scalars(wanted).all())


def list_all_items(limit: int, before: int | None = None) -> list[ItemFacts]:
    """Every item, drafts too, the newest first; for operators."""
    wanted = select(RewardItem).order_by(RewardItem.id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(RewardItem.id < before)
    return _assemble(db.session.scalars(wanted.execution_options(populate_existing=True)).all())


def get_item(code: str, *, drafts: bool = False) -> ItemFacts:
    """One item by its code. Raises `ItemUnknown`, also for a draft unless `drafts` are meant too."""
    plain = code.isascii() and code.isalnum()
    wanted = select(RewardItem).where(RewardItem.code == code).execution_options(populate_existing=True)
    item = db.session.scalar(wanted) if plain else None
    if item is None or (item.published_at is None and not drafts):
        raise ItemUnknown()
    return _assemble([item])[0]


def get_items(ids: Iterable[int]) -> dict[int, ItemFacts]:
    """These items by their ids."""
    rows = db.session.scalars(select(RewardItem).where(RewardItem.id.in_(set(ids)))).all()
    return {facts.item.id: facts for facts in _assemble(rows)}


def count_drafts() -> int:
    """How many drafts wait for another operator."""
    waiting = select(func.count()).where(RewardItem.published_at.is_(None), RewardItem.withdrawn_at.is_(None))
    return int(db.session.scalar(waiting) or 0)


def count_codes(item_id: int) -> tuple[int, int]:
    """How many codes were uploaded for an item, and how many of them can still be given out."""
    free = func.count().filter(VoucherCode.redemption_id.is_(None), VoucherCode.lapsed_at.is_(None))
    row = db.session.execute(select(func.count(), free).where(VoucherCode.item_id == item_id)).one()
    return int(row[0]), int(row[1])


def list_voucher_partners() -> Sequence[tuple[VoucherPartner, str]]:
    """Every partner with its holder's name, the newest first."""
    rows = db.session.scalars(
        select(VoucherPartner).order_by(VoucherPartner.id.desc()).execution_options(populate_existing=True)
    ).all()
    names = _names(row.holder_id for row in rows)
    return [(row, names.get(row.holder_id, "")) for row in rows]


def get_voucher_partner(code: str) -> VoucherPartner:
    """A partner that is confirmed and has not ended. Raises `VoucherPartnerUnknown`."""
    found = db.session.scalar(
        select(VoucherPartner).where(
            VoucherPartner.code == code,
            VoucherPartner.confirmed_at.is_not(None),
            VoucherPartner.ended_at.is_(None),
        )
    )
    if found is None:
        raise VoucherPartnerUnknown()
    return found


def _names(ids: Iterable[int]) -> dict[int, str]:
    found: dict[int, Any] = dict(accounts.list_holders(sorted(set(ids))))
    return {holder_id: holder.name or "" for holder_id, holder in found.items()}


def _assemble(rows: Sequence[RewardItem]) -> list[ItemFacts]:
    """Items with all that belongs to them, by as many questions for many as for one."""
    ids, today = [row.id for row in rows], clock.business_day()
    stocks = db.session.execute(
        select(ItemStock.item_id, ItemStock.offered, ItemStock.remaining).where(ItemStock.item_id.in_(ids))
    )
    stock = {row.item_id: (row.offered, row.remaining) for row in stocks}
    partner_ids = {row.partner_id for row in rows if row.partner_id}
    partners = {
        each.id: each
        for each in db.session.scalars(
            select(VoucherPartner)
            .where(VoucherPartner.id.in_(partner_ids))
            .execution_options(populate_existing=True)
        )
    }
    names, halted = _names(row.giver_id for row in rows), list_halted_holders() if rows else set()
    found = []
    for row in rows:
        offered, remaining = stock.get(row.id, (None, None))
        partner = partners.get(row.partner_id or 0)
        offer = offer_of(
            row.published_at,
            row.withdrawn_at,
            row.opens_on,
            row.closes_on,
            remaining,
            today,
            halted=row.giver_id in halted or (partner is not None and partner.ended_at is not None),
        )
        found.append(ItemFacts(row, names.get(row.giver_id, ""), partner, offered, remaining, offer))
    return found
