"""The documents that calculators ask and compute by, as this process knows them.

Their rows never change, so a process reads each once; what was read belongs to the connection pool it
was read through.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import func, select
from sqlalchemy.pool import Pool

from app.footprint import rules
from app.footprint.models import GuideRow
from app.kit.database import db

PERSON_MONTH = "person-month"
EVENT_INVENTORY = "event-inventory"


@dataclass(frozen=True, eq=False)
class Guide:
    """One version of a document; read as questions or as an event's guide, whichever it is."""

    id: int
    key: str
    version: int
    document: Mapping[str, Any]

    @cached_property
    def questionnaire(self) -> rules.Questionnaire:
        """How a person's month follows from it."""
        return rules.read_questionnaire(self.document)

    @cached_property
    def items(self) -> Mapping[str, Mapping[str, Any]]:
        """What an event's guide says of each kind of line."""
        return {each["key"]: each for each in self.document["item"]}

    @cached_property
    def event(self) -> rules.EventGuide:
        """How an event's inventory follows from it."""
        return rules.read_event_guide(self.document)


_kept: WeakKeyDictionary[Pool, dict[int, Guide]] = WeakKeyDictionary()
_COLUMNS = [getattr(GuideRow, name) for name in Guide.__dataclass_fields__]


def guide_by_id(guide_id: int) -> Guide:
    """The document that a row names."""
    known = _kept.setdefault(db.engine.pool, {})
    if guide_id not in known:
        row = db.session.execute(select(*_COLUMNS).where(GuideRow.id == guide_id)).one()
        known[guide_id] = Guide(**row._mapping)
    return known[guide_id]


def latest_guide(key: str) -> Guide:
    """The latest version of a document."""
    wanted = select(GuideRow.id).where(GuideRow.key == key).order_by(GuideRow.version.desc()).limit(1)
    return guide_by_id(int(db.session.scalars(wanted).one()))


def find_guide(key: str) -> Guide | None:
    """The latest version of a document; None where none is loaded."""
    found = db.session.scalar(select(func.max(GuideRow.version)).where(GuideRow.key == key))
    return None if found is None else latest_guide(key)
