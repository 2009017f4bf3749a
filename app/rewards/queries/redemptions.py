"""What people redeemed, as they, shops and operators see it."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select, true

from app.kit import clock, sealing
from app.kit.codes import read_code
from app.kit.database import db
from app.rewards.errors.redemptions import RedemptionUnknown, VoucherUnknown
from app.rewards.models.items import RewardItem
from app.rewards.models.redemptions import Dispatch, PartnerIssue, Redemption, ReturnRequest
from app.rewards.queries.items import ItemFacts, get_items
from app.rewards.rules.items import Period, Supply, period_start
from app.rewards.rules.redemptions import Step, may_complain, may_return, step_of

VOUCHER, COMPLAINT = "redemption.voucher:{}", "redemption.complaint:{}"
ADDRESS, TRACKING = "dispatch.address:{}", "dispatch.tracking:{}"
"""What sealed texts are bound to."""
WAITING: dict[str, ColumnElement[bool]] = {
    "ship": Redemption.fulfilled_at.is_(None)
    & Redemption.returned_at.is_(None)
    & select(Dispatch.redemption_id).where(Dispatch.redemption_id == Redemption.id).exists(),
    "complained": Redemption.complained_at.is_not(None)
    & Redemption.answered_at.is_(None)
    & Redemption.done_at.is_(None)
    & Redemption.returned_at.is_(None),
    "returning": select(ReturnRequest.id)
    .where(ReturnRequest.redemption_id == Redemption.id, ReturnRequest.decided_at.is_(None))
    .exists(),
    "silent": select(PartnerIssue.redemption_id)
    .where(
        PartnerIssue.redemption_id == Redemption.id,
        PartnerIssue.ended_at.is_(None),
        PartnerIssue.cancelling_at.is_not(None),
    )
    .exists(),
    "asking": select(PartnerIssue.redemption_id)
    .where(PartnerIssue.redemption_id == Redemption.id, PartnerIssue.ended_at.is_(None))
    .exists(),
}
"""What waits for operators, or for a partner."""


@dataclass(frozen=True)
class Voucher:
    """What somebody shows or enters to get the thing."""

    code: str
    last_day: date | None


@dataclass(frozen=True)
class RedemptionFacts:
    """A redemption, its item and where it stands."""

    row: Redemption
    facts: ItemFacts

    @property
    def supply(self) -> Supply:
        """How it is handed out."""
        return Supply(self.facts.item.supply)

    @property
    def step(self) -> Step:
        """Where it stands."""
        return step_of(self.row.fulfilled_at, self.row.done_at, self.row.returned_at)

    @property
    def returnable(self) -> bool:
        """Whether its holder may give it back."""
        return may_return(self.supply, self.step)

    @property
    def complainable(self) -> bool:
        """Whether its holder may still say that what came is no good."""
        return may_complain(self.supply, self.step) and self.row.complained_at is None

    @property
    def receivable(self) -> bool:
        """Whether its holder may say that the parcel has come."""
        return self.supply is Supply.DELIVERY and self.step is Step.FULFILLED


def get_redemption(holder_id: int, code: str) -> RedemptionFacts:
    """A redemption of this holder. Raises `RedemptionUnknown` also for another's."""
    found = get_any_redemption(code)
    if found.row.holder_id != holder_id:
        raise RedemptionUnknown()
    return found


def get_any_redemption(code: str) -> RedemptionFacts:
    """Whoever's redemption it is; for operators. Raises `RedemptionUnknown`."""
    plain = code.isascii() and code.isalnum()
    wanted = select(Redemption).where(Redemption.code == code).execution_options(populate_existing=True)
    row = db.session.scalar(wanted) if plain else None
    if row is None:
        raise RedemptionUnknown()
    return _assemble([row])[0]


def list_redemptions(holder_id: int, limit: int, before: int | None = None) -> list[RedemptionFacts]:
    """What a holder redeemed, newest first."""
    wanted = select(Redemption).where(Redemption.holder_id == holder_id)
    return _assemble(_page(wanted, limit, before))


def list_codes(spending_ids: Iterable[int]) -> dict[int, str]:
    """The codes of the redemptions that these spendings were for, by spending."""
    wanted = select(Redemption.spending_id, Redemption.code)
    rows = db.session.execute(wanted.where(Redemption.spending_id.in_(spending_ids)))
    return {row.spending_id: row.code for row in rows}


def list_waiting(kind: str | None, limit: int, before: int | None = None) -> list[RedemptionFacts]:
    """What waits for operators in one way of `WAITING`, or everything, newest first."""
    wanted = select(Redemption)
    if kind is not None:
        wanted = wanted.where(WAITING[kind])
    return _assemble(_page(wanted, limit, before))


def count_waiting(kind: str) -> int:
    """How many wait in this way."""
    return int(db.session.scalar(select(func.count()).select_from(Redemption).where(WAITING[kind])) or 0)


def is_over(now: datetime) -> ColumnElement[bool]:
    """The condition of a redemption that concludes by itself: it has had its time, and nobody minds.

    What is complained of, or proposed to be returned, waits for operators.
    """
    return (
        Redemption.fulfilled_at.is_not(None)
        & Redemption.done_at.is_(None)
        & Redemption.returned_at.is_(None)
        & (Redemption.ends_at <= now)
        & ~WAITING["complained"]
        & ~WAITING["returning"]
    )


