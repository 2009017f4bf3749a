"""Projects 项目 and what was issued for them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from app.kit.database import db
from app.registry.errors import ProjectUnknown
from app.registry.models import Dossier, Issuance, Project
from app.registry.queries.dossiers import DossierStanding, find_dossier_of, public_names
from app.registry.queries.sanctions import Mark, list_standing
from app.registry.queries.units import Conservation, conservations
from app.registry.rules import PROJECT_CODE


@dataclass(frozen=True, slots=True)
class IssuanceStanding:
    """An issuance and what became of its units."""

    issuance: Issuance
    units: Conservation


@dataclass(frozen=True, slots=True)
class ProjectSummary:
    """A project, its right holder's public name, and the sanctions in force against either."""

    project: Project
    holder: str
    sanctions: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class ProjectStanding:
    """A project, its right holder, its issuances, oldest vintage first, its dossier, sanctions in force."""

    project: Project
    holder: str
    issuances: list[IssuanceStanding]
    dossier: DossierStanding | None
    sanctions: tuple[Mark, ...] = ()


def list_projects(limit: int, after: int | None = None) -> list[ProjectSummary]:
    """Projects in the order of their registration; `after` is a project's id."""
    wanted = select(Project).where(Project.id > (after or 0)).order_by(Project.id).limit(limit)
    return summaries(db.session.scalars(wanted).all())


def read_projects(codes: Collection[str]) -> dict[str, ProjectSummary]:
    """The projects with these codes, by code."""
    if not codes:
        return {}
    rows = db.session.scalars(select(Project).where(Project.code.in_(codes))).all()
    return {each.project.code: each for each in summaries(rows)}


def summaries(projects: Sequence[Project]) -> list[ProjectSummary]:
    """These projects with their right holders and what stands against either."""
    ids = {project.holder_id for project in projects}
    marks = list_standing(ids, [each.id for each in projects])
    names = public_names(Dossier.project_id, {each.id: each.holder_id for each in projects})
    return [ProjectSummary(each, names[each.id], _marks_of(each, marks)) for each in projects]


def _marks_of(project: Project, marks: Sequence[Mark]) -> tuple[Mark, ...]:
    return tuple(
        mark for mark in marks if project.id == mark.project_id or project.holder_id == mark.holder_id
    )


def get_project(code: str) -> ProjectStanding:
    """The project with this public code. Raises `ProjectUnknown`."""
    project = None
    if PROJECT_CODE.fullmatch(code):
        project = db.session.scalar(select(Project).where(Project.code == code))
    if project is None:
        raise ProjectUnknown()
    summary = summaries([project])[0]
    issuances, dossier = _issuances(project.id), find_dossier_of(project)
    return ProjectStanding(project, summary.holder, issuances, dossier, summary.sanctions)


def find_product(code: str) -> str | None:
    """What units of the project with this public code are; None for no project."""
    if not PROJECT_CODE.fullmatch(code):
        return None
    return db.session.scalar(select(Project.product).where(Project.code == code))


def _issuances(project_id: int) -> list[IssuanceStanding]:
    found = select(Issuance).where(Issuance.project_id == project_id).order_by(Issuance.vintage)
    issuances = db.session.scalars(found).all()
    units = conservations([issuance.id for issuance in issuances])
    return [IssuanceStanding(issuance, units[issuance.id]) for issuance in issuances]
