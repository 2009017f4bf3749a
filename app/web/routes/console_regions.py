"""Where projects lie, in the console: hung deeper when their township or village becomes known."""

from flask import Response, make_response, redirect, request

from app.accounts.queries.operators import OperatorFacts
from app.kit.fields import Code, NewSchema
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.registry import queries as registry
from app.registry.queries import regions
from app.registry.services import place_project
from app.web.console import operated
from app.web.forms import Form, read_form
from app.web.pages import page, web

PAGE = 50


class NewPlace(NewSchema):
    """The code of a region."""

    region = Code(12, required=True)


@web.get("/console/regions")
@operated("registry.read")
def console_regions(operator: OperatorFacts) -> Response:
    """Every project with the region that it hangs at."""
    return _places_page(operator, Form())


@web.post("/console/regions/<code:project>")
@operated("registry.write")
def place(operator: OperatorFacts, project: str) -> Response:
    """Hang a project at a region of its county."""
    form = read_form(NewPlace)
    if not form.sound:
        return _places_page(operator, form, 422)
    try:
        with transaction():
            place_project(operator.id, project, form.values["region"])
    except Problem as problem:
        return _places_page(operator, form.refuse(problem), problem.status)
    return make_response(redirect("/console/regions?said=project_placed", 303))


def _places_page(operator: OperatorFacts, form: Form, status: int = 200) -> Response:
    rows = registry.list_projects(PAGE + 1, read_cursor(request.args.get("after")))
    listed = page_of(rows, PAGE, lambda row: row.project.id)
    return page(
        "console_regions.html",
        status,
        form=form,
        listed=listed,
        names=regions.list_names([row.project.region_code for row in listed["items"]]),
        may_write=operator.may("registry.write"),
    )
