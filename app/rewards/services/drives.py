"""Opening drives 公益项目: one operator writes, another opens; the same for how they go on."""

from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import select

from app.accounts import chart, ledger
from app.accounts import queries as accounts
from app.accounts.services import audit
from app.kit import clock
from app.kit.database import db
from app.kit.messages import t
from app.offsets.services import causes
from app.registry import queries as registry
from app.registry.rules import STEP_KG
from app.rewards.errors.drives import DriveDecided, DriveFaulty, DriveNeedsAnother, DriveUnknown
from app.rewards.models.drives import Drive, DriveReport
from app.rewards.queries import drives as known
from app.rewards.queries.drives import DriveFacts
from app.rewards.rules.drives import Charity, Goal, drive_faults

PURPOSE = "drive"
PAYEES = ("village", "organisation")
"""Whom a drive may be for: those whose name and bank account operators have looked up."""


@dataclass(frozen=True)
class NewDrive:
    """What a drive asks for, for whom, until when, and what it is used for."""

    payee: str
    project: str | None
    title_zh: str
    title_en: str
    about_zh: str
    about_en: str
    use_zh: str
    use_en: str
    goal: Goal
    starts_on: date
    ends_on: date
    charity: Charity | None = None


@dataclass(frozen=True)
class NewReport:
    """How a drive goes on, and what of its money was used so far in all."""

    happened_on: date
    words_zh: str
    words_en: str
    used_fen: int | None = None


def draft_drive(operator_id: int, wish: NewDrive) -> DriveFacts:
    """Write a drive; nobody sees it before another operator opens it. Raises `DriveFaulty`."""
    payee = accounts.find_holder(wish.payee)
    payee_id = payee.id if payee and payee.kind in PAYEES and payee.name else None
    forest = registry.read_projects([wish.project]).get(wish.project) if wish.project else None
    step_kg = STEP_KG[forest.project.product] if forest else None
    today, days = clock.business_day(), (wish.starts_on, wish.ends_on)
    faults = dict(drive_faults(wish.goal, days, today, wish.charity, step_kg))
    if payee_id is None:
        faults["payee"] = "rewards.drive_payee_unknown"
    elif wish.charity and not _is_charity(payee_id, wish.charity):
        faults["payee"] = "rewards.drive_payee_not_charity"
    if wish.project and forest is None:
        faults["project"] = "rewards.drive_project_unknown"
    if faults or payee_id is None:
        told = [{"pointer": f"#/{name}", "detail": t(message)} for name, message in faults.items()]
        raise DriveFaulty(errors=told)
    cause = causes.open_cause(PURPOSE, None, wish.title_zh)
    words = {name: value for name, value in asdict(wish).items() if name not in _APART}
    charity = wish.charity
    row = Drive(
        cause_id=cause.id,
        code=cause.code,
        payee_id=payee_id,
        project_code=wish.project,
        goal_fen=wish.goal.fen,
        goal_kg=wish.goal.kg,
        charity_name=charity and charity.name,
        charity_code=charity and charity.credit_code,
        fundraising_number=charity and charity.fundraising_number,
        fundraising_until=charity and charity.until,
        drafted_by=operator_id,
        drafted_at=clock.now(),
        **words,
    )
    db.session.add(row)
    db.session.flush()
    audit.record(operator_id, "drive_drafted", row.code, {"payee": wish.payee, "title": wish.title_zh})
    return known.get_by_id(row.cause_id)


def _is_charity(payee_id: int, charity: Charity) -> bool:
    """Whether who is paid is the charity itself: what it raises goes into its own account (article 26)."""
    payee = accounts.get_holder(payee_id)
    if payee.kind != "organisation" or payee.name != charity.name:
        return False
    return accounts.memberships.get_organisation(payee.id).credit_code in (None, charity.credit_code)


_APART = ("payee", "project", "goal", "charity")


def publish_drive(operator_id: int, code: str) -> DriveFacts:
    """Open a drive that somebody else wrote.

    Raises `DriveUnknown`, `DriveNeedsAnother`, `DriveDecided`, `Sanctioned` for a payee who is suspended.
    """
    row = _lock(code)
    if row.published_at is not None or row.closed_at is not None:
        raise DriveDecided()
    if row.drafted_by == operator_id:
        raise DriveNeedsAnother()
    registry.sanctions.require_free(row.payee_id)
    row.published_by, row.published_at = operator_id, clock.now()
    db.session.flush()
    # So that the first who give, all at once, find an account to wait for instead of each opening it.
    ledger.open_accounts([chart.PAYABLE.of(row.payee_id)])
    audit.record(operator_id, "drive_published", code)
    return known.get_by_id(row.cause_id)


def close_drive(operator_id: int, code: str, reason: str) -> DriveFacts:
    """Let nothing more be given, for a reason that everybody reads; what was given stays given.

    A draft is given up so. Raises `DriveUnknown`, `DriveDecided`.
    """
    row = _lock(code)
    if row.closed_at is not None:
        raise DriveDecided()
    row.closed_by, row.closed_at, row.closed_reason = operator_id, clock.now(), reason
    db.session.flush()
    audit.record(operator_id, "drive_closed", code, {"reason": reason})
    return known.get_by_id(row.cause_id)


def write_report(operator_id: int, code: str, wish: NewReport) -> int:
    """Write how a drive goes on; another operator shows it. Raises `DriveUnknown`, `DriveFaulty`."""
    row = _lock(code)
    if row.published_at is None:
        raise DriveUnknown()
    first, today = clock.business_day(row.published_at), clock.business_day()
    if not first <= wish.happened_on <= today:
        raise DriveFaulty(
            errors=[{"pointer": "#/happened_on", "detail": t("rewards.report_day", first=str(first))}]
        )
    report = DriveReport(
        drive_id=row.cause_id, written_by=operator_id, written_at=clock.now(), **asdict(wish)
    )
    db.session.add(report)
    db.session.flush()
    audit.record(operator_id, "drive_report_written", code, {"report": report.id})
    return report.id


def decide_report(operator_id: int, code: str, report_id: int, *, shown: bool) -> None:
    """Show what somebody else wrote, or not. Raises `DriveUnknown`, `DriveNeedsAnother`, `DriveDecided`."""
    row = _lock(code)
    report = db.session.get(DriveReport, report_id, with_for_update=True, populate_existing=True)
    if report is None or report.drive_id != row.cause_id:
        raise DriveUnknown()
    if report.decided_at is not None:
        raise DriveDecided()
    if report.written_by == operator_id:
        raise DriveNeedsAnother()
    report.decided_by, report.decided_at, report.shown = operator_id, clock.now(), shown
    db.session.flush()
    word = "shown" if shown else "declined"
    audit.record(operator_id, f"drive_report_{word}", code, {"report": report_id})


def _lock(code: str) -> Drive:
    """The drive with this code, locked. Raises `DriveUnknown`."""
    found = known.get_drive(code, public=False)
    return db.session.scalars(
        select(Drive)
        .where(Drive.cause_id == found.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
