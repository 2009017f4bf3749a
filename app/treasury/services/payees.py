"""Bank accounts 收款账户: entered by one operator, confirmed by another who types the number again.

A swapped account number is the classic fraud, and a mistyped one the classic mistake; so the second
person does not look at what the first one wrote but reads the paper once more.
"""

from hmac import compare_digest

from psycopg import errors as pg
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.accounts import queries as accounts
from app.accounts.services import audit
from app.kit import clock, sealing
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.problems import NotFound
from app.treasury.errors import PayeeDiffers, PayeeEnded, PayeePending, PayeeUnknown, SamePerson
from app.treasury.models import PayeeAccount
from app.treasury.queries.payees import NAME, NUMBER, get_account_number


def enter_payee(
    operator_id: int, holder_code: str, account_name: str, number: str, bank_name: str
) -> PayeeAccount:
    """Write down a holder's bank account; nothing is paid to it before another operator confirms it.

    Raises `NotFound` for an unknown holder and `PayeePending` while another account waits.
    """
    holder = accounts.find_holder(holder_code)
    if holder is None:
        raise NotFound()
    if _find(PayeeAccount.holder_id == holder.id, PayeeAccount.confirmed_at.is_(None)) is not None:
        raise PayeePending()
    code = random_code()
    payee = PayeeAccount(
        code=code,
        holder_id=holder.id,
        name_sealed=sealing.seal(account_name, NAME.format(code)),
        number_sealed=sealing.seal(number, NUMBER.format(code)),
        last_four=number[-4:],
        bank_name=bank_name,
        entered_by=operator_id,
        entered_at=clock.now(),
    )
    db.session.add(payee)
    try:
        db.session.flush()
    except IntegrityError as error:  # another was entered at the same moment
        if isinstance(error.orig, pg.UniqueViolation):
            raise PayeePending() from error
        raise
    _record(operator_id, "payee_entered", payee)
    return payee


def confirm_payee(operator_id: int, code: str, number: str) -> PayeeAccount:
    """Confirm an account by typing its number again; the holder's account before it ends.

    Raises `PayeeUnknown`, `PayeeEnded`, `SamePerson` for whoever entered it, `PayeeDiffers`.
    """
    payee = _lock(code)
    if not payee.waits:
        raise PayeeEnded()
    if payee.entered_by == operator_id:
        raise SamePerson()
    if not compare_digest(get_account_number(payee), number):
        raise PayeeDiffers()
    before = _find(PayeeAccount.holder_id == payee.holder_id, PayeeAccount.confirmed_at.is_not(None))
    if before is not None:
        before.ended_at = clock.now()
        db.session.flush()
        _record(operator_id, "payee_ended", before)
    payee.confirmed_by, payee.confirmed_at = operator_id, clock.now()
    db.session.flush()
    _record(operator_id, "payee_confirmed", payee)
    return payee


def end_payee(operator_id: int, code: str) -> PayeeAccount:
    """Pay nothing to an account any more, or decline one that waits. One person is enough to stop.

    Raises `PayeeUnknown` and `PayeeEnded`.
    """
    payee = _lock(code)
    if payee.ended_at is not None:
        raise PayeeEnded()
    payee.ended_at = clock.now()
    db.session.flush()
    _record(operator_id, "payee_ended", payee)
    return payee


def _find(*conditions: object) -> PayeeAccount | None:
    wanted = select(PayeeAccount).where(*conditions, PayeeAccount.ended_at.is_(None))  # type: ignore[arg-type]
    return db.session.scalar(wanted.with_for_update())


def _lock(code: str) -> PayeeAccount:
    payee = db.session.scalar(
        select(PayeeAccount)
        .where(PayeeAccount.code == code)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if payee is None:
        raise PayeeUnknown()
    return payee


def _record(operator_id: int, action: str, payee: PayeeAccount) -> None:
    audit.record(operator_id, action, payee.code, {"holder": payee.holder_id, "last_four": payee.last_four})
