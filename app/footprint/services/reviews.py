"""Photos, appeals and decisions: how an act comes to count for more than what was recorded at first.

Whatever is decided of an act is decided under the lock of its day, and what is granted replaces the act
by one that is computed again from the same raw inputs.
"""

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from app.accounts.services import audit
from app.footprint import queries, rules
from app.footprint.errors import (
    NothingToAppeal,
    OtherOperatorNeeded,
    PhotoAlreadyUsed,
    PhotoNotNeeded,
    PhotoNotTaken,
    ReviewDecided,
    ReviewWaits,
    TooManyPhotos,
)
from app.footprint.models import ActPhoto, ActReview
from app.footprint.queries import Action
from app.footprint.queries import reviews as known
from app.footprint.rules import PhotoRefused
from app.footprint.rules.photos import Photo, bands
from app.footprint.rules.plausibility import PHOTO_KEPT, PHOTOS_AN_ACT
from app.footprint.services.actions import lock_day, replace_action
from app.footprint.services.waiting import drop_review, open_review
from app.kit import clock, sealing
from app.kit.database import db
from app.kit.messages import t

_ERASE = text(
    "UPDATE act_photo SET content_sealed = NULL WHERE content_sealed IS NOT NULL AND ("
    "  released_at IS NOT NULL OR (kept_at < :before AND NOT EXISTS (SELECT FROM act_review"
    "    WHERE photo_id = act_photo.id AND dropped_at IS NULL"
    "      AND (decided_at IS NULL OR decided_at >= :before))))"
)


def attach_photo(holder_id: int, code: str, content: bytes) -> ActReview:
    """Attach a photo to an act: to what it waits in, or else it waits now for somebody to look at it.

    The same photo of the same act again changes nothing. Raises `NotFound`, `PhotoNotTaken`,
    `PhotoAlreadyUsed`, `PhotoNotNeeded` where a photo proves no more, `TooManyPhotos`, `ReviewWaits`.
    """
    photo = _read(content)
    action = _standing(holder_id, code)
    first_id = known.first_of(action)
    waiting = known.find_waiting(action)
    same = _of_this_act(photo, first_id)
    if same is not None:
        return same
    if waiting is not None and waiting.photo_id is not None:
        raise ReviewWaits()
    if waiting is None and not known.photo_would_raise(action):
        raise PhotoNotNeeded()
    kept = _keep(holder_id, first_id, photo)
    if waiting is None:
        return open_review(holder_id, action.id, "photo", "photo", first_id=first_id, photo_id=kept.id)
    waiting.photo_id = kept.id
    db.session.flush()
    return waiting


def appeal(holder_id: int, code: str, words: str, content: bytes | None = None) -> ActReview:
    """Appeal against what cut or holds an act, or against a refused photo; once an act.

    The same words again change nothing. Raises `NotFound`, `NothingToAppeal`, `ReviewWaits` while a
    photo waits, and what `attach_photo` does.
    """
    photo = _read(content) if content else None
    action = _standing(holder_id, code)
    first_id = known.first_of(action)
    earlier = known.find_appeal(first_id)
    if earlier is not None:
        if known.words_of(earlier) == words:
            return earlier
        raise NothingToAppeal()
    waiting = known.find_waiting(action)
    if waiting is not None and waiting.kind == "photo":
        raise ReviewWaits()
    about = known.about(action)
    if about is None:
        raise NothingToAppeal()
    kept = _keep(holder_id, first_id, photo) if photo else None
    drop_review(holder_id, action.id)
    return open_review(
        holder_id,
        action.id,
        "appeal",
        about.rule,
        first_id=first_id,
        allowed=about.allowed,
        found=about.found,
        words_sealed=sealing.seal(words, known.words_context(first_id)),
        photo_id=kept.id if kept else about.photo_id,
        against=about.against,
    )


