"""Redeeming points: set aside, handed over, concluded or given back.

Whoever redeems locks their own points first and the item's stock last, so that a thousand at once wait for
one another no longer than a commit takes; in between everything that can be refused has been.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta

from sqlalchemy import select, text

from app.accounts import queries as accounts
from app.accounts.services import notices
from app.kit import clock, sealing
from app.kit.codes import checked_code, random_code
from app.kit.database import db
from app.rewards.errors.items import (
    AddressNotNeeded,
    AddressRequired,
    ItemElsewhere,
    ItemNotOpen,
    ItemSoldOut,
    LimitReached,
)
from app.rewards.errors.redemptions import ComplaintMade, RedemptionFixed, RedemptionUnknown
from app.rewards.models.items import VoucherCode
from app.rewards.models.redemptions import Dispatch, PartnerIssue, Redemption
from app.rewards.queries.items import ItemFacts, get_item, get_items
from app.rewards.queries.redemptions import (
    ADDRESS,
    COMPLAINT,
    VOUCHER,
    RedemptionFacts,
    Voucher,
    count_taken,
    digest_of,
)
from app.rewards.rules.items import Offer, Supply, lies_in
from app.rewards.rules.redemptions import RESTS, VOUCHER_BYTES, ReturnReason
from app.rewards.services import spending
from app.rewards.services.items import CODE

_TAKE = text(
    "UPDATE item_stock SET remaining = remaining - 1 WHERE item_id = :item AND remaining > 0"
    " RETURNING remaining"
)
_PUT_BACK = text("UPDATE item_stock SET remaining = remaining + 1 WHERE item_id = :item RETURNING remaining")
_GIVE_CODE = text(
    "UPDATE voucher_code SET redemption_id = :redemption WHERE id = (SELECT id FROM voucher_code"
    " WHERE item_id = :item AND redemption_id IS NULL AND lapsed_at IS NULL"
    "   AND (last_day IS NULL OR last_day >= :today)"
    " ORDER BY last_day NULLS LAST, id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id"
)


@dataclass(frozen=True)
class Address:
    """Where a parcel goes."""

    name: str
    phone: str
    place: str


def redeem(holder_id: int, item_code: str, address: Address | None = None) -> RedemptionFacts:
    """Give points for a thing: all that belongs to it happens, or nothing does.

    Raises `ItemUnknown`, `ItemNotOpen`, `ItemSoldOut`, `ItemElsewhere`, `AddressRequired`,
    `AddressNotNeeded`, `PointsShort`, `LimitReached`.
    """
    facts = get_item(item_code)
    item, supply = facts.item, Supply(facts.item.supply)
    _require_offer(facts, holder_id)
    _require_address(supply, address)
    spending_id = spending.reserve(holder_id, item.points, item.kind, item.giver_id)
    if item.most_each is not None and count_taken(holder_id, item.id, facts.period) >= item.most_each:
        raise LimitReached(most=item.most_each)
    row = Redemption(
        code=random_code(),
        holder_id=holder_id,
        item_id=item.id,
        spending_id=spending_id,
        points=item.points,
        reserved_at=clock.now(),
    )
    db.session.add(row)
    db.session.flush()
    if address is not None:
        _keep_address(row, address)
    _HANDS_OVER.get(supply, _wait)(row, facts)
    if facts.remaining is not None and db.session.scalar(_TAKE, {"item": item.id}) is None:
        raise ItemSoldOut()
    if supply is Supply.UPLOADED:
        _give_code(row, facts)
    db.session.flush()
    return RedemptionFacts(row, facts)


def _require_offer(facts: ItemFacts, holder_id: int) -> None:
    if facts.offer is Offer.SOLD_OUT:
        raise ItemSoldOut()
    if facts.offer is not Offer.OPEN:
        raise ItemNotOpen()
    if facts.item.region is not None:
        home = accounts.homes.find_home(holder_id)
        if not lies_in(facts.item.region, home.region if home else None):
            raise ItemElsewhere()


def _require_address(supply: Supply, address: Address | None) -> None:
    if supply is Supply.DELIVERY and address is None:
        raise AddressRequired()
    if supply is not Supply.DELIVERY and address is not None:
        raise AddressNotNeeded()


def _make_coupon(row: Redemption, facts: ItemFacts) -> None:
    """A coupon of ours: its holder has it at once, until the last moment of its last day."""
    code = checked_code(VOUCHER_BYTES)
    last_day = clock.business_day() + timedelta(days=facts.item.use_days or 0)
    fulfil(row, Supply.OWN, Voucher(code, last_day))
    row.voucher_digest = digest_of(code)
    row.ends_at = clock.end_of_day(last_day)


def _ask_partner(row: Redemption, facts: ItemFacts) -> None:
    """Have the giver's server asked by the sweeper; nobody calls out of a transaction."""
    now = clock.now()
    issue = PartnerIssue(
        redemption_id=row.id,
        partner_id=facts.item.partner_id,
        product=facts.item.product,
        asked_at=now,
        next_at=now,
    )
    db.session.add(issue)
    db.session.flush()


