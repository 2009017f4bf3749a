"""The letter that a ruling is carried out 履行证明, and reminders of what is not yet."""

from datetime import date

from sqlalchemy import case, select
from sqlalchemy.dialects.postgresql import insert

from app.accounts.services import audit, notices
from app.causes.errors.dockets import DocketMoved, DocketUnknown, NotFulfilled
from app.causes.models.dockets import Docket, DocketInstalment, DocketReminder, DocketRuling
from app.causes.queries.courts import Scope
from app.causes.queries.docket_letters import ruling_fulfilled_facts
from app.causes.queries.dockets import LETTER, DocketFacts, docket_facts
from app.causes.rules.docket_papers import LETTER as BEFORE_LETTER
from app.causes.rules.dockets import AHEAD, LAST_DAY, OVERDUE, REMIND_WITHIN, REMINDERS, Stand
from app.causes.services.dockets import lock_by_cause, lock_docket
from app.causes.services.rulings import require_papers
from app.kit import clock
from app.kit.database import db
from app.offsets.services import attestations


def issue_letter(operator_id: int, scope: Scope, code: str) -> str:
    """Attest that as much was retired as was ordered, under a number that the court checks by itself.

    One that stands is not written anew: the court has its number. Raises `DocketUnknown`, `DocketMoved`
    while another ruling waits, `NotFulfilled`, `PapersLacking`.
    """
    docket = lock_docket(scope, code)
    if docket.letter_number is not None:
        return docket.letter_number
    found = docket_facts(docket)
    if found.waiting is not None:
        raise DocketMoved()
    if not found.fulfilled:
        raise NotFulfilled()
    require_papers(docket, BEFORE_LETTER)
    number = attestations.attest(docket.cause_id, LETTER, ruling_fulfilled_facts(found))
    docket.letter_number = number
    db.session.flush()
    audit.record(operator_id, "letter_issued", code, {"letter": number})
    return number


def list_dockets_to_remind(today: date, after: int, limit: int = 200) -> list[int]:
    """Cases not carried out, with an instalment near or over that nobody was reminded of so yet; ids.

    `after` is the last id of the list before.
    """
    kind = case(
        (DocketInstalment.due_on < today, OVERDUE), (DocketInstalment.due_on == today, LAST_DAY), else_=AHEAD
    )
    reminded = select(DocketReminder.id).where(
        DocketReminder.ruling_id == DocketInstalment.ruling_id,
        DocketReminder.number == DocketInstalment.number,
        DocketReminder.kind == kind,
    )
    near = (
        select(Docket.cause_id)
        .join(DocketRuling, DocketRuling.docket_id == Docket.cause_id)
        .join(DocketInstalment, DocketInstalment.ruling_id == DocketRuling.id)
        .where(
            Docket.fulfilled_at.is_(None),
            Docket.withdrawn_at.is_(None),
            DocketRuling.confirmed_at.is_not(None),
            DocketInstalment.due_on <= today + REMIND_WITHIN,
            ~reminded.exists(),
            Docket.cause_id > after,
        )
        .distinct()
        .order_by(Docket.cause_id)
        .limit(limit)
    )
    return list(db.session.scalars(near))


def remind(cause_id: int) -> int:
    """Raise what reminders a case's instalments call for today, each once; returns how many are new.

    The clerk finds them on the desk, whoever paid for the case before is told at once.
    """
    docket = lock_by_cause(cause_id)
    found = docket_facts(docket)
    if found.ruling is None or docket.withdrawn_at is not None:
        return 0
    raised = [each for each in found.stands if each.state in REMINDERS and _raise(found, each)]
    payers = {each.holder_id for each in found.orders} - {cause_id}
    for each in raised:
        reference = f"ruling:{found.ruling.id}:{each.number}:{each.state}"
        notices.tell(
            payers,
            f"causes.notice_docket_{each.state}",
            reference,
            case_number=docket.case_number,
            day=each.due_on.isoformat(),
        )
    return len(raised)


def _raise(found: DocketFacts, stand: Stand) -> bool:
    told = (
        insert(DocketReminder)
        .values(
            docket_id=found.docket.cause_id,
            ruling_id=found.ruling.id if found.ruling else 0,
            number=stand.number,
            kind=stand.state,
            open_part=stand.open_part,
            raised_on=clock.business_day(),
        )
        .on_conflict_do_nothing()
        .returning(DocketReminder.id)
    )
    return db.session.scalar(told) is not None


def deliver_reminder(operator_id: int, scope: Scope, code: str, reminder_id: int) -> None:
    """Note that a reminder was passed on to the party. Raises `DocketUnknown`, `DocketMoved` when it was."""
    docket = lock_docket(scope, code)
    reminder = db.session.get(DocketReminder, reminder_id)
    if reminder is None or reminder.docket_id != docket.cause_id:
        raise DocketUnknown()
    if reminder.delivered_at is not None:
        raise DocketMoved()
    reminder.delivered_by, reminder.delivered_at = operator_id, clock.now()
    db.session.flush()
    audit.record(operator_id, "reminder_delivered", code, {"instalment": reminder.number})
