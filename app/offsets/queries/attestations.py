"""Attestations as anyone may see them by their number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from app.kit.codes import read_code
from app.kit.database import db
from app.offsets.errors import AttestationUnknown
from app.offsets.models import Attestation, Cause


@dataclass(frozen=True)
class AttestationFacts:
    """What was attested, and whether it still stands; `replaced_by` is the number of the next one."""

    number: str
    cause_id: int
    purpose: str
    kind: str
    version: int
    facts: Mapping[str, Any]
    issued_at: datetime
    revoked_at: datetime | None
    revoked_reason: str | None
    replaced_by: str | None

    @property
    def written(self) -> str:
        """The number as people read it, in groups of four."""
        return "-".join(self.number[i : i + 4] for i in range(0, len(self.number), 4))

    @property
    def stands(self) -> bool:
        """Whether it was not revoked."""
        return self.revoked_at is None

    def claims(self) -> dict[str, Any]:
        """What is signed."""
        return {
            "number": self.number,
            "kind": self.kind,
            "version": self.version,
            "issued_at": self.issued_at.isoformat(timespec="seconds"),
            "facts": self.facts,
        }


def get_attestation(number: str) -> AttestationFacts:
    """The attestation with this number, written in any way people write it. Raises `AttestationUnknown`."""
    code = read_code(number)
    row = db.session.execute(_select().where(Attestation.number == code)).first() if code else None
    if row is None:
        raise AttestationUnknown()
    return _facts(row)


def find_standing(cause_id: int, kind: str) -> AttestationFacts | None:
    """What stands of a kind for a cause."""
    of_kind = (Attestation.cause_id == cause_id, Attestation.kind == kind, Attestation.revoked_at.is_(None))
    row = db.session.execute(_select().where(*of_kind)).first()
    return _facts(row) if row else None


@dataclass(frozen=True)
class Ever:
    """How often a cause was attested, and the number that stands."""

    versions: int = 0
    number: str | None = None


def ever_attested(cause_ids: Sequence[int], kind: str) -> dict[int, Ever]:
    """Of each of these causes that was ever attested to be of `kind`: how often, and what stands."""
    rows = db.session.execute(
        select(
            Attestation.cause_id,
            func.max(Attestation.version),
            func.max(Attestation.number).filter(Attestation.revoked_at.is_(None)),
        )
        .where(Attestation.cause_id.in_(cause_ids), Attestation.kind == kind)
        .group_by(Attestation.cause_id)
    )
    return {cause_id: Ever(versions, number) for cause_id, versions, number in rows}


def list_attestations(cause_id: int) -> Sequence[AttestationFacts]:
    """All that was ever attested of a cause, newest first."""
    of_cause = _select().where(Attestation.cause_id == cause_id).order_by(Attestation.id.desc())
    return [_facts(row) for row in db.session.execute(of_cause)]


def _select() -> Any:
    later = Attestation.__table__.alias("later")
    replaced_by = (
        select(later.c.number)
        .where(
            later.c.cause_id == Attestation.cause_id,
            later.c.kind == Attestation.kind,
            later.c.version == Attestation.version + 1,
        )
        .scalar_subquery()
    )
    of_cause = Cause.holder_id == Attestation.cause_id
    return select(Attestation, Cause.purpose, replaced_by).join(Cause, of_cause)


def _facts(row: Any) -> AttestationFacts:
    found, purpose, replaced_by = row
    return AttestationFacts(
        number=found.number,
        cause_id=found.cause_id,
        purpose=purpose,
        kind=found.kind,
        version=found.version,
        facts=found.facts,
        issued_at=found.issued_at,
        revoked_at=found.revoked_at,
        revoked_reason=found.revoked_reason,
        replaced_by=replaced_by,
    )
