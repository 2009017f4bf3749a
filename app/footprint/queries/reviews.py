"""Reviews of acts: what waits, what was said, what was decided; the photos that look like one another."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text

from app.footprint import rules
from app.footprint.models import ActionRow, ActPhoto, ActReview
from app.footprint.queries.actions import Action, get_action_by_id
from app.footprint.rules.photos import NEAR_BITS
from app.kit import sealing
from app.kit.database import db
from app.kit.messages import t
from app.kit.problems import NotFound

_WAITING = ActReview.decided_at.is_(None) & ActReview.dropped_at.is_(None)


@dataclass(frozen=True)
class About:
    """What an appeal would be about: a rule with its values, a refused photo, whose decision it was."""

    rule: str
    allowed: int | None = None
    found: int | None = None
    photo_id: int | None = None
    against: int | None = None


@dataclass(frozen=True)
class Review:
    """One review as its holder and operators read it; `outcome` is the code of the act that came of it."""

    code: str
    kind: str
    rule: str
    allowed: int | None
    found: int | None
    words: str | None
    photo: bool
    opened_at: datetime
    decided_at: datetime | None
    granted: bool | None
    reason: str | None
    dropped_at: datetime | None
    decided_by: int | None
    outcome: str | None

    @property
    def status(self) -> str:
        """Where it stands: waiting, granted, refused, or dropped without a decision."""
        if self.decided_at is not None:
            return "granted" if self.granted else "refused"
        return "waiting" if self.dropped_at is None else "dropped"

    @property
    def text(self) -> str:
        """The rule with its values, in words."""
        return t(f"footprint.limit_{self.rule}", allowed=self.allowed, found=self.found)


@dataclass(frozen=True)
class Case:
    """An act with everything that was ever asked and decided of it.

    `may_appeal` and `may_attach` say what its holder can do now; `replaced_by` and `replaces` are codes.
    """

    action: Action
    reviews: list[Review]
    may_appeal: bool
    may_attach: bool
    replaced_by: str | None
    replaces: str | None


@dataclass(frozen=True)
class NearPhoto:
    """Another photo that looks nearly the same: the review it stands in, and whether of the same person."""

    review_code: str
    same_holder: bool
    bits: int


@dataclass(frozen=True)
class QueueLine:
    """A review as the operators' list shows it; `near` when its photo looks like another one."""

    review: Review
    id: int
    action: Action
    near: bool


def words_context(first_id: int) -> str:
    """Where an appeal's words are sealed for."""
    return f"act_review:{first_id}"


def photo_context(sha256: bytes) -> str:
    """Where a photo is sealed for."""
    return f"act_photo:{sha256.hex()}"


def words_of(review: ActReview) -> str | None:
    """What the holder said."""
    if review.words_sealed is None:
        return None
    return sealing.unseal(review.words_sealed, words_context(review.first_id))


def first_of(action: Action) -> int:
    """The id of an act as it was first recorded, before any decision replaced it."""
    found = db.session.scalar(select(ActReview.first_id).where(ActReview.outcome_id == action.id))
    return action.id if found is None else found


def find_waiting(action: Action) -> ActReview | None:
    """The review in which an act waits."""
    return db.session.scalar(select(ActReview).where(ActReview.action_id == action.id, _WAITING))


def find_appeal(first_id: int) -> ActReview | None:
    """The appeal of an act, which there is once."""
    return db.session.scalar(
        select(ActReview).where(ActReview.first_id == first_id, ActReview.kind == "appeal")
    )


def get_review(code: str, *, lock: bool = False) -> ActReview:
    """A review by its code. Raises `NotFound`."""
    wanted = select(ActReview).where(ActReview.code == code)
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    found = db.session.scalar(wanted)
    if found is None:
        raise NotFound()
    return found


def action_of(review: ActReview) -> Action:
    """The act that a review is about."""
    return get_action_by_id(review.holder_id, review.action_id)


def about(action: Action) -> About | None:
    """What of an act can be appealed: what holds it, else what cut it, else a photo that was refused."""
    refused = _last_refused(action.id)
    if action.held:
        against = refused.decided_by if refused and refused.kind == "hold" else None
        photo_id = refused.photo_id if refused else _photo_waiting(action)
        return About(action.held["rule"], action.held["allowed"], action.held["found"], photo_id, against)
    if action.cap_reason:
        return About(rules.DAILY_CAP, action.cap_g, action.before_g + action.computed_g)
    if refused is not None and refused.kind == "photo":
        return About("photo", photo_id=refused.photo_id, against=refused.decided_by)
    return None


def _photo_waiting(action: Action) -> int | None:
    waiting = find_waiting(action)
    return waiting.photo_id if waiting else None


def _last_refused(action_id: int) -> ActReview | None:
    return db.session.scalar(
        select(ActReview)
        .where(ActReview.action_id == action_id, ActReview.granted.is_(False))
        .order_by(ActReview.id.desc())
        .limit(1)
    )


def grade_with_photo(action: Action) -> str:
    """The grade of an act once somebody has accepted its photo, by its methodology's own sources."""
    grade = action.methodology.method.sources.get(rules.PHOTO, action.grade)
    return grade if rules.better_grade(grade, action.grade) else action.grade


def photo_would_raise(action: Action) -> bool:
    """Whether a photo makes an act count for more than its evidence does now."""
    weights = action.methodology.method.weights
    return weights[grade_with_photo(action)] > weights[action.grade]


