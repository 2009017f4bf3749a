"""Dockets: what was ruled, what was bought and retired for it, which papers there are, what is open."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import aliased

from app.causes.errors.dockets import DocketUnknown
from app.causes.models.dockets import (
    Docket,
    DocketInstalment,
    DocketPaper,
    DocketReminder,
    DocketRuling,
    DocketWaiver,
)
from app.causes.queries.courts import CourtFacts, Scope, get_courts
from app.causes.rules.docket_papers import Line, checklist
from app.causes.rules.dockets import FEN, GRAMS, KG_G, OVERDUE, Instalment, Ruling, Stand, stands, wanted_now
from app.causes.rules.parties import Party
from app.kit import clock, sealing
from app.kit.database import db
from app.offsets.queries import OrderFacts
from app.offsets.queries.attestations import AttestationFacts, find_standing
from app.offsets.queries.causes import (
    CauseRetirement,
    Standing,
    list_cause_orders,
    list_retirements,
    standing,
)
from app.offsets.rules import OrderStatus

LETTER = "ruling_fulfilled"
"""The kind of attestation that says that a ruling is carried out."""
MOST_ORDERS = 1_000
ANY_PRODUCT = "any"
"""A docket that leaves open which product is bought."""
_LIVE = (OrderStatus.RESERVED, OrderStatus.PAID, OrderStatus.SETTLED)
_VOUCHER = "voucher"


@dataclass(frozen=True, slots=True)
class RulingFacts:
    """A ruling as it was recorded, and by whom it was confirmed."""

    id: int
    ruling: Ruling
    recorded_by: int
    recorded_at: datetime
    confirmed_by: int | None
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True)
class PaperFacts:
    """A file of a docket; what is in it is asked for separately."""

    id: int
    kind: str
    title: str
    media: str
    sha256: bytes
    added_by: int
    added_at: datetime


@dataclass(frozen=True, slots=True)
class ReminderFacts:
    """That somebody has to be reminded of an instalment."""

    id: int
    docket: str
    case_number: str
    number: int
    kind: str
    due_on: date
    open_part: int
    measure: str
    raised_on: date


@dataclass(frozen=True)
class DocketFacts:
    """Everything about one docket; `ruling` is what counts, `waiting` what nobody has confirmed yet."""

    docket: Docket
    court: CourtFacts
    ruling: RulingFacts | None
    waiting: RulingFacts | None
    standing: Standing
    orders: Sequence[OrderFacts]
    retirements: Sequence[CauseRetirement]
    papers: Sequence[PaperFacts]
    waivers: Sequence[DocketWaiver]
    letter: AttestationFacts | None

    @property
    def measure(self) -> str:
        """Whether grams or fen must be reached; grams while nothing is ruled."""
        return self.ruling.ruling.measure if self.ruling else GRAMS

    @property
    def ordered(self) -> int:
        """What is ordered, in its measure; 0 while nothing is ruled."""
        return self.ruling.ruling.ordered if self.ruling else 0

    @property
    def fitting(self) -> Sequence[CauseRetirement]:
        """What was retired of the product and the region that the ruling asks for."""
        return [
            each for each in self.retirements if fits(self.docket, each.forest.product, each.forest.region)
        ]

    @property
    def done(self) -> int:
        """What was reached by retired units, in the ruling's measure."""
        if self.measure == FEN:
            return sum(each.amount_fen for each in self.fitting)
        return sum(each.quantity_kg for each in self.fitting) * KG_G

    @property
    def fulfilled(self) -> bool:
        """Whether as much was retired as was ordered."""
        return 0 < self.ordered <= self.done

    @property
    def progress_bp(self) -> int:
        """How much of what was ordered is done, in basis points; 0 while nothing is ruled."""
        return min(10_000, self.done * 10_000 // self.ordered) if self.ordered else 0

    @property
    def promised(self) -> int:
        """What is done or on its way: retired, paid, or reserved and waiting for its payment."""
        way = [
            each for each in self.orders if each.status in _LIVE and each.status is not OrderStatus.SETTLED
        ]
        if self.measure == FEN:
            return self.done + sum(each.amount_fen for each in way)
        return self.done + sum(each.quantity_kg for each in way) * KG_G

    @property
    def open_part(self) -> int:
        """What has still to be ordered."""
        return max(0, self.ordered - self.promised)

    @property
    def open_now(self) -> int:
        """What has still to be ordered of the earliest instalment that is open."""
        parts = self.ruling.ruling.instalments if self.ruling else ()
        return wanted_now(stands(parts, self.promised, clock.business_day()))

    @property
    def stands(self) -> list[Stand]:
        """Where each instalment stands today in Shanghai."""
        parts = self.ruling.ruling.instalments if self.ruling else ()
        return stands(parts, self.done, clock.business_day())

    @property
    def checklist(self) -> list[Line]:
        """Its papers; a certificate is the voucher of what was bought."""
        present = {each.kind for each in self.papers} | ({_VOUCHER} if self.retirements else set())
        basis = self.ruling or self.waiting
        waived = {each.kind for each in self.waivers}
        return checklist(self.docket.stage, basis.ruling.basis if basis else None, present, waived)

    @property
    def state(self) -> str:
        """Where it stands, in a word (`causes.docket_state_<word>`)."""
        if self.docket.withdrawn_at is not None:
            return "withdrawn"
        if self.letter is not None:
            return "attested"
        if self.ruling is None:
            return "waiting" if self.waiting else "draft"
        if self.fulfilled:
            return "fulfilled"
        return OVERDUE if any(each.state == OVERDUE for each in self.stands) else "running"


def fits(docket: Docket, product: str, region: str) -> bool:
    """Whether units of a product from a region are what the docket asks for."""
    return docket.product in (ANY_PRODUCT, product) and region.startswith(docket.region or "")


def get_docket(scope: Scope, code: str) -> DocketFacts:
    """The docket with this code, within a scope. Raises `DocketUnknown`, also for another court's."""
    docket = db.session.scalar(select(Docket).where(Docket.code == code))
    if docket is None or not scope.covers(docket.court_id):
        raise DocketUnknown()
    return docket_facts(docket)


def get_docket_by_link(link_hash: bytes) -> DocketFacts:
    """The docket behind a party's link. Raises `DocketUnknown`, also for one that was withdrawn."""
    docket = db.session.scalar(
        select(Docket).where(Docket.link_hash == link_hash, Docket.withdrawn_at.is_(None))
    )
    if docket is None:
        raise DocketUnknown()
    return docket_facts(docket)


def list_dockets(scope: Scope, limit: int, before: int | None = None, words: str = "") -> list[DocketFacts]:
    """A scope's dockets, newest first; `before` is a docket's id, `words` a part of the case's number."""
    wanted = select(Docket).where(_within(scope)).order_by(Docket.cause_id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(Docket.cause_id < before)
    if words:
        wanted = wanted.where(func.strpos(Docket.case_number, words) > 0)
    return [docket_facts(each) for each in db.session.scalars(wanted).all()]


def docket_facts(docket: Docket) -> DocketFacts:
    """Everything about a docket that was found."""
    cause_id = docket.cause_id
    confirmed, waiting = _rulings(cause_id)
    return DocketFacts(
        docket=docket,
        court=get_courts([docket.court_id])[docket.court_id],
        ruling=confirmed,
        waiting=waiting,
        standing=standing(cause_id),
        orders=list_cause_orders(cause_id, MOST_ORDERS),
        retirements=list_retirements(cause_id),
        papers=[_paper(docket.code, each) for each in _parts(DocketPaper, cause_id, DocketPaper.id)],
        waivers=_parts(DocketWaiver, cause_id, DocketWaiver.kind),
        letter=find_standing(cause_id, LETTER),
    )


def _parts(model: Any, cause_id: int, by: Any) -> Sequence[Any]:
    return db.session.scalars(select(model).where(model.docket_id == cause_id).order_by(by)).all()


def _paper(code: str, row: DocketPaper) -> PaperFacts:
    title = sealing.unseal(row.title_sealed, paper_context(code, row.sha256))
    return PaperFacts(row.id, row.kind, title, row.media, row.sha256, row.added_by, row.added_at)


def _rulings(cause_id: int) -> tuple[RulingFacts | None, RulingFacts | None]:
    """The ruling that counts, and the one that waits."""
    of_docket = (DocketRuling.docket_id == cause_id, DocketRuling.dropped_at.is_(None))
    rows = db.session.scalars(select(DocketRuling).where(*of_docket).order_by(DocketRuling.id.desc())).all()
    confirmed = next((each for each in rows if each.confirmed_at is not None), None)
    waiting = next((each for each in rows if each.confirmed_at is None), None)
    return (ruling_facts(confirmed) if confirmed else None, ruling_facts(waiting) if waiting else None)


def ruling_facts(row: DocketRuling) -> RulingFacts:
    """A ruling with its instalments."""
    parts = db.session.execute(
        select(DocketInstalment.due_on, DocketInstalment.part)
        .where(DocketInstalment.ruling_id == row.id)
        .order_by(DocketInstalment.number)
    )
    names = ("basis", "ruled_on", "legal_basis", "rounding", "loss_g", "amount_fen", "price_fen_per_t")
    ruling = Ruling(
        **{name: getattr(row, name) for name in (*names, "price_source", "priced_on")},
        multiplier=None if row.multiplier is None else Fraction(row.multiplier),
        instalments=tuple(Instalment(each.due_on, each.part) for each in parts),
    )
    return RulingFacts(row.id, ruling, row.recorded_by, row.recorded_at, row.confirmed_by, row.confirmed_at)


def open_parties(docket: Docket) -> list[Party]:
    """The parties by their full names; for the case's own operators only."""
    told = json.loads(sealing.unseal(docket.parties_sealed, parties_context(docket.code)))
    return [Party(name, kind) for name, kind in told]


def open_link(docket: Docket) -> str:
    """The secret of the parties' page; for the case's own operators only."""
    return sealing.unseal(docket.link_sealed, link_context(docket.code))


def open_paper(scope: Scope, code: str, paper_id: int) -> tuple[PaperFacts, bytes]:
    """A paper and its content. Raises `DocketUnknown`."""
    found = db.session.execute(
        select(DocketPaper, DocketPaper.content_sealed)
        .join(Docket, Docket.cause_id == DocketPaper.docket_id)
        .where(Docket.code == code, DocketPaper.id == paper_id, _within(scope))
    ).one_or_none()
    if found is None:
        raise DocketUnknown()
    paper, content = found
    return _paper(code, paper), sealing.unseal_bytes(content, paper_context(code, paper.sha256))


def parties_context(code: str) -> str:
    """What a docket's parties are sealed for."""
    return f"docket_parties:{code}"


def link_context(code: str) -> str:
    """What a docket's link is sealed for."""
    return f"docket_link:{code}"


def paper_context(code: str, digest: bytes) -> str:
    """What a paper's content and title are sealed for."""
    return f"docket_paper:{code}:{digest.hex()}"


def list_reminders(scope: Scope, limit: int = 200, *, of: str | None = None) -> list[ReminderFacts]:
    """Reminders that nobody has passed on yet, the oldest first; `of` is the code of one docket."""
    of_one = () if of is None else (Docket.code == of,)
    rows = db.session.execute(
        select(DocketReminder, Docket, DocketRuling, DocketInstalment.due_on)
        .join(Docket, Docket.cause_id == DocketReminder.docket_id)
        .join(DocketRuling, DocketRuling.id == DocketReminder.ruling_id)
        .join(
            DocketInstalment,
            (DocketInstalment.ruling_id == DocketReminder.ruling_id)
            & (DocketInstalment.number == DocketReminder.number),
        )
        .where(*_to_pass_on(), *of_one, _within(scope))
        .order_by(DocketReminder.id)
        .limit(limit)
    ).all()
    return [
        ReminderFacts(
            each.id,
            docket.code,
            docket.case_number,
            each.number,
            each.kind,
            due_on,
            each.open_part,
            FEN if ruling.ordered_g is None else GRAMS,
            each.raised_on,
        )
        for each, docket, ruling, due_on in rows
    ]


def count_dockets_waiting() -> int:
    """How many rulings wait for a second pair of eyes, reminders to be passed on, letters to be issued."""
    rulings = (
        select(func.count(DocketRuling.id))
        .join(Docket, Docket.cause_id == DocketRuling.docket_id)
        .where(
            DocketRuling.confirmed_at.is_(None),
            DocketRuling.dropped_at.is_(None),
            Docket.withdrawn_at.is_(None),
        )
    )
    reminders = (
        select(func.count(DocketReminder.id))
        .join(Docket, Docket.cause_id == DocketReminder.docket_id)
        .where(*_to_pass_on())
    )
    letters = select(func.count(Docket.cause_id)).where(
        Docket.fulfilled_at.is_not(None), Docket.letter_number.is_(None), Docket.withdrawn_at.is_(None)
    )
    return sum(int(db.session.scalar(each) or 0) for each in (rulings, reminders, letters))


def _to_pass_on() -> tuple[ColumnElement[bool], ...]:
    """What is over needs no reminding: not of a case carried out or withdrawn, nor of a ruling replaced."""
    newer = aliased(DocketRuling)
    replaced = select(newer.id).where(
        newer.docket_id == DocketReminder.docket_id,
        newer.id > DocketReminder.ruling_id,
        newer.confirmed_at.is_not(None),
    )
    return (
        DocketReminder.delivered_at.is_(None),
        Docket.fulfilled_at.is_(None),
        Docket.withdrawn_at.is_(None),
        ~replaced.exists(),
    )


def _within(scope: Scope) -> ColumnElement[bool]:
    everywhere = scope.courts is None
    return Docket.court_id.in_(scope.courts or ()) if not everywhere else Docket.cause_id.is_not(None)
