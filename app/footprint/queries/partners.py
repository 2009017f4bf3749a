"""What can be known of partners: terms in force, keys, batches; and of the links of people to them."""

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text

from app.footprint.errors.partners import PartnerUnknown
from app.footprint.models import (
    Partner,
    PartnerBatch,
    PartnerKey,
    PartnerLink,
    PartnerSuspension,
    PartnerTerms,
)
from app.footprint.queries.catalogue import list_scenes
from app.footprint.rules import PARTNER, is_partner_code
from app.kit import clock
from app.kit.database import array, db, text_array
from app.kit.messages import language
from app.kit.problems import NotFound

_IN_FORCE = text(
    "SELECT scenes FROM partner_terms WHERE partner_id = :partner AND approved AND proposed_at > coalesce("
    "   (SELECT max(suspended_at) FROM partner_suspension s WHERE s.partner_id = :partner), '-infinity')"
    " ORDER BY decided_at DESC, id DESC LIMIT 1"
)
_FULL = text("SELECT scene, items FROM partner_day WHERE partner_id = :partner AND day = :day")
_LINKS = text(
    "SELECT token, holder_id FROM partner_link"
    " WHERE token = ANY(CAST(:tokens AS text[])) AND partner_id = :partner AND ended_at IS NULL"
)
_EARLIER = text(
    "SELECT item, fingerprint FROM partner_item"
    " WHERE partner_id = :partner AND item = ANY(CAST(:items AS text[]))"
)
_RIDES = text("SELECT key FROM trip_key WHERE key = ANY(CAST(:keys AS bytea[]))")
# OFFSET 0 lets the index be asked once for each holder, whatever the planner believes of a young table.
_STANDING = text(
    "SELECT holder_id, taken.begins, taken.ends"
    " FROM unnest(CAST(:begins AS bigint[]), CAST(:ends AS bigint[])) AS span(begins, ends)"
    " CROSS JOIN LATERAL (SELECT holder_id, lower(trip) AS begins, upper(trip) AS ends FROM action"
    "   WHERE trip && int8range(span.begins, span.ends) AND withdrawn_at IS NULL AND trip IS NOT NULL"
    "   OFFSET 0) taken ORDER BY holder_id, taken.begins"
)
_EFFECT = text(
    "SELECT scene, count(*) AS actions, sum(avoided_g)::bigint AS avoided_g, max(recorded_at) AS last_at"
    " FROM action WHERE holder_id = :holder AND source = :source AND withdrawn_at IS NULL GROUP BY scene"
)


@dataclass(frozen=True)
class PartnerView:
    """A partner with the terms in force; None where nothing of it counts at present."""

    partner: Partner
    scenes: dict[str, int] | None

    @property
    def name(self) -> str:
        """Its name in the reader's language."""
        return self.partner.name_zh if language() == "zh" else self.partner.name_en


@dataclass(frozen=True)
class SceneEffect:
    """What one scene of one partner's has given a holder, and whether they still agree to it."""

    scene: str
    offered: bool
    consented_at: datetime | None
    withdrawn_at: datetime | None
    actions: int
    avoided_g: int


@dataclass(frozen=True)
class BatchResult:
    """A batch and what became of each of its items, in their order; `new` when it was taken just now."""

    batch: PartnerBatch
    new: bool = False

    @property
    def results(self) -> list[list[Any]]:
        """Item's id, status, reason and field, as they were decided."""
        decided: list[list[Any]] = json.loads(zlib.decompress(self.batch.results))
        return decided


def reportable_scenes() -> dict[str, str]:
    """The scenes that a partner can report at all, with their names in the reader's language."""
    return {
        each.method.scene: each.document[f"scene_{language()}"]
        for each in list_scenes()
        if PARTNER in each.method.sources
    }


def scenes_in_force(partner_id: int) -> dict[str, int] | None:
    """The most items a day of each scene; None where nothing counts."""
    found = db.session.execute(_IN_FORCE, {"partner": partner_id}).one_or_none()
    return dict(found.scenes) if found else None


def find_partner(code: str) -> PartnerView:
    """A partner whatever its state. Raises `PartnerUnknown`."""
    asked = select(Partner).where(Partner.code == code)
    partner = db.session.scalar(asked) if is_partner_code(code) else None
    if partner is None:
        raise PartnerUnknown()
    return PartnerView(partner, scenes_in_force(partner.id))


def partner_names() -> dict[str, str]:
    """The names of all partners by the code that stands as source of actions and consents."""
    return {each.code: PartnerView(each, None).name for each in db.session.scalars(select(Partner))}


def list_partners(open_only: bool = False) -> list[PartnerView]:
    """All partners by code, or those of which something counts."""
    partners = db.session.scalars(select(Partner).order_by(Partner.code)).all()
    views = [PartnerView(each, scenes_in_force(each.id)) for each in partners]
    return [each for each in views if each.scenes or not open_only]


def find_waiting_terms(partner_id: int) -> PartnerTerms | None:
    """What waits for another operator; one proposal at a time."""
    asked = select(PartnerTerms).where(
        PartnerTerms.partner_id == partner_id, PartnerTerms.decided_at.is_(None)
    )
    return db.session.scalar(asked)


def can_be_approved(terms: PartnerTerms) -> bool:
    """Whether nothing stopped the partner since these were proposed: the way back takes two people anew."""
    asked = select(func.max(PartnerSuspension.suspended_at)).where(
        PartnerSuspension.partner_id == terms.partner_id
    )
    stopped_at = db.session.scalar(asked)
    return stopped_at is None or terms.proposed_at > stopped_at


