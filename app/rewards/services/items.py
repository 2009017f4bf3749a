"""What operators do with what points can be redeemed for: drafted by one, published by another, stocked."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from app.accounts import queries as accounts
from app.accounts.queries import memberships
from app.accounts.services import audit
from app.kit import clock, sealing
from app.kit.codes import random_code
from app.kit.database import db, write
from app.kit.messages import t
from app.rewards.errors.items import (
    CodesRefused,
    GiverUnknown,
    ItemChanged,
    ItemFixed,
    ItemUnknown,
    OwnDraft,
    StockFixed,
    SupplyMismatch,
)
from app.rewards.models.items import ItemStock, RewardItem, VoucherCode
from app.rewards.queries.items import ItemFacts, get_item, get_voucher_partner
from app.rewards.rules.drives import read_fundraising_number
from app.rewards.rules.items import MOST_CODES, SUPPLIES, Kind, Period, Supply, read_codes

CODE = "voucher_code:{}"
"""What an uploaded code is sealed for."""
GIVER = "voucher_code.giver:{}"
"""What its digest is of: whoever gives it, so that one code does not stand in two of their items."""
_SHOWN_FAULTS = 10
_RESTOCK = text(
    "UPDATE item_stock SET offered = offered + :more, remaining = remaining + :more WHERE item_id = :item"
)
_LET_GO = text(
    "WITH gone AS (UPDATE voucher_code SET lapsed_at = :now"
    "   WHERE item_id = :item AND redemption_id IS NULL AND lapsed_at IS NULL RETURNING id)"
    " UPDATE item_stock SET offered = offered - codes, remaining = remaining - codes"
    " FROM (SELECT count(*) AS codes FROM gone) counted WHERE item_id = :item AND codes > 0"
)


@dataclass(frozen=True)
class NewItem:
    """What an operator drafts; `stock` None is one without an end, and of uploaded codes it is none yet."""

    kind: Kind
    supply: Supply
    giver: str
    title_zh: str
    title_en: str
    terms_zh: str
    terms_en: str
    points: int
    opens_on: date
    closes_on: date | None = None
    stock: int | None = None
    region: str | None = None
    most_each: int | None = None
    period: Period = Period.EVER
    use_days: int | None = None
    partner: str | None = None
    product: str | None = None
    charity_code: str | None = None
    appeal_number: str | None = None


def draft_item(operator_id: int, wish: NewItem, *, sample: bool) -> ItemFacts:
    """Write an item that another operator has to publish.

    Raises `SupplyMismatch` naming what does not fit its kind, `GiverUnknown`, `VoucherPartnerUnknown`.
    """
    _require_fit(wish)
    giver = accounts.find_holder(wish.giver)
    if giver is None or not giver.name:
        raise GiverUnknown(errors=[{"pointer": "#/giver", "detail": t("rewards.giver_unknown_detail")}])
    if wish.supply is Supply.OWN and giver.kind != "organisation":
        # Somebody has to sign in for it and mark coupons used.
        raise SupplyMismatch(errors=[{"pointer": "#/giver", "detail": t("rewards.fault_giver")}])
    if wish.kind is Kind.CHARITY and not _may_be(giver.kind, giver.id, wish.charity_code):
        # Whoever gets the money is whoever may raise it from the public.
        raise SupplyMismatch(
            errors=[{"pointer": "#/charity_code", "detail": t("rewards.fault_charity_code")}]
        )
    partner = get_voucher_partner(wish.partner) if wish.partner else None
    if partner is not None and partner.holder_id != giver.id:
        raise SupplyMismatch(errors=[{"pointer": "#/partner", "detail": t("rewards.fault_partner")}])
    told = asdict(wish)
    for name in ("giver", "partner", "stock"):
        del told[name]
    item = RewardItem(
        code=random_code(12),
        giver_id=giver.id,
        partner_id=partner.id if partner else None,
        sample=sample,
        drafted_by=operator_id,
        drafted_at=clock.now(),
        **told,
    )
    db.session.add(item)
    db.session.flush()
    stock = 0 if wish.supply is Supply.UPLOADED else wish.stock
    if stock is not None:
        db.session.add(ItemStock(item_id=item.id, offered=stock, remaining=stock))
        db.session.flush()
    audit.record(operator_id, "item_drafted", item.code, {"points": wish.points, "giver": giver.code})
    return get_item(item.code, drafts=True)


def _may_be(kind: str, holder_id: int, credit_code: str | None) -> bool:
    """Whether a holder is the organisation with this credit code, as far as we have verified one of it."""
    if kind != "organisation":
        return False
    return memberships.get_organisation(holder_id).credit_code in (None, credit_code)


def _require_fit(wish: NewItem) -> None:
    """What a kind and a way of handing out need, and what they cannot have."""
    charity, own, partner = (
        wish.kind is Kind.CHARITY,
        wish.supply is Supply.OWN,
        wish.supply is Supply.PARTNER,
    )
    faults = {
        "supply": wish.supply not in SUPPLIES[wish.kind],
        "use_days": own != (wish.use_days is not None),
        "partner": partner != (wish.partner is not None),
        "product": partner != (wish.product is not None),
        "charity_code": charity != (wish.charity_code is not None),
        "appeal_number": charity != (wish.appeal_number is not None)
        or (charity and not read_fundraising_number(wish.appeal_number or "", wish.charity_code or "")),
        "closes_on": wish.closes_on is not None and wish.closes_on < wish.opens_on,
        "stock": wish.supply is Supply.UPLOADED and wish.stock is not None,
    }
    wrong = [name for name, faulty in faults.items() if faulty]
    if wrong:
        raise SupplyMismatch(
            errors=[{"pointer": f"#/{name}", "detail": t(f"rewards.fault_{name}")} for name in wrong]
        )


def publish_item(operator_id: int, code: str, terms: str) -> ItemFacts:
    """Put what another has drafted on offer, as it was read. From here on its terms never change.

    Raises `ItemUnknown`, `OwnDraft`, `ItemFixed`, `ItemChanged`.
    """
    item = _lock(code)
    if item.published_at or item.withdrawn_at:
        raise ItemFixed()
    if item.drafted_by == operator_id:
        raise OwnDraft()
    if get_item(code, drafts=True).terms != terms:
        raise ItemChanged()
    item.published_by, item.published_at = operator_id, clock.now()
    audit.record(operator_id, "item_published", code, {"terms": terms})
    db.session.flush()
    return get_item(code)


def withdraw_item(operator_id: int, code: str, why: str) -> ItemFacts:
    """Offer it no longer, a draft too; whoever has redeemed it has it.

    Codes that nobody got are their giver's again, for another item. Raises `ItemUnknown`, `ItemFixed`.
    """
    item = _lock(code)
    if item.withdrawn_at:
        raise ItemFixed()
    item.withdrawn_by, item.withdrawn_at, item.withdrawn_why = operator_id, clock.now(), why
    audit.record(operator_id, "item_withdrawn", code, {"why": why})
    db.session.flush()
    write(_LET_GO, {"item": item.id, "now": item.withdrawn_at})
    return get_item(code, drafts=True)


def add_stock(operator_id: int, code: str, more: int) -> ItemFacts:
    """Put `more` of it up. Raises `ItemUnknown`, `ItemFixed`, and `StockFixed` where codes are the stock."""
    item = _lock(code)
    if item.withdrawn_at:
        raise ItemFixed()
    if item.supply == Supply.UPLOADED or not write(_RESTOCK, {"item": item.id, "more": more}):
        raise StockFixed()
    audit.record(operator_id, "item_stocked", code, {"more": more})
    return get_item(code, drafts=True)


@dataclass(frozen=True)
class Upload:
    """What became of an upload: how many codes are new, and how many were there already."""

    taken: int
    known: int


def upload_codes(operator_id: int, code: str, content: str) -> Upload:
    """Take a giver's codes, one a line; each will be given out once.

    All lines or none: raises `CodesRefused` naming lines that hold no code, or one that stands in another
    item of the giver's. What was uploaded for this one before is passed over, so that a list may be sent
    again. Raises `ItemUnknown`, `ItemFixed`, `StockFixed`.
    """
    item = _lock(code)
    if item.withdrawn_at:
        raise ItemFixed()
    if item.supply != Supply.UPLOADED:
        raise StockFixed()
    good, faults = read_codes(content)
    today = clock.business_day()
    faults += [(line, "rewards.code_line_past") for line, _, last in good if last and last < today]
    if faults or not 0 < len(good) <= MOST_CODES:
        raise CodesRefused(errors=_told(faults))
    digest = sealing.digester(GIVER.format(item.giver_id))
    lines = {digest(each): (line, each, last) for line, each, last in good}
    wanted = select(VoucherCode.code_digest).where(
        VoucherCode.item_id == item.id, VoucherCode.code_digest.in_(list(lines))
    )
    fresh = lines.keys() - {bytes(each) for each in db.session.scalars(wanted)}
    taken = _keep(operator_id, item, {key: lines[key][1:] for key in sorted(fresh)})
    if elsewhere := fresh - taken:
        raise CodesRefused(
            errors=_told([(lines[key][0], "rewards.code_line_elsewhere") for key in elsewhere])
        )
    write(_RESTOCK, {"item": item.id, "more": len(taken)})
    told = Upload(len(taken), len(lines) - len(taken))
    audit.record(operator_id, "codes_uploaded", code, asdict(told))
    return told


def _keep(
    operator_id: int, item: RewardItem, codes: Mapping[bytes, tuple[str, date | None]]
) -> frozenset[bytes]:
    """Seal codes by their digests, in whose order two uploads wait for each other; those that were free."""
    if not codes:
        return frozenset()
    now, place = clock.now(), CODE.format(item.code)
    rows = [
        {
            "item_id": item.id,
            "code_digest": key,
            "code_sealed": sealing.seal(code, place),
            "last_day": last,
            "uploaded_by": operator_id,
            "uploaded_at": now,
        }
        for key, (code, last) in codes.items()
    ]
    kept = insert(VoucherCode).on_conflict_do_nothing().returning(VoucherCode.code_digest)
    return frozenset(bytes(each) for each in db.session.scalars(kept, rows))


def _told(faults: list[tuple[int, str]]) -> list[dict[str, str]]:
    if not faults:
        detail = t("rewards.codes_count", most=MOST_CODES)
        return [{"pointer": "#/codes", "detail": detail}]
    lines = sorted(faults)[:_SHOWN_FAULTS]
    return [
        {"pointer": "#/codes", "detail": t("rewards.code_line", line=line, fault=t(fault))}
        for line, fault in lines
    ]


def _lock(code: str) -> RewardItem:
    """An item's row, whoever changes it one after another. Raises `ItemUnknown`."""
    item = db.session.scalar(
        select(RewardItem)
        .where(RewardItem.code == code)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if item is None:
        raise ItemUnknown()
    return item
