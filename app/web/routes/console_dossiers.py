"""Dossiers at the operators' desk: the list, the facts, and the page on which everything comes together."""

from typing import Any

from flask import Response, make_response, redirect, request

from app.accounts import queries as accounts
from app.accounts import services as holders
from app.accounts.queries.operators import OperatorFacts
from app.kit.fields import Code, Day, OneOf, Text
from app.kit.messages import t
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.registry import queries as registry
from app.registry.errors.dossiers import DossierRefused, ParcelOverlaps
from app.registry.rules import FOREST_TYPES, HOME_PRODUCTS, OWN_METHODOLOGIES, YIYUAN
from app.registry.rules.dossiers import DOCUMENT_KINDS, ROLES, VERDICTS
from app.registry.services import dossiers
from app.registry.services.dossiers import DossierFacts
from app.web import maps, session
from app.web.console import operated
from app.web.forms import Form, OnceSchema, Percent, Prose, once, read_form
from app.web.maps import Plot
from app.web.pages import page, web, word
from app.web.routes.projects import parcel_plots

PAGE = 50
KINDS = ("village", "household", "organisation")


class DossierForm(OnceSchema):
    """What a dossier says of its forest."""

    project_code = Code(20, required=True)
    name_zh = Text(100, required=True)
    name_en = Text(100, required=True)
    region = Code(6, required=True)
    county_zh = Text(60, required=True)
    county_en = Text(60, required=True)
    township_zh = Text(60, required=True)
    township_en = Text(60, required=True)
    village_zh = Text(60, required=True)
    village_en = Text(60, required=True)
    forest_type = OneOf(FOREST_TYPES, required=True)
    methodology = OneOf(OWN_METHODOLOGIES, required=True)
    product = OneOf(HOME_PRODUCTS, load_default=YIYUAN)
    description_zh = Prose(2_000, required=True)
    description_en = Prose(2_000, required=True)
    period_start = Day(required=True)
    period_end = Day(required=True)
    region_code = Code(12)
    buffer_bp = Percent()
    holder = Code(26, required=True)


class RightHolderForm(OnceSchema):
    """A village, household or state farm that has no books yet."""

    kind = OneOf(KINDS, required=True)
    name = Text(100, required=True)
    region = Code(6)


@web.get("/console/dossiers")
@operated("registry.read")
def console_dossiers(operator: OperatorFacts) -> Response:
    """All dossiers, the newest first."""
    before = read_cursor(request.args.get("after"))
    rows = registry.dossiers.list_dossiers(PAGE + 1, before)
    return page(
        "console_dossiers.html",
        listed=page_of(rows, PAGE, lambda row: row.dossier.id),
        form=Form(),
        kinds=KINDS,
        may_write=operator.may("registry.write"),
    )


@web.post("/console/right-holders")
@operated("registry.write")
def open_right_holder(operator: OperatorFacts) -> Response:
    """Open the books of somebody who owns forest."""
    form = read_form(RightHolderForm)
    if not form.sound:
        return page("console_right_holder.html", 422, form=form, kinds=KINDS)
    told = form.values

    def act() -> str:
        return holders.open_right_holder(operator.id, told["kind"], told["name"], told.get("region")).code

    with transaction():
        once(operator.id, form, act)
    return make_response(redirect("/console/dossiers?said=right_holder_opened", 303))


@web.get("/console/right-holders/new")
@operated("registry.write")
def new_right_holder(operator: OperatorFacts) -> Response:
    """The form of a new right holder."""
    return page("console_right_holder.html", form=Form(), kinds=KINDS)


@web.get("/console/dossiers/new")
@operated("registry.write")
def new_dossier(operator: OperatorFacts) -> Response:
    """The form of a new dossier."""
    return _facts_page(Form())


@web.post("/console/dossiers")
@operated("registry.write")
def open_dossier(operator: OperatorFacts) -> Response:
    """Open a draft."""
    form = read_form(DossierForm)
    if not form.sound:
        return _facts_page(form, status=422)
    sample = not session.settings().production

    def act() -> str:
        return dossiers.open_dossier(operator.id, *_told(form), sample=sample).code

    try:
        with transaction():
            code = once(operator.id, form, act)
    except Problem as problem:
        return _facts_page(form.refuse(problem), status=problem.status)
    return to_dossier(code, "dossier_opened")


