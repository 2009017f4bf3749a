"""The history of serials, from their issuance to their end, as anyone may read it.

A serial's history is its issuance, the acts whose range holds it, and the settlement that retired it: the
retired block itself says when, and from which lot. Nobody's code is in it, and no person's name.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from app.kit.database import db
from app.registry.queries.certificates import CertificateFacts, certificate_facts
from app.registry.queries.holdings import public_names
from app.registry.queries.serials import Run, find_run
from app.registry.rules import HANDED_OVER, Serials

MOST = 200


@dataclass(frozen=True, slots=True)
class Piece:
    """A block as it stands now. `lot` is the code of the lot it is, or was, sold from."""

    serial: str
    quantity_kg: int
    state: str
    since: datetime
    holder: str | None
    lot: str | None
    bound: str | None


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened to a run of these serials; holders are named where they may be."""

    at: datetime
    act: str
    serial: str
    quantity_kg: int
    from_holder: str | None
    to_holder: str | None
    reason: str | None
    reference: str | None
    by_itself: bool


@dataclass(frozen=True, slots=True)
class History:
    """What stands under some serials, and how it came to that. `more` says that it is cut short."""

    serial: str
    forest: CertificateFacts
    pieces: list[Piece]
    moments: list[Moment]
    more: bool

    @property
    def notes(self) -> tuple[str, ...]:
        """What must stand wherever it is shown."""
        return tuple(note.removeprefix("registry.note_") for note in self.forest.notes)


_PIECES = text(
    "SELECT b.first_serial, b.last_serial, b.state, b.changed_at, b.holder_id, b.bound, lot.code AS lot"
    " FROM block b LEFT JOIN lot ON lot.id = b.lot_id"
    " WHERE int8range(b.first_serial, b.last_serial, '[]') && int8range(:first, :last, '[]')"
    " ORDER BY b.first_serial LIMIT :limit"
)
_ACTS = text(
    "SELECT * FROM block_act"
    " WHERE int8range(first_serial, last_serial, '[]') && int8range(:first, :last, '[]')"
    " ORDER BY id LIMIT :limit"
)
_ISSUED = text("SELECT issued_at, holder_id FROM issuance WHERE id = :issuance")
_OPEN_REFERENCES = frozenset({"retire", "offer", "withdraw"})
"""Acts whose reference is public: a retirement's number, a lot. Codes of holds are keys to them."""


def get_history(written: str) -> History:
    """What became of these serials. Raises `SerialUnknown`."""
    run = find_run(written)
    values = {**run.serials._asdict(), "limit": MOST + 1}
    pieces, acts = (db.session.execute(each, values).all() for each in (_PIECES, _ACTS))
    issued = db.session.execute(_ISSUED, {"issuance": run.series.issuance_id}).one()
    ends = [row.holder_id for row in pieces] + [issued.holder_id]
    names = public_names(ends + [end for row in acts for end in (row.from_holder_id, row.to_holder_id)])
    moments = [_issued(run, issued, names), *(_act(run, row, names) for row in acts[:MOST])]
    moments += [_settled(run, row, names) for row in pieces[:MOST] if row.state == "retired" and row.lot]
    return History(
        run.written,
        certificate_facts(run.series.issuance_id),
        [_piece(run, row, names) for row in pieces[:MOST]],
        sorted(moments, key=lambda moment: moment.at),
        max(len(pieces), len(acts)) > MOST,
    )


def _piece(run: Run, row: Row[Any], names: dict[int, str | None]) -> Piece:
    serials = Serials(row.first_serial, row.last_serial)
    return Piece(
        run.series.text(serials),
        serials.quantity_kg,
        row.state,
        row.changed_at,
        names.get(row.holder_id),
        row.lot,
        row.bound,
    )


def _issued(run: Run, issued: Row[Any], names: dict[int, str | None]) -> Moment:
    whole = run.series.serials
    holder, serial = names.get(issued.holder_id), run.series.text(whole)
    return Moment(issued.issued_at, "issue", serial, whole.quantity_kg, None, holder, None, None, False)


def _act(run: Run, row: Row[Any], names: dict[int, str | None]) -> Moment:
    serials = Serials(row.first_serial, row.last_serial)
    return Moment(
        row.acted_at,
        row.act,
        run.series.text(serials),
        serials.quantity_kg,
        names.get(row.from_holder_id),
        names.get(row.to_holder_id),
        row.reason,
        row.reference if row.act in _OPEN_REFERENCES or row.reason == HANDED_OVER else None,
        row.by_holder_id is None and row.operator_id is None,
    )


def _settled(run: Run, row: Row[Any], names: dict[int, str | None]) -> Moment:
    serials = Serials(row.first_serial, row.last_serial)
    holder = names.get(row.holder_id)
    return Moment(
        row.changed_at,
        "settle",
        run.series.text(serials),
        serials.quantity_kg,
        holder,
        holder,
        None,
        row.lot,
        False,
    )
