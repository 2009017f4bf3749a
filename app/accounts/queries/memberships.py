"""Who may act in whose name.

`require_role` is the one check of a member, `may_act` the one question of whether somebody may do what the
owner of something may do; whatever belongs to a holder is asked for through one of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, text

from app.accounts.models import Holder, Invitation, Membership, Organisation, Verification
from app.accounts.rules import MEMBER_ROLES
from app.kit import clock, sealing
from app.kit.database import db
from app.kit.problems import NotAllowed, NotFound
from app.kit.proof import Proof, none


@dataclass(frozen=True)
class OrganisationFacts:
    """An organisation as its members see it."""

    id: int
    code: str
    told_name: str
    credit_code: str | None
    verified: bool
    founded: bool
    """By people; else operators opened it."""
    since: datetime

    @property
    def public_name(self) -> str | None:
        """The name that may be printed; None for one that nobody has verified."""
        return self.told_name if self.verified else None


@dataclass(frozen=True)
class Acting:
    """An organisation that somebody may act for, and as what."""

    organisation: OrganisationFacts
    role: str

    @property
    def permissions(self) -> frozenset[str]:
        """What they may do."""
        return MEMBER_ROLES[self.role]


@dataclass(frozen=True)
class MemberFacts:
    """A member as the others see them: by a code, and by what the organisation calls them."""

    holder_id: int
    code: str
    role: str
    label: str | None
    joined_at: datetime


def acting_for(holder_id: int) -> list[Acting]:
    """The organisations that this person may act for, the one they joined first before the others."""
    rows = db.session.execute(
        select(Organisation, Holder, Membership.role)
        .join(Holder, Holder.id == Organisation.holder_id)
        .join(Membership, Membership.organisation_id == Organisation.holder_id)
        .where(Membership.member_id == holder_id, Membership.ended_at.is_(None), Holder.closed_at.is_(None))
        .order_by(Membership.id)
    )
    return [Acting(_facts(organisation, holder), role) for organisation, holder, role in rows]


def may_act(holder_id: int, owner_id: int | None, permission: str = "causes") -> bool:
    """Whether somebody may do what the owner of something may do: it is theirs, or their organisation's.

    What has no owner is the operators'. An organisation itself (its API key) may act for itself.
    """
    if owner_id is None or holder_id == owner_id:
        return owner_id is not None
    role = db.session.scalar(
        select(Membership.role).where(
            Membership.organisation_id == owner_id,
            Membership.member_id == holder_id,
            Membership.ended_at.is_(None),
        )
    )
    return role is not None and permission in MEMBER_ROLES[role]


def require_role(holder_id: int, organisation: str, permission: str) -> Acting:
    """The organisation with this code, for a member who may do this.

    Raises `NotFound` for whoever is no member (and for what is none), `NotAllowed` for another role.
    """
    found = next((each for each in acting_for(holder_id) if each.organisation.code == organisation), None)
    if found is None:
        raise NotFound()
    if permission not in found.permissions:
        raise NotAllowed()
    return found


def get_organisation(organisation_id: int) -> OrganisationFacts:
    """An organisation by our own number. Raises `NotFound`."""
    return _one(Organisation.holder_id == organisation_id)


def get_organisation_by_code(code: str) -> OrganisationFacts:
    """An organisation by its code. Raises `NotFound`."""
    return _one(Holder.code == code)


def _one(condition: ColumnElement[bool]) -> OrganisationFacts:
    wanted = select(Organisation, Holder).join(Holder, Holder.id == Organisation.holder_id)
    row = db.session.execute(wanted.where(condition)).first()
    if row is None:
        raise NotFound()
    return _facts(*row)


def list_organisations(limit: int, before: int | None = None) -> list[OrganisationFacts]:
    """All organisations for operators, newest first; `before` is one's own number."""
    wanted = select(Organisation, Holder).join(Holder, Holder.id == Organisation.holder_id)
    if before is not None:
        wanted = wanted.where(Organisation.holder_id < before)
    rows = db.session.execute(wanted.order_by(Organisation.holder_id.desc()).limit(limit))
    return [_facts(*row) for row in rows]


