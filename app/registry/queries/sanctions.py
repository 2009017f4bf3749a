"""Sanctions 处罚: what stands against whom, the public register, and what waits for a second person.

What is about to happen to a holder's units asks `require_free` first, before it locks anything else:
sanctions are locked before blocks, lots and accounts.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from app.accounts import queries as accounts
from app.kit.database import db
from app.registry.errors import Sanctioned, SanctionUnknown
from app.registry.errors.acts import HandingOverBarred
from app.registry.models import Issuance, Project, Sanction, SanctionStep
from app.registry.rules import Both
from app.registry.rules.sanctions import HALTING, IMPOSED, LIMIT, PUBLISHED, STANDING, WAITING, restraint


def _words(words: Iterable[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


_LAST = "(SELECT step FROM sanction_step WHERE sanction_id = s.id ORDER BY place DESC LIMIT 1)"
STANDING_FROM = f"(SELECT s.* FROM sanction s WHERE {_LAST} IN ({_words(STANDING)}))"
"""Every sanction in force, as a relation in SQL."""
_IDS = ARRAY(BigInteger)
_STANDING = text(
    f"SELECT id, code, kind, holder_id, project_id, no_new_lots, daily_kg FROM {STANDING_FROM} standing"
    " WHERE holder_id = ANY(:holders) OR project_id = ANY(:projects) ORDER BY id"
).bindparams(bindparam("holders", type_=_IDS), bindparam("projects", type_=_IDS))
_HALTED = text(
    f"SELECT DISTINCT holder_id FROM {STANDING_FROM} standing"
    f" WHERE holder_id IS NOT NULL AND kind IN ({_words(HALTING)})"
)


@dataclass(frozen=True, slots=True)
class Mark:
    """A sanction in force, as it stands beside whom it concerns; `code` leads to the register."""

    id: int
    code: str
    kind: str
    holder_id: int | None
    project_id: int | None
    no_new_lots: bool
    daily_kg: int | None

    @property
    def restraint(self) -> int:
        """What it means for the lots that it concerns."""
        return restraint(self.kind, self.daily_kg)


def list_standing(holder_ids: Collection[int] = (), project_ids: Collection[int] = ()) -> list[Mark]:
    """Sanctions in force against any of these holders or projects."""
    if not holder_ids and not project_ids:
        return []
    rows = db.session.execute(_STANDING, {"holders": list(holder_ids), "projects": list(project_ids)})
    return [Mark(*row) for row in rows]


def hold_still() -> None:
    """Let no sanction be laid or ended until the commit; whoever else asks for this does not wait."""
    db.session.execute(text("LOCK TABLE sanction IN ROW SHARE MODE"))


def lock_standing(
    holder_id: int | None = None, *, issuance_id: int | None = None, project_id: int | None = None
) -> list[Mark]:
    """What stands against a holder or an issuance's project; nothing more can be until the commit."""
    hold_still()
    if issuance_id is not None:
        project_id = db.session.scalar(select(Issuance.project_id).where(Issuance.id == issuance_id))
    return list_standing([holder_id] if holder_id else (), [project_id] if project_id else ())


def require_free(
    holder_id: int | None = None, *, issuance_id: int | None = None, project_id: int | None = None
) -> None:
    """Refuse what a suspended or removed holder or project may not do, and keep it so until the commit.

    For every act on units outside settlement: issuing, offering, transferring, giving, pledging. Raises
    `Sanctioned`.
    """
    require_none_halting(lock_standing(holder_id, issuance_id=issuance_id, project_id=project_id))


def require_none_halting(standing: Iterable[Mark]) -> None:
    """Refuse where one of these stops everything. Raises `Sanctioned` with its code."""
    for mark in standing:
        if mark.kind in HALTING:
            raise Sanctioned(code=mark.code)


def require_may_hand_over(holder_id: int) -> None:
    """Refuse to let units leave a limited holder's account but by a sale, and keep it so until the commit.

    Whoever got them would sell what the limit is about. A project's limit needs none of this: it goes with
    its units into anybody's hands. Operators may return units by a mandate. Raises `HandingOverBarred`.
    """
    _require_no_limit(lock_standing(holder_id))


def require_may_leave(holder_id: int, issuance_id: int) -> None:
    """Refuse to let units go to another registry while anything stands against their holder or project.

    A project's limit goes with its units only as far as our own books. Raises `Sanctioned` and
    `HandingOverBarred`.
    """
    standing = lock_standing(holder_id, issuance_id=issuance_id)
    require_none_halting(standing)
    _require_no_limit(standing)


def _require_no_limit(standing: Iterable[Mark]) -> None:
    for mark in standing:
        if mark.kind == LIMIT:
            raise HandingOverBarred(code=mark.code)


def list_halted_holders() -> set[int]:
    """Holders who are suspended or removed: nothing is paid out to them."""
    return set(db.session.scalars(_HALTED))


def lock_halted_holders() -> set[int]:
    """The same, and nothing can be imposed until the commit."""
    hold_still()
    return list_halted_holders()


