"""Plantings as the members of their groups see them, and what is attested when they end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, text

from app.kit import clock
from app.kit.database import db
from app.kit.messages import LANGUAGES, t
from app.kit.proof import Proof, none
from app.offsets.queries import attestations, causes
from app.offsets.queries.cause_parts import Part, retirement_facts, sum_parts
from app.registry import queries as registry
from app.registry.queries import Listing
from app.rewards.errors.plantings import PlantingUnknown
from app.rewards.models.plantings import Planting, PlantingPledge
from app.rewards.queries import groups
from app.rewards.queries.groups import GroupFacts
from app.rewards.rules.plantings import Share, Status, Way, ends_on, pay_until, room_kg, status

PURPOSE = "planting"
"""The cause's purpose, and the kind of what is attested in the end."""


@dataclass(frozen=True)
class PlantingFacts:
    """A planting with its group, its forest and everybody's share; `parts` is what was ordered, by buyer."""

    id: int
    code: str
    group: GroupFacts
    organiser_id: int
    goal_kg: int
    lot: Listing
    way: Way
    last_day: date
    begun_at: datetime
    ready_at: datetime | None
    ended_at: datetime | None
    outcome: str | None
    shares: Mapping[int, Share]
    parts: Mapping[int, Part]
    attestation: str | None

    @property
    def status(self) -> Status:
        """Where it stands today."""
        return status(clock.business_day(), self.way, self.last_day, self._ready_on, self.outcome)

    @property
    def pay_until(self) -> date | None:
        """The last day on which one's own share can be paid; None while pledges are collected."""
        return pay_until(self.way, self.last_day, self._ready_on)

    @property
    def ends_on(self) -> date:
        """The last day of all."""
        return ends_on(self.way, self.last_day, self._ready_on)

    @property
    def pledged_kg(self) -> int:
        """What everybody has promised."""
        return sum(share.pledged_kg for share in self.shares.values())

    @property
    def taken_kg(self) -> int:
        """What is bought or being bought."""
        return sum(share.taken_kg for share in self.shares.values())

    @property
    def retired_kg(self) -> int:
        """What is forest already: retired, each part under its certificate."""
        return sum(part.retired_kg for part in self.parts.values())

    @property
    def price_fen(self) -> int:
        """What the whole goal costs at this forest's price."""
        return self.goal_kg // self.lot.terms.step_kg * self.lot.terms.price_fen_per_step

    def room_of(self, holder_id: int) -> int:
        """How much this member may order now."""
        own = self.shares.get(holder_id, Share())
        return room_kg(self.status, self.way, self.goal_kg, self.taken_kg, own)

    @property
    def _ready_on(self) -> date | None:
        return clock.business_day(self.ready_at) if self.ready_at else None


def get_planting(holder_id: int, code: str) -> PlantingFacts:
    """A planting of one's group, or that one began or has a part in. Raises `PlantingUnknown`."""
    cause = causes.find_cause(code)
    row = db.session.get(Planting, cause.id, populate_existing=True) if cause else None
    if row is None:
        raise PlantingUnknown()
    [found] = _assemble([row])
    concerned = {row.organiser_id, *found.shares}
    if holder_id not in concerned and not groups.is_member(row.group_id, holder_id):
        raise PlantingUnknown()
    return found


def get_by_id(planting_id: int) -> PlantingFacts:
    """A planting, whoever's: for services, and for rooms above. Raises NoResultFound."""
    return _assemble([db.session.get_one(Planting, planting_id, populate_existing=True)])[0]


def list_plantings(holder_id: int, limit: int, before: int | None = None) -> list[PlantingFacts]:
    """The plantings of this holder's groups, newest first; `before` is a planting's id."""
    of_mine = [group.id for group in groups.groups_of(holder_id)]
    wanted = select(Planting).where(Planting.group_id.in_(of_mine))
    if before is not None:
        wanted = wanted.where(Planting.cause_id < before)
    return _assemble(db.session.scalars(wanted.order_by(Planting.cause_id.desc()).limit(limit)).all())


