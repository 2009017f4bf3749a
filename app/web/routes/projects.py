"""Forest projects in public: on a map, each with its land, right holders and papers; and public notices."""

from collections.abc import Iterable

from flask import Response, make_response, redirect

from app.kit import clock
from app.kit.fields import NewSchema
from app.kit.http import public
from app.kit.messages import t
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.registry import queries as registry
from app.registry.queries.dossiers import DossierStanding
from app.registry.rules.dossiers import LONGEST_OBJECTION
from app.registry.services import objections
from app.rewards.queries.drives import list_drives
from app.web import maps
from app.web.forms import Form, Prose, read_form
from app.web.maps import Plot
from app.web.pages import page, web

MOST_PROJECTS = 100
MOST_NOTICES = 50
MOST_LOTS = 20
MOST_DRIVES = 10


class ObjectionForm(NewSchema):
    """What is held against a dossier."""

    words = Prose(LONGEST_OBJECTION, shortest=5, required=True)


def parcel_plots(dossier: DossierStanding) -> list[Plot]:
    """A dossier's parcels as a map shows them."""
    return [
        Plot(parcel.rings, label=str(parcel.number), title=f"{parcel.number} {parcel.name}")
        for parcel in dossier.parcels
    ]


@web.get("/projects")
@public
def project_list() -> Response:
    """All projects on one map, and what is in public notice."""
    found = registry.list_projects(MOST_PROJECTS)
    numbers = {each.project.code: str(number) for number, each in enumerate(found, 1)}
    return page(
        "projects.html",
        tab="forest",
        projects=found,
        numbers=numbers,
        map=maps.draw(_overview(numbers)),
        notices=registry.dossiers.list_notices(MOST_NOTICES),
    )


def _overview(numbers: dict[str, str]) -> Iterable[Plot]:
    """Every parcel; the first of each project carries its number."""
    told: set[str] = set()
    for code, parcel in registry.dossiers.list_mapped_parcels():
        if code in numbers:
            label = "" if code in told else numbers[code]
            told.add(code)
            yield Plot(parcel.rings, label=label, title=code, href=f"/projects/{code}")


@web.get("/projects/<code:code>")
@public
def project(code: str) -> Response:
    """One project. Raises `ProjectUnknown`."""
    found = registry.get_project(code)
    return page(
        "project.html",
        tab="forest",
        standing=found,
        dossier=found.dossier,
        map=maps.draw(parcel_plots(found.dossier)) if found.dossier else None,
        lots=registry.list_lots(MOST_LOTS, project=code, available=True),
        drives=list_drives(MOST_DRIVES, project=code),
    )


@web.get("/notices/<code:code>")
@public
def notice(code: str) -> Response:
    """A dossier in public notice, or that was. Raises `DossierUnknown`."""
    return _notice_page(code, Form())


@web.post("/notices/<code:code>/objections")
@public
def object_to(code: str) -> Response:
    """Object to a registration; nobody has to say who they are. Raises `DossierUnknown`."""
    form = read_form(ObjectionForm)
    if not form.sound:
        return _notice_page(code, form, 422)
    try:
        with transaction():
            objections.raise_objection(code, form.values["words"])
    except Problem as problem:
        if problem.status == 404:
            raise
        return _notice_page(code, form.refuse(problem), problem.status)
    return make_response(redirect(f"/notices/{code}?said=objection_raised", 303))


def _notice_page(code: str, form: Form, status: int = 200) -> Response:
    found = registry.dossiers.get_dossier(code, public=True)
    return page(
        "notice.html",
        status,
        tab="forest",
        dossier=found,
        open=found.dossier.takes_objections(clock.now()),
        form=form,
        map=maps.draw(parcel_plots(found)),
        longest=LONGEST_OBJECTION,
        title=t("web.notice_title"),
    )
