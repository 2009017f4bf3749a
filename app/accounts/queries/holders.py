"""What can be known of holders and their books."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, func, select, text

from app.accounts import chart
from app.accounts.chart import AccountKind
from app.accounts.errors import ConsentMissing
from app.accounts.models import Consent, Holder, SignInSession, WeChatIdentity
from app.kit import sealing
from app.kit.database import array, db
from app.kit.identity import Identity
from app.kit.problems import NotSignedIn
from app.kit.proof import Proof, equal, none


@dataclass(frozen=True)
class StatementLine:
    """One entry as one account sees it: `change` is positive when it came in.

    `id` is twice the posting's, and one more for the side that received: an entry between two of a
    holder's own accounts is two lines.
    """

    id: int
    entry: str
    account: str
    asset: str
    change: int
    reference: int
    posted_at: datetime


def get_holder(holder_id: int) -> Holder:
    """The holder with this id. Raises `NotSignedIn` when there is none: only tokens name holders so."""
    holder = db.session.get(Holder, holder_id)
    if holder is None or holder.closed_at is not None:
        raise NotSignedIn()
    return holder


def list_holders(holder_ids: Sequence[int]) -> dict[int, Holder]:
    """These holders by id."""
    rows = db.session.scalars(select(Holder).where(Holder.id.in_(set(holder_ids))))
    return {holder.id: holder for holder in rows}


def find_holder(code: str) -> Holder | None:
    """The holder with this public code, None when there is none or they closed their books."""
    if not (code.isascii() and code.isalnum()):
        return None
    return db.session.scalar(select(Holder).where(Holder.code == code, Holder.closed_at.is_(None)))


def is_named(holder_id: SQLColumnExpression[int], words: str) -> ColumnElement[bool]:
    """The part of another room's statement that asks whether a holder's public name holds `words`.

    A person has no public name, and is never found by one.
    """
    holds = func.strpos(func.lower(Holder.name), func.lower(words)) > 0
    return select(Holder.id).where(Holder.id == holder_id, Holder.kind != "person", holds).exists()


_LOCK = text("SELECT 1 FROM holder WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR NO KEY UPDATE")


def lock_holders(*holder_ids: int) -> None:
    """Let what these holders do come one after the other until the commit; entries in their books go on."""
    db.session.execute(_LOCK, {"ids": array(holder_ids)})


def is_of_kind(holder_id: SQLColumnExpression[int], kinds: Sequence[str]) -> ColumnElement[bool]:
    """The part of another room's statement that asks whether a holder is of one of these kinds."""
    return select(Holder.id).where(Holder.id == holder_id, Holder.kind.in_(kinds)).exists()


_KNOWN = Holder.closed_at.is_(None) & ((Holder.kind != "organisation") | Holder.name.is_not(None))
"""Whom operators can choose by name: no organisation that nobody has verified."""


def list_organisations(limit: int = 500) -> Sequence[Holder]:
    """Organisations that were verified, by name."""
    return _list_kind("organisation", limit)


def list_villages(limit: int) -> Sequence[Holder]:
    """Village collectives, by name."""
    return _list_kind("village", limit)


def _list_kind(kind: str, limit: int) -> Sequence[Holder]:
    wanted = select(Holder).where(Holder.kind == kind, _KNOWN)
    return db.session.scalars(wanted.order_by(Holder.name, Holder.id).limit(limit)).all()


def list_right_holders(limit: int = 500) -> Sequence[Holder]:
    """Villages, households and organisations, by name."""
    kinds = ("village", "household", "organisation")
    wanted = select(Holder).where(Holder.kind.in_(kinds), _KNOWN)
    return db.session.scalars(wanted.order_by(Holder.kind, Holder.name, Holder.id).limit(limit)).all()


def find_organisation(code: str) -> Holder | None:
    """The organisation with this code."""
    return db.session.scalar(select(Holder).where(Holder.kind == "organisation", Holder.code == code))


def require_live_session(identity: Identity) -> None:
    """Refuse a token whose session was signed out. For money and data routes. Raises `NotSignedIn`."""
    alive = db.session.scalar(
        select(SignInSession.id).where(
            SignInSession.id == identity.session_id,
            SignInSession.holder_id == identity.holder_id,
            SignInSession.revoked_at.is_(None),
        )
    )
    if alive is None:
        raise NotSignedIn()


