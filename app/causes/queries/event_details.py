"""One event with all that is told of it, for its organiser or for anyone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.causes.models.events import EventCorrection, EventForest, EventReduction, ForestProof
from app.causes.queries import events as known
from app.causes.queries.events import EventFacts, Kept
from app.causes.rules.events import FOREST
from app.footprint.queries import Inventory, Stage
from app.offsets.queries import attestations, causes
from app.offsets.queries.attestations import AttestationFacts
from app.offsets.queries.causes import Standing


@dataclass(frozen=True)
class Deadline:
    """By when an event may become neutral, and the setting that says so."""

    on: date
    overdue: bool
    factor: str
    months: int
    source: str
    url: str | None
    verified: bool


@dataclass(frozen=True)
class EventDetail:
    """An event and all that belongs to it.

    `figures` are the stages that the reader may see: the organiser all of them, with a correction's own;
    anyone else those that are closed. `working` is the inventory that is worked on, for the organiser.
    """

    facts: EventFacts
    figures: Sequence[Stage]
    working: Inventory | None
    standing: Standing
    deadline: Deadline
    forest: EventForest | None
    proofs: Sequence[ForestProof]
    reductions: Sequence[EventReduction]
    corrections: Sequence[EventCorrection]
    kept_from: Sequence[Kept]
    kept_for: Sequence[Kept]
    attested: Sequence[AttestationFacts]

    def __getattr__(self, name: str) -> object:
        """What the event itself says."""
        return getattr(self.facts, name)

    @property
    def shown(self) -> Stage | None:
        """The stage whose figures stand on the page: what is worked on, else what counts."""
        return self.figures[-1] if self.figures else None

    @property
    def region(self) -> str:
        """Where its venue is."""
        return self.facts.inventory.region

    @property
    def inventory(self) -> str | None:
        """The code of what is worked on."""
        return self.working.code if self.working else None

    @property
    def attestation(self) -> str | None:
        """The number of the statement that stands."""
        return self.facts.attested.number

    @property
    def attestations(self) -> list[str]:
        """The numbers of all statements, the last first."""
        return [each.number for each in self.attested]

    @property
    def opened_at(self) -> datetime:
        """When it was registered."""
        return self.facts.cause.opened_at


def detail_of(event: EventFacts, *, own: bool) -> EventDetail:
    """All that is told of an event to its organiser, or to anyone."""
    working = known.open_inventory(event) if own else None
    stages = [*event.inventory.stages.values()]
    if working is not None and working.id != event.inventory.id:
        stages += working.stages.values()
    came, went = known.list_kept(event.id)
    return EventDetail(
        facts=event,
        figures=[each for each in stages if own or each.closed_at is not None],
        working=working,
        standing=causes.standing(event.id),
        deadline=deadline_of(event),
        forest=known.find_forest(event.id) if event.method == FOREST else None,
        proofs=known.list_proofs(event.id),
        reductions=known.list_reductions(event.id),
        corrections=known.list_corrections(event.id),
        kept_from=came,
        kept_for=went,
        attested=attestations.list_attestations(event.id),
    )


def deadline_of(event: EventFacts) -> Deadline:
    """By when it may become neutral in the way it chose."""
    factor = event.deadline_factor
    return Deadline(
        on=event.deadline,
        overdue=event.overdue,
        factor=factor.key,
        months=int(factor.value),
        source=f"{factor.source_title} {factor.source_ref}".strip(),
        url=factor.source_url,
        verified=factor.verified,
    )
