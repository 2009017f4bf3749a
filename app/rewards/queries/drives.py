"""Drives as anyone may see them, and as operators do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from app.accounts import queries as accounts
from app.kit import clock
from app.kit.database import db
from app.registry import queries as registry
from app.rewards.errors.drives import DriveUnknown
from app.rewards.models.drives import Drive, DriveReport
from app.rewards.rules import drives as rules
from app.rewards.rules.drives import Charity, DriveStatus, Goal


@dataclass(frozen=True)
class DriveFacts:
    """A drive with who receives, from which forest, and how far it has come."""

    row: Drive
    payee: str
    project: registry.ProjectSummary | None
    status: DriveStatus
    halted: bool
    """Whether its payee is suspended or removed: nothing goes to them."""

    @property
    def id(self) -> int:
        """The cause's."""
        return self.row.cause_id

    @property
    def code(self) -> str:
        """Its public code."""
        return self.row.code

    @property
    def goal(self) -> Goal:
        """What it wants to come to."""
        return Goal(self.row.goal_fen, self.row.goal_kg)

    @property
    def left(self) -> int:
        """What is still wanted, in the goal's unit."""
        return self.goal.left(self.row.points, self.row.bought_kg)

    @property
    def share_bp(self) -> int:
        """How much of the goal is there."""
        return self.goal.share_bp(self.row.points, self.row.bought_kg)

    @property
    def charity(self) -> Charity | None:
        """The qualified organisation, where one is named."""
        row = self.row
        name, code, number = row.charity_name, row.charity_code, row.fundraising_number
        if name is None or code is None or number is None or row.fundraising_until is None:
            return None
        return Charity(name, code, number, row.fundraising_until)

    @property
    def kind(self) -> str:
        """What a sponsor must pay for, that its points may be given here."""
        return rules.spending_kind(self.charity)

    @property
    def manner(self) -> str:
        """How giving is spoken of."""
        return rules.manner(self.charity)

    @property
    def takes_now(self) -> bool:
        """Whether one can give now."""
        return self.status is DriveStatus.OPEN and not self.halted


@dataclass(frozen=True)
class Report:
    """What was told of how a drive goes on."""

    id: int
    happened_on: date
    words_zh: str
    words_en: str
    used_fen: int | None
    written_by: int
    decided_at: datetime | None
    shown: bool | None


def get_drive(code: str, *, public: bool = True) -> DriveFacts:
    """The drive with this code; one that nobody has opened yet for operators only. Raises `DriveUnknown`."""
    row = db.session.scalar(select(Drive).where(Drive.code == code)) if _is_code(code) else None
    if row is None or (public and row.published_at is None):
        raise DriveUnknown()
    return read_drives([row])[0]


def get_by_id(drive_id: int) -> DriveFacts:
    """The drive of a cause. Raises `DriveUnknown`."""
    row = db.session.get(Drive, drive_id, populate_existing=True)
    if row is None:
        raise DriveUnknown()
    return read_drives([row])[0]


def list_drives(
    limit: int, before: int | None = None, *, public: bool = True, project: str | None = None
) -> list[DriveFacts]:
    """Drives, the newest first; `before` is a drive's id, `project` the code of their forest."""
    wanted = select(Drive).order_by(Drive.cause_id.desc()).limit(limit)
    if public:
        wanted = wanted.where(Drive.published_at.is_not(None))
    if project is not None:
        wanted = wanted.where(Drive.project_code == project)
    if before is not None:
        wanted = wanted.where(Drive.cause_id < before)
    return read_drives(db.session.scalars(wanted).all())


def list_reports(drive_id: int, *, public: bool = True) -> list[Report]:
    """What was told of how it goes on, the latest first; what nobody has shown yet for operators only."""
    wanted = select(DriveReport).where(DriveReport.drive_id == drive_id)
    if public:
        wanted = wanted.where(DriveReport.shown.is_(True))
    rows = db.session.scalars(wanted.order_by(DriveReport.happened_on.desc(), DriveReport.id.desc()))
    names = Report.__dataclass_fields__
    return [Report(**{name: getattr(row, name) for name in names}) for row in rows]


def count_waiting() -> int:
    """How many drafts and reports wait for another operator."""
    drafts = select(func.count()).where(Drive.published_at.is_(None), Drive.closed_at.is_(None))
    reports = select(func.count()).where(DriveReport.decided_at.is_(None))
    return sum(db.session.scalar(each) or 0 for each in (drafts, reports))


def read_drives(rows: Sequence[Drive]) -> list[DriveFacts]:
    """The facts of these rows, in their order."""
    names = accounts.list_holders([row.payee_id for row in rows])
    forests = registry.read_projects({row.project_code for row in rows if row.project_code})
    today, halted = clock.business_day(), registry.sanctions.list_halted_holders()
    return [
        DriveFacts(
            row,
            names[row.payee_id].name or "",
            forests.get(row.project_code or ""),
            _status(row, today),
            row.payee_id in halted,
        )
        for row in rows
    ]


def _status(row: Drive, today: date) -> DriveStatus:
    left = Goal(row.goal_fen, row.goal_kg).left(row.points, row.bought_kg)
    return rules.drive_status(row.published_at, row.closed_at, (row.starts_on, row.ends_on), left, today)


def _is_code(code: str) -> bool:
    return code.isascii() and code.isalnum()
