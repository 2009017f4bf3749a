"""What can be done with forest units, from registering to retiring and cancelling. The only writers.

Who takes more than one lock takes them in this order: a seller's turn, sanctions, blocks, lots, counts of
limits, holds, accounts. A reservation takes one lot's row, and the count of a limit over it.
"""

from app.registry.services import dossier_parts, dossiers, objections, parcels, removals, sanctions
from app.registry.services.acts import NOBODY, By
from app.registry.services.cancellations import cancel_units
from app.registry.services.holds import hold_units
from app.registry.services.lots import close_lot, open_lot, release, reservation_from, reserve
from app.registry.services.projects import Issued, ProjectFacts, issue, register_project
from app.registry.services.regions import Loaded, load_regions, place_project
from app.registry.services.retirements import RetiredRun, Retiring, begin_retiring, retire_run, run_from
from app.registry.services.samples import load_samples
from app.registry.services.selling import (
    Offering,
    close_lot_for,
    close_own_lot,
    close_sold_out,
    propose_lot,
    sell,
)
from app.registry.services.wishes import (
    WishTerms,
    count_purchase,
    end_wishes,
    hide_wish,
    offer_lot,
    offer_lot_for,
    post_wish,
    withdraw_wish,
)

__all__ = [
    "NOBODY",
    "By",
    "Issued",
    "Loaded",
    "Offering",
    "ProjectFacts",
    "RetiredRun",
    "Retiring",
    "WishTerms",
    "begin_retiring",
    "cancel_units",
    "close_lot",
    "close_lot_for",
    "close_own_lot",
    "close_sold_out",
    "count_purchase",
    "dossier_parts",
    "dossiers",
    "end_wishes",
    "hide_wish",
    "hold_units",
    "issue",
    "load_regions",
    "load_samples",
    "objections",
    "offer_lot",
    "offer_lot_for",
    "open_lot",
    "parcels",
    "place_project",
    "post_wish",
    "propose_lot",
    "register_project",
    "release",
    "removals",
    "reservation_from",
    "reserve",
    "retire_run",
    "run_from",
    "sanctions",
    "sell",
    "withdraw_wish",
]
