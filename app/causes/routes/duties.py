"""Tree duties over HTTP: tariffs for anyone, one's own duties and groups. Buying is `POST /v1/orders`."""

from typing import Any

from flask import request

from app.accounts import queries as accounts
from app.causes.errors.duties import DutyListRefused
from app.causes.queries import duties as queries
from app.causes.queries.duties import DutyFacts, GroupFacts
from app.causes.queries.duty_tariffs import list_tariffs
from app.causes.rules.duties import AGES, Person, fitting_tariff
from app.causes.rules.duty_lists import PEOPLE, read_people
from app.causes.rules.lists import ListRefused, read_list
from app.causes.schemas.duties import (
    DutyGroupBriefView,
    DutyGroupView,
    DutyView,
    DutyWithDocumentsView,
    NewDuty,
    NewDutyGroup,
    TariffQuery,
    TariffsView,
)
from app.causes.services import duties as services
from app.kit import clock
from app.kit.http import Blueprint, public
from app.kit.idempotency import writes
from app.kit.identity import caller, signed_in
from app.kit.messages import t
from app.kit.paging import PageQuery, page, page_of, read_cursor
from app.kit.problems import UnsupportedMedia
from app.offsets.queries.attestations import find_standing

tariffs = Blueprint(
    "duty_tariffs", __name__, url_prefix="/v1/duty-tariffs", description="What a tree costs 义务植树折算标准"
)
duties = Blueprint(
    "duties", __name__, url_prefix="/v1/duties", description="A person's tree-planting duty 全民义务植树"
)
groups = Blueprint(
    "duty_groups",
    __name__,
    url_prefix="/v1/duty-groups",
    description="A family's or a staff's duties in one go 家庭与单位",
)
BLUEPRINTS = (tariffs, duties, groups)


@tariffs.route("", methods=["GET"])
@public
@tariffs.arguments(TariffQuery, location="query")
@tariffs.response(200, TariffsView)
def get_tariffs(wish: dict[str, Any]) -> dict[str, Any]:
    """All tariffs that were found, with source and grade; of a region, the one that holds comes first."""
    found = list(list_tariffs())
    year = wish.get("year", clock.business_day().year)
    if wish:
        found = [each for each in found if each.reaches(wish.get("region", each.region), year)]
    if "region" in wish:
        holds = fitting_tariff(found, wish["region"], year)
        found.sort(key=lambda each: each != holds)
    return {"items": found, "ages": AGES}


@duties.route("", methods=["POST"])
@signed_in
@writes
@duties.arguments(NewDuty)
@duties.response(201, DutyWithDocumentsView)
def post_duty(wish: dict[str, Any]) -> dict[str, Any]:
    """Start one person's year; of a person it stands once a year. Then order with its code as `cause`."""
    accounts.require_live_session(caller())
    region, year = wish.pop("region"), wish.pop("year", None)
    return with_documents(services.start_duty(caller().holder_id, Person(**wish), region, year))


@duties.route("", methods=["GET"])
@signed_in
@duties.arguments(PageQuery, location="query")
@duties.response(200, page_of(DutyView))
def get_duties(wish: dict[str, Any]) -> dict[str, Any]:
    """The caller's duties outside of groups, newest first."""
    accounts.require_live_session(caller())
    rows = queries.list_duties(caller().holder_id, wish["limit"] + 1, read_cursor(wish.get("after")))
    return page(rows, wish["limit"], lambda each: each.id)


@duties.route("/<string:code>", methods=["GET"])
@signed_in
@duties.response(200, DutyWithDocumentsView)
def get_duty(code: str) -> dict[str, Any]:
    """One duty: trees, what is lacking, documents, and the greening office's certificate number."""
    accounts.require_live_session(caller())
    return with_documents(queries.get_duty(caller().holder_id, code))


@duties.route("/<string:code>/withdraw", methods=["POST"])
@signed_in
@writes
@duties.response(204)
def withdraw_duty(code: str) -> None:
    """Take a duty back for which nothing was bought; who it was of is forgotten."""
    accounts.require_live_session(caller())
    services.withdraw_duty(caller().holder_id, code)


@groups.route("", methods=["POST"])
@signed_in
@writes
@groups.arguments(NewDutyGroup)
@groups.response(201, DutyGroupView)
def post_group(wish: dict[str, Any]) -> dict[str, Any]:
    """Start several persons' year at once, all of them or none; one payment is split among them."""
    accounts.require_live_session(caller())
    people = [Person(**told, line=place) for place, told in enumerate(wish.pop("people"), 1)]
    group = services.start_group(caller().holder_id, people=people, **wish)
    return group_view(group)


@groups.route("", methods=["GET"])
@signed_in
@groups.arguments(PageQuery, location="query")
@groups.response(200, page_of(DutyGroupBriefView))
def get_groups(wish: dict[str, Any]) -> dict[str, Any]:
    """The caller's groups, newest first."""
    accounts.require_live_session(caller())
    rows = queries.list_groups(caller().holder_id, wish["limit"] + 1, read_cursor(wish.get("after")))
    return page(rows, wish["limit"], lambda each: each.id)


@groups.route("/<string:code>", methods=["GET"])
@signed_in
@groups.response(200, DutyGroupView)
def get_group(code: str) -> dict[str, Any]:
    """One group with its people and where each of them stands."""
    accounts.require_live_session(caller())
    return group_view(queries.get_group(caller().holder_id, code))


@groups.route("/<string:code>/people", methods=["POST"])
@signed_in
@writes
@groups.doc(requestBody={"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}})
@groups.response(201, DutyGroupView)
def post_people(code: str) -> dict[str, Any]:
    """Add the persons of a CSV list, all of them or none; the columns are those of the template."""
    accounts.require_live_session(caller())
    if request.mimetype != "text/csv":
        raise UnsupportedMedia()
    people = people_of(request.get_data(cache=True))
    return group_view(services.add_people(caller().holder_id, code, people))


def people_of(content: bytes) -> list[Person]:
    """The persons of a list as it was sent. Raises `DutyListRefused` with the file's fault or each line's."""
    try:
        people, faults = read_people(read_list(content, PEOPLE))
    except ListRefused as refused:
        told = services.fault_text(refused.reason, **refused.params)
        raise DutyListRefused(errors=[{"pointer": "#", "detail": told}]) from refused
    if faults:
        services.refuse_lines(
            [
                (each.line, services.fault_text(each.reason, column=each.column, **each.params))
                for each in faults
            ]
        )
    return people


def with_documents(duty: DutyFacts) -> dict[str, Any]:
    """A duty with the numbers of its standing documents."""
    voucher, equivalence = (find_standing(duty.id, kind) for kind in ("duty_voucher", "duty_equivalence"))
    return {
        **{name: getattr(duty, name) for name in DutyView._declared_fields if hasattr(duty, name)},
        "progress": duty.progress,
        "counted": duty.counted,
        "voucher": voucher.number if voucher else None,
        "equivalence": equivalence.number if equivalence else None,
        "discharged_by": t("causes.duty_discharged_by"),
    }


def group_view(group: GroupFacts) -> dict[str, Any]:
    """A group with the number of its payer's voucher."""
    voucher = find_standing(group.id, "duty_voucher")
    told = {name: getattr(group, name) for name in DutyGroupView._declared_fields if hasattr(group, name)}
    return {**told, "voucher": voucher.number if voucher else None}
