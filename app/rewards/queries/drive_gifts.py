"""What was given to drives, and the thanks for it 感谢状: numbered, signed, checked by anyone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, text

from app.accounts import chart
from app.kit.codes import read_code
from app.kit.database import db
from app.kit.proof import Proof, equal, none
from app.rewards.errors.drives import ThanksUnknown
from app.rewards.models.drives import Drive, DriveGift, DriveMonth

KIND = "drive_thanks"
"""What the thanks attest, in the words of the verifier's files."""


@dataclass(frozen=True)
class GiftFacts:
    """One gift with its thanks; `facts` name nobody and never change."""

    number: str
    drive_code: str
    kind: str
    points: int | None
    step_day: date | None
    steps: int | None
    quantity_kg: int | None
    amount_fen: int
    facts: Mapping[str, Any]
    given_at: datetime

    @property
    def written(self) -> str:
        """The number as people read it, in groups of four."""
        return "-".join(self.number[i : i + 4] for i in range(0, len(self.number), 4))

    def claims(self) -> dict[str, Any]:
        """What is signed, in the form of an attestation, so that the same verifier reads it."""
        return {
            "number": self.number,
            "kind": KIND,
            "version": 1,
            "issued_at": self.given_at.isoformat(timespec="seconds"),
            "facts": self.facts,
        }


def get_thanks(number: str) -> GiftFacts:
    """The thanks with this number, written in any way people write it. Raises `ThanksUnknown`."""
    code = read_code(number)
    found = _list(DriveGift.number == code) if code else []
    if not found:
        raise ThanksUnknown()
    return found[0]


def get_own(holder_id: int, number: str) -> GiftFacts:
    """The same, of this holder's gift. Raises `ThanksUnknown` for another's, too."""
    code = read_code(number)
    found = _list((DriveGift.number == code) & (DriveGift.holder_id == holder_id)) if code else []
    if not found:
        raise ThanksUnknown()
    return found[0]


def is_own(holder_id: int, number: str) -> bool:
    """Whether this holder gave what these thanks are for."""
    own = (DriveGift.number == number, DriveGift.holder_id == holder_id)
    return bool(db.session.scalar(select(func.count()).where(*own)))


def list_own(holder_id: int, limit: int, before: int | None = None) -> list[tuple[int, GiftFacts]]:
    """A holder's gifts with their ids, the newest first; `before` is such an id."""
    wanted = DriveGift.holder_id == holder_id
    if before is not None:
        wanted &= DriveGift.id < before
    rows = db.session.execute(_select(wanted).limit(limit))
    return [(gift.id, _facts(gift, code)) for gift, code in rows]


def list_of_order(order_ids: Sequence[int]) -> dict[int, str]:
    """The numbers of the thanks for these orders, by order."""
    rows = db.session.execute(
        select(DriveGift.order_id, DriveGift.number).where(DriveGift.order_id.in_(order_ids))
    )
    return {row.order_id: row.number for row in rows}


def list_months(drive_id: int) -> Sequence[DriveMonth]:
    """What a drive was given, month by month in Shanghai, the latest first."""
    wanted = select(DriveMonth).where(DriveMonth.drive_id == drive_id)
    return db.session.scalars(wanted.order_by(DriveMonth.month.desc())).all()


def _list(condition: ColumnElement[bool]) -> list[GiftFacts]:
    return [_facts(gift, code) for gift, code in db.session.execute(_select(condition))]


def _select(condition: ColumnElement[bool]) -> Any:
    return (
        select(DriveGift, Drive.code)
        .join(Drive, Drive.cause_id == DriveGift.drive_id)
        .where(condition)
        .order_by(DriveGift.id.desc())
    )


def _facts(gift: DriveGift, code: str) -> GiftFacts:
    names = [name for name in GiftFacts.__dataclass_fields__ if name != "drive_code"]
    return GiftFacts(drive_code=code, **{name: getattr(gift, name) for name in names})


_SUMS = text(
    "SELECT coalesce(sum(d.points), 0)::bigint AS points, coalesce(sum(d.bought_kg), 0)::bigint AS kg,"
    " coalesce(sum(d.gifts), 0)::bigint AS gifts,"
    " count(*) FILTER (WHERE (d.points, d.bought_kg, d.paid_fen, d.gifts, d.givers) IS DISTINCT FROM"
    "   (coalesce(g.points, 0), coalesce(g.kg, 0), coalesce(g.fen, 0), coalesce(g.gifts, 0),"
    "   coalesce(g.givers, 0)) OR d.given_at IS DISTINCT FROM g.given_at)::bigint AS differing"
    " FROM drive d LEFT JOIN (SELECT drive_id, sum(points) AS points, sum(quantity_kg) AS kg,"
    "   sum(amount_fen) FILTER (WHERE kind = 'units') AS fen, count(*) AS gifts,"
    "   count(DISTINCT holder_id) AS givers, max(given_at) AS given_at"
    "   FROM drive_gift GROUP BY drive_id) g ON g.drive_id = d.cause_id"
)
_MONTHS = text(
    "SELECT count(*) FROM (SELECT drive_id,"
    "     to_char(given_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM') AS month, count(*) AS gifts,"
    "     coalesce(sum(points), 0) AS points, coalesce(sum(quantity_kg), 0) AS kg FROM drive_gift"
    "     GROUP BY 1, 2) g FULL JOIN drive_month m USING (drive_id, month)"
    " WHERE (g.gifts, g.points, g.kg) IS DISTINCT FROM (m.gifts, m.points, m.quantity_kg)"
)
_VILLAGES = text(
    "WITH plain AS (SELECT cause_id, payee_id FROM drive WHERE charity_name IS NULL)"
    " SELECT (SELECT coalesce(sum(points), 0) FROM spending WHERE kind = 'village'"
    "   AND spent_at IS NOT NULL AND payee_id IN (SELECT payee_id FROM plain)),"
    " (SELECT coalesce(sum(points), 0) FROM drive_gift WHERE drive_id IN (SELECT cause_id FROM plain))"
)
_ORDERS = text(
    "SELECT count(*) FROM drive_gift g JOIN orders o ON o.id = g.order_id"
    " LEFT JOIN retirement r ON r.order_id = o.id"
    " WHERE o.cause_id IS DISTINCT FROM g.drive_id OR o.holder_id <> g.holder_id"
    " OR o.quantity_kg <> g.quantity_kg OR o.amount_fen <> g.amount_fen OR r.order_id IS NULL"
    " OR o.beneficiary IS NOT NULL"
)
_CARRIED = text(
    "SELECT count(*) FROM drive d JOIN account a ON a.id = d.cause_id * :codes + :carry WHERE a.balance <> 0"
)


def prove_drives() -> list[Proof]:
    """Drives stand where their gifts say, and every kilogram given is one that was retired for them."""
    sums = db.session.execute(_SUMS).one()
    gifts = int(db.session.scalar(select(func.count()).select_from(DriveGift)) or 0)
    spent, given = db.session.execute(_VILLAGES).one()
    carried = db.session.scalar(_CARRIED, {"codes": chart.CODES, "carry": chart.CARRY.code})
    return [
        equal("rewards.prove_drive_gifts", told=int(sums.gifts), thanked=gifts),
        equal("rewards.prove_drive_points", spent=int(spent), given=int(given)),
        none(
            "rewards.prove_drives",
            differing=int(sums.differing) + int(db.session.scalar(_MONTHS) or 0),
            orders=int(db.session.scalar(_ORDERS) or 0),
            carried=int(carried or 0),
        ),
    ]
