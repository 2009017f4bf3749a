"""Projects 项目 and what was issued for them."""

from dataclasses import dataclass

from sqlalchemy import select

from app.accounts import queries as accounts
from app.kit.database import db
from app.registry.errors import ProjectUnknown
from app.registry.models import Issuance, Project
from app.registry.queries.units import Conservation, conservations
from app.registry.rules import PROJECT_CODE


@dataclass(frozen=True, slots=True)
class IssuanceStanding:
    """An issuance and what became of its units."""

    issuance: Issuance
    units: Conservation


@dataclass(frozen=True, slots=True)
class ProjectSummary:
    """A project and its right holder's name."""

    project: Project
    holder: str


@dataclass(frozen=True, slots=True)
class ProjectStanding:
    """A project, its right holder's name, and its issuances, oldest vintage first."""

    project: Project
    holder: str
    issuances: list[IssuanceStanding]


def list_projects(limit: int, after: int | None = None) -> list[ProjectSummary]:
    """Projects in the order of their registration; `after` is a project's id."""
    wanted = select(Project).where(Project.id > (after or 0)).order_by(Project.id).limit(limit)
    projects = db.session.scalars(wanted).all()
    holders = accounts.list_holders([project.holder_id for project in projects])
    return [ProjectSummary(project, holders[project.holder_id].name or "") for project in projects]


def get_project(code: str) -> ProjectStanding:
    """The project with this public code. Raises `ProjectUnknown`."""
    project = None
    if PROJECT_CODE.fullmatch(code):
        project = db.session.scalar(select(Project).where(Project.code == code))
    if project is None:
        raise ProjectUnknown()
    holder = accounts.list_holders([project.holder_id])[project.holder_id]
    return ProjectStanding(project, holder.name or "", _issuances(project.id))


def _issuances(project_id: int) -> list[IssuanceStanding]:
    found = select(Issuance).where(Issuance.project_id == project_id).order_by(Issuance.vintage)
    issuances = db.session.scalars(found).all()
    units = conservations([issuance.id for issuance in issuances])
    return [IssuanceStanding(issuance, units[issuance.id]) for issuance in issuances]