@web.get("/console/dossiers/<code:code>/facts")
@operated("registry.write")
def dossier_facts(operator: OperatorFacts, code: str) -> Response:
    """The form of a draft's facts. Raises `DossierUnknown`."""
    dossier = registry.dossiers.get_dossier(code).dossier
    holder = accounts.list_holders([dossier.holder_id])[dossier.holder_id]
    written = {name: str(getattr(dossier, name) or "") for name in DossierFacts.__dataclass_fields__}
    written |= {
        "holder": holder.code,
        "buffer_bp": f"{dossier.buffer_bp / 100:g}" if dossier.buffer_bp else "",
    }
    return _facts_page(Form(written=written), code)


@web.post("/console/dossiers/<code:code>/facts")
@operated("registry.write")
def change_dossier(operator: OperatorFacts, code: str) -> Response:
    """Write a draft's facts anew."""
    form = read_form(DossierForm)
    if not form.sound:
        return _facts_page(form, code, 422)
    try:
        with transaction():
            dossiers.change_dossier(operator.id, code, *_told(form))
    except Problem as problem:
        return _facts_page(form.refuse(problem), code, problem.status)
    return to_dossier(code, "dossier_changed")


@web.get("/console/dossiers/<code:code>")
@operated("registry.read")
def console_dossier(operator: OperatorFacts, code: str) -> Response:
    """Everything about one dossier, and what can be done next. Raises `DossierUnknown`."""
    return dossier_page(operator, code, Form())


def dossier_page(operator: OperatorFacts, code: str, form: Form, status: int = 200) -> Response:
    """The dossier's page, also with what was wrong with a form; where land overlaps, the map shows it."""
    found = registry.dossiers.get_dossier(code)
    shared = form.refusal.overlaps if isinstance(form.refusal, ParcelOverlaps) else []
    clash = [Plot(rings, style="clash") for each in shared for rings in each["geometry"]["coordinates"]]
    return page(
        "console_dossier.html",
        status,
        found=found,
        dossier=found.dossier,
        form=form,
        map=maps.draw([*parcel_plots(found), *clash]),
        words={each.code: registry.dossiers.objection_words(each) for each in found.objections},
        names=accounts.operators.list_names(),
        options={
            "role": _options("role", ROLES),
            "document": _options("document", DOCUMENT_KINDS),
            "verdict": _options("verdict", VERDICTS),
            "holder": _holder_options(),
            "report": [
                (each.id, f"{each.title} {each.sha256.hex()[:8]}")
                for each in found.documents
                if each.kind == "verification"
            ],
        },
        notice_days=session.settings().notice_days,
        may_write=operator.may("registry.write"),
        me=operator.id,
    )


def to_dossier(code: str, said: str) -> Response:
    """Back to the dossier's page, with a sentence."""
    return make_response(redirect(f"/console/dossiers/{code}?said={said}", 303))


def refused(operator: OperatorFacts, code: str, form: Form, problem: Problem) -> Response:
    """The dossier's page with a refusal; a dossier or part that is not there stays so."""
    if problem.status == 404:
        raise problem
    return dossier_page(operator, code, form.refuse(problem), problem.status)


def _told(form: Form) -> tuple[DossierFacts, int]:
    """The facts and the right holder of a form. Raises `DossierRefused` for a holder that is not known."""
    values: dict[str, Any] = {
        name: form.values[name] for name in DossierFacts.__dataclass_fields__ if name in form.values
    }
    holder = accounts.find_holder(form.values["holder"])
    if holder is None or holder.kind not in KINDS:
        raise DossierRefused(errors=[{"pointer": "#/holder", "detail": t("kit.field_invalid")}])
    return DossierFacts(**values), holder.id


def _facts_page(form: Form, code: str | None = None, status: int = 200) -> Response:
    return page(
        "console_dossier_facts.html",
        status,
        form=form,
        code=code,
        options={
            "holder": _holder_options(),
            "forest_type": _options("forest_type", FOREST_TYPES),
            "methodology": _options("methodology", OWN_METHODOLOGIES),
            "product": _options("product", HOME_PRODUCTS),
        },
    )


def _options(group: str, words: tuple[str, ...]) -> list[tuple[str, str]]:
    """Words of the registry as a form's choices."""
    return [(each, t(f"registry.{group}_{each}")) for each in words]


def _holder_options() -> list[tuple[str, str]]:
    known = accounts.list_right_holders()
    return [(each.code, f"{word('holder_kind', each.kind)} · {each.name or each.code}") for each in known]
