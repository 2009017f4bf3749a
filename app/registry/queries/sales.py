"""On which terms a holder may sell units: decided in one place, whichever door they are sold by."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from app.accounts import queries as accounts
from app.kit.database import db
from app.registry import rules
from app.registry.models import Issuance
from app.registry.queries.dossiers import list_sharings
from app.registry.rules.dossiers import Sharing


@dataclass(frozen=True, slots=True)
class SaleTerms:
    """What a sale of units of one issuance by one holder costs the seller, before there is a price.

    `resale` where they were issued to somebody else, `open` whether they may be offered at all. Where
    shares are `registered` the seller can neither leave them out nor name others; they stay with the
    units until these are sold, through whoever's hands they went.
    """

    product: str
    step_kg: int
    resale: bool
    open: bool
    registered: bool
    village_holder_id: int | None
    village: str | None
    village_bp: int
    fee_bp: int


def list_sale_terms(sales: Collection[tuple[int, int]]) -> dict[tuple[int, int], SaleTerms]:
    """The terms of each of these sales, named by seller and issuance; none for who may not sell."""
    wanted = select(Issuance).where(Issuance.id.in_({issuance_id for _, issuance_id in sales}))
    issuances = {each.id: each for each in db.session.scalars(wanted)}
    sharings = list_sharings({each.project_id for each in issuances.values()})
    villages = [each.village_holder_id for each in sharings.values() if each.village_holder_id]
    holders = accounts.list_holders([*{*(seller_id for seller_id, _ in sales), *villages}])
    found = {}
    for seller_id, issuance_id in sales:
        seller, issuance = holders.get(seller_id), issuances[issuance_id]
        if seller is None or seller.kind not in rules.SELLERS:
            continue
        shares, own = sharings.get(issuance.project_id), issuance.holder_id == seller_id
        village_id = shares.village_holder_id if shares else None
        due = _due_to_others(shares, seller_id)
        product = rules.PRODUCTS[issuance.product]
        found[seller_id, issuance_id] = SaleTerms(
            product=product.name,
            step_kg=product.step_kg,
            resale=not own,
            open=own or product.retrade,
            registered=shares is not None,
            village_holder_id=village_id if due else None,
            village=holders[village_id].name if due and village_id else None,
            village_bp=shares.village_bp if due and shares else 0,
            fee_bp=rules.fee_bp(
                seller.kind, issued_to_seller=own, registered_bp=shares.fee_bp if shares else None
            ),
        )
    return found


def is_share_due(holder_id: int, issuance_id: int) -> bool:
    """Whether somebody else is to have a registered share of what these units are first sold for."""
    project_id = db.session.get_one(Issuance, issuance_id).project_id
    return _due_to_others(list_sharings([project_id]).get(project_id), holder_id)


def _due_to_others(shares: Sharing | None, holder_id: int) -> bool:
    return shares is not None and shares.village_holder_id not in (None, holder_id)
