"""Challenges as anyone with their link sees them: who takes part, how they stand, what is promised."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, func, or_, select, text

from app.kit import clock
from app.kit.database import db
from app.kit.proof import Proof, none
from app.rewards.errors.challenges import ChallengeUnknown
from app.rewards.models.challenges import Challenge, ChallengeGroup, ChallengeMember
from app.rewards.queries import groups
from app.rewards.queries.groups import GroupFacts
from app.rewards.rules.challenge_themes import Theme, themes
from app.rewards.rules.challenges import Measure, Status, Tally, final_on, status


@dataclass(frozen=True)
class Entry:
    """A group that takes part; before the start its `tally` is empty and it has no place."""

    group: GroupFacts
    entered_at: datetime
    tally: Tally
    score: int
    place: int | None


@dataclass(frozen=True)
class ChallengeFacts:
    """A challenge and its groups, the first of them first."""

    id: int
    code: str
    theme: Theme
    organiser_id: int | None
    measure: Measure
    group_kind: str | None
    listed: bool
    first_day: date
    last_day: date
    called_at: datetime
    started_at: datetime | None
    counted_at: datetime | None
    decided_at: datetime | None
    called_off_at: datetime | None
    called_off_reason: str | None
    entries: tuple[Entry, ...]

    @property
    def status(self) -> Status:
        """Where it stands today."""
        return status(
            clock.business_day(),
            self.first_day,
            self.last_day,
            started=self.started_at is not None,
            decided=self.decided_at is not None,
            called_off=self.called_off_at is not None,
        )

    @property
    def final_on(self) -> date:
        """The day on which its result is written down for ever."""
        return final_on(self.last_day)

    def has(self, group_id: int) -> bool:
        """Whether this group takes part."""
        return any(each.group.id == group_id for each in self.entries)


def get_challenge(code: str) -> ChallengeFacts:
    """The challenge with this code, for whoever has it. Raises `ChallengeUnknown`."""
    found = _assemble(Challenge.code == code, 1) if code.isascii() and code.isalnum() else []
    if not found:
        raise ChallengeUnknown()
    return found[0]


def get_by_id(challenge_id: int) -> ChallengeFacts:
    """A challenge by its id, for services."""
    return _assemble(Challenge.id == challenge_id, 1)[0]


def list_listed(limit: int, before: int | None = None) -> list[ChallengeFacts]:
    """Challenges that anyone may find, newest first; `before` is a challenge's id."""
    return _assemble(Challenge.listed.is_(True), limit, before)


def list_all(limit: int, before: int | None = None) -> list[ChallengeFacts]:
    """Every challenge, newest first: for operators."""
    return _assemble(Challenge.id > 0, limit, before)


def list_of(holder_id: int, limit: int, before: int | None = None) -> list[ChallengeFacts]:
    """Challenges that somebody called, or that a group of theirs takes part in, newest first."""
    mine = [group.id for group in groups.groups_of(holder_id)]
    entered = select(ChallengeGroup.challenge_id).where(ChallengeGroup.group_id.in_(mine))
    return _assemble(or_(Challenge.organiser_id == holder_id, Challenge.id.in_(entered)), limit, before)


def find_place(challenge_id: int, holder_id: int) -> ChallengeMember | None:
    """Somebody's place on the roster, also one that they have given up."""
    of_holder = (ChallengeMember.challenge_id == challenge_id, ChallengeMember.holder_id == holder_id)
    return db.session.scalar(select(ChallengeMember).where(*of_holder))


def list_roster(challenge_id: int, group_ids: Collection[int] | None = None) -> Sequence[ChallengeMember]:
    """Who is counted: those on the roster who have not stepped out, of these groups or of all."""
    wanted = select(ChallengeMember).where(
        ChallengeMember.challenge_id == challenge_id, ChallengeMember.stepped_out_at.is_(None)
    )
    if group_ids is not None:
        wanted = wanted.where(ChallengeMember.group_id.in_(group_ids))
    return db.session.scalars(wanted.order_by(ChallengeMember.id)).all()


