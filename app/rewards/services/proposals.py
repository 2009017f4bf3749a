"""What one operator proposes about a programme, and another approves: its opening, its tariffs, its end."""

from collections.abc import Callable, Mapping
from typing import Any

from psycopg import errors as pg
from sqlalchemy.exc import IntegrityError

from app.accounts import queries as accounts
from app.accounts.services import audit
from app.kit import clock
from app.kit.announcements import announce
from app.kit.database import db
from app.kit.messages import t
from app.registry.queries import regions
from app.rewards.announcements import TARIFF_ANNOUNCED
from app.rewards.errors import ProgrammeClosed, SameOperator
from app.rewards.errors.proposals import (
    ProposalDecided,
    ProposalUnknown,
    ProposalWaiting,
    SponsorUnverified,
    TermsRefused,
)
from app.rewards.models.proposals import ProgrammeProposal
from app.rewards.rules.proposals import (
    ProgrammeTerms,
    ProposalKind,
    TariffTerms,
    read_programme,
    read_tariff,
)
from app.rewards.services import programmes

SPONSORS = frozenset({"organisation", "village", "platform"})
"""Whose money a programme can be: holders of a public name; no other programme and no private home."""


def propose_programme(operator_id: int, terms: ProgrammeTerms) -> ProgrammeProposal:
    """Propose that a programme opens, with its first tariff.

    Raises `SponsorUnverified` for a sponsor without a public name of its own, `TermsRefused`,
    `TariffTooSoon`.
    """
    _require_sound(terms.fault or _unknown_region(terms))
    programmes.require_ahead(terms.tariff.valid_from, clock.business_day())
    _require_sponsor(terms.sponsor_id)
    return _propose(operator_id, ProposalKind.OPEN, None, terms.written(), terms.name)


def propose_tariff(operator_id: int, programme_id: int, terms: TariffTerms) -> ProgrammeProposal:
    """Propose a programme's next tariff, in force thirty days from now and after the last at the earliest.

    Raises `ProgrammeUnknown`, `ProgrammeClosed`, `ProposalWaiting`, `TermsRefused`, `TariffTooSoon`.
    """
    _require_sound(terms.fault)
    programme = _lock_open(programme_id)
    programmes.require_ahead(
        terms.valid_from, max(clock.business_day(), programmes.earliest_tariff(programme))
    )
    return _propose(operator_id, ProposalKind.TARIFF, programme_id, terms.written(), programme.code)


def propose_closing(operator_id: int, programme_id: int, reason: str) -> ProgrammeProposal:
    """Propose that a programme ends for good, for a reason that its page will say.

    Raises `ProgrammeUnknown`, `ProgrammeClosed`, `ProposalWaiting`.
    """
    programme = _lock_open(programme_id)
    return _propose(operator_id, ProposalKind.CLOSE, programme_id, {"reason": reason}, programme.code)


def approve(operator_id: int, proposal_id: int) -> int:
    """Let a proposal of somebody else's come true; returns the programme's id.

    Raises `ProposalUnknown`, `ProposalDecided`, `SameOperator`, and what has come between meanwhile.
    """
    proposal = _lock(proposal_id)
    if proposal.proposed_by == operator_id:
        raise SameOperator()
    programme_id = _APPLY[ProposalKind(proposal.kind)](operator_id, proposal)
    proposal.programme_id = programme_id
    _decide(proposal, operator_id, approved=True)
    return programme_id


def decline(operator_id: int, proposal_id: int) -> None:
    """Turn a proposal down; whoever made it may withdraw it so too.

    Raises `ProposalUnknown`, `ProposalDecided`.
    """
    _decide(_lock(proposal_id), operator_id, approved=False)


def _propose(
    operator_id: int, kind: ProposalKind, programme_id: int | None, terms: dict[str, Any], subject: str
) -> ProgrammeProposal:
    proposal = ProgrammeProposal(
        kind=kind.value,
        programme_id=programme_id,
        terms=terms,
        proposed_by=operator_id,
        proposed_at=clock.now(),
    )
    db.session.add(proposal)
    try:
        db.session.flush()
    except IntegrityError as error:
        if isinstance(error.orig, pg.UniqueViolation):
            raise ProposalWaiting() from error
        raise
    audit.record(operator_id, f"programme_{kind}_proposed", subject, {"proposal": proposal.id})
    return proposal


def _require_sound(fault: str | None) -> None:
    if fault is not None:
        raise TermsRefused(errors=[{"pointer": f"#/{fault}", "detail": t(f"rewards.term_{fault}")}])


def _require_sponsor(holder_id: int) -> None:
    holder = accounts.list_holders([holder_id])[holder_id]
    if holder.kind not in SPONSORS or not holder.name or holder.closed_at is not None:
        raise SponsorUnverified()


def _unknown_region(terms: ProgrammeTerms) -> str | None:
    known = terms.region is None or terms.region in regions.list_names([terms.region])
    return None if known else "region"


def _lock_open(programme_id: int) -> Any:
    programme = programmes.lock_programme(programme_id)
    if programme.closed_at is not None:
        raise ProgrammeClosed()
    return programme


def _lock(proposal_id: int) -> ProgrammeProposal:
    found = db.session.get(ProgrammeProposal, proposal_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise ProposalUnknown()
    if found.decided_at is not None:
        raise ProposalDecided()
    return found


def _decide(proposal: ProgrammeProposal, operator_id: int, *, approved: bool) -> None:
    proposal.decided_by, proposal.decided_at, proposal.approved = operator_id, clock.now(), approved
    db.session.flush()
    word = "approved" if approved else "declined"
    audit.record(operator_id, f"programme_{proposal.kind}_{word}", f"proposal:{proposal.id}")


def _open(operator_id: int, proposal: ProgrammeProposal) -> int:
    terms = read_programme(proposal.terms)
    _require_sponsor(terms.sponsor_id)
    opened = programmes.open_programme(
        operator_id,
        terms.sponsor_id,
        terms.name,
        terms.begins_on,
        ends_on=terms.ends_on,
        region=terms.region,
        pays_for=terms.pays_for,
    )
    _announce(operator_id, opened.holder_id, terms.tariff)
    return opened.holder_id


def _change(operator_id: int, proposal: ProgrammeProposal) -> int:
    programme_id = _of(proposal)
    version = _announce(operator_id, programme_id, read_tariff(proposal.terms))
    announce(TARIFF_ANNOUNCED, {"programme_id": programme_id, "version": version})
    return programme_id


def _close(operator_id: int, proposal: ProgrammeProposal) -> int:
    return programmes.close_programme(operator_id, _of(proposal)).holder_id


def _announce(operator_id: int, programme_id: int, terms: TariffTerms) -> int:
    return programmes.announce_tariff(
        operator_id,
        programme_id,
        terms.valid_from,
        terms.grams_per_point,
        scenes=terms.scenes,
        pending_days=terms.pending_days,
        life_months=terms.life_months,
    ).version


def _of(proposal: ProgrammeProposal) -> int:
    assert proposal.programme_id is not None
    return proposal.programme_id


_APPLY: Mapping[ProposalKind, Callable[[int, ProgrammeProposal], int]] = {
    ProposalKind.OPEN: _open,
    ProposalKind.TARIFF: _change,
    ProposalKind.CLOSE: _close,
}
"""What an approved proposal does."""
