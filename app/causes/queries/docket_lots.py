"""What a docket can be served from: lots on sale of the product and region it asks for."""

from app.causes.models.dockets import Docket
from app.causes.queries.dockets import DocketFacts, fits
from app.causes.rules.dockets import FEN, KG_G
from app.registry import queries as registry
from app.registry.queries import Listing

NOW, ALL = "now", "all"
PARTS = (NOW, ALL)
"""What of a docket is bought at once: what this instalment still lacks, or everything that is open."""


def steps_kg(found: DocketFacts, lot: Listing, part: str) -> int:
    """Kilograms of a lot that make up a part of what is open: in its steps, never less."""
    open_part = found.open_now if part == NOW else found.open_part
    step_kg, price_fen = lot.terms.step_kg, lot.terms.price_fen_per_step
    each = price_fen if found.measure == FEN else step_kg * KG_G
    return -(-open_part // each) * step_kg


def list_fitting_lots(found: DocketFacts, limit: int = 200) -> list[Listing]:
    """Lots on sale that the docket may be served from, the oldest vintage first."""
    lots = registry.list_lots(limit, available=True, region=found.docket.region)
    fitting = [each for each in lots if fits_lot(found.docket, each)]
    return sorted(fitting, key=lambda lot: (lot.issuance.vintage, lot.id))


def fits_lot(docket: Docket, lot: Listing) -> bool:
    """Whether a lot is of the product and region that a docket asks for."""
    return fits(docket, lot.terms.product, lot.project.region)
