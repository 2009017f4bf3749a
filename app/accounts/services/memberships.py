"""Who may act for an organisation: founding it, letting people in, letting them go.

Whoever changes who is in locks the organisation's row first, so that two owners who leave at once are one
after the other, and an invitation that two people open at once lets one of them in.
"""

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import func, select, update

from app.accounts import rules
from app.accounts.announcements import ORGANISATION_CHANGED
from app.accounts.errors import (
    AlreadyMember,
    InvitationUnknown,
    LastOwner,
    OwnerThere,
    TooManyInvitations,
    TooManyOrganisations,
)
from app.accounts.models import ApiKey, Holder, Invitation, Membership, Organisation
from app.accounts.queries.memberships import may_act
from app.accounts.services import audit, notices
from app.accounts.services.holders import open_holder
from app.kit import clock, sealing
from app.kit.announcements import announce
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.problems import NotAllowed, NotFound

MOST_UNVERIFIED = 5
LABEL = "member_label:{}"
"""The context under which what an organisation calls a person is sealed: with the organisation's id."""


@dataclass(frozen=True)
class Invited:
    """An invitation and its link's secret, which is shown only now."""

    invitation: Invitation
    secret: str


def found(holder_id: int, name: str, region: str | None = None) -> Holder:
    """Open an organisation's books; whoever founds it is its first owner. Raises `TooManyOrganisations`.

    Its holder has no name until operators have verified it.
    """
    db.session.execute(select(Holder.id).where(Holder.id == holder_id).with_for_update())
    unverified = select(func.count()).where(
        Organisation.founded_by == holder_id, Organisation.verified_at.is_(None)
    )
    if (db.session.scalar(unverified) or 0) >= MOST_UNVERIFIED:
        raise TooManyOrganisations(most=MOST_UNVERIFIED)
    holder = open_holder("organisation", None, region)
    db.session.add(Organisation(holder_id=holder.id, told_name=name, founded_by=holder_id))
    db.session.flush()
    _join(holder.id, holder_id, "owner", None)
    return holder


def invite(organisation_id: int, invited_by: int, role: str, label: str | None = None) -> Invited:
    """Make a link that lets one person in as `role`. Raises `NotAllowed`, `TooManyInvitations`."""
    _lock(organisation_id)
    require_still(organisation_id, invited_by, "members")
    return _invite(organisation_id, role, label, invited_by)


def invite_owner(operator_id: int, organisation_id: int) -> Invited:
    """Make the link by which an organisation that operators opened gets its first owner. Raises `OwnerThere`.

    No operator comes into what people founded.
    """
    if _lock(organisation_id).founded_by is not None or _standing(organisation_id):
        raise OwnerThere()
    invited = _invite(organisation_id, "owner", None, None)
    audit.record(operator_id, "owner_invited", db.session.get_one(Holder, organisation_id).code)
    return invited


def withdraw_invitation(organisation_id: int, code: str) -> None:
    """Let a link not work any more. Raises `InvitationUnknown`."""
    _lock(organisation_id)
    invitation = db.session.scalar(
        select(Invitation).where(Invitation.code == code, Invitation.organisation_id == organisation_id)
    )
    if invitation is None or not is_open(invitation):
        raise InvitationUnknown()
    invitation.withdrawn_at = clock.now()


def accept(holder_id: int, secret: str) -> Membership:
    """Join by a link; it works once, an operator's for the first owner only.

    Raises `InvitationUnknown`, `AlreadyMember`, `TooManyInvitations`.
    """
    invitation = db.session.scalar(select(Invitation).where(Invitation.link_hash == hash_of(secret)))
    if invitation is None:
        raise InvitationUnknown()
    _lock(invitation.organisation_id)
    db.session.refresh(invitation)
    if not is_open(invitation):
        raise InvitationUnknown()
    standing = _standing(invitation.organisation_id)
    if invitation.invited_by is None and standing:
        raise InvitationUnknown()
    if any(each.member_id == holder_id for each in standing):
        raise AlreadyMember()
    if len(standing) >= rules.MOST_MEMBERS:
        raise TooManyInvitations(members=rules.MOST_MEMBERS, invitations=rules.MOST_INVITATIONS)
    invitation.accepted_by, invitation.accepted_at = holder_id, clock.now()
    return _join(invitation.organisation_id, holder_id, invitation.role, invitation.label_sealed)


def change_role(organisation_id: int, member_code: str, role: str) -> Membership:
    """Give a member another role; what they made and may make no more, keys and links, ends.

    Raises `NotFound`, and `LastOwner` for the only owner.
    """
    membership = _find(organisation_id, member_code)
    if membership.role == "owner" and role != "owner":
        _require_another_owner(membership)
    membership.role = role
    db.session.flush()
    if "keys" not in rules.MEMBER_ROLES[role]:
        _end_keys_of(membership)
    if "members" not in rules.MEMBER_ROLES[role]:
        _withdraw_links_of(membership)
    _tell(organisation_id, "member.changed", member_code)
    return membership