def decide(operator_id: int, review_code: str, reason: str, *, granted: bool) -> ActReview:
    """Decide a review. What is granted counts from now on; what is refused stays as it is.

    A held act is let go, a cap is lifted for the very act, and a photo raises the grade. Raises
    `NotFound`, `ReviewDecided`, `OtherOperatorNeeded` for an appeal against one's own decision.
    """
    action = known.action_of(known.get_review(review_code))
    lock_day(action)
    review = known.get_review(review_code, lock=True)
    if review.decided_at is not None or review.dropped_at is not None:
        raise ReviewDecided()
    if review.against == operator_id:
        raise OtherOperatorNeeded()
    outcome = _count_again(review, action) if granted else None
    review.decided_by, review.decided_at = operator_id, clock.now()
    review.granted, review.reason = granted, reason
    review.outcome_id = outcome.id if outcome else None
    db.session.flush()
    details = {"kind": review.kind, "rule": review.rule, "action": action.code, "before_g": action.avoided_g}
    if outcome is not None:
        details |= {"outcome": outcome.code, "avoided_g": outcome.avoided_g, "grade": outcome.grade}
    audit.record(operator_id, "review_granted" if granted else "review_refused", review_code, details)
    return review


def erase_photos() -> int:
    """Erase the pictures whose decision is long past or whose act was withdrawn; returns how many."""
    erased = db.session.execute(_ERASE, {"before": clock.now() - PHOTO_KEPT})
    return int(getattr(erased, "rowcount", 0))


def _read(content: bytes) -> Photo:
    try:
        return rules.read_photo(content)
    except PhotoRefused as refused:
        raise PhotoNotTaken(errors=[{"pointer": "#/photo", "detail": t(str(refused))}]) from refused


def _standing(holder_id: int, code: str) -> Action:
    """The holder's act under the lock of its day. Raises `NotFound`, `NothingToAppeal` if withdrawn."""
    lock_day(queries.get_action(holder_id, code))
    action = queries.get_action(holder_id, code)
    if action.withdrawn_at is not None:
        raise NothingToAppeal()
    return action


def _of_this_act(photo: Photo, first_id: int) -> ActReview | None:
    """The review in which this very photo of this very act stands already."""
    return db.session.scalar(
        select(ActReview)
        .join(ActPhoto, ActPhoto.id == ActReview.photo_id)
        .where(ActPhoto.sha256 == photo.sha256, ActPhoto.first_id == first_id, ActPhoto.released_at.is_(None))
        .order_by(ActReview.id.desc())
        .limit(1)
    )


def _keep(holder_id: int, first_id: int, photo: Photo) -> ActPhoto:
    """Keep a photo, sealed. Raises `TooManyPhotos`, `PhotoAlreadyUsed`."""
    of_act = select(func.count()).select_from(ActPhoto).where(ActPhoto.first_id == first_id)
    if (db.session.scalar(of_act) or 0) >= PHOTOS_AN_ACT:
        raise TooManyPhotos(most=PHOTOS_AN_ACT)
    values = {
        "holder_id": holder_id,
        "first_id": first_id,
        "sha256": photo.sha256,
        "look": photo.look,
        "bands": bands(photo.look),
        "width": photo.width,
        "height": photo.height,
        "content_sealed": sealing.seal_bytes(photo.content, known.photo_context(photo.sha256)),
        "kept_at": clock.now(),
    }
    kept: ActPhoto | None = db.session.scalar(
        insert(ActPhoto).values(values).on_conflict_do_nothing().returning(ActPhoto)
    )
    if kept is None:
        raise PhotoAlreadyUsed()
    return kept


def _count_again(review: ActReview, action: Action) -> Action:
    """What takes the act's place. Raises `ReviewDecided` where it was withdrawn at this very moment."""
    grade = action.grade if review.photo_id is None else known.grade_with_photo(action)
    outcome = replace_action(action, grade, lift_cap=review.rule == rules.DAILY_CAP)
    if outcome is None:
        raise ReviewDecided()
    return outcome