def list_suspensions(partner_id: int) -> Sequence[PartnerSuspension]:
    """When and why it was stopped, the latest first."""
    asked = select(PartnerSuspension).where(PartnerSuspension.partner_id == partner_id)
    return db.session.scalars(asked.order_by(PartnerSuspension.id.desc())).all()


def list_keys(partner_id: int) -> Sequence[PartnerKey]:
    """All keys, the latest first."""
    asked = select(PartnerKey).where(PartnerKey.partner_id == partner_id)
    return db.session.scalars(asked.order_by(PartnerKey.id.desc())).all()


def get_partner(partner_id: int) -> Partner:
    """The partner that a key names."""
    return db.session.get_one(Partner, partner_id)


def is_good(key: PartnerKey, now: datetime) -> bool:
    """Whether letters signed with this key are taken at this moment."""
    return key.confirmed_at is not None and key.revoked_at is None and key.valid_from <= now < key.valid_until


def get_key(key_id: int) -> PartnerKey:
    """A key as it stands at this moment."""
    return db.session.get_one(PartnerKey, key_id, populate_existing=True)


def find_key(kid: str) -> PartnerKey | None:
    """The key of this name, whatever its state."""
    return db.session.scalar(select(PartnerKey).where(PartnerKey.kid == kid))


def list_batches(partner_id: int, limit: int, before: int | None = None) -> Sequence[PartnerBatch]:
    """A partner's batches, the latest first."""
    asked = select(PartnerBatch).where(PartnerBatch.partner_id == partner_id)
    if before is not None:
        asked = asked.where(PartnerBatch.id < before)
    return db.session.scalars(asked.order_by(PartnerBatch.id.desc()).limit(limit)).all()


def find_batch(partner_id: int, name: str) -> PartnerBatch | None:
    """A partner's batch by its own name."""
    return db.session.scalar(
        select(PartnerBatch).where(PartnerBatch.partner_id == partner_id, PartnerBatch.name == name)
    )


def get_batch(partner_id: int, name: str) -> BatchResult:
    """A partner's batch with its results. Raises `NotFound`, for another partner's too."""
    found = find_batch(partner_id, name)
    if found is None:
        raise NotFound()
    return BatchResult(found)


def count_waiting_partners() -> int:
    """Terms and keys that wait for another operator."""
    terms = select(func.count()).where(PartnerTerms.decided_at.is_(None))
    keys = select(func.count()).where(PartnerKey.confirmed_at.is_(None), PartnerKey.revoked_at.is_(None))
    return int(db.session.scalar(terms) or 0) + int(db.session.scalar(keys) or 0)


def counted_today(partner_id: int) -> dict[str, int]:
    """How many items of each scene a partner had counted today."""
    rows = db.session.execute(_FULL, {"partner": partner_id, "day": clock.business_day()})
    return {row.scene: row.items for row in rows}


def find_holders(partner_id: int, tokens: Iterable[str]) -> dict[str, int]:
    """The holders behind these pseudonyms of a partner's, as far as they stand."""
    rows = db.session.execute(_LINKS, {"partner": partner_id, "tokens": array(set(tokens))})
    return {row.token: row.holder_id for row in rows}


def find_items(partner_id: int, items: Iterable[str]) -> dict[str, bytes]:
    """The fingerprints of those of these items that counted before."""
    rows = db.session.execute(_EARLIER, {"partner": partner_id, "items": text_array(set(items))})
    return {row.item: bytes(row.fingerprint) for row in rows}


def find_rides(keys: Iterable[bytes]) -> frozenset[bytes]:
    """Those of these ride keys that are counted."""
    asked = array_of_bytes(set(keys))
    return frozenset(bytes(row.key) for row in db.session.execute(_RIDES, {"keys": asked}))


def array_of_bytes(keys: Iterable[bytes]) -> str:
    """An array literal of byte strings."""
    return text_array(f"\\x{key.hex()}" for key in keys)


def find_standing(spans: Mapping[int, tuple[int, int]]) -> dict[int, list[tuple[int, int]]]:
    """Each holder's standing trips within a span of minutes, in their order."""
    values = {
        "begins": array(begins for begins, _ in spans.values()),
        "ends": array(ends for _, ends in spans.values()),
    }
    found: dict[int, list[tuple[int, int]]] = {}
    for row in db.session.execute(_STANDING, values):
        found.setdefault(row.holder_id, []).append((row.begins, row.ends))
    return found


def list_links(holder_id: int) -> list[tuple[PartnerLink, PartnerView]]:
    """A holder's links that stand, the latest first."""
    asked = (
        select(PartnerLink, Partner)
        .join(Partner, Partner.id == PartnerLink.partner_id)
        .where(PartnerLink.holder_id == holder_id, PartnerLink.ended_at.is_(None))
    )
    rows = db.session.execute(asked.order_by(PartnerLink.id.desc())).all()
    return [(link, PartnerView(partner, scenes_in_force(partner.id))) for link, partner in rows]


def effect_of(holder_id: int, view: PartnerView, consents: Iterable[Any]) -> list[SceneEffect]:
    """What each scene of a partner's gave a holder; `consents` are all of theirs, the newest first."""
    given = {
        row.scene: row
        for row in db.session.execute(_EFFECT, {"holder": holder_id, "source": view.partner.code})
    }
    latest: dict[str, Any] = {}
    for consent in consents:
        if consent.source == view.partner.code:
            latest.setdefault(consent.scene, consent)
    scenes = dict.fromkeys([*(view.scenes or {}), *latest, *given])
    return [
        SceneEffect(
            scene,
            scene in (view.scenes or {}),
            latest[scene].granted_at if scene in latest else None,
            latest[scene].withdrawn_at if scene in latest else None,
            given[scene].actions if scene in given else 0,
            int(given[scene].avoided_g) if scene in given else 0,
        )
        for scene in scenes
    ]
