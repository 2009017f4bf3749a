"""My tree duties: start one's own year or a family's, buy trees, read the office's number."""

from collections.abc import Callable, Sequence

from flask import Response, make_response, redirect, request

from app.causes.queries import duties as queries
from app.causes.queries.duties import DutyFacts, GroupFacts
from app.causes.queries.duty_documents import rest_text
from app.causes.queries.duty_tariffs import list_tariffs
from app.causes.routes.duties import group_view, people_of, with_documents
from app.causes.rules.duties import (
    GROUP_KINDS,
    MOST_PEOPLE,
    MOST_TREES,
    NEEDED_TREES,
    SEXES,
    Basis,
    Person,
    Tariff,
    Use,
    read_name,
    read_suffix,
)
from app.causes.rules.lists import MOST_BYTES
from app.causes.services import duties as services
from app.kit import clock
from app.kit.fields import Area, OneOf, Read, Text, WholeText
from app.kit.http import read_file
from app.kit.messages import language, t
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.offsets.routes import place, require_open_shop
from app.web.forms import Form, OnceSchema, Yuan, once, read_form
from app.web.pages import page, web
from app.web.routes.duties import rate
from app.web.routes.orders import to_payment_sheet
from app.web.session import personal
from app.web.words import kilograms, yuan

PAGE = 20
TARGETS = (NEEDED_TREES, MOST_TREES)
YES = ("yes",)


class NewOwnDuty(OnceSchema):
    """One person's year, as they fill it in."""

    name = Read(40, read_name, "causes.field_person_name", required=True)
    birth_year = WholeText(1800, 2200, required=True)
    id_suffix = Read(10, read_suffix, "causes.field_id_suffix", required=True)
    sex = OneOf(SEXES)
    region = Area(required=True)
    print_name = OneOf(YES)
    honour = OneOf(YES)


class NewOwnGroup(OnceSchema):
    """A family or a staff, whose persons come in a list."""

    kind = OneOf(GROUP_KINDS, required=True)
    title = Text(60, required=True)
    region = Area(required=True)


class Trees(OnceSchema):
    """How much one buys: up to so many trees for everybody, or for so much money."""

    trees = OneOf(tuple(map(str, TARGETS)))
    money = Yuan()


@web.get("/me/duty")
@personal
def my_duties(holder_id: int) -> Response:
    """My duties and groups, the newest first."""
    rows = queries.list_duties(holder_id, PAGE + 1, read_cursor(request.args.get("after")))
    return page(
        "my_duties.html",
        tab="me",
        listed=page_of(rows, PAGE, lambda each: each.id),
        groups=queries.list_groups(holder_id, PAGE),
        needed=NEEDED_TREES,
    )


@web.get("/me/duty/new")
@personal
def new_duty(holder_id: int) -> Response:
    """The form of one person's year."""
    return _form_page("my_duty_new.html", Form())


@web.post("/me/duty")
@personal
def start_duty(holder_id: int) -> Response:
    """Start a year; what is wrong is said beside its field."""
    form = read_form(NewOwnDuty)
    if not form.sound:
        return _form_page("my_duty_new.html", form)
    told = {
        name: form.values[name] for name in ("name", "birth_year", "id_suffix", "sex") if name in form.values
    }
    person = Person(**told, honour="honour" in form.values, print_name="print_name" in form.values)
    try:
        with transaction():
            code = once(
                holder_id, form, lambda: services.start_duty(holder_id, person, form.values["region"]).code
            )
    except Problem as problem:
        return _form_page("my_duty_new.html", form.refuse(problem))
    return make_response(redirect(f"/me/duty/{code}?said=duty_started", 303))


@web.get("/me/duty/<code:code>")
@personal
def my_duty(holder_id: int, code: str) -> Response:
    """One person's year: trees, what is lacking, documents, the office's number. Raises `DutyUnknown`."""
    return _duty_page(holder_id, code, Form())


@web.post("/me/duty/<code:code>/buy")
@personal
def buy_trees(holder_id: int, code: str) -> Response:
    """Order trees for one person and go to the payment sheet. Raises `DutyUnknown`."""
    duty = queries.get_duty(holder_id, code)
    return _buy(holder_id, code, (duty,), lambda form: _duty_page(holder_id, code, form))


@web.post("/me/duty/<code:code>/withdraw")
@personal
def withdraw_duty(holder_id: int, code: str) -> Response:
    """Take back a year for which nothing was bought. Raises `DutyUnknown`."""
    duty = queries.get_duty(holder_id, code)
    try:
        with transaction():
            services.withdraw_duty(holder_id, code)
    except Problem as problem:
        if problem.status == 404:
            raise
        return _duty_page(holder_id, code, Form().refuse(problem))
    return make_response(redirect(f"/me/duty?said=duty_withdrawn&of={duty.year}", 303))


@web.get("/me/duty/groups/new")
@personal
def new_duty_group(holder_id: int) -> Response:
    """The form of a family's or a staff's year."""
    return _form_page("my_duty_group_new.html", Form())


@web.post("/me/duty/groups")
@personal
def start_duty_group(holder_id: int) -> Response:
    """Start the year of all persons of a list, or of nobody; each bad line is named."""
    people, fault = _listed()
    form = read_form(NewOwnGroup)
    if fault is not None:
        return _form_page("my_duty_group_new.html", form.refuse(fault))
    if not form.sound:
        return _form_page("my_duty_group_new.html", form)
    told = {name: form.values[name] for name in ("kind", "title", "region")}
    try:
        with transaction():
            code = once(holder_id, form, lambda: services.start_group(holder_id, people=people, **told).code)
    except Problem as problem:
        return _form_page("my_duty_group_new.html", form.refuse(problem))
    return make_response(redirect(f"/me/duty/groups/{code}?said=duty_started", 303))


