"""What operators do with partners: two agree on who may report what, and on each key; one can stop it."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.accounts.services import audit
from app.footprint import rules
from app.footprint.errors.partners import (
    KeyRegisteredBefore,
    PartnerCodeTaken,
    PartnerNeedsAnother,
    PartnerPastThis,
    PartnerTermsWait,
    PartnerUnknown,
)
from app.footprint.models import Partner, PartnerKey, PartnerSuspension, PartnerTerms
from app.footprint.queries import partners as known
from app.footprint.rules import PartnerFacts, PartnerFault
from app.kit import clock
from app.kit.database import db
from app.kit.message_signatures import is_low_order, key_id
from app.kit.messages import t
from app.kit.problems import Unreadable


def propose_partner(operator_id: int, facts: PartnerFacts, scenes: Mapping[str, int]) -> PartnerTerms:
    """Propose a partner with its first terms; nothing counts until another operator approves.

    Raises `Unreadable` naming the field, `PartnerCodeTaken`.
    """
    _refuse([*rules.partner_faults(facts), *_terms_faults(scenes)])
    partner = Partner(
        code=facts.code,
        kind=facts.kind,
        name_zh=facts.name_zh,
        name_en=facts.name_en,
        contact=facts.contact,
        proposed_by=operator_id,
        proposed_at=clock.now(),
    )
    try:
        with db.session.begin_nested():
            db.session.add(partner)
            db.session.flush()
    except IntegrityError as error:
        raise PartnerCodeTaken() from error
    audit.record(operator_id, "partner_proposed", facts.code, {"kind": facts.kind})
    return _propose(operator_id, partner, scenes)


def propose_terms(operator_id: int, code: str, scenes: Mapping[str, int]) -> PartnerTerms:
    """Propose other terms; those in force stand until another operator approves these.

    After a suspension this is the way back. Raises `Unreadable`, `PartnerUnknown`, `PartnerTermsWait`.
    """
    _refuse(_terms_faults(scenes))
    partner = _lock(code)
    if known.find_waiting_terms(partner.id) is not None:
        raise PartnerTermsWait()
    return _propose(operator_id, partner, scenes)


def decide_terms(operator_id: int, code: str, terms_id: int, approved: bool) -> PartnerTerms:
    """Approve the terms that were read, or turn them down.

    Raises `PartnerUnknown`, `PartnerPastThis` where others wait by now or, for an approval, the partner was
    suspended since; `PartnerNeedsAnother`.
    """
    partner = _lock(code)
    waiting = known.find_waiting_terms(partner.id)
    if waiting is None or waiting.id != terms_id or (approved and not known.can_be_approved(waiting)):
        raise PartnerPastThis()
    if waiting.proposed_by == operator_id:
        raise PartnerNeedsAnother()
    waiting.decided_by, waiting.decided_at, waiting.approved = operator_id, clock.now(), approved
    db.session.flush()
    verb = "approved" if approved else "declined"
    audit.record(operator_id, f"partner_terms_{verb}", code, {"scenes": dict(waiting.scenes)})
    return waiting


def suspend(operator_id: int, code: str, reason: str) -> None:
    """Stop a partner at once. Raises `PartnerUnknown`, `PartnerPastThis` where nothing of it counts."""
    partner = _lock(code)
    if known.scenes_in_force(partner.id) is None:
        raise PartnerPastThis()
    db.session.add(
        PartnerSuspension(
            partner_id=partner.id, reason=reason, suspended_by=operator_id, suspended_at=clock.now()
        )
    )
    db.session.flush()
    audit.record(operator_id, "partner_suspended", code, {"reason": reason})


def register_key(
    operator_id: int, code: str, public_key: bytes, valid_from: datetime, valid_until: datetime
) -> PartnerKey:
    """Register a raw Ed25519 public key; it is good from its day on, once another operator has confirmed it.

    Several keys may be good at once, so that a partner can change to the next one in its own time.
    Raises `Unreadable`, `PartnerUnknown`, `KeyRegisteredBefore`.
    """
    fault = rules.key_life_fault(valid_from, valid_until, clock.now())
    unfit = len(public_key) != 32 or is_low_order(public_key)
    no_key = PartnerFault("public_key", "footprint.field_public_key") if unfit else None
    _refuse([each for each in (no_key, fault) if each])
    key = PartnerKey(
        partner_id=_lock(code).id,
        kid=key_id(public_key),
        public_key=public_key,
        valid_from=valid_from,
        valid_until=valid_until,
        registered_by=operator_id,
        registered_at=clock.now(),
    )
    try:
        with db.session.begin_nested():
            db.session.add(key)
            db.session.flush()
    except IntegrityError as error:
        raise KeyRegisteredBefore() from error
    audit.record(operator_id, "partner_key_registered", code, {"kid": key.kid})
    return key


def confirm_key(operator_id: int, code: str, kid: str) -> PartnerKey:
    """Confirm, having read the key from the partner, what another registered.

    Raises `PartnerUnknown`, `PartnerPastThis`, `PartnerNeedsAnother`.
    """
    key = _lock_key(code, kid)
    if key.confirmed_at is not None:
        raise PartnerPastThis()
    if key.registered_by == operator_id:
        raise PartnerNeedsAnother()
    key.confirmed_by, key.confirmed_at = operator_id, clock.now()
    db.session.flush()
    audit.record(operator_id, "partner_key_confirmed", code, {"kid": kid})
    return key


def revoke_key(operator_id: int, code: str, kid: str) -> PartnerKey:
    """Let a key be good no more, at once and for ever. Raises `PartnerUnknown`, `PartnerPastThis`."""
    key = _lock_key(code, kid)
    key.revoked_by, key.revoked_at = operator_id, clock.now()
    db.session.flush()
    audit.record(operator_id, "partner_key_revoked", code, {"kid": kid})
    return key


def _propose(operator_id: int, partner: Partner, scenes: Mapping[str, int]) -> PartnerTerms:
    terms = PartnerTerms(
        partner_id=partner.id, scenes=dict(scenes), proposed_by=operator_id, proposed_at=clock.now()
    )
    db.session.add(terms)
    db.session.flush()
    audit.record(operator_id, "partner_terms_proposed", partner.code, {"scenes": dict(scenes)})
    return terms


def _lock(code: str) -> Partner:
    """The partner, held: neither another operator nor a batch of its passes meanwhile."""
    partner = db.session.scalar(select(Partner).where(Partner.code == code).with_for_update(key_share=True))
    if partner is None:
        raise PartnerUnknown()
    return partner


def _lock_key(code: str, kid: str) -> PartnerKey:
    """A key of this partner's that is not revoked."""
    partner = _lock(code)
    key = db.session.scalar(
        select(PartnerKey).where(PartnerKey.partner_id == partner.id, PartnerKey.kid == kid)
    )
    if key is None:
        raise PartnerUnknown()
    if key.revoked_at is not None:
        raise PartnerPastThis()
    return key


def _terms_faults(scenes: Mapping[str, int]) -> list[PartnerFault]:
    return rules.terms_faults(scenes, list(known.reportable_scenes()))


def _refuse(faults: list[PartnerFault]) -> None:
    if faults:
        raise Unreadable(
            errors=[
                {"pointer": f"#/{each.where}", "detail": t(each.message, **each.params)} for each in faults
            ]
        )