def attested_facts(planting: PlantingFacts) -> dict[str, Any]:
    """What is attested of a planting that has ended: plain values, and nobody's name among them.

    Who belongs to a part, and what the group is called, may be taken back; what is signed may not.
    """
    retired = causes.list_retirements(planting.id)
    forests = [each.forest for each in retired]
    notes = dict.fromkeys(note for forest in forests for note in forest.notes)
    return {
        "group": planting.group.code,
        "group_kind": planting.group.kind,
        "goal_kg": planting.goal_kg,
        "planted_kg": planting.retired_kg,
        "reached": planting.retired_kg >= planting.goal_kg,
        "people": len({each.holder_id for each in retired}),
        "way": str(planting.way),
        "begun_on": clock.business_day(planting.begun_at).isoformat(),
        "ended_on": clock.business_day(planting.ended_at).isoformat(),
        "retirements": [retirement_facts(each) for each in retired],
        "sample": any(forest.sample for forest in forests),
        "notes": [{lang: t(note, lang) for lang in LANGUAGES} for note in notes],
    }


def list_parts(planting: PlantingFacts) -> Sequence[causes.CauseRetirement]:
    """Every part that is retired, in the order it was bought."""
    return causes.list_retirements(planting.id)


def _assemble(rows: Sequence[Planting]) -> list[PlantingFacts]:
    """Plantings with all that belongs to them, by as many questions for many as for one of each forest."""
    ids = [row.cause_id for row in rows]
    parts, codes = sum_parts(ids), causes.list_codes(ids)
    attested = attestations.ever_attested(ids, PURPOSE)
    known = groups.find_groups({row.group_id for row in rows})
    lots = {code: registry.get_lot(code) for code in {row.lot_code for row in rows}}
    promised: dict[int, dict[int, int]] = {each: {} for each in ids}
    for pledge in db.session.scalars(select(PlantingPledge).where(PlantingPledge.planting_id.in_(ids))):
        promised[pledge.planting_id][pledge.holder_id] = pledge.quantity_kg
    return [
        PlantingFacts(
            id=row.cause_id,
            code=codes[row.cause_id],
            group=known[row.group_id],
            organiser_id=row.organiser_id,
            goal_kg=row.goal_kg,
            lot=lots[row.lot_code],
            way=Way(row.way),
            last_day=row.last_day,
            begun_at=row.begun_at,
            ready_at=row.ready_at,
            ended_at=row.ended_at,
            outcome=row.outcome,
            shares=_shares(promised[row.cause_id], parts[row.cause_id]),
            parts=parts[row.cause_id],
            attestation=attested[row.cause_id].number if row.cause_id in attested else None,
        )
        for row in rows
    ]


def _shares(promised: Mapping[int, int], parts: Mapping[int, Part]) -> dict[int, Share]:
    """Everybody who has promised or ordered, with what each has to do with it."""
    nothing = Part(0, 0, 0)
    bought = {each: parts.get(each, nothing) for each in dict.fromkeys((*promised, *parts))}
    return {
        holder: Share(promised.get(holder, 0), part.reserved_kg, part.paid_kg)
        for holder, part in bought.items()
    }


_BEYOND = text(
    "SELECT count(*) FILTER (WHERE taken_kg > goal_kg) AS over_goal,"
    " count(*) FILTER (WHERE pledged_kg > goal_kg"
    "   OR (way = 'together' AND ready_at IS NOT NULL AND pledged_kg <> goal_kg)) AS mispledged,"
    " count(*) FILTER (WHERE ended_at IS NOT NULL AND outcome <> CASE WHEN retired_kg >= goal_kg"
    "   THEN 'reached' WHEN retired_kg > 0 THEN 'short' ELSE outcome END) AS misjudged,"
    " count(*) FILTER (WHERE ended_at IS NOT NULL AND (retired_kg > 0) <> attested) AS unattested"
    " FROM (SELECT p.*, coalesce((SELECT sum(quantity_kg) FROM orders WHERE cause_id = p.cause_id"
    "     AND expired_at IS NULL AND refunding_at IS NULL), 0) AS taken_kg,"
    "   coalesce((SELECT sum(quantity_kg) FROM orders JOIN retirement ON order_id = id"
    "     WHERE orders.cause_id = p.cause_id), 0) AS retired_kg,"
    "   coalesce((SELECT sum(quantity_kg) FROM planting_pledge WHERE planting_id = p.cause_id), 0)"
    "     AS pledged_kg,"
    "   EXISTS (SELECT FROM attestation a WHERE a.cause_id = p.cause_id AND revoked_at IS NULL) AS attested"
    "   FROM planting p) AS plantings"
)


def prove_plantings() -> list[Proof]:
    """No planting takes more than its goal, and each ended as its parts say."""
    return [none("rewards.prove_plantings", **db.session.execute(_BEYOND).one()._mapping)]
