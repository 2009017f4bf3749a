"""The console's front page: what waits for me, the queue, and who else is here."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Response, make_response, redirect, request

from app.accounts import queries as accounts
from app.accounts import services
from app.accounts.queries.operators import OperatorFacts
from app.causes.queries import duty_batches, events, inscriptions, invoices
from app.causes.queries.dockets import count_dockets_waiting
from app.footprint.queries import partners, reviews
from app.kit import announcements, clock
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import NotFound
from app.kit.transaction import transaction
from app.offsets import queries as offsets
from app.registry import queries as registry
from app.registry.queries import mandates
from app.registry.queries.handovers import handover_waits
from app.registry.queries.programmes import programmes_waiting
from app.registry.queries.tickets import origins_waiting
from app.rewards.queries import drives, fairness_figures, items, names, proposals, redemptions
from app.treasury.queries import bills, payees, payouts
from app.web.console import operated
from app.web.pages import page, web

PAGE = 50


@dataclass(frozen=True)
class Waiting:
    """Something that may wait for an operator: `console_wait_<name>` in the catalogue says what."""

    name: str
    path: str
    permission: str
    count: Callable[[], int]


WAITING = [
    Waiting("breaks", "/console/reconciliation", "money.read", lambda: bills.oldest_unsettled().unsettled),
    Waiting("troubled_days", "/console/reconciliation", "money.read", bills.count_troubled_days),
    Waiting("payout_runs", "/console/payouts", "money.read", payouts.count_runs_waiting),
    Waiting("payout_reports", "/console/payouts", "money.read", payouts.count_reports_waiting),
    Waiting("payees", "/console/payees", "money.read", payees.count_payees_waiting),
    Waiting("refunds", "/console/refunds", "money.read", offsets.count_stuck_refunds),
    Waiting("doubts", "/console/doubts", "money.read", offsets.count_open_doubts),
    Waiting("transfers", "/console/transfers", "money.read", offsets.count_waiting_transfers),
    Waiting(
        "organisations",
        "/console/organisations",
        "money.read",
        accounts.memberships.count_open_verifications,
    ),
    Waiting("invoices", "/console/organisations", "money.read", invoices.count_open_invoices),
    Waiting("shippings", "/console/shippings", "money.read", offsets.count_refused_shippings),
    Waiting("sanctions", "/console/sanctions", "registry.read", registry.sanctions.count_waiting_sanctions),
    Waiting("mandates", "/console/registry", "registry.read", mandates.count_waiting_mandates),
    Waiting("origins", "/console/origins", "registry.read", origins_waiting),
    Waiting("handovers", "/console/handovers", "registry.read", handover_waits),
    Waiting("programmes", "/console/programmes", "registry.read", programmes_waiting),
    Waiting("queue", "/console/queue", "money.read", lambda: int(announcements.backlog()["troubled"])),
    Waiting(
        "dossiers",
        "/console/dossiers",
        "registry.read",
        lambda: registry.dossiers.count_dossiers_waiting(clock.now()),
    ),
    Waiting("dockets", "/console/dockets", "courts.read", count_dockets_waiting),
    Waiting("partners", "/console/partners", "partners.read", partners.count_waiting_partners),
    Waiting("duties", "/console/duties", "duties.read", duty_batches.count_waiting_batches),
    Waiting("items", "/console/items", "rewards.read", items.count_drafts),
    Waiting(
        "parcels",
        "/console/redemptions?waiting=ship",
        "rewards.read",
        lambda: redemptions.count_waiting("ship"),
    ),
    Waiting(
        "complaints",
        "/console/redemptions?waiting=complained",
        "rewards.read",
        lambda: redemptions.count_waiting("complained"),
    ),
    Waiting(
        "silent_partners",
        "/console/redemptions?waiting=silent",
        "rewards.read",
        lambda: redemptions.count_waiting("silent"),
    ),
    Waiting(
        "returns",
        "/console/redemptions?waiting=returning",
        "rewards.read",
        lambda: redemptions.count_waiting("returning"),
    ),
    Waiting("reviews", "/console/reviews", "footprint.read", reviews.count_waiting),
    Waiting("fairness", "/console/fairness", "rewards.read", fairness_figures.count_waiting),
    Waiting("words", "/console/words", "words.read", inscriptions.count_waiting),
    Waiting("names", "/console/names", "words.read", names.count_waiting),
    Waiting("event_proofs", "/console/events?forest=1", "registry.read", events.count_waiting_proofs),
    Waiting("sponsors", "/console/sponsors", "rewards.read", proposals.count_waiting),
    Waiting("drives", "/console/drives", "rewards.read", drives.count_waiting),
    Waiting("unsealed", "/console/audit", "audit.read", accounts.audit.count_unsealed),
]
"""Everything that the front page counts; a part of the console that can wait for somebody adds its line."""


@web.get("/console")
@operated()
def console_home(operator: OperatorFacts) -> Response:
    """What waits for somebody with my rights, with its number."""
    waiting = [(each, each.count()) for each in WAITING if operator.may(each.permission)]
    return page("console_home.html", waiting=waiting, total=sum(count for _, count in waiting))


@web.get("/console/queue")
@operated("money.read")
def console_queue(operator: OperatorFacts) -> Response:
    """What the rooms have still to tell each other and the outside, and what went wrong with it."""
    rows = announcements.list_failing(PAGE + 1, read_cursor(request.args.get("after")))
    return page(
        "console_queue.html",
        listeners=announcements.list_waiting(),
        listed=page_of(rows, PAGE, lambda row: row.id),
        may_hasten=operator.may("money.write"),
        troubled_after=announcements.TROUBLED_AFTER,
    )


@web.post("/console/queue/<int(max=9223372036854775807):row_id>/hasten")
@operated("money.write")
def hasten(operator: OperatorFacts, row_id: int) -> Response:
    """Try a row of the queue at once instead of when its pause is over. Raises `NotFound`."""
    with transaction():
        if not announcements.hasten(row_id):
            raise NotFound()
        services.audit.record(operator.id, "announcement_hastened", str(row_id))
    return make_response(redirect("/console/queue?said=console_hastened", 303))


@web.get("/console/operators")
@operated("operators.write")
def console_operators(operator: OperatorFacts) -> Response:
    """Everybody who may enter, or might once."""
    return page("console_operators.html", operators=accounts.operators.list_operators())
