"""Reviews at the operators' desk: acts that wait, their photos, what was said, and the decision."""

from flask import Response, make_response, redirect, request

from app.accounts import queries as accounts
from app.accounts.queries.operators import OperatorFacts
from app.footprint import services
from app.footprint.queries import reviews
from app.kit.fields import NewSchema, OneOf
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.web.console import operated
from app.web.forms import Form, Prose, read_form
from app.web.formulas import worked
from app.web.pages import page, web

PAGE = 50


class DecisionForm(NewSchema):
    """What is decided and why; the person reads the reason."""

    decision = OneOf(("grant", "refuse"), required=True)
    reason = Prose(500, required=True)


@web.get("/console/reviews")
@operated("footprint.read")
def console_reviews(operator: OperatorFacts) -> Response:
    """Acts that wait, the longest first; with `decided` those that were decided."""
    decided = "decided" in request.args
    rows = reviews.list_queue(PAGE + 1, read_cursor(request.args.get("after")), waiting=not decided)
    listed = page_of(rows, PAGE, lambda line: line.id)
    return page("console_reviews.html", listed=listed, decided=decided)


@web.get("/console/reviews/<code:code>")
@operated("footprint.read")
def console_review(operator: OperatorFacts, code: str) -> Response:
    """One review with its act. Raises `NotFound`."""
    return _review_page(operator, code, Form())


@web.post("/console/reviews/<code:code>")
@operated("footprint.write")
def decide_review(operator: OperatorFacts, code: str) -> Response:
    """Decide it. Raises `NotFound`."""
    form = read_form(DecisionForm)
    if not form.sound:
        return _review_page(operator, code, form, 422)
    granted = form.values["decision"] == "grant"
    try:
        with transaction():
            services.decide(operator.id, code, form.values["reason"], granted=granted)
    except Problem as problem:
        return _review_page(operator, code, form.refuse(problem), problem.status)
    said = "granted" if granted else "refused"
    return make_response(redirect(f"/console/reviews/{code}?said=review_{said}", 303))


@web.get("/console/reviews/<code:code>/photo")
@operated("footprint.read")
def console_photo(operator: OperatorFacts, code: str) -> Response:
    """The photo of a review. Raises `NotFound`."""
    return Response(reviews.get_photo(reviews.get_review(code)), content_type="image/jpeg")


def _review_page(operator: OperatorFacts, code: str, form: Form, status: int = 200) -> Response:
    row = reviews.get_review(code)
    action = reviews.action_of(row)
    case = reviews.get_case(action)
    [review] = [each for each in case.reviews if each.code == code]
    return page(
        "console_review.html",
        status,
        review=review,
        case=case,
        action=action,
        worked=worked(action),
        near=reviews.list_near(row),
        shown=reviews.has_picture(row),
        names=accounts.operators.list_names(),
        form=form,
        own=row.against == operator.id,
        may_write=operator.may("footprint.write"),
    )