def remove(organisation_id: int, member_code: str, removed_by: int) -> Membership:
    """Let a member go: somebody removes them, or they leave by themselves. Keys and links they made end.

    Raises `NotFound`, and `LastOwner` for the only owner.
    """
    membership = _find(organisation_id, member_code)
    if membership.role == "owner":
        _require_another_owner(membership)
    membership.ended_at, membership.ended_by = clock.now(), removed_by
    db.session.flush()
    _end_keys_of(membership)
    _withdraw_links_of(membership)
    if removed_by != membership.member_id:
        organisation = db.session.get_one(Organisation, organisation_id)
        told = {"name": organisation.told_name}
        notices.tell([membership.member_id], "accounts.notice_removed", f"member:{membership.id}", **told)
    _tell(organisation_id, "member.left", member_code)
    return membership


def _end_keys_of(membership: Membership) -> None:
    """Revoke what a member has made and may know: whoever leaves takes nothing along."""
    made = (
        ApiKey.organisation_id == membership.organisation_id,
        ApiKey.created_by == membership.member_id,
        ApiKey.revoked_at.is_(None),
    )
    prefixes = db.session.scalars(
        update(ApiKey).where(*made).values(revoked_at=clock.now()).returning(ApiKey.prefix)
    )
    for prefix in prefixes.all():
        _tell(membership.organisation_id, "key.revoked", prefix)


def _withdraw_links_of(membership: Membership) -> None:
    """Let no link work any more that a member has made and may know: nobody comes back through one."""
    waiting = (
        Invitation.organisation_id == membership.organisation_id,
        Invitation.invited_by == membership.member_id,
        Invitation.accepted_at.is_(None),
        Invitation.withdrawn_at.is_(None),
    )
    db.session.execute(update(Invitation).where(*waiting).values(withdrawn_at=clock.now()))


def require_still(organisation_id: int, member_id: int, permission: str) -> None:
    """Refuse a member who was let go between asking and the organisation's lock. Raises `NotAllowed`."""
    if not may_act(member_id, organisation_id, permission):
        raise NotAllowed()


def is_open(invitation: Invitation) -> bool:
    """Whether an invitation still lets somebody in."""
    over = invitation.accepted_at or invitation.withdrawn_at
    return over is None and invitation.expires_at > clock.now()


def hash_of(secret: str) -> bytes:
    """What a link or a key is found or known by."""
    return hashlib.sha256(secret.encode()).digest()


def _invite(organisation_id: int, role: str, label: str | None, invited_by: int | None) -> Invited:
    waiting = select(func.count()).where(
        Invitation.organisation_id == organisation_id,
        Invitation.accepted_at.is_(None),
        Invitation.withdrawn_at.is_(None),
        Invitation.expires_at > clock.now(),
    )
    if (db.session.scalar(waiting) or 0) >= rules.MOST_INVITATIONS:
        raise TooManyInvitations(members=rules.MOST_MEMBERS, invitations=rules.MOST_INVITATIONS)
    secret = secrets.token_urlsafe(24)
    invitation = Invitation(
        code=random_code(),
        organisation_id=organisation_id,
        role=role,
        label_sealed=sealing.seal(label, LABEL.format(organisation_id)) if label else None,
        link_hash=hash_of(secret),
        invited_by=invited_by,
        invited_at=clock.now(),
        expires_at=clock.now() + rules.INVITATION_LIFE,
    )
    db.session.add(invitation)
    db.session.flush()
    return Invited(invitation, secret)


def _join(organisation_id: int, holder_id: int, role: str, label_sealed: bytes | None) -> Membership:
    membership = Membership(
        organisation_id=organisation_id,
        member_id=holder_id,
        role=role,
        label_sealed=label_sealed,
        joined_at=clock.now(),
    )
    db.session.add(membership)
    db.session.flush()
    _tell(organisation_id, "member.joined", db.session.get_one(Holder, holder_id).code)
    return membership


def _tell(organisation_id: int, kind: str, subject: str) -> None:
    announce(ORGANISATION_CHANGED, {"organisation_id": organisation_id, "kind": kind, "subject": subject})


def _lock(organisation_id: int) -> Organisation:
    return db.session.get_one(Organisation, organisation_id, with_for_update=True, populate_existing=True)


def _standing(organisation_id: int) -> list[Membership]:
    standing = select(Membership).where(
        Membership.organisation_id == organisation_id, Membership.ended_at.is_(None)
    )
    return list(db.session.scalars(standing.execution_options(populate_existing=True)))


def _find(organisation_id: int, member_code: str) -> Membership:
    _lock(organisation_id)
    member = db.session.scalar(select(Holder.id).where(Holder.code == member_code))
    found = next((each for each in _standing(organisation_id) if each.member_id == member), None)
    if found is None:
        raise NotFound()
    return found


def _require_another_owner(membership: Membership) -> None:
    others = (each for each in _standing(membership.organisation_id) if each.id != membership.id)
    if not any(each.role == "owner" for each in others):
        raise LastOwner()
