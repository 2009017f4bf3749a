"""What was found and decided of fairness: for the accounts concerned and for operators."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from app.kit import clock
from app.kit.database import db
from app.kit.messages import t
from app.kit.problems import NotFound
from app.rewards.models import PointGrant
from app.rewards.models.fairness import FairnessAppeal, Inquiry, Measure, Party
from app.rewards.queries.fairness_appeals import ACTION, APPEAL, AppealFacts, read_appeal
from app.rewards.queries.fairness_rules import said
from app.rewards.rules.fairness import Decision


def standing_thanks(acts: Collection[int]) -> int:
    """The points that these acts are thanked for and that were not taken back, on an appeal, too."""
    act = aliased(PointGrant)
    on_appeal = (
        select(FairnessAppeal.id)
        .join(act, act.id == FairnessAppeal.grant_id)
        .where(act.source == ACTION, act.source_id.in_(acts))
    )
    wanted = select(func.coalesce(func.sum(PointGrant.points), 0)).where(
        PointGrant.taken_back_at.is_(None),
        ((PointGrant.source == ACTION) & PointGrant.source_id.in_(acts))
        | ((PointGrant.source == APPEAL) & PointGrant.source_id.in_(on_appeal)),
    )
    return int(db.session.scalar(wanted) or 0)


def _acts(facts: list[dict[str, Any]] | None) -> list[int]:
    return [act for fact in facts or [] for act in fact["acts"]]


@dataclass(frozen=True)
class MeasureFacts:
    """What was decided of one account, what it rests on, and what was said against it."""

    row: Measure
    inquiry: Inquiry
    facts: list[dict[str, Any]] | None
    appeal: AppealFacts | None

    @property
    def code(self) -> str:
        """Its code."""
        return self.row.code

    @property
    def automatic(self) -> bool:
        """Whether no person has decided it."""
        return self.row.decided_by is None

    @property
    def taking(self) -> bool:
        """Whether two have agreed that points will be taken back."""
        return self.row.kind == Decision.TAKE_BACK and self.row.confirmed_at is not None

    @property
    def status(self) -> str:
        """Where it stands, in the word of a message `rewards.fairness_status_<word>`."""
        if self.row.ended_why is not None:
            return self.row.ended_why
        return "taking" if self.taking else "held"

    @property
    def stands(self) -> bool:
        """Whether redeeming waits because of it."""
        return self.row.ended_at is None and (self.taking or self.row.until > clock.now())

    @property
    def points_due(self) -> int:
        """Points that will be taken back unless an appeal is granted."""
        return standing_thanks(_acts(self.facts)) if self.taking and self.stands else 0

    @property
    def may_appeal(self) -> bool:
        """Whether its holder can appeal now: while it stands, once."""
        return self.stands and self.appeal is None

    @property
    def rule_name(self) -> str:
        """The signal, in the reader's language."""
        return said(self.inquiry.rule)

    @property
    def told(self) -> str:
        """What was found, in words."""
        return found_in_words(self.inquiry)


@dataclass(frozen=True)
class PartyFacts:
    """One account of an inquiry with everything that was decided of it, the first first."""

    inquiry: Inquiry
    holder_id: int
    facts: list[dict[str, Any]] | None
    measures: list[MeasureFacts]

    @property
    def decided(self) -> MeasureFacts | None:
        """What a person decided and nobody declined."""
        return next(
            (each for each in self.measures if not each.automatic and each.row.ended_why != "declined"), None
        )

    @property
    def waits(self) -> bool:
        """Whether somebody has to decide still."""
        return self.decided is None and self.inquiry.closed_at is None

    @property
    def acts(self) -> list[int]:
        """The acts whose thanks could be taken back."""
        return _acts(self.facts)


def found_in_words(inquiry: Inquiry) -> str:
    """What a signal found, in words, with from how much on it speaks."""
    return t(f"rewards.found_{inquiry.rule}", found=inquiry.found, least=inquiry.least)


