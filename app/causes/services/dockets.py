"""A docket's way: opened by a clerk, described, carried out, or withdrawn."""

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import errors as pg
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.accounts.services import audit
from app.causes.errors.dockets import CaseNumberTaken, DocketMoved, DocketRefused, DocketUnknown
from app.causes.models.dockets import Docket
from app.causes.queries.courts import Scope, find_court
from app.causes.queries.dockets import docket_facts, link_context, parties_context
from app.causes.rules.case_numbers import read_case_number
from app.causes.rules.docket_papers import STAGES_OF
from app.causes.rules.parties import MOST_PARTIES, Party, pseudonyms
from app.kit import clock, sealing
from app.kit.database import db
from app.kit.messages import t
from app.offsets.services import causes

PURPOSE = "judicial"


@dataclass(frozen=True, slots=True)
class NewDocket:
    """What a clerk writes down of a case. `product` and `region` narrow what may be bought for it."""

    court: str
    case_number: str
    stage: str
    parties: Sequence[Party]
    product: str
    region: str | None = None
    account_note: str | None = None


def open_docket(operator_id: int, scope: Scope, told: NewDocket) -> Docket:
    """Open a case as a cause of its own, with a link for its parties; nothing can be bought for it yet.

    Raises `CourtUnknown` for another court, `DocketRefused`, `CaseNumberTaken`.
    """
    court = find_court(scope, told.court)
    number = read_case_number(told.case_number, clock.business_day().year)
    if number is None:
        raise refused("case_number", "case_number")
    _require_stage(court.kind, told.stage)
    _require_parties(told.parties)
    title = f"{court.name} {number}"[:100]
    cause = causes.open_cause(PURPOSE, None, title, region=told.region)
    docket = Docket(
        cause_id=cause.id,
        code=cause.code,
        court_id=court.id,
        case_number=number,
        stage=told.stage,
        account_note=told.account_note,
        product=told.product,
        region=told.region,
        opened_by=operator_id,
        opened_at=clock.now(),
        **_seal_parties(cause.code, told.parties),
        **_new_link(cause.code),
    )
    db.session.add(docket)
    try:
        db.session.flush()
    except IntegrityError as error:
        if not isinstance(error.orig, pg.UniqueViolation):
            raise
        raise CaseNumberTaken() from error
    audit.record(operator_id, "docket_opened", docket.code, {"court": court.code})
    return docket


def describe_docket(
    operator_id: int,
    scope: Scope,
    code: str,
    stage: str,
    parties: Sequence[Party],
    account_note: str | None,
) -> Docket:
    """Write a docket's stage, parties and note anew; its court and number stay.

    Raises `DocketUnknown`, `DocketMoved` when withdrawn or attested, `DocketRefused`.
    """
    docket = lock_docket(scope, code)
    if docket.letter_number is not None:
        raise DocketMoved()
    _require_stage(docket_facts(docket).court.kind, stage)
    _require_parties(parties)
    docket.stage, docket.account_note = stage, account_note
    for name, value in _seal_parties(code, parties).items():
        setattr(docket, name, value)
    db.session.flush()
    audit.record(operator_id, "docket_described", code, {"stage": stage})
    return docket


def renew_link(operator_id: int, scope: Scope, code: str) -> None:
    """Give the parties another link, because the one before came to the wrong hands; it leads nowhere now.

    Raises `DocketUnknown`, `DocketMoved` when withdrawn.
    """
    docket = lock_docket(scope, code)
    for name, value in _new_link(code).items():
        setattr(docket, name, value)
    db.session.flush()
    audit.record(operator_id, "docket_link_renewed", code)


def withdraw_docket(operator_id: int, scope: Scope, code: str, reason: str) -> None:
    """Close a docket that was opened by mistake; its number can then be used again.

    Raises `DocketUnknown`, `DocketMoved` when something was ordered for it that did not come to nothing.
    """
    docket = lock_docket(scope, code)
    found = docket_facts(docket)
    if found.promised or found.retirements:
        raise DocketMoved()
    docket.withdrawn_by, docket.withdrawn_at, docket.withdrawn_reason = operator_id, clock.now(), reason
    causes.set_due(docket.cause_id, 0, "withdrawn")
    causes.close_cause(docket.cause_id)
    db.session.flush()
    audit.record(operator_id, "docket_withdrawn", code)


def lock_docket(scope: Scope, code: str) -> Docket:
    """The docket, locked, for whatever changes it. Raises `DocketUnknown`, `DocketMoved` when withdrawn."""
    docket = db.session.scalar(
        select(Docket).where(Docket.code == code).with_for_update().execution_options(populate_existing=True)
    )
    if docket is None or not scope.covers(docket.court_id):
        raise DocketUnknown()
    if docket.withdrawn_at is not None:
        raise DocketMoved()
    return docket


def lock_by_link(link: str) -> Docket:
    """The docket behind a party's link, locked. Raises `DocketUnknown`."""
    docket = db.session.scalar(
        select(Docket)
        .where(Docket.link_hash == hash_of(link), Docket.withdrawn_at.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if docket is None:
        raise DocketUnknown()
    return docket


def lock_by_cause(cause_id: int) -> Docket:
    """The docket of a cause, locked."""
    return db.session.get_one(Docket, cause_id, with_for_update=True, populate_existing=True)


def hash_of(link: str) -> bytes:
    """What a link's secret is found by."""
    return hashlib.sha256(link.encode()).digest()


def refused(field: str, name: str) -> DocketRefused:
    """The refusal of one field, by `causes.docket_fault_<name>`."""
    return DocketRefused(errors=[{"pointer": f"#/{field}", "detail": t(f"causes.docket_fault_{name}")}])


def _new_link(code: str) -> dict[str, bytes]:
    link = secrets.token_urlsafe(24)
    return {"link_hash": hash_of(link), "link_sealed": sealing.seal(link, link_context(code))}


def _seal_parties(code: str, parties: Sequence[Party]) -> dict[str, bytes | str]:
    sealed = sealing.seal(json.dumps(parties, ensure_ascii=False), parties_context(code))
    return {"parties_sealed": sealed, "parties_shown": "、".join(pseudonyms(parties))}


def _require_stage(court_kind: str, stage: str) -> None:
    if stage not in STAGES_OF[court_kind]:
        raise refused("stage", "stage")


def _require_parties(parties: Sequence[Party]) -> None:
    names = [each.name for each in parties]
    if not 0 < len(names) <= MOST_PARTIES or len(set(names)) < len(names):
        raise refused("parties", "parties")
