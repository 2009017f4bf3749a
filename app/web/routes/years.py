"""A person's year in review: for themselves, as a picture, and for whoever has its link while they wish."""

from datetime import timedelta

from flask import Response, make_response, redirect

from app.kit import clock
from app.kit.http import public
from app.kit.messages import language
from app.kit.transaction import transaction
from app.rewards.queries import years
from app.rewards.queries.years import YearFacts
from app.rewards.services import years as services
from app.web import session
from app.web.charts import month_places, year_wheel
from app.web.documents import Document, answer
from app.web.documents.answers import Form
from app.web.pages import page, web
from app.web.session import personal

_FORM = "<any(pdf, png, svg):form>"


@web.get("/me/year")
@personal
def my_years(holder_id: int) -> Response:
    """The latest year that there is something to look back on."""
    return make_response(redirect(f"/me/year/{years.list_years(holder_id)[0]}", 303))


@web.get("/me/year/<int:year>")
@personal
def my_year(holder_id: int, year: int) -> Response:
    """One of my years, with what leads to every figure. Raises `NotFound`."""
    facts = years.get_year(holder_id, year)
    secret = years.find_secret(holder_id, year)
    return page(
        "my_year.html",
        tab="me",
        year=facts,
        wheel=_wheel(facts),
        places=month_places(108),
        years=years.list_years(holder_id),
        shown_at=_address(secret) if secret else None,
    )


@web.get(f"/me/year/<int:year>.{_FORM}")
@personal
def my_year_picture(holder_id: int, year: int, form: Form) -> Response:
    """The year as a picture; its code leads to the year where it is shown. Raises `NotFound`, `PressBusy`."""
    return answer(_document(years.get_year(holder_id, year), years.find_secret(holder_id, year)), form)


@web.post("/me/year/<int:year>/show")
@personal
def show_year(holder_id: int, year: int) -> Response:
    """Let whoever has its link see the year. Raises `NotFound`."""
    with transaction():
        services.show_year(holder_id, year)
    return make_response(redirect(f"/me/year/{year}?said=year_shown#show", 303))


@web.post("/me/year/<int:year>/hide")
@personal
def hide_year(holder_id: int, year: int) -> Response:
    """Take the link back. Raises `NotFound`."""
    with transaction():
        services.hide_year(holder_id, year)
    return make_response(redirect(f"/me/year/{year}?said=year_hidden#show", 303))


@web.get("/y/<code:secret>")
@public
def shown_year(secret: str) -> Response:
    """Somebody's year, without their name, for whoever has its link. Raises `NotFound`."""
    facts = years.get_shown(secret)
    leaves, places = _wheel(facts), month_places(108)
    return _unlisted(page("shown_year.html", year=facts, wheel=leaves, places=places, secret=secret))


@web.get(f"/y/<code:secret>.{_FORM}")
@public
def shown_year_picture(secret: str, form: Form) -> Response:
    """The same as a picture. Raises `NotFound`, `PressBusy`."""
    return _unlisted(answer(_document(years.get_shown(secret), secret), form))


def _unlisted(response: Response) -> Response:
    """The address is the secret: no search engine keeps it, and no page it leads to is told of it."""
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _wheel(facts: YearFacts) -> list[tuple[str, int]]:
    return list(zip(year_wheel(facts.avoided_by_month), facts.avoided_by_month, strict=True))


def _address(secret: str) -> str:
    return f"{session.settings().public_url}/y/{secret}"


def _document(facts: YearFacts, secret: str | None) -> Document:
    """It bears the day alone, so that all who look on one day are given the same bytes."""
    level = facts.standing.level
    return Document(
        kind="year_review",
        number=str(facts.year),
        facts={
            "year": facts.year,
            "over": facts.over,
            "shown": secret is not None,
            "avoided_g": facts.avoided_g,
            "by_month": facts.avoided_by_month,
            "parts": [{"zh": each.name_zh, "en": each.name_en} for each in facts.parts],
            "emitted_g": facts.emitted_g,
            "recorded_months": facts.recorded_months,
            "retired_g": facts.retired_g,
            "active_days": facts.active_days,
            "longest_streak": facts.longest_streak,
            "level": {"zh": level.name_zh, "en": level.name_en, "drawing": level.drawing},
            "badges": [
                {"zh": badge.name_zh, "en": badge.name_en, "drawing": badge.picture}
                for badge, _ in sorted(facts.badges, key=lambda earned: -earned[0].rank)
            ],
        },
        url=_address(secret) if secret else f"{session.settings().public_url}/badges",
        issued_at=clock.end_of_day(clock.business_day(facts.as_of) - timedelta(days=1)),
        language=language(),
    )
