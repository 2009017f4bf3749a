"""Mandates 指令 as operators see them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from app.accounts import queries as accounts
from app.kit.database import db
from app.registry.errors import MandateUnknown
from app.registry.models import Lot, Mandate
from app.registry.queries.reversals import Preview, preview
from app.registry.queries.serials import Series, list_series
from app.registry.rules import STEP_KG, Serials, Terms, owed_kg

KINDS = ("reversal", "cancellation", "transfer", "pledge", "release", "offer")


@dataclass(frozen=True, slots=True)
class MandateFacts:
    """A mandate with the words that people know its parts by."""

    mandate: Mandate
    series: Series
    holder: str
    other: str | None
    village: str | None = None
    lot: str | None = None

    @property
    def terms(self) -> Terms | None:
        """The terms of the lot that an offer opens; None for other kinds."""
        mandate = self.mandate
        if mandate.price_fen_per_step is None:
            return None
        price, village_id = mandate.price_fen_per_step, mandate.village_holder_id
        shares = (mandate.village_bp or 0, mandate.fee_bp or 0)
        product = self.series.product
        return Terms(product, STEP_KG[product], price, village_id, *shares)

    @property
    def serial(self) -> str:
        """The serials it names."""
        return self.series.text(Serials(self.mandate.first_serial, self.mandate.last_serial))

    @property
    def owed_kg(self) -> int:
        """What of a reversal is owed; nothing for other kinds and before it is approved."""
        mandate = self.mandate
        if mandate.unsold_kg is None:
            return 0
        return owed_kg(mandate.quantity_kg, mandate.unsold_kg, mandate.buffer_kg)


def list_mandates(limit: int, before: int | None = None) -> list[MandateFacts]:
    """Mandates, newest first; `before` is a mandate's id."""
    wanted = select(Mandate)
    if before is not None:
        wanted = wanted.where(Mandate.id < before)
    return _facts(db.session.scalars(wanted.order_by(Mandate.id.desc()).limit(limit)).all())


def get_mandate(code: str) -> MandateFacts:
    """One mandate. Raises `MandateUnknown`."""
    found = db.session.scalars(select(Mandate).where(Mandate.code == code)).all()
    if not found:
        raise MandateUnknown()
    return _facts(found)[0]


def preview_of(facts: MandateFacts) -> Preview | None:
    """What approving a reversal would take now; None for other kinds and for what is decided."""
    mandate = facts.mandate
    if mandate.kind != "reversal" or mandate.status != "requested":
        return None
    return preview(mandate.issuance_id, mandate.quantity_kg)


def count_waiting_mandates() -> int:
    """How many mandates wait for a second pair of eyes."""
    open_ = Mandate.approved_at.is_(None) & Mandate.declined_at.is_(None)
    return int(db.session.scalar(select(func.count()).select_from(Mandate).where(open_)) or 0)


def _facts(mandates: Sequence[Mandate]) -> list[MandateFacts]:
    series = list_series({each.issuance_id for each in mandates})
    lots = {each.lot_id for each in mandates if each.lot_id}
    codes = {row.id: row.code for row in db.session.execute(select(Lot.id, Lot.code).where(Lot.id.in_(lots)))}
    ends = [
        end
        for each in mandates
        for end in (each.holder_id, each.other_holder_id, each.village_holder_id)
        if end
    ]
    holders = accounts.list_holders(ends)
    names = {key: holder.name or holder.code for key, holder in holders.items()}
    return [
        MandateFacts(
            each,
            series[each.issuance_id],
            names[each.holder_id],
            names.get(each.other_holder_id or 0),
            names.get(each.village_holder_id or 0),
            codes.get(each.lot_id or 0),
        )
        for each in mandates
    ]