def _give_away(row: Redemption, facts: ItemFacts) -> None:
    """What is given to others is done at once."""
    row.fulfilled_at = row.done_at = clock.now()
    spending.spend(row.spending_id)


def _wait(row: Redemption, facts: ItemFacts) -> None:
    """A parcel waits for whoever sends it, an uploaded code until it is sure that there is one."""


_HANDS_OVER: Mapping[Supply, Callable[[Redemption, ItemFacts], None]] = {
    Supply.OWN: _make_coupon,
    Supply.PARTNER: _ask_partner,
    Supply.GIVEN: _give_away,
}


def _give_code(row: Redemption, facts: ItemFacts) -> None:
    values = {"redemption": row.id, "item": facts.item.id, "today": clock.business_day()}
    code_id = db.session.scalar(_GIVE_CODE, values)
    if code_id is None:
        raise ItemSoldOut()
    given = db.session.get_one(VoucherCode, code_id, populate_existing=True)
    fulfil(
        row,
        Supply.UPLOADED,
        Voucher(sealing.unseal(given.code_sealed, CODE.format(facts.item.code)), given.last_day),
    )


def _keep_address(row: Redemption, address: Address) -> None:
    told = json.dumps(asdict(address), ensure_ascii=False)
    digest = sealing.digester("dispatch")
    db.session.add(
        Dispatch(
            redemption_id=row.id,
            address_sealed=sealing.seal(told, ADDRESS.format(row.code)),
            place_digest=digest("".join(address.place.split()).casefold()),
            phone_digest=digest(address.phone),
        )
    )
    db.session.flush()


def fulfil(row: Redemption, supply: Supply, voucher: Voucher | None = None) -> None:
    """Hand the thing over: from now on it rests, to be used or to be complained of. The row is locked."""
    row.fulfilled_at = clock.now()
    if supply in RESTS:
        row.ends_at = row.fulfilled_at + RESTS[supply]
    if voucher is not None:
        told = {"code": voucher.code, "last_day": voucher.last_day and voucher.last_day.isoformat()}
        row.voucher_sealed = sealing.seal(json.dumps(told), VOUCHER.format(row.code))


def finish(row: Redemption, by: int | None = None) -> None:
    """Conclude it, and pay the giver. The row is locked and fulfilled."""
    spending.spend(row.spending_id)
    row.done_at, row.done_by = clock.now(), by
    db.session.flush()


def give_back(row: Redemption, reason: ReturnReason, *, restock: bool) -> None:
    """Give the points back, and put the thing up again where there is still one. The row is locked."""
    spending.give_back(row.spending_id, failed=reason is not ReturnReason.BY_HOLDER)
    row.returned_at, row.return_reason = clock.now(), reason
    dispatch = db.session.get(Dispatch, row.id, with_for_update=True, populate_existing=True)
    if dispatch is not None:
        dispatch.address_sealed, dispatch.tracking_sealed = None, None
        dispatch.erased_at = row.returned_at
    db.session.flush()
    row.restocked = restock and db.session.scalar(_PUT_BACK, {"item": row.item_id}) is not None
    db.session.flush()


def return_redemption(holder_id: int, code: str) -> RedemptionFacts:
    """Give back what was not used or not sent yet. Raises `RedemptionUnknown`, `RedemptionFixed`."""
    found = lock(holder_id, code)
    if not found.returnable:
        raise RedemptionFixed()
    give_back(found.row, ReturnReason.BY_HOLDER, restock=True)
    return found


def receive(holder_id: int, code: str) -> RedemptionFacts:
    """Say that the parcel has come; its giver is paid. Raises `RedemptionUnknown`, `RedemptionFixed`."""
    found = lock(holder_id, code)
    if not found.receivable:
        raise RedemptionFixed()
    finish(found.row)
    return found


def complain(holder_id: int, code: str, words: str) -> RedemptionFacts:
    """Say that what came is no good: its giver is not paid before operators have answered.

    Raises `RedemptionUnknown`, `RedemptionFixed`, `ComplaintMade`.
    """
    found = lock(holder_id, code)
    if found.row.complained_at is not None:
        raise ComplaintMade()
    if not found.complainable:
        raise RedemptionFixed()
    found.row.complained_at = clock.now()
    found.row.complaint_sealed = sealing.seal(words, COMPLAINT.format(found.row.code))
    db.session.flush()
    return found


def lock(holder_id: int | None, code: str) -> RedemptionFacts:
    """A redemption, locked: of this holder, or for operators (None) anybody's. Raises `RedemptionUnknown`."""
    wanted = select(Redemption).where(Redemption.code == code)
    if holder_id is not None:
        wanted = wanted.where(Redemption.holder_id == holder_id)
    row = db.session.scalar(wanted.with_for_update().execution_options(populate_existing=True))
    if row is None:
        raise RedemptionUnknown()
    return RedemptionFacts(row, get_items([row.item_id])[row.item_id])


def tell(found: RedemptionFacts, what: str) -> None:
    """Tell its holder what happened to it, once."""
    item = found.facts.item
    notices.tell(
        [found.row.holder_id],
        f"rewards.notice_{what}",
        f"redemption:{found.row.id}",
        title=f"{item.title_zh} {item.title_en}",
    )
