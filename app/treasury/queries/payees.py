"""Whom money is sent to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from app.accounts import chart
from app.accounts import queries as accounts
from app.kit import clock, sealing
from app.kit.database import db
from app.kit.problems import NotFound
from app.treasury.models import PayeeAccount

NAME = "payee_account.name:{}"
NUMBER = "payee_account.number:{}"
"""What sealed names and numbers are bound to."""


@dataclass(frozen=True)
class PayeeFacts:
    """A bank account as operators see it: the number's last four digits only."""

    account: PayeeAccount
    account_name: str


@dataclass(frozen=True)
class PayeeHolder:
    """A holder, what they are owed, and their accounts, the newest first."""

    id: int
    code: str
    kind: str
    name: str
    owed_fen: int
    standing: PayeeFacts | None
    pending: PayeeFacts | None
    history: tuple[PayeeFacts, ...]


def get_account_number(payee: PayeeAccount) -> str:
    """An account's whole number: for the bank's file, and for comparing."""
    return sealing.unseal(payee.number_sealed, NUMBER.format(payee.code))


def get_account_name(payee: PayeeAccount) -> str:
    """The name an account is held under."""
    return sealing.unseal(payee.name_sealed, NAME.format(payee.code))


def list_standing() -> dict[int, PayeeAccount]:
    """The confirmed account of every holder who has one."""
    rows = db.session.scalars(
        select(PayeeAccount).where(PayeeAccount.confirmed_at.is_not(None), PayeeAccount.ended_at.is_(None))
    )
    return {payee.holder_id: payee for payee in rows}


def list_payees(payee_ids: Sequence[int]) -> dict[int, PayeeAccount]:
    """These accounts by id."""
    rows = db.session.scalars(select(PayeeAccount).where(PayeeAccount.id.in_(set(payee_ids))))
    return {payee.id: payee for payee in rows}


def count_payees_waiting() -> int:
    """How many accounts wait for their second person."""
    waiting = select(func.count()).where(PayeeAccount.confirmed_at.is_(None), PayeeAccount.ended_at.is_(None))
    return int(db.session.scalar(waiting) or 0)


def list_payee_holders() -> list[PayeeHolder]:
    """The platform, and everybody who is owed money or has an account, in the order of their books."""
    owed = _owed()
    live = db.session.scalars(select(PayeeAccount).where(PayeeAccount.ended_at.is_(None))).all()
    holder_ids = {chart.PLATFORM, *owed, *(payee.holder_id for payee in live)}
    return _holders(holder_ids, live, owed)


def get_payee_holder(code: str) -> PayeeHolder:
    """One holder with every account they ever had. Raises `NotFound`."""
    holder = accounts.find_holder(code)
    if holder is None:
        raise NotFound()
    accounts_of = db.session.scalars(select(PayeeAccount).where(PayeeAccount.holder_id == holder.id)).all()
    return _holders({holder.id}, accounts_of, _owed())[0]


def _owed() -> dict[int, int]:
    now = clock.now()
    owed = {each.holder_id: each.balance_fen for each in accounts.payables.list_owed(now)}
    fees = accounts.payables.get_fees(now).balance_fen
    owed[chart.PLATFORM] = owed.get(chart.PLATFORM, 0) + max(fees, 0)
    return owed


def _holders(holder_ids: set[int], payees: Sequence[PayeeAccount], owed: dict[int, int]) -> list[PayeeHolder]:
    facts: dict[int, list[PayeeFacts]] = {}
    for payee in sorted(payees, key=lambda each: -each.id):
        facts.setdefault(payee.holder_id, []).append(PayeeFacts(payee, get_account_name(payee)))
    found: list[Any] = sorted(accounts.list_holders(list(holder_ids)).values(), key=lambda each: each.id)
    return [
        PayeeHolder(
            id=holder.id,
            code=holder.code,
            kind=holder.kind,
            name=holder.name or "",
            owed_fen=owed.get(holder.id, 0),
            standing=next((each for each in facts.get(holder.id, ()) if each.account.stands), None),
            pending=next((each for each in facts.get(holder.id, ()) if each.account.waits), None),
            history=tuple(facts.get(holder.id, ())),
        )
        for holder in found
    ]
