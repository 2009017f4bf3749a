"""Evidence and fairness for people: acts that are counted, photos, appeals, and the published rules."""

from datetime import timedelta
from itertools import groupby

from flask import Response, make_response, redirect, request

from app.footprint import queries as footprint
from app.footprint import services
from app.footprint.queries import Methodology
from app.footprint.queries import reviews as known
from app.footprint.queries.published import list_rules
from app.footprint.queries.reviews import Case
from app.footprint.rules import COUNT, SELF
from app.footprint.rules.photos import LARGEST_PHOTO_BYTES
from app.footprint.rules.plausibility import LONGEST_WORDS
from app.kit import clock
from app.kit.fields import Code, Day, NewSchema, WholeText
from app.kit.http import public, read_file
from app.kit.problems import NotFound, Problem, Unreadable
from app.kit.transaction import transaction
from app.web.forms import Form, OnceSchema, Prose, once, read_form
from app.web.pages import page, web
from app.web.session import personal


class NewAct(OnceSchema):
    """How many acts of one day, as the form asks for them."""

    scene = Code(40, required=True)
    occurred_on = Day(required=True)
    quantity = WholeText(1, 1_000_000, required=True)


class AppealForm(NewSchema):
    """Why the rule does them wrong."""

    words = Prose(LONGEST_WORDS, required=True)


@web.get("/acts/new")
@personal
def new_act(holder_id: int) -> Response:
    """The form for acts that are counted."""
    return _act_form(Form(written={"scene": request.args.get("scene", "")}))


@web.post("/acts")
@personal
def report_act(holder_id: int) -> Response:
    """Record acts; the same form sent again records none."""
    form = read_form(NewAct)
    if not form.sound:
        return _act_form(form, 422)
    told = form.values

    def act() -> str:
        done = services.record_act(holder_id, told["scene"], told["occurred_on"], told["quantity"])
        return done.action.code

    try:
        with transaction():
            code = once(holder_id, form, act)
    except Problem as problem:
        return _act_form(form.refuse(problem), problem.status)
    return make_response(redirect(f"/actions/{code}?said=act_recorded", 303))


def _countable() -> list[Methodology]:
    return [each for each in footprint.list_scenes() if each.kind == COUNT and SELF in each.method.sources]


def _act_form(form: Form, status: int = 200) -> Response:
    today = clock.business_day()
    scenes = _countable()
    bounds = {"earliest": f"{today - timedelta(days=31)}", "latest": f"{today}"}
    return page("act_new.html", status, tab="actions", form=form, scenes=scenes, **bounds)


@web.post("/actions/<code:code>/photo")
@personal
def attach_photo(holder_id: int, code: str) -> Response:
    """Attach a photo to an act. Raises `NotFound`."""
    try:
        content = read_file("photo", LARGEST_PHOTO_BYTES)
        with transaction():
            services.attach_photo(holder_id, code, content)
    except NotFound:
        raise
    except Problem as problem:
        return _evidence_page(holder_id, code, "photo", Form().refuse(problem), problem.status)
    return make_response(redirect(f"/actions/{code}?said=photo_attached#evidence", 303))


@web.get("/actions/<code:code>/photo")
@personal
def photo_form(holder_id: int, code: str) -> Response:
    """The form for a photo. Raises `NotFound`."""
    return _evidence_page(holder_id, code, "photo", Form())


@web.get("/actions/<code:code>/appeal")
@personal
def appeal_form(holder_id: int, code: str) -> Response:
    """The form for an appeal, with the rule and its values. Raises `NotFound`."""
    return _evidence_page(holder_id, code, "appeal", Form())


@web.post("/actions/<code:code>/appeal")
@personal
def appeal(holder_id: int, code: str) -> Response:
    """Appeal. Raises `NotFound`."""
    try:
        content = _chosen_photo()
    except Problem as problem:
        return _evidence_page(holder_id, code, "appeal", Form().refuse(problem), problem.status)
    form = read_form(AppealForm)
    if not form.sound:
        return _evidence_page(holder_id, code, "appeal", form, 422)
    try:
        with transaction():
            services.appeal(holder_id, code, form.values["words"], content)
    except NotFound:
        raise
    except Problem as problem:
        return _evidence_page(holder_id, code, "appeal", form.refuse(problem), problem.status)
    return make_response(redirect(f"/actions/{code}?said=appealed#evidence", 303))


def _chosen_photo() -> bytes | None:
    """The photo of a form in which it may be left out. Raises `TooLarge`."""
    try:
        return read_file("photo", LARGEST_PHOTO_BYTES)
    except Unreadable:
        return None


def _evidence_page(holder_id: int, code: str, what: str, form: Form, status: int = 200) -> Response:
    action = footprint.get_action(holder_id, code)
    case: Case = known.get_case(action)
    about = known.about(action) if what == "appeal" else None
    values = {"action": action, "case": case, "about": about, "what": what, "longest": LONGEST_WORDS}
    return page("act_evidence.html", status, tab="actions", form=form, **values)


@web.get("/actions/<code:code>/reviews/<code:review>/photo")
@personal
def own_photo(holder_id: int, code: str, review: str) -> Response:
    """A photo of mine, as it is kept. Raises `NotFound`."""
    footprint.get_action(holder_id, code)
    return Response(known.get_own_photo(holder_id, review), content_type="image/jpeg")


@web.get("/rules")
@public
def rules_page() -> Response:
    """Everything that can refuse, hold, cut or weigh an act, and what came of appeals."""
    names = {each.method.scene: each.document for each in footprint.list_scenes()}
    grouped = [(scene, list(of_scene)) for scene, of_scene in groupby(list_rules(), lambda rule: rule.scene)]
    return page("rules.html", tab="", grouped=grouped, names=names, appeals=known.count_appeals())