def list_members(organisation_id: int) -> list[MemberFacts]:
    """Who is in, in the order of their joining."""
    rows = db.session.execute(
        select(Membership, Holder.code)
        .join(Holder, Holder.id == Membership.member_id)
        .where(Membership.organisation_id == organisation_id, Membership.ended_at.is_(None))
        .order_by(Membership.id)
    )
    return [
        MemberFacts(each.member_id, code, each.role, read_label(each), each.joined_at) for each, code in rows
    ]


def list_open_invitations(organisation_id: int) -> Sequence[Invitation]:
    """Links that still let somebody in, newest first."""
    wanted = select(Invitation).where(
        Invitation.organisation_id == organisation_id,
        Invitation.accepted_at.is_(None),
        Invitation.withdrawn_at.is_(None),
        Invitation.expires_at > clock.now(),
    )
    return db.session.scalars(wanted.order_by(Invitation.id.desc())).all()


def find_invitation(link_hash: bytes) -> tuple[Invitation, OrganisationFacts] | None:
    """An invitation that still lets somebody in, and to what, for whoever has its link."""
    invitation = db.session.scalar(select(Invitation).where(Invitation.link_hash == link_hash))
    over = invitation is None or invitation.accepted_at or invitation.withdrawn_at
    if invitation is None or over or invitation.expires_at <= clock.now():
        return None
    return invitation, get_organisation(invitation.organisation_id)


def read_label(row: Membership | Invitation) -> str | None:
    """What an organisation calls somebody."""
    if row.label_sealed is None:
        return None
    return sealing.unseal(row.label_sealed, f"member_label:{row.organisation_id}")


def list_verifications(organisation_id: int) -> Sequence[Verification]:
    """An organisation's wishes to be verified, newest first."""
    wanted = select(Verification).where(Verification.organisation_id == organisation_id)
    return db.session.scalars(wanted.order_by(Verification.id.desc()).limit(50)).all()


def list_open_verifications(limit: int = 200) -> list[tuple[Verification, OrganisationFacts]]:
    """Wishes that wait for an operator, oldest first."""
    rows = db.session.execute(
        select(Verification, Organisation, Holder)
        .join(Organisation, Organisation.holder_id == Verification.organisation_id)
        .join(Holder, Holder.id == Organisation.holder_id)
        .where(Verification.decided_at.is_(None))
        .order_by(Verification.id)
        .limit(limit)
    )
    return [(wish, _facts(organisation, holder)) for wish, organisation, holder in rows]


def count_open_verifications() -> int:
    """How many organisations wait for an operator."""
    return db.session.scalar(select(func.count()).where(Verification.decided_at.is_(None))) or 0


def _facts(organisation: Organisation, holder: Holder) -> OrganisationFacts:
    return OrganisationFacts(
        id=holder.id,
        code=holder.code,
        told_name=organisation.told_name,
        credit_code=organisation.credit_code,
        verified=organisation.verified_at is not None,
        founded=organisation.founded_by is not None,
        since=holder.created_at,
    )


_OWNERLESS = text(
    "SELECT count(*) FROM organisation o WHERE founded_by IS NOT NULL AND NOT EXISTS"
    " (SELECT FROM membership m WHERE m.organisation_id = o.holder_id AND role = 'owner'"
    " AND ended_at IS NULL)"
)
_NAMED = text(
    "SELECT count(*) FROM organisation o JOIN holder h ON h.id = o.holder_id"
    " WHERE (o.verified_at IS NULL) <> (h.name IS NULL)"
)
_TWICE = text(
    "SELECT count(*) FROM (SELECT credit_code FROM organisation WHERE credit_code IS NOT NULL"
    " GROUP BY 1 HAVING count(*) > 1) twice"
)


def prove() -> list[Proof]:
    """Every founded organisation has an owner; none shows a name that nobody verified."""
    ownerless, named, twice = (int(db.session.scalar(each) or 0) for each in (_OWNERLESS, _NAMED, _TWICE))
    return [
        none("accounts.prove_owners", organisations=ownerless),
        none("accounts.prove_verified", names=named, twice=twice),
    ]