@web.get("/me/duty/groups/<code:code>")
@personal
def my_duty_group(holder_id: int, code: str) -> Response:
    """One group with its people. Raises `DutyUnknown`."""
    return _group_page(holder_id, code, Form())


@web.post("/me/duty/groups/<code:code>/people")
@personal
def add_duty_people(holder_id: int, code: str) -> Response:
    """Add the persons of another list. Raises `DutyUnknown`."""
    queries.get_group(holder_id, code)
    people, fault = _listed()
    try:
        if fault is not None:
            raise fault
        with transaction():
            services.add_people(holder_id, code, people)
    except Problem as problem:
        return _group_page(holder_id, code, Form().refuse(problem))
    return make_response(redirect(f"/me/duty/groups/{code}?said=duty_people", 303))


@web.post("/me/duty/groups/<code:code>/buy")
@personal
def buy_trees_for_group(holder_id: int, code: str) -> Response:
    """Order trees for everybody of a group with one payment. Raises `DutyUnknown`."""
    group = queries.get_group(holder_id, code)
    return _buy(holder_id, code, group.people, lambda form: _group_page(holder_id, code, form))


def _listed() -> tuple[Sequence[Person], Problem | None]:
    """The persons of the list that was sent with a form, or what is wrong with it."""
    try:
        return people_of(read_file("list", MOST_BYTES)), None
    except Problem as problem:
        return (), problem


def _buy(
    holder_id: int, code: str, people: Sequence[DutyFacts], refused: Callable[[Form], Response]
) -> Response:
    require_open_shop()
    form = read_form(Trees)
    told = form.values
    if form.sound and ("trees" in told) == ("money" in told):
        form.faults["trees"] = t("web.duty_one_of")
    if not form.sound:
        return refused(form)
    basis = people[0].tariff.basis if people else Basis.YUAN
    amount = _missing(people, int(told["trees"])) if "trees" in told else told["money"]
    money = basis is Basis.YUAN or "money" in told
    wish = {"cause": code, "purpose": services.PURPOSE, "amount_fen" if money else "quantity_kg": amount}
    try:
        with transaction():
            order_code = once(holder_id, form, lambda: place(holder_id, wish).code)
    except Problem as problem:
        return refused(form.refuse(problem))
    return to_payment_sheet(holder_id, order_code)


def _missing(people: Sequence[DutyFacts], trees: int) -> int:
    """Fen or kilograms, by the basis, that all of them lack up to so many trees each."""
    return sum(max(0, each.tariff.amount_for(trees) - had(each)) for each in people)


def had(duty: DutyFacts) -> int:
    """Fen or kilograms, by the tariff's basis, that were bought for a person."""
    return duty.amount_fen if duty.tariff.basis is Basis.YUAN else duty.quantity_kg


def _offers(people: Sequence[DutyFacts], tariff: Tariff) -> list[dict[str, str]]:
    """What may be bought in one go, each with its price."""
    written = yuan if tariff.basis is Basis.YUAN else kilograms
    found = {trees: _missing(people, trees) for trees in TARGETS}
    return [
        {"value": str(trees), "label": t("web.duty_up_to", trees=trees), "note": written(amount)}
        for trees, amount in found.items()
        if amount and (trees == NEEDED_TREES or amount != found[NEEDED_TREES])
    ]


def _duty_page(holder_id: int, code: str, form: Form) -> Response:
    duty = queries.get_duty(holder_id, code)
    open_now = duty.withdrawn_at is None and duty.year == clock.business_day().year
    return page(
        "my_duty.html",
        form.status,
        tab="me",
        form=form,
        duty=duty,
        documents=with_documents(duty),
        rate=rate(duty.tariff),
        rest=rest_text(duty.tariff, duty.counted.rest)[language()],
        offers=_offers((duty,), duty.tariff) if open_now else [],
        open_now=open_now,
        needed=NEEDED_TREES,
        most=MOST_TREES,
    )


def _group_page(holder_id: int, code: str, form: Form) -> Response:
    group: GroupFacts = queries.get_group(holder_id, code)
    open_now = bool(group.people) and group.year == clock.business_day().year
    return page(
        "my_duty_group.html",
        form.status,
        tab="me",
        form=form,
        group=group,
        voucher=group_view(group)["voucher"],
        rate=rate(group.tariff),
        offers=_offers(group.people, group.tariff) if open_now else [],
        open_now=open_now,
        most_people=MOST_PEOPLE,
    )


def _form_page(template: str, form: Form) -> Response:
    usable = [each for each in list_tariffs() if each.use is not Use.REFUSED]
    chinese = language() == "zh"
    return page(
        template,
        form.status,
        tab="me",
        form=form,
        regions=[
            (each.region, f"{each.place_zh if chinese else each.place_en} · {rate(each)}") for each in usable
        ],
        sexes=[(each, t(f"web.duty_sex_{each}")) for each in SEXES],
        kinds=[{"value": each, "label": t(f"web.duty_kind_{each}")} for each in GROUP_KINDS],
        year=clock.business_day().year,
        most_people=MOST_PEOPLE,
    )
