"""How a partner's user becomes our holder: by a token that only this partner can use, and by consents."""

from collections.abc import Sequence

from sqlalchemy import select

from app.accounts import queries as accounts
from app.accounts import services as consents
from app.footprint.errors.partners import PartnerUnknown
from app.footprint.models import PartnerLink
from app.footprint.queries import partners as known
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.messages import t
from app.kit.problems import NotFound, Unreadable


def link_partner(holder_id: int, code: str, scenes: Sequence[str], version: str) -> PartnerLink:
    """Consent to these scenes from a partner and be given the token by which it may report.

    Linking again agrees to further scenes under the same token. Raises `PartnerUnknown` for one of which
    nothing counts, `Unreadable` for a scene that it may not report.
    """
    view = known.find_partner(code)
    if not view.scenes:
        raise PartnerUnknown()
    if not scenes or not set(scenes) <= set(view.scenes):
        raise Unreadable(errors=[{"pointer": "#/scenes", "detail": t("footprint.field_link_scenes")}])
    agreed = [scene for scene in _agreed(holder_id, code) if scene in scenes]
    for scene in dict.fromkeys([*agreed, *sorted(scenes)]):
        consents.grant_consent(holder_id, scene, code, version)
    # The consents' row locks on the holder have made two of the same person's requests queue.
    standing = _find(holder_id, view.partner.id)
    if standing is None:
        standing = PartnerLink(
            token=random_code(), partner_id=view.partner.id, holder_id=holder_id, linked_at=clock.now()
        )
        db.session.add(standing)
        db.session.flush()
    return standing


def end_link(holder_id: int, code: str) -> None:
    """Withdraw every consent for a partner and end its token for good; a new link gets another.

    What counted before stays. Raises `PartnerUnknown`, `NotFound` where there is no link.
    """
    view = known.find_partner(code)
    for scene in _agreed(holder_id, code):
        consents.withdraw_consent(holder_id, scene, code)
    standing = _find(holder_id, view.partner.id)
    if standing is None:
        raise NotFound()
    standing.ended_at = clock.now()
    db.session.flush()


def _agreed(holder_id: int, code: str) -> list[str]:
    """The scenes agreed to, in the order in which a batch locks their consents: the earliest first."""
    standing = [
        each
        for each in accounts.list_consents(holder_id)
        if each.source == code and each.withdrawn_at is None
    ]
    return [each.scene for each in sorted(standing, key=lambda each: each.id)]


def _find(holder_id: int, partner_id: int) -> PartnerLink | None:
    return db.session.scalar(
        select(PartnerLink).where(
            PartnerLink.holder_id == holder_id,
            PartnerLink.partner_id == partner_id,
            PartnerLink.ended_at.is_(None),
        )
    )
