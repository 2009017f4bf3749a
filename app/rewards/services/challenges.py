"""Challenges: called, entered, started with a fixed roster, counted, decided for ever.

Whoever changes a challenge holds its row. How groups stand is not kept count of: it is added up from the
acts that stand, again and again, so that what was withdrawn is gone from it by itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from app.accounts import queries as accounts
from app.accounts.services import audit, notices
from app.footprint.queries import tallies
from app.footprint.queries.tallies import Activity, Counted
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.messages import t
from app.kit.problems import Unreadable
from app.rewards.errors.challenges import (
    ChallengeFull,
    ChallengeOrganiserOnly,
    ChallengeOver,
    ChallengeStarted,
    GroupUnfit,
    NotInChallenge,
    TooManyChallenges,
)
from app.rewards.errors.groups import OwnerOnly
from app.rewards.models.challenges import Challenge, ChallengeGroup, ChallengeMember
from app.rewards.queries import challenges as known
from app.rewards.queries import groups
from app.rewards.queries.boards import list_away
from app.rewards.queries.challenges import ChallengeFacts
from app.rewards.queries.groups import GroupFacts
from app.rewards.rules.challenges import (
    GRADES,
    LEAST_MEMBERS,
    MOST_GROUPS,
    Measure,
    Tally,
    begins,
    faulty_days,
    final_on,
    rank,
    rosters,
)

MOST_OPEN = 5
"""How many one person may have called that are not over; of a day as many, whatever became of them."""
_TURN = 200
_ROSTER = (
    "SELECT holder_id FROM challenge_member WHERE challenge_id = :challenge AND stepped_out_at IS NULL"
    " AND (CAST(:group AS bigint) IS NULL OR group_id = :group)"
)


@dataclass(frozen=True)
class NewChallenge:
    """What is competed in, by what measure, when, and who may enter: groups of one kind, or of any."""

    theme: str
    measure: Measure
    first_day: date
    last_day: date
    group_kind: str | None = None
    listed: bool = False


def call_challenge(holder_id: int, group_code: str, wish: NewChallenge) -> ChallengeFacts:
    """Call a challenge, with a group of one's own as the first to enter.

    Raises `Unreadable`, `GroupUnknown`, `OwnerOnly`, `GroupUnfit`, `TooManyChallenges`.
    """
    group = _owned(holder_id, group_code)
    accounts.lock_holders(holder_id)
    still = Challenge.decided_at.is_(None) & Challenge.called_off_at.is_(None)
    lately = Challenge.called_at > clock.now() - timedelta(days=1)
    mine = (Challenge.organiser_id == holder_id, still | lately)
    if (db.session.scalar(select(func.count()).select_from(Challenge).where(*mine)) or 0) >= MOST_OPEN:
        raise TooManyChallenges(most=MOST_OPEN)
    row = _call(holder_id, wish)
    _enter(row, holder_id, group)
    return known.get_challenge(row.code)


def call_for_all(operator_id: int, wish: NewChallenge) -> ChallengeFacts:
    """Call a challenge that anyone may find, as an operator: a city's, a season's. Raises `Unreadable`."""
    row = _call(None, wish)
    details = {"theme": wish.theme, "first_day": str(wish.first_day), "last_day": str(wish.last_day)}
    audit.record(operator_id, "challenge_called", row.code, details)
    return known.get_challenge(row.code)


def _call(organiser_id: int | None, wish: NewChallenge) -> Challenge:
    fault = faulty_days(clock.business_day(), wish.first_day, wish.last_day)
    if fault is not None:
        pointer = "#/last_day" if fault.endswith("days_faulty") else "#/first_day"
        raise Unreadable(errors=[{"pointer": pointer, "detail": t(fault)}])
    row = Challenge(
        code=random_code(),
        theme=wish.theme,
        organiser_id=organiser_id,
        measure=str(wish.measure),
        group_kind=wish.group_kind,
        listed=wish.listed,
        first_day=wish.first_day,
        last_day=wish.last_day,
        called_at=clock.now(),
    )
    db.session.add(row)
    db.session.flush()
    return row


def enter(holder_id: int, code: str, group_code: str) -> ChallengeFacts:
    """Enter a group that one looks after, until the challenge starts; again it does nothing.

    Raises `ChallengeUnknown`, `GroupUnknown`, `OwnerOnly`, `ChallengeStarted`, `ChallengeFull`, `GroupUnfit`.
    """
    row = _lock_open(code)
    _enter(row, holder_id, _owned(holder_id, group_code))
    return known.get_challenge(code)


def _enter(row: Challenge, holder_id: int, group: GroupFacts) -> None:
    if row.group_kind not in (None, group.kind):
        raise GroupUnfit()
    entered = select(ChallengeGroup.group_id).where(ChallengeGroup.challenge_id == row.id)
    present = db.session.scalars(entered).all()
    if group.id not in present and len(present) >= MOST_GROUPS:
        raise ChallengeFull(most=MOST_GROUPS)
    db.session.execute(
        insert(ChallengeGroup)
        .values(challenge_id=row.id, group_id=group.id, entered_by=holder_id, entered_at=clock.now())
        .on_conflict_do_nothing()
    )


def withdraw(holder_id: int, code: str, group_code: str) -> ChallengeFacts:
    """Take a group that one looks after out of a challenge that has not started.

    Raises `ChallengeUnknown`, `GroupUnknown`, `OwnerOnly`, `ChallengeStarted`, `NotInChallenge`.
    """
    row = _lock_open(code)
    if not _leave(row.id, _owned(holder_id, group_code).id):
        raise NotInChallenge()
    return known.get_challenge(code)


def _leave(challenge_id: int, group_id: int) -> bool:
    entry = (ChallengeGroup.challenge_id == challenge_id, ChallengeGroup.group_id == group_id)
    gone = db.session.scalar(delete(ChallengeGroup).where(*entry).returning(ChallengeGroup.group_id))
    return gone is not None


def call_off(holder_id: int, code: str) -> ChallengeFacts:
    """Call one's own challenge off before it starts.

    Raises `ChallengeUnknown`, `ChallengeOrganiserOnly`, `ChallengeStarted`.
    """
    row = _lock_open(code)
    if row.organiser_id != holder_id:
        raise ChallengeOrganiserOnly()
    _call_off(row, "organiser")
    return known.get_challenge(code)


def stop(operator_id: int, code: str) -> ChallengeFacts:
    """Call off whatever is not over, as an operator. Raises `ChallengeUnknown`, `ChallengeOver`."""
    row = _lock(code)
    if row.decided_at or row.called_off_at:
        raise ChallengeOver()
    _call_off(row, "operator")
    audit.record(operator_id, "challenge_stopped", code)
    return known.get_challenge(code)


def _call_off(row: Challenge, reason: str) -> None:
    row.called_off_at, row.called_off_reason = clock.now(), reason
    db.session.flush()
    _tell_owners(known.get_by_id(row.id), "rewards.notice_challenge_called_off")


def step_out(holder_id: int, code: str) -> ChallengeFacts:
    """Be counted no more from the next count on, nor for what is past; the divisor stays. For good.

    Raises `ChallengeUnknown`, `ChallengeOver`, `NotInChallenge`.
    """
    row = _lock(code)
    if row.decided_at or row.called_off_at:
        raise ChallengeOver()
    place = known.find_place(row.id, holder_id)
    if place is None:
        raise NotInChallenge()
    if place.stepped_out_at is None:
        place.stepped_out_at = clock.now()
        db.session.flush()
    return known.get_challenge(code)


def list_under_way(after: int) -> list[int]:
    """Challenges whose first day has come and that have not ended, from behind `after` on."""
    begun = (Challenge.id > after, Challenge.first_day <= clock.business_day())
    still = (Challenge.decided_at.is_(None), Challenge.called_off_at.is_(None))
    wanted = select(Challenge.id).where(*begun, *still)
    return list(db.session.scalars(wanted.order_by(Challenge.id).limit(_TURN)))


def tend(challenge_id: int) -> bool:
    """Do what today calls for: start it, count it, decide it; whether something was done."""
    row = db.session.get_one(Challenge, challenge_id, with_for_update=True, populate_existing=True)
    today = clock.business_day()
    if row.decided_at or row.called_off_at or today < row.first_day:
        return False
    if row.started_at is None:
        _start(row)
    if row.started_at is not None:
        _count(row)
        if today >= final_on(row.last_day):
            _decide(row)
    return True


def _start(row: Challenge) -> None:
    """Write the roster: whoever is in the groups now. Too small groups are left out, and told so."""
    challenge = known.get_by_id(row.id)
    people = {
        each.group.id: [(member.holder_id, member.joined_at) for member in groups.members(each.group.id)]
        for each in challenge.entries
    }
    away = list_away({holder for members in people.values() for holder, _ in members})
    brought = rosters(
        {group: [each for each in members if each[0] not in away] for group, members in people.items()}
    )
    if not begins(brought):
        _call_off(row, "too_few")
        return
    for entry in challenge.entries:
        if entry.group.id not in brought:
            _leave(row.id, entry.group.id)
            message = "rewards.notice_challenge_left_out"
            notices.tell([entry.group.owner_id], message, row.code, least=LEAST_MEMBERS)
    db.session.execute(
        insert(ChallengeMember),
        [
            {"challenge_id": row.id, "group_id": group, "holder_id": holder}
            for group, holders in brought.items()
            for holder in holders
        ],
    )
    row.started_at = clock.now()
    db.session.flush()
    values = {"challenge": row.id, "group": None}
    notices.tell_from(_ROSTER, values, "rewards.notice_challenge_started", row.code, {})


def counted_acts(challenge: ChallengeFacts) -> Counted:
    """Which acts a challenge counts."""
    return Counted(challenge.first_day, challenge.last_day, GRADES, challenge.theme.scenes)


def _count(row: Challenge) -> None:
    """Add up what the people of the roster did, and say who stands where."""
    challenge, heads = known.get_by_id(row.id), known.count_heads(row.id)
    people = [(each.group_id, each.holder_id) for each in known.list_roster(row.id)]
    did = tallies.tally(people, counted_acts(challenge))
    stands = rank(
        challenge.measure,
        {group: _tally(head_count, did.get(group)) for group, head_count in sorted(heads.items())},
    )
    db.session.execute(
        update(ChallengeGroup),
        [
            {
                "challenge_id": row.id,
                "group_id": each.group_id,
                "members": each.tally.members,
                "active_members": each.tally.active_members,
                "avoided_g": each.tally.avoided_g,
                "active_days": each.tally.active_days,
                "score": each.score,
                "place": each.place,
            }
            for each in stands
        ],
    )
    row.counted_at = clock.now()
    db.session.flush()


def _tally(heads: int, did: Activity | None) -> Tally:
    return Tally(heads, did.people, did.avoided_g, did.days) if did else Tally(heads, 0, 0, 0)


def _decide(row: Challenge) -> None:
    row.decided_at = clock.now()
    db.session.flush()
    decided = known.get_by_id(row.id)
    for each in decided.entries:
        values = {"challenge": row.id, "group": each.group.id}
        details = {"place": each.place, "groups": len(decided.entries)}
        notices.tell_from(_ROSTER, values, "rewards.notice_challenge_decided", row.code, details)


def _tell_owners(challenge: ChallengeFacts, message: str) -> None:
    owners: Iterable[int] = (each.group.owner_id for each in challenge.entries)
    notices.tell(owners, message, challenge.code)


def _owned(holder_id: int, code: str) -> GroupFacts:
    group = groups.get_own(holder_id, code)
    if group.owner_id != holder_id:
        raise OwnerOnly()
    return group


def _lock(code: str) -> Challenge:
    found = known.get_challenge(code)
    return db.session.get_one(Challenge, found.id, with_for_update=True, populate_existing=True)


def _lock_open(code: str) -> Challenge:
    """The same while groups may still come and go: until its first day begins."""
    row = _lock(code)
    if row.decided_at or row.called_off_at:
        raise ChallengeOver()
    if row.started_at or clock.business_day() >= row.first_day:
        raise ChallengeStarted()
    return row