def list_over(limit: int) -> Sequence[int]:
    """Redemptions that conclude now, by their ids, the longest over first."""
    wanted = select(Redemption.id).where(is_over(clock.now())).order_by(Redemption.ends_at, Redemption.id)
    return db.session.scalars(wanted.limit(limit)).all()


def count_taken(holder_id: int, item_id: int, period: Period) -> int:
    """How many of an item somebody has in the running period; what was returned does not count."""
    wanted = select(func.count()).where(
        Redemption.holder_id == holder_id,
        Redemption.item_id == item_id,
        Redemption.returned_at.is_(None),
    )
    first = period_start(period, clock.business_day())
    if first is not None:
        wanted = wanted.where(Redemption.reserved_at >= clock.end_of_day(first - timedelta(days=1)))
    return int(db.session.scalar(wanted) or 0)


def read_voucher(row: Redemption) -> Voucher | None:
    """What its holder was given, None for what has no code."""
    if row.voucher_sealed is None:
        return None
    told = json.loads(sealing.unseal(row.voucher_sealed, VOUCHER.format(row.code)))
    return Voucher(told["code"], date.fromisoformat(told["last_day"]) if told["last_day"] else None)


def digest_of(written: str) -> bytes | None:
    """What a coupon of ours is found by, as a shop typed or scanned it; None where it is none."""
    code = read_code(written)
    return sealing.digester("voucher")(code) if code else None


def find_voucher(giver_id: int, written: str) -> RedemptionFacts:
    """The redemption with this coupon of ours, for its giver. Raises `VoucherUnknown` for anybody else's."""
    digest = digest_of(written)
    row = db.session.scalar(
        select(Redemption)
        .join(RewardItem, RewardItem.id == Redemption.item_id)
        .where(Redemption.voucher_digest == digest, RewardItem.giver_id == giver_id)
        .execution_options(populate_existing=True)
    )
    if digest is None or row is None:
        raise VoucherUnknown()
    return _assemble([row])[0]


def find_giver(written: str) -> int | None:
    """Whose shop takes the coupon with this code."""
    digest = digest_of(written)
    if digest is None:
        return None
    return db.session.scalar(
        select(RewardItem.giver_id)
        .join(Redemption, Redemption.item_id == RewardItem.id)
        .where(Redemption.voucher_digest == digest)
    )


def list_used(giver_id: int, limit: int) -> list[RedemptionFacts]:
    """The coupons that a shop has marked used, the last one first.

    The last of each of its items by the index: a till asks after every coupon, of a hundred thousand too.
    """
    last = (
        select(Redemption.id)
        .where(Redemption.item_id == RewardItem.id, Redemption.done_at.is_not(None))
        .order_by(Redemption.done_at.desc())
        .limit(limit)
        .lateral()
    )
    own = (RewardItem.giver_id == giver_id) & (RewardItem.supply == Supply.OWN)
    ids = select(last.c.id).select_from(RewardItem).join(last, true()).where(own)
    wanted = select(Redemption).where(Redemption.id.in_(ids)).order_by(Redemption.done_at.desc())
    return _assemble(db.session.scalars(wanted.limit(limit)).all())


def find_dispatch(redemption_id: int) -> Dispatch | None:
    """How a thing is sent, None where nothing is."""
    wanted = select(Dispatch).where(Dispatch.redemption_id == redemption_id)
    return db.session.scalar(wanted.execution_options(populate_existing=True))


def read_address(dispatch: Dispatch, code: str) -> dict[str, str] | None:
    """Name, telephone and place, None once they are erased; for its holder and whoever sends it."""
    if dispatch.address_sealed is None:
        return None
    told: dict[str, str] = json.loads(sealing.unseal(dispatch.address_sealed, ADDRESS.format(code)))
    return told


def read_tracking(dispatch: Dispatch, code: str) -> str | None:
    """The carrier's number of a parcel, None before it is sent."""
    sealed = dispatch.tracking_sealed
    return sealing.unseal(sealed, TRACKING.format(code)) if sealed else None


def read_complaint(row: Redemption) -> str | None:
    """What its holder says about what came."""
    sealed = row.complaint_sealed
    return sealing.unseal(sealed, COMPLAINT.format(row.code)) if sealed else None


def find_issue(redemption_id: int) -> PartnerIssue | None:
    """How the asking of a partner stands."""
    wanted = select(PartnerIssue).where(PartnerIssue.redemption_id == redemption_id)
    return db.session.scalar(wanted.execution_options(populate_existing=True))


def list_returns(redemption_id: int) -> Sequence[ReturnRequest]:
    """Every wish to return it, the last one first."""
    wanted = select(ReturnRequest).where(ReturnRequest.redemption_id == redemption_id)
    rows = db.session.scalars(
        wanted.order_by(ReturnRequest.id.desc()).execution_options(populate_existing=True)
    )
    return rows.all()


def _page(wanted: Any, limit: int, before: int | None) -> Sequence[Redemption]:
    if before is not None:
        wanted = wanted.where(Redemption.id < before)
    rows = db.session.scalars(
        wanted.order_by(Redemption.id.desc()).limit(limit).execution_options(populate_existing=True)
    )
    found: Sequence[Redemption] = rows.all()
    return found


def _assemble(rows: Iterable[Redemption]) -> list[RedemptionFacts]:
    listed = list(rows)
    items = get_items(row.item_id for row in listed)
    return [RedemptionFacts(row, items[row.item_id]) for row in listed]
