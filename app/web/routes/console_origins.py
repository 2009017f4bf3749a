"""Foreign units in the console: entered with their proof by one person, approved on it by another."""

import hashlib
from typing import Any

from flask import Response, make_response, redirect

from app.accounts.queries.operators import OperatorFacts
from app.accounts.queries.operators import list_names as operator_names
from app.kit.codes import random_code
from app.kit.fields import AnyDay, Code, NewSchema, OneOf, Shaped, Text, WholeText
from app.kit.http import read_file
from app.kit.messages import t
from app.kit.problems import Problem, Unreadable
from app.kit.transaction import transaction
from app.registry.errors import HoldsNothing
from app.registry.queries.receivers import find_receiver
from app.registry.queries.tickets import get_origin, list_origins
from app.registry.rules import FOREIGN, PRODUCTS, REGION, REGISTRY
from app.registry.services import origins
from app.registry.services.origins import OriginFacts
from app.registry.services.projects import ProjectFacts
from app.web import session
from app.web.console import operated
from app.web.forms import Form, OnceSchema, once, read_form
from app.web.pages import page, web

LARGEST_PROOF_BYTES = 5 * 1024 * 1024
MOST_TONNES = 10**9


class NewOrigin(OnceSchema):
    """Foreign units as their home registry's record says."""

    product = OneOf(FOREIGN, required=True)
    home = Shaped(REGISTRY, 12)
    home_name = Text(60, required=True)
    project_code = Text(60, required=True)
    name_zh = Text(100, required=True)
    name_en = Text(100, required=True)
    region = Shaped(REGION, 6, required=True)
    place_zh = Text(60, required=True)
    place_en = Text(60, required=True)
    area_m2 = WholeText(1, 10**13, required=True)
    serial = Text(200, required=True)
    quantity_t = WholeText(1, MOST_TONNES, required=True)
    methodology = Text(200, required=True)
    verification = Text(100, required=True)
    reference = Text(100, required=True)
    period_start = AnyDay(required=True)
    period_end = AnyDay(required=True)
    vintage = WholeText(2000, 2100, required=True)
    holder = Code(26, required=True)


@web.get("/console/origins")
@operated("registry.read")
def origin_list(operator: OperatorFacts) -> Response:
    """Foreign units: what waits, what came in, and the form for more."""
    return _list_page(operator, Form())


@web.post("/console/origins")
@operated("registry.write")
def enter_origin(operator: OperatorFacts) -> Response:
    """Enter foreign units with their proof; of the document only its hash is kept."""
    try:
        proof = _proof_hash()
    except Unreadable as missing:
        return _list_page(operator, read_form(NewOrigin).refuse(missing))
    form = read_form(NewOrigin)
    if not form.sound:
        return _list_page(operator, form)
    try:
        with transaction():
            code = once(operator.id, form, lambda: _enter(operator.id, form.values, proof))
    except Problem as problem:
        return _list_page(operator, form.refuse(problem))
    return make_response(redirect(f"/console/origins/{code}?said=origin_entered", 303))


def _enter(operator_id: int, wish: dict[str, Any], proof_sha256: str) -> str:
    holder = find_receiver(wish["holder"])
    if holder is None:
        raise HoldsNothing(code=wish["holder"])
    home = PRODUCTS[wish["product"]].home or wish.get("home")
    if home is None:
        raise Unreadable(errors=[{"pointer": "#/home", "detail": t("kit.field_required")}])
    names = (
        *("home_name", "project_code", "serial", "methodology", "verification", "reference"),
        *("period_start", "period_end", "vintage"),
    )
    facts = OriginFacts(
        home=home, quantity_kg=wish["quantity_t"] * 1000, **{name: wish[name] for name in names}
    )
    project = _project(wish, f"{home}-{random_code(6)}")
    return origins.enter_origin(operator_id, facts, project, holder.id, proof_sha256).code


def _project(wish: dict[str, Any], code: str) -> ProjectFacts:
    """The forest as the record tells of it; a development instance has samples only."""
    told = {
        lang: t("web.origin_describes", lang, home=wish["home_name"], code=wish["project_code"])
        for lang in ("zh", "en")
    }
    return ProjectFacts(
        code=code,
        name_zh=wish["name_zh"],
        name_en=wish["name_en"],
        region=wish["region"],
        county_zh=wish["place_zh"],
        county_en=wish["place_en"],
        township_zh="",
        township_en="",
        village_zh="",
        village_en="",
        forest_type="other",
        methodology="origin",
        description_zh=told["zh"],
        description_en=told["en"],
        area_m2=wish["area_m2"],
        sample=not session.settings().production,
        product=wish["product"],
    )


@web.get("/console/origins/<code:code>")
@operated("registry.read")
def origin(operator: OperatorFacts, code: str) -> Response:
    """One entry. Raises `OriginUnknown`."""
    return _origin_page(operator, code, Form())


@web.post("/console/origins/<code:code>/approve")
@operated("registry.write")
def approve_origin(operator: OperatorFacts, code: str) -> Response:
    """Issue what another has entered, on the same document. Raises `OriginUnknown`."""
    get_origin(code)
    form = Form()
    try:
        proof = _proof_hash()
        with transaction():
            origins.approve_origin(operator.id, code, proof)
    except Problem as problem:
        return _origin_page(operator, code, form.refuse(problem))
    return make_response(redirect(f"/console/origins/{code}?said=origin_approved", 303))


@web.post("/console/origins/<code:code>/decline")
@operated("registry.write")
def decline_origin(operator: OperatorFacts, code: str) -> Response:
    """Let foreign units not in. Raises `OriginUnknown`."""
    get_origin(code)
    read_form(NewSchema)
    try:
        with transaction():
            origins.decline_origin(operator.id, code)
    except Problem as problem:
        return _origin_page(operator, code, Form().refuse(problem))
    return make_response(redirect(f"/console/origins/{code}?said=origin_declined", 303))


def _proof_hash() -> str:
    """The SHA-256 of the document that was sent along. Raises `Unreadable` and `TooLarge`."""
    return hashlib.sha256(read_file("proof", LARGEST_PROOF_BYTES)).hexdigest()


def _list_page(operator: OperatorFacts, form: Form) -> Response:
    return page(
        "console_origins.html",
        form.status,
        origins=list_origins(),
        form=form,
        products=FOREIGN,
        may_write=operator.may("registry.write"),
    )


def _origin_page(operator: OperatorFacts, code: str, form: Form) -> Response:
    return page(
        "console_origin.html",
        form.status,
        each=get_origin(code),
        form=form,
        names=operator_names(),
        me=operator.id,
        may_write=operator.may("registry.write"),
    )
