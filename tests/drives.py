"""A drive and those around it: operators who open it, people who walk, earn and give."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from paying import colleague, holder_code

from app.accounts import services as accounts
from app.footprint import services as footprint
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.transaction import transaction
from app.rewards.queries import drives as known
from app.rewards.queries.drives import DriveFacts
from app.rewards.rules.drives import Charity, Goal
from app.rewards.services import drives
from app.rewards.services.drives import NewDrive

CREDIT_CODE = "53990000MJ0000001R"
FUNDRAISING = f"{CREDIT_CODE}A26007"


def wish(payee_id: int, **terms: Any) -> NewDrive:
    """A drive of a village for its path, of a thousand fen unless asked otherwise, from today for a month."""
    today = clock.business_day()
    plain = NewDrive(
        payee=holder_code(payee_id),
        project=None,
        title_zh="修一条护林小路",
        title_en="A path for the forest wardens",
        about_zh="护林员每天要走的路，雨后难行。",
        about_en="The path that the wardens walk every day is hard after rain.",
        use_zh="买石料，付工钱",
        use_en="Stones and wages",
        goal=Goal(1000, None),
        starts_on=today,
        ends_on=today + timedelta(days=30),
    )
    return replace(plain, **terms)


def charity(ends_on: date | None = None) -> Charity:
    """A qualified organisation with a plan that lasts."""
    until = ends_on or clock.business_day() + timedelta(days=365)
    return Charity("示例绿化基金会", CREDIT_CODE, FUNDRAISING, until)


def foundation() -> int:
    """That organisation as a holder; its id."""
    anna = colleague("rewards")
    with transaction():
        return accounts.open_organisation(anna, "示例绿化基金会").id


def opened(payee_id: int, **terms: Any) -> DriveFacts:
    """A drive that one operator wrote and another opened."""
    anna, bao = colleague("rewards"), colleague("rewards")
    with transaction():
        drafted = drives.draft_drive(anna, wish(payee_id, **terms))
    with transaction():
        return drives.publish_drive(bao, drafted.code)


def read(drive: DriveFacts) -> DriveFacts:
    """The drive as it stands now."""
    db.session.rollback()
    return known.get_by_id(drive.id)


def walk(holder_id: int, *days: tuple[date, int]) -> None:
    """Let WeChat report steps, and what follows from them happen."""
    with transaction():
        accounts.grant_consent(holder_id, "walking", "werun", "2026-11")
    with transaction():
        footprint.record_steps(holder_id, random_code(32).encode(), clock.now(), days)