def get_wechat(holder_id: int) -> tuple[str, str]:
    """The openid and the latest session key of a person. Raises `NotSignedIn` for others."""
    row = db.session.scalar(select(WeChatIdentity).where(WeChatIdentity.holder_id == holder_id))
    if row is None:
        raise NotSignedIn()
    return row.openid, sealing.unseal(row.session_key_sealed, f"session_key:{row.openid}")


def find_openid(holder_id: int) -> str | None:
    """The WeChat openid of a person, None for other holders."""
    return db.session.scalar(select(WeChatIdentity.openid).where(WeChatIdentity.holder_id == holder_id))


def openid_of(holder: str) -> str:
    """The part of another room's statement that gives a person's openid; `holder` is SQL of its own."""
    return f"(SELECT openid FROM wechat_identity WHERE wechat_identity.holder_id = {holder})"


def payer_of(holder: str, by_phone: str) -> str:
    """The part of another room's statement that gives the openid from which a holder's order is paid.

    NULL for an organisation's order `by_phone` (SQL of the caller's), which any member pays on their own;
    empty where nobody can pay it so.
    """
    nobody = (
        f"(SELECT '' FROM holder WHERE holder.id = {holder} AND (kind <> 'organisation' OR NOT {by_phone}))"
    )
    return f"coalesce({openid_of(holder)}, {nobody})"


def list_consents(holder_id: int) -> Sequence[Consent]:
    """All consents of a holder, the withdrawn ones too, newest first."""
    return db.session.scalars(
        select(Consent).where(Consent.holder_id == holder_id).order_by(Consent.id.desc())
    ).all()


def require_consent(holder_id: int, scene: str, source: str) -> None:
    """Refuse data that its holder has not agreed to. Raises `ConsentMissing`."""
    standing = db.session.scalar(
        select(Consent.id).where(
            Consent.holder_id == holder_id,
            Consent.scene == scene,
            Consent.source == source,
            Consent.withdrawn_at.is_(None),
        )
    )
    if standing is None:
        raise ConsentMissing(scene=scene, source=source)


def get_balance(holder_id: int, kind: AccountKind) -> int:
    """The stored balance of one account, 0 when nothing was ever posted to it."""
    balance = db.session.scalar(
        text("SELECT balance FROM account WHERE id = :id"), {"id": kind.of(holder_id)}
    )
    return int(balance or 0)


def balance_of(kind: AccountKind, holder: str) -> str:
    """The part of another room's statement that gives a stored balance; `holder` is SQL of its own."""
    account = f"{holder} * {chart.CODES} + {kind.code}"
    return f"coalesce((SELECT balance FROM account WHERE account.id = {account}), 0)"


def is_person(holder: str) -> str:
    """The part of another room's statement that holds for persons; `holder` is SQL of its own."""
    return f"EXISTS (SELECT FROM holder person WHERE person.id = {holder} AND person.kind = 'person')"


def get_balances(holder_id: int) -> dict[str, int]:
    """All stored balances of a holder by the account's name."""
    rows = db.session.execute(
        text("SELECT id, balance FROM account WHERE id >= :first AND id < :last ORDER BY id"),
        {"first": holder_id * chart.CODES, "last": (holder_id + 1) * chart.CODES},
    )
    return {chart.kind_of(row.id).name: row.balance for row in rows}


_STATEMENT = text(
    "SELECT * FROM ("
    " (SELECT id * 2 AS id, kind, reference, source AS account_id, -amount AS change, posted_at FROM posting"
    "   WHERE source = ANY(:accounts) AND source % 100 < 90 AND id <= :before / 2 AND id * 2 < :before"
    "   ORDER BY posting.id DESC LIMIT :limit)"
    " UNION ALL"
    " (SELECT id * 2 + 1, kind, reference, target, amount, posted_at FROM posting"
    "   WHERE target = ANY(:accounts) AND target % 100 < 90 AND id <= :before / 2 AND id * 2 + 1 < :before"
    "   ORDER BY posting.id DESC LIMIT :limit)"
    ") line ORDER BY id DESC LIMIT :limit"
)


