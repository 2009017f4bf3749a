"""What can be asked of statements over HTTP: one's account and its exports, one's home, regions' totals."""

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

from flask import Flask, Response, stream_with_context
from flask_smorest import Api

from app.accounts import queries as accounts
from app.kit import clock, health
from app.kit.http import Blueprint, public
from app.kit.idempotency import writes
from app.kit.identity import caller, signed_in
from app.kit.messages import exists, language, t
from app.kit.paging import page_of
from app.kit.problems import NotFound
from app.kit.tables import BOM, csv_text
from app.registry.queries import regions as known
from app.statements import queries, services
from app.statements.errors import PeriodUnknown, StretchBackwards
from app.statements.queries.lines import StatementLine, Stretch, Totals
from app.statements.rules import LINES
from app.statements.rules.crowds import ROUNDED_TO_G
from app.statements.rules.periods import read_period
from app.statements.schemas import (
    AccountStatementLineView,
    CarbonAccountView,
    HomeView,
    NewHome,
    RegionFootprintView,
    RunningTotalsView,
    SnapshotDayView,
    StatementQuery,
    StretchQuery,
)

account = Blueprint("account", __name__, url_prefix="/v1/account", description="Three lines 个人碳账户")
home = Blueprint("home", __name__, url_prefix="/v1/me/home", description="One's home region 归属地")
crowds = Blueprint("crowds", __name__, url_prefix="/v1/regions", description="People of a region 区域碳账户")

_LINE = AccountStatementLineView()
_TOTALS = RunningTotalsView()
COLUMNS = (
    *("day", "line", "name", "code", "grams", "counted_g", "avoided_g", "emitted_g", "offset_g", "state"),
    *("grade", "source", "inputs", "factor", "value", "unit", "factor_source", "factor_url", "mark"),
    *("method", "serial", "recorded_at"),
)
"""The columns of the table, by their messages' names."""


@account.route("/<string:period>", methods=["GET"])
@signed_in
@account.response(200, CarbonAccountView)
def get_account(period: str) -> queries.CarbonAccount:
    """The caller's day (2026-11-25), month (2026-11), year (2026) or whole life (life), line by line."""
    accounts.require_live_session(caller())
    found = read_period(period, clock.business_day())
    if found is None:
        raise PeriodUnknown()
    return queries.get_account(caller().holder_id, found)


@account.route("/statement", methods=["GET"])
@signed_in
@account.arguments(StatementQuery, location="query")
@account.response(200, page_of(AccountStatementLineView))
def get_statement(wish: dict[str, Any]) -> dict[str, Any]:
    """Every act, emission and retirement of a stretch of days, with running totals."""
    accounts.require_live_session(caller())
    stretch = stretch_of(caller().holder_id, wish)
    return page_of_lines(stretch, wish["limit"], wish.get("after"))


@account.route("/statement.csv", methods=["GET"])
@signed_in
@account.arguments(StretchQuery, location="query")
@account.response(200, content_type="text/csv")
def get_statement_csv(wish: dict[str, Any]) -> Response:
    """The same as a table for a spreadsheet, whole."""
    accounts.require_live_session(caller())
    return csv_export(stretch_of(caller().holder_id, wish))


@account.route("/statement.json", methods=["GET"])
@signed_in
@account.arguments(StretchQuery, location="query")
@account.response(200, content_type="application/json")
def get_statement_json(wish: dict[str, Any]) -> Response:
    """The same as one document, whole: lines as the pages have them, and the totals."""
    accounts.require_live_session(caller())
    return json_export(stretch_of(caller().holder_id, wish))


@home.route("", methods=["GET"])
@signed_in
@home.response(200, HomeView)
def get_home() -> dict[str, Any]:
    """Where the caller is at home."""
    accounts.require_live_session(caller())
    return home_of(caller().holder_id)


@home.route("", methods=["PUT"])
@signed_in
@writes
@home.arguments(NewHome)
@home.response(200, HomeView)
def put_home(wish: dict[str, Any]) -> dict[str, Any]:
    """Count with a region's people from now on; nothing of before is counted there."""
    accounts.require_live_session(caller())
    services.choose_home(caller().holder_id, wish["region"])
    return home_of(caller().holder_id)


@home.route("", methods=["DELETE"])
@signed_in
@writes
@home.response(204)
def delete_home() -> None:
    """Count nowhere any more; what was published no longer says whose it was."""
    accounts.require_live_session(caller())
    if not services.leave_home(caller().holder_id):
        raise NotFound()


@crowds.route("/footprint", methods=["GET"])
@public
@crowds.response(200, RegionFootprintView)
def get_regions_footprint() -> dict[str, Any]:
    """What people of all regions together avoided, emitted and offset."""
    return _told(queries.get_region_footprint())


@crowds.route("/<string:code>/footprint", methods=["GET"])
@public
@crowds.response(200, RegionFootprintView)
def get_region_footprint(code: str) -> dict[str, Any]:
    """What a region's people avoided, emitted and offset together, as the last snapshot has it."""
    return _told(queries.get_region_footprint(code))


