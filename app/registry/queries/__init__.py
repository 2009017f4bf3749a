"""What can be known of projects, units and lots. The only readers of this room."""

from app.registry.queries import regions, sanctions
from app.registry.queries.certificates import CertificateFacts, certificate_facts
from app.registry.queries.lots import (
    Listing,
    LotFacts,
    find_lot,
    get_lot,
    held_kg,
    list_lots,
    oldest_lot,
    quote,
)
from app.registry.queries.projects import (
    IssuanceStanding,
    ProjectStanding,
    ProjectSummary,
    get_project,
    list_projects,
)
from app.registry.queries.proofs import prove, prove_blocks
from app.registry.queries.serials import find_run
from app.registry.queries.terms import list_lot_facts, terms_from
from app.registry.queries.units import Conservation, conservation

__all__ = [
    "CertificateFacts",
    "Conservation",
    "IssuanceStanding",
    "Listing",
    "LotFacts",
    "ProjectStanding",
    "ProjectSummary",
    "certificate_facts",
    "conservation",
    "find_lot",
    "find_run",
    "get_lot",
    "get_project",
    "held_kg",
    "list_lot_facts",
    "list_lots",
    "list_projects",
    "oldest_lot",
    "prove",
    "prove_blocks",
    "quote",
    "regions",
    "sanctions",
    "terms_from",
]