def _measures(rows: Iterable[Measure]) -> list[MeasureFacts]:
    told = list(rows)
    appeals = {
        each.measure_id: read_appeal(each)
        for each in db.session.scalars(
            select(FairnessAppeal).where(FairnessAppeal.measure_id.in_([row.id for row in told]))
        )
    }
    keys = {(row.inquiry_id, row.holder_id) for row in told}
    asked = select(Inquiry, Party).join(Party, Party.inquiry_id == Inquiry.id)
    known = {
        (party.inquiry_id, party.holder_id): (inquiry, party.facts)
        for inquiry, party in db.session.execute(asked.where(Inquiry.id.in_({key[0] for key in keys})))
    }
    return [
        MeasureFacts(row, *known[row.inquiry_id, row.holder_id], appeal=appeals.get(row.id)) for row in told
    ]


def list_measures(holder_id: int, limit: int = 100) -> list[MeasureFacts]:
    """What was decided of a holder's account, the last first."""
    return _measures(
        db.session.scalars(
            select(Measure).where(Measure.holder_id == holder_id).order_by(Measure.id.desc()).limit(limit)
        )
    )


def get_measure(code: str, holder_id: int | None = None) -> MeasureFacts:
    """One measure; with `holder_id` only that holder's. Raises `NotFound`."""
    row = db.session.scalar(select(Measure).where(Measure.code == code))
    if row is None or holder_id not in (None, row.holder_id):
        raise NotFound()
    return _measures([row])[0]


def get_measure_by_id(measure_id: int) -> MeasureFacts:
    """One measure by its id."""
    return _measures([db.session.get_one(Measure, measure_id)])[0]


def find_standing(holder_id: int) -> Measure | None:
    """What holds a holder's redeeming now: of several the one that does so the longest."""
    taking = (Measure.kind == Decision.TAKE_BACK) & Measure.confirmed_at.is_not(None)
    return db.session.scalar(
        select(Measure)
        .where(Measure.holder_id == holder_id, Measure.ended_at.is_(None))
        .where((Measure.until > clock.now()) | taking)
        .order_by(Measure.until.desc())
        .limit(1)
    )


def get_inquiry(code: str, *, lock: bool = False) -> Inquiry:
    """One inquiry. Raises `NotFound`."""
    wanted = select(Inquiry).where(Inquiry.code == code)
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    found = db.session.scalar(wanted)
    if found is None:
        raise NotFound()
    return found


def list_parties(inquiry: Inquiry) -> list[PartyFacts]:
    """The accounts of an inquiry, in one order."""
    measures: dict[int, list[MeasureFacts]] = defaultdict(list)
    rows = db.session.scalars(select(Measure).where(Measure.inquiry_id == inquiry.id).order_by(Measure.id))
    for each in _measures(rows):
        measures[each.row.holder_id].append(each)
    parties = db.session.scalars(
        select(Party).where(Party.inquiry_id == inquiry.id).order_by(Party.holder_id)
    )
    return [PartyFacts(inquiry, row.holder_id, row.facts, measures[row.holder_id]) for row in parties]


def get_party(inquiry: Inquiry, holder_id: int) -> PartyFacts:
    """One account of an inquiry. Raises `NotFound`."""
    for each in list_parties(inquiry):
        if each.holder_id == holder_id:
            return each
    raise NotFound()


def list_inquiries(limit: int, after: int | None = None, *, is_open: bool = True) -> Sequence[Inquiry]:
    """Inquiries: those that are open, the longest first; or those that were closed, the last first."""
    wanted = select(Inquiry).limit(limit)
    if is_open:
        wanted = wanted.where(Inquiry.closed_at.is_(None), Inquiry.id > (after or 0)).order_by(Inquiry.id)
    else:
        wanted = wanted.where(Inquiry.closed_at.is_not(None)).order_by(Inquiry.id.desc())
        wanted = wanted.where(Inquiry.id < after) if after else wanted
    return db.session.scalars(wanted).all()


def count_parties(inquiries: Sequence[Inquiry]) -> dict[int, int]:
    """How many accounts each inquiry is about."""
    rows = db.session.execute(
        select(Party.inquiry_id, func.count())
        .where(Party.inquiry_id.in_([each.id for each in inquiries]))
        .group_by(Party.inquiry_id)
    )
    return {row[0]: row[1] for row in rows}