@dataclass(frozen=True, slots=True)
class StepFacts:
    """One step of a sanction; the operator is for the console only."""

    step: str
    operator_id: int | None
    note: str | None
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class SanctionFacts:
    """A sanction, whom it concerns, and its steps, oldest first.

    `name` is None for a person, whom nobody may find by a register. `project` is a project's code,
    `holder` a holder's (for the console only).
    """

    sanction: Sanction
    target: str
    name: Both | None
    project: str | None
    holder: str | None
    steps: tuple[StepFacts, ...]

    @property
    def status(self) -> str:
        """Where it stands: its last step."""
        return self.steps[-1].step

    @property
    def standing(self) -> bool:
        """Whether it is in force."""
        return self.status in STANDING

    @property
    def waiting(self) -> StepFacts | None:
        """The step that waits for another operator."""
        return self.steps[-1] if self.status in WAITING else None

    @property
    def history(self) -> list[StepFacts]:
        """What the public register shows."""
        return [step for step in self.steps if step.step in PUBLISHED]


def get_sanction(code: str, *, published: bool = True) -> SanctionFacts:
    """One sanction; `published` ones were imposed once. Raises `SanctionUnknown`."""
    known = code.isascii() and code.isalnum()
    found = db.session.scalars(select(Sanction).where(Sanction.code == code)).all() if known else []
    facts = _facts(found)
    if not facts or (published and not facts[0].history):
        raise SanctionUnknown()
    return facts[0]


def list_sanctions(
    limit: int, before: int | None = None, *, standing: bool | None = None, published: bool = True
) -> list[SanctionFacts]:
    """Sanctions, newest first; `before` is an id, `standing` keeps those in force, or the others."""
    last = (
        select(SanctionStep.step)
        .where(SanctionStep.sanction_id == Sanction.id)
        .order_by(SanctionStep.place.desc())
        .limit(1)
        .scalar_subquery()
    )
    imposed = (
        select(SanctionStep.place)
        .where(SanctionStep.sanction_id == Sanction.id, SanctionStep.step == IMPOSED)
        .exists()
    )
    wanted = select(Sanction).order_by(Sanction.id.desc()).limit(limit)
    if published:
        wanted = wanted.where(imposed)
    if before is not None:
        wanted = wanted.where(Sanction.id < before)
    if standing is not None:
        wanted = wanted.where(last.in_(STANDING) if standing else last.not_in(STANDING))
    return _facts(db.session.scalars(wanted).all())


def count_waiting_sanctions() -> int:
    """How many removals and liftings wait for a second operator."""
    waiting = f"SELECT count(*) FROM sanction s WHERE {_LAST} IN ({_words(WAITING)})"
    return int(db.session.scalar(text(waiting)) or 0)


@dataclass(frozen=True, slots=True)
class Target:
    """Somebody or something that a sanction can be laid upon; `value` is what the console's form sends."""

    value: str
    name: Both


def list_targets(most: int = 500) -> tuple[list[Target], list[Target]]:
    """Projects, and the holders who have one or sell from one."""
    projects = db.session.scalars(select(Project).order_by(Project.id.desc()).limit(most)).all()
    ids = db.session.scalars(
        text(
            "SELECT DISTINCT holder_id FROM (SELECT holder_id FROM project UNION SELECT seller_holder_id"
            " FROM lot) known ORDER BY 1 DESC LIMIT :most"
        ),
        {"most": most},
    ).all()
    holders = accounts.list_holders(ids).values()
    return (
        [Target(f"project.{each.code}", each.name) for each in projects],
        [Target(f"holder.{each.code}", Both(*2 * (each.name or each.code,))) for each in holders],
    )


def _facts(found: Collection[Sanction]) -> list[SanctionFacts]:
    steps: dict[int, list[StepFacts]] = {}
    ids = [each.id for each in found]
    taken = select(SanctionStep).where(SanctionStep.sanction_id.in_(ids)).order_by(SanctionStep.place)
    for row in db.session.scalars(taken):
        fact = StepFacts(row.step, row.operator_id, row.note, row.taken_at)
        steps.setdefault(row.sanction_id, []).append(fact)
    projects = _projects([each.project_id for each in found if each.project_id])
    holders = accounts.list_holders([each.holder_id for each in found if each.holder_id])
    return [
        _project_facts(each, projects[each.project_id], steps[each.id])
        if each.project_id
        else _holder_facts(each, holders[each.holder_id or 0], steps[each.id])
        for each in found
    ]


def _project_facts(sanction: Sanction, project: Project, steps: list[StepFacts]) -> SanctionFacts:
    return SanctionFacts(sanction, "project", project.name, project.code, None, tuple(steps))


def _holder_facts(sanction: Sanction, holder: Any, steps: list[StepFacts]) -> SanctionFacts:
    """A person's name is nobody's business; everybody else sells under theirs."""
    name = None if holder.kind == "person" or not holder.name else Both(holder.name, holder.name)
    return SanctionFacts(sanction, "holder", name, None, holder.code, tuple(steps))


def _projects(ids: Collection[int]) -> Mapping[int, Project]:
    return {each.id: each for each in db.session.scalars(select(Project).where(Project.id.in_(ids)))}