def get_case(action: Action) -> Case:
    """An act with its reviews, the first first."""
    first_id = first_of(action)
    rows = db.session.scalars(
        select(ActReview).where(ActReview.first_id == first_id).order_by(ActReview.id)
    ).all()
    ids = {row.action_id for row in rows} | {row.outcome_id for row in rows if row.outcome_id}
    codes = _codes(action.holder_id, sorted(ids))
    waiting = next((row for row in rows if row.decided_at is None and row.dropped_at is None), None)
    stands = action.withdrawn_at is None
    appealed = any(row.kind == "appeal" for row in rows)
    return Case(
        action=action,
        reviews=[_review(row, codes) for row in rows],
        may_appeal=stands
        and not appealed
        and (waiting is None or waiting.kind == "hold")
        and about(action) is not None,
        may_attach=stands and (waiting.photo_id is None if waiting else photo_would_raise(action)),
        replaced_by=next(
            (codes[row.outcome_id] for row in rows if row.action_id == action.id and row.outcome_id), None
        ),
        replaces=next((codes[row.action_id] for row in rows if row.outcome_id == action.id), None),
    )


def view_of(row: ActReview) -> Review:
    """A review as its holder reads it."""
    return _review(row, _codes(row.holder_id, [row.outcome_id] if row.outcome_id else []))


def _codes(holder_id: int, ids: Sequence[int]) -> dict[int, str]:
    wanted = select(ActionRow.id, ActionRow.code).where(
        ActionRow.holder_id == holder_id, ActionRow.id.in_(ids)
    )
    return {row.id: row.code for row in db.session.execute(wanted)} if ids else {}


def _review(row: ActReview, codes: dict[int, str]) -> Review:
    return Review(
        code=row.code,
        kind=row.kind,
        rule=row.rule,
        allowed=row.allowed,
        found=row.found,
        words=words_of(row),
        photo=row.photo_id is not None,
        opened_at=row.opened_at,
        decided_at=row.decided_at,
        granted=row.granted,
        reason=row.reason,
        dropped_at=row.dropped_at,
        decided_by=row.decided_by,
        outcome=codes.get(row.outcome_id) if row.outcome_id else None,
    )


def has_picture(review: ActReview) -> bool:
    """Whether a review has a photo whose picture is still kept."""
    kept = select(ActPhoto.id).where(ActPhoto.id == review.photo_id, ActPhoto.content_sealed.is_not(None))
    return db.session.scalar(kept) is not None


def get_photo(review: ActReview) -> bytes:
    """The picture of a review's photo. Raises `NotFound` where it has none, or none any more."""
    row = db.session.execute(
        select(ActPhoto.sha256, ActPhoto.content_sealed).where(ActPhoto.id == review.photo_id)
    ).one_or_none()
    if row is None or row.content_sealed is None:
        raise NotFound()
    return sealing.unseal_bytes(row.content_sealed, photo_context(row.sha256))


def get_own_photo(holder_id: int, review_code: str) -> bytes:
    """The picture that a holder attached. Raises `NotFound`, for another's too."""
    review = get_review(review_code)
    if review.holder_id != holder_id:
        raise NotFound()
    return get_photo(review)


_NEAR = text(
    "SELECT DISTINCT ON (other.id) review.code, other.holder_id = mine.holder_id AS same_holder,"
    "   bit_count((other.look # mine.look)::bit(64))::int AS bits"
    " FROM act_photo mine JOIN act_photo other ON other.bands && mine.bands AND other.id <> mine.id"
    " JOIN act_review review ON review.photo_id = other.id"
    " WHERE mine.id = :photo AND bit_count((other.look # mine.look)::bit(64)) <= :most"
    " ORDER BY other.id, review.id DESC LIMIT 20"
)


def list_near(review: ActReview) -> list[NearPhoto]:
    """Photos that look nearly the same as a review's, the nearest first."""
    if review.photo_id is None:
        return []
    rows = db.session.execute(_NEAR, {"photo": review.photo_id, "most": NEAR_BITS})
    return sorted((NearPhoto(*row) for row in rows), key=lambda each: each.bits)


def list_queue(limit: int, after: int | None = None, *, waiting: bool = True) -> list[QueueLine]:
    """Reviews: those that wait, the longest first; or those that were decided, the last first."""
    wanted = select(ActReview).limit(limit)
    if waiting:
        wanted = wanted.where(_WAITING, ActReview.id > (after or 0)).order_by(ActReview.id)
    else:
        wanted = wanted.where(ActReview.decided_at.is_not(None)).order_by(ActReview.id.desc())
        wanted = wanted.where(ActReview.id < after) if after else wanted
    return [
        QueueLine(_review(row, {}), row.id, action_of(row), bool(list_near(row)))
        for row in db.session.scalars(wanted)
    ]


def count_waiting() -> int:
    """How many acts wait for an operator."""
    return int(db.session.scalar(select(func.count()).select_from(ActReview).where(_WAITING)) or 0)


_APPEALS = text(
    "SELECT rule, count(*) AS raised, count(*) FILTER (WHERE granted) AS granted,"
    " count(*) FILTER (WHERE NOT granted) AS refused"
    " FROM act_review WHERE kind = 'appeal' GROUP BY rule ORDER BY rule"
)


@dataclass(frozen=True)
class AppealCount:
    """Appeals against one rule, each figure rounded down to a step (`rules.published`)."""

    rule: str
    raised: int
    granted: int
    refused: int


def count_appeals() -> list[AppealCount]:
    """What came of appeals, as the public may read it."""
    return [
        AppealCount(row.rule, *map(rules.published, (row.raised, row.granted, row.refused)))
        for row in db.session.execute(_APPEALS)
        if rules.published(row.raised)
    ]
