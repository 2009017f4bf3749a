"""What an organisation sees of its order, by the link that only it was given."""

from flask import Response, make_response, redirect

from app.kit.http import public, read_file
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.offsets import queries as offsets
from app.offsets.queries import TransferFacts
from app.offsets.rules import LARGEST_PROOF_BYTES, MOST_PROOFS
from app.offsets.services import transfers
from app.web import session
from app.web.pages import page, web


@web.get("/transfer/<code:link>")
@public
def transfer(link: str) -> Response:
    """Where to send how much under which code, and what became of it. Raises `TransferUnknown`."""
    return _page(_find(link))


@web.post("/transfer/<code:link>/proof")
@public
def send_proof(link: str) -> Response:
    """Send a picture or PDF of the transfer. Raises `TransferUnknown`."""
    found = _find(link)
    try:
        content = read_file("proof", LARGEST_PROOF_BYTES)
        with transaction():
            transfers.keep_proof(found.order.code, content)
    except Problem as problem:
        return _page(_find(link), problem)
    return make_response(redirect(f"/transfer/{link}?said=proof_sent", 303))


def _find(link: str) -> TransferFacts:
    return offsets.get_transfer_by_link(transfers.hash_of(link))


def _page(found: TransferFacts, refusal: Problem | None = None) -> Response:
    response = page(
        "transfer.html",
        refusal.status if refusal else 200,
        transfer=found,
        refunds=offsets.list_refunds_of(found.order.code) if found.order.refunded_fen else [],
        account=session.settings().bank_account,
        refusal=refusal,
        most_proofs=MOST_PROOFS,
    )
    # The address is the secret: no search engine keeps it. As on every page it goes to no other site
    # (same-origin); "no-referrer" would take the Origin from its own form too.
    response.headers["X-Robots-Tag"] = "noindex"
    return response
