"""Recording what was ruled, confirming it by a second operator, and what follows from it.

A ruling's terms never change: another one, as after an appeal, is recorded and confirmed in its place.
"""

from decimal import Decimal

from sqlalchemy import select

from app.accounts.services import audit
from app.causes.errors.dockets import DocketMoved, OwnRuling, PapersLacking
from app.causes.models.dockets import Docket, DocketInstalment, DocketRuling
from app.causes.queries.courts import Scope
from app.causes.queries.dockets import LETTER, docket_facts
from app.causes.rules.docket_papers import RULING, lacking
from app.causes.rules.dockets import GRAMS, Ruling, ruling_fault
from app.causes.services.dockets import lock_docket, refused
from app.kit import clock
from app.kit.database import db
from app.kit.messages import t
from app.offsets.services import attestations, causes


def record_ruling(operator_id: int, scope: Scope, code: str, ruling: Ruling) -> DocketRuling:
    """Record what was ruled; nothing is owed before another operator confirms it.

    One that waited is dropped for it. Raises `DocketUnknown`, `DocketMoved`, `DocketRefused`.
    """
    docket = lock_docket(scope, code)
    fault = ruling_fault(ruling, clock.business_day())
    if fault is not None:
        raise refused(*fault)
    waiting = _waiting(docket)
    if waiting is not None:
        _drop(operator_id, waiting)
    multiplier = ruling.multiplier
    row = DocketRuling(
        docket_id=docket.cause_id,
        basis=ruling.basis,
        ruled_on=ruling.ruled_on,
        legal_basis=ruling.legal_basis,
        rounding=ruling.rounding if ruling.measure == GRAMS else None,
        loss_g=ruling.loss_g,
        multiplier=None if multiplier is None else Decimal(multiplier.numerator) / multiplier.denominator,
        amount_fen=ruling.amount_fen,
        price_fen_per_t=ruling.price_fen_per_t,
        price_source=ruling.price_source,
        priced_on=ruling.priced_on,
        ordered_g=ruling.ordered_g,
        recorded_by=operator_id,
        recorded_at=clock.now(),
    )
    db.session.add(row)
    db.session.flush()
    parts = enumerate(ruling.instalments, 1)
    db.session.add_all(DocketInstalment(ruling_id=row.id, number=n, **each._asdict()) for n, each in parts)
    db.session.flush()
    audit.record(operator_id, "ruling_recorded", code, {"measure": ruling.measure, "ordered": ruling.ordered})
    return row


def confirm_ruling(operator_id: int, scope: Scope, code: str, ruling_id: int) -> None:
    """Let a ruling count, as it was read: the case owes what it says, and its link opens for buying.

    Raises `DocketUnknown`, `DocketMoved` when another one waits now, `OwnRuling`, `PapersLacking`.
    """
    docket = lock_docket(scope, code)
    waiting = _waiting(docket)
    if waiting is None or waiting.id != ruling_id:
        raise DocketMoved()
    if waiting.recorded_by == operator_id:
        raise OwnRuling()
    require_papers(docket, RULING)
    waiting.confirmed_by, waiting.confirmed_at = operator_id, clock.now()
    db.session.flush()
    audit.record(operator_id, "ruling_confirmed", code, {"ruling": ruling_id})
    if docket.letter_number is not None:
        attestations.revoke(docket.cause_id, LETTER, "ruling_changed")
        docket.letter_number = None
    reconsider(docket)


def refuse_ruling(operator_id: int, scope: Scope, code: str, ruling_id: int) -> None:
    """Drop a ruling that waits: it was recorded wrongly. Raises `DocketUnknown`, `DocketMoved`."""
    docket = lock_docket(scope, code)
    waiting = _waiting(docket)
    if waiting is None or waiting.id != ruling_id:
        raise DocketMoved()
    _drop(operator_id, waiting)
    audit.record(operator_id, "ruling_refused", code, {"ruling": ruling_id})


def reconsider(docket: Docket) -> None:
    """Bring the due, and what the docket says of itself, to what its ruling and the books say now.

    What is ordered in tonnes is owed at once; what is ordered in money is owed as it is bought. Of an order
    that came to nothing one may hear after the docket was withdrawn: that owes nothing any more.
    """
    found = docket_facts(docket)
    if found.ruling is None or docket.withdrawn_at is not None:
        return
    ordered_g = found.ruling.ruling.ordered_g
    if ordered_g is None:
        causes.owe_bought(docket.cause_id, "bought")
    else:
        causes.set_due(docket.cause_id, ordered_g, "ruling")
    was_fulfilled = docket.fulfilled_at is not None
    if found.fulfilled != was_fulfilled:
        docket.fulfilled_at = clock.now() if found.fulfilled else None
    db.session.flush()


def require_papers(docket: Docket, moment: str) -> None:
    """Refuse to go on without papers that are needed by now. Raises `PapersLacking`, naming each."""
    missing = lacking(docket_facts(docket).checklist, moment)
    if missing:
        named = [{"pointer": f"#/papers/{each}", "detail": t(f"causes.paper_{each}")} for each in missing]
        raise PapersLacking(errors=named)


def _waiting(docket: Docket) -> DocketRuling | None:
    return db.session.scalar(
        select(DocketRuling).where(
            DocketRuling.docket_id == docket.cause_id,
            DocketRuling.confirmed_at.is_(None),
            DocketRuling.dropped_at.is_(None),
        )
    )


def _drop(operator_id: int, waiting: DocketRuling) -> None:
    waiting.dropped_by, waiting.dropped_at = operator_id, clock.now()
    db.session.flush()