def list_statement(holder_id: int, limit: int, before: int | None = None) -> list[StatementLine]:
    """A holder's entries, newest first, over all their stored accounts; `before` is a line's id."""
    accounts = [kind.of(holder_id) for kind in chart.ACCOUNT_KINDS.values() if kind.stored]
    values: dict[str, Any] = {"accounts": accounts, "limit": limit, "before": before or 2**63 - 1}
    lines = []
    for row in db.session.execute(_STATEMENT, values):
        kind = chart.kind_of(row.account_id)
        entry = chart.ENTRY_KINDS[row.kind].name
        lines.append(
            StatementLine(row.id, entry, kind.name, kind.asset, row.change, row.reference, row.posted_at)
        )
    return lines


def sum_entries(kind: chart.EntryKind) -> int:
    """The total of one kind of entry, over all time."""
    total = db.session.scalar(
        text("SELECT coalesce(sum(amount), 0)::bigint FROM posting WHERE kind = :kind"), {"kind": kind.code}
    )
    return int(total or 0)


def entries_relation(*kinds: chart.EntryKind) -> str:
    """Entries of these kinds as a part of another room's statement: kind, reference, ends, amount.

    For questions about whole days, which no call a row could answer.
    """
    codes = ", ".join(str(kind.code) for kind in kinds)
    return f"(SELECT kind, reference, source, target, amount FROM posting WHERE kind IN ({codes}))"


def units_relation() -> str:
    """Every holder's units in the books, as a part of another room's statement: holder_id, balance."""
    units = chart.UNITS.code
    return (
        f"(SELECT id / {chart.CODES} AS holder_id, balance FROM account WHERE id % {chart.CODES} = {units})"
    )


def sum_boundary(kind: AccountKind) -> int:
    """What stands on a boundary account of all holders: what came in less what went out, over all time."""
    codes = {
        side: [entry.code for entry in chart.ENTRY_KINDS.values() if getattr(entry, side) is kind]
        for side in ("source", "target")
    }
    total = db.session.scalar(
        text(
            "SELECT coalesce(sum(CASE WHEN kind = ANY(:target) THEN amount ELSE -amount END), 0)::bigint"
            " FROM posting WHERE kind = ANY(:target) OR kind = ANY(:source)"
        ),
        codes,
    )
    return int(total or 0)


_TOTALS = (
    "WITH leg AS (SELECT source AS id, -sum(amount) AS change FROM posting GROUP BY source"
    " UNION ALL SELECT target, sum(amount) FROM posting GROUP BY target),"
    " total AS (SELECT id, sum(change)::bigint AS balance FROM leg GROUP BY id)"
)


def prove() -> list[Proof]:
    """The books' invariants: every asset sums to zero, every stored balance equals its postings."""
    proofs = []
    totals = db.session.execute(
        text(f"{_TOTALS} SELECT id % 100 AS code, sum(balance)::bigint AS balance FROM total GROUP BY 1")
    )
    by_code = {row.code: row.balance for row in totals}
    stored = db.session.execute(
        text("SELECT id % 100 AS code, sum(balance)::bigint AS balance FROM account GROUP BY 1")
    )
    by_stored = {row.code: row.balance for row in stored}
    for asset in chart.Asset:
        kinds = [kind for kind in chart.ACCOUNT_KINDS.values() if kind.asset is asset]
        held = sum(by_stored.get(kind.code, 0) for kind in kinds if kind.stored)
        boundary = sum(by_code.get(kind.code, 0) for kind in kinds if not kind.stored)
        proofs.append(equal(f"accounts.prove_{asset}", held=held, outside=-boundary))
    differing = db.session.scalar(
        text(
            f"{_TOTALS} SELECT count(*) FROM total FULL JOIN account USING (id)"
            " WHERE id % 100 < 90 AND coalesce(total.balance, 0) <> coalesce(account.balance, 0)"
        )
    )
    proofs.append(none("accounts.prove_balances", differing=int(differing or 0)))
    strangers = db.session.scalar(
        text(
            "SELECT count(*) FROM account"
            " WHERE NOT EXISTS (SELECT 1 FROM holder WHERE holder.id = account.id / 100)"
        )
    )
    proofs.append(none("accounts.prove_holders", accounts=int(strangers or 0)))
    return proofs