def list_codes(place_ids: Collection[int]) -> dict[int, str]:
    """The codes of the challenges on whose rosters these places are, by place."""
    wanted = select(ChallengeMember.id, Challenge.code).join(
        Challenge, Challenge.id == ChallengeMember.challenge_id
    )
    rows = db.session.execute(wanted.where(ChallengeMember.id.in_(place_ids)))
    return {row.id: row.code for row in rows}


def count_heads(challenge_id: int) -> dict[int, int]:
    """How many each group's roster had on the first day: the divisor, whoever has stepped out since."""
    counted = (
        select(ChallengeMember.group_id, func.count().label("heads"))
        .where(ChallengeMember.challenge_id == challenge_id)
        .group_by(ChallengeMember.group_id)
    )
    return {row.group_id: row.heads for row in db.session.execute(counted)}


def _assemble(which: ColumnElement[bool], limit: int, before: int | None = None) -> list[ChallengeFacts]:
    wanted = select(Challenge).where(which).order_by(Challenge.id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(Challenge.id < before)
    rows = db.session.scalars(wanted.execution_options(populate_existing=True)).all()
    entered = select(ChallengeGroup).where(ChallengeGroup.challenge_id.in_([row.id for row in rows]))
    entries = db.session.scalars(
        entered.order_by(
            ChallengeGroup.place.nulls_last(), ChallengeGroup.entered_at, ChallengeGroup.group_id
        ),
        execution_options={"populate_existing": True},
    ).all()
    known = groups.find_groups({each.group_id for each in entries})
    return [
        _facts(row, [_entry(each, known[each.group_id]) for each in entries if each.challenge_id == row.id])
        for row in rows
    ]


def _entry(row: ChallengeGroup, group: GroupFacts) -> Entry:
    tally = Tally(row.members, row.active_members, row.avoided_g, row.active_days)
    return Entry(group, row.entered_at, tally, row.score, row.place)


def _facts(row: Challenge, entries: Sequence[Entry]) -> ChallengeFacts:
    same = (
        "id",
        "code",
        "organiser_id",
        "group_kind",
        "listed",
        "first_day",
        "last_day",
        "called_at",
        "started_at",
        "counted_at",
        "decided_at",
        "called_off_at",
        "called_off_reason",
    )
    return ChallengeFacts(
        theme=themes()[row.theme],
        measure=Measure(row.measure),
        entries=tuple(entries),
        **{name: getattr(row, name) for name in same},
    )


_FAULTS = text(
    "SELECT (SELECT count(*) FROM challenge_group g JOIN challenge c ON c.id = challenge_id"
    "   WHERE c.started_at IS NOT NULL AND g.place IS NOT NULL"
    "    AND members <> (SELECT count(*) FROM challenge_member m WHERE m.challenge_id = c.id"
    "     AND m.group_id = g.group_id)) AS rosters,"
    " (SELECT count(*) FROM challenge_group g JOIN challenge c ON c.id = challenge_id"
    "   WHERE c.decided_at IS NOT NULL AND place IS DISTINCT FROM 1 + (SELECT count(*)"
    "    FROM challenge_group o WHERE o.challenge_id = c.id AND o.score > g.score)) AS places,"
    " (SELECT count(*) FROM challenge_reward r JOIN challenge c ON c.id = challenge_id"
    "   WHERE r.granted_at IS NOT NULL AND c.decided_at IS NULL) AS rewards,"
    " (SELECT count(*) FROM challenge_reward r WHERE people * points_each IS DISTINCT FROM"
    "   (SELECT coalesce(sum(points), 0) FROM challenge_member m JOIN point_grant"
    "    ON source = 'challenge' AND source_id = m.id WHERE m.challenge_id = r.challenge_id)"
    "   AND people IS NOT NULL) AS granted"
)


def prove_challenges() -> list[Proof]:
    """Scores are divided by whom a group brought; places follow from scores, points from results."""
    return [none("rewards.prove_challenges", **db.session.execute(_FAULTS).one()._mapping)]