@crowds.route("/footprint/snapshots/<string:day>", methods=["GET"])
@public
@crowds.response(200, SnapshotDayView)
def get_snapshot(day: str) -> dict[str, Any]:
    """The seal of one day with everything that it released, to be checked and added up by anyone."""
    found = read_period(day, clock.business_day())
    snapshot = queries.find_snapshot(found.first) if found and found.kind == "day" else None
    if snapshot is None:
        raise NotFound()
    names = ("region", "line", "published_g")
    items = [dict(zip(names, each, strict=True)) for each in queries.crowds.list_releases(snapshot.day)]
    told = {name: getattr(snapshot, name) for name in SnapshotDayView._declared_fields if name != "items"}
    return {**told, "items": items}


def _told(found: queries.RegionFootprint) -> dict[str, Any]:
    names = ("code", "published", "months", "parts", "unplaced", "snapshot")
    return {**{name: getattr(found, name) for name in names}, "rounded_to_g": ROUNDED_TO_G}


def home_of(holder_id: int) -> dict[str, Any]:
    """Where somebody is at home, with the region's name."""
    chosen = accounts.homes.find_home(holder_id)
    if chosen is None:
        return {"region": None, "name": None, "chosen_at": None}
    names = known.list_names([chosen.region])
    return {"region": chosen.region, "name": names.get(chosen.region), "chosen_at": chosen.chosen_at}


def stretch_of(holder_id: int, wish: dict[str, Any]) -> Stretch:
    """The stretch that a query names, this year's without one. Raises `StretchBackwards`."""
    today = clock.business_day()
    until: date = wish.get("until") or max(today, wish.get("since") or today)
    since: date = wish.get("since") or until.replace(month=1, day=1)
    if since > until:
        raise StretchBackwards()
    return Stretch(holder_id, since, until, (wish["line"],) if wish.get("line") else LINES)


def page_of_lines(stretch: Stretch, limit: int, after: str | None) -> dict[str, Any]:
    """One page of a statement; `next` is the cursor of the one after it, if there is one."""
    found = queries.lines.list_lines(stretch, limit + 1, queries.lines.read_key(after))
    more = queries.lines.write_key(found[limit - 1].key) if len(found) > limit else None
    return {"items": found[:limit], "next": more}


def csv_export(stretch: Stretch) -> Response:
    """A statement as a table, streamed: with a byte order mark, and nothing that a spreadsheet would run."""
    return _attached(_table(stretch), stretch, "csv", "text/csv; charset=utf-8")


def json_export(stretch: Stretch) -> Response:
    """A statement as one document, streamed."""
    return _attached(_document(stretch), stretch, "json", "application/json")


def _attached(parts: Iterator[str], stretch: Stretch, ending: str, media: str) -> Response:
    name = f"senhui-account-{stretch.first}-{stretch.last}.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    body = (part.encode() for part in parts)
    return Response(stream_with_context(body), headers=headers, content_type=media)


def _table(stretch: Stretch) -> Iterator[str]:
    yield BOM + csv_text([[t(f"statements.column_{name}") for name in COLUMNS]])
    for line in queries.lines.all_lines(stretch):
        yield csv_text([_row(line)])


def _row(line: StatementLine) -> list[object]:
    lang, factor = language(), line.factor
    mark = line.mark[lang] if line.mark else t("statements.sample") if line.sample else None
    return [
        line.day,
        _word("line", line.line),
        getattr(line.name, lang),
        line.code,
        line.grams,
        line.counted_g,
        line.totals.avoided_g,
        line.totals.emitted_g,
        line.totals.offset_g,
        _word("state", line.state),
        _word("grade", line.grade),
        line.source,
        json.dumps(dict(line.inputs), ensure_ascii=False),
        f"{factor.key} v{factor.version}" if factor else None,
        format(factor.value, "f") if factor else None,
        factor.unit if factor else None,
        f"{factor.source_title} {factor.source_ref}" if factor else None,
        factor.source_url if factor else None,
        mark,
        getattr(line.method, lang) if line.method else None,
        line.serial,
        line.recorded_at.astimezone(clock.SHANGHAI).isoformat(timespec="seconds"),
    ]


def _word(group: str, name: str | None) -> str | None:
    message = f"statements.{group}_{name}"
    return t(message) if exists(message) else name


def _document(stretch: Stretch) -> Iterator[str]:
    head = {"from": stretch.first.isoformat(), "to": stretch.last.isoformat(), "note": _note()}
    yield json.dumps(head, ensure_ascii=False)[:-1] + ', "items": ['
    totals, between = Totals(), ""
    for line in queries.lines.all_lines(stretch):
        yield between + json.dumps(_LINE.dump(line), ensure_ascii=False)
        totals, between = line.totals, ",\n"
    yield f'], "totals": {json.dumps(_TOTALS.dump(totals))}}}\n'


def _note() -> dict[str, str]:
    return {lang: t("statements.never_added", lang) for lang in ("zh", "en")}


def connect(app: Flask, api: Api) -> None:
    """Register this room's routes, and what its operators must see."""
    for blueprint in (account, home, crowds):
        api.register_blueprint(blueprint)
    health.tell("region_days_unsealed", queries.crowds.count_days_unsealed)
