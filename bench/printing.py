"""Certificates a second as PDF over HTTP, none of them printed before, against the engine alone.

The engine alone prints the same certificates, drawn beforehand, one after the other in one process; the
server draws, signs and sends them too, and has two workers.
"""

from datetime import timedelta

from sqlalchemy import text

from app.accounts import services as accounts
from app.config import Settings
from app.kit import clock
from app.kit.codes import random_code
from app.kit.transaction import transaction
from app.offsets.queries import get_order
from app.offsets.services import orders, payments, settlement
from app.offsets.services.orders import Wish
from app.offsets.services.words import PaidWord
from app.registry.queries import find_lot
from app.web.documents.drawing import draw
from app.web.documents.issued import certificate
from app.web.documents.press import SEATS, pdf
from bench.forest import lots_of
from bench.load import rate
from bench.rounds import ROUNDS, side_by_side, stopwatch
from bench.server import served

CERTIFICATES = 60
KG = 10


def compare(settings: Settings) -> dict[str, float]:
    """The ratio, with the rates behind it."""
    numbers = _sell(CERTIFICATES * (ROUNDS + 1))
    with served("wsgi:app", settings) as port:

        def over_http() -> float:
            asked = [_request(numbers.pop()) for _ in range(CERTIFICATES)]
            return rate(port, asked, SEATS)

        kept = numbers[-CERTIFICATES:]
        over_http()
        whole, engine, ratio = side_by_side(over_http, lambda: _engine_alone(kept))
    return {
        "certificate_pdf_per_s": whole,
        "certificate_pdf_engine_alone_per_s": engine,
        "certificate_pdf_vs_engine": ratio,
    }


def _request(number: str) -> bytes:
    return f"GET /c/{number}.pdf HTTP/1.1\r\nHost: bench\r\n\r\n".encode()


def _engine_alone(numbers: list[str]) -> float:
    drawn = [(each, draw(each)) for each in map(certificate, numbers)]
    with stopwatch() as elapsed:
        for each, pages in drawn:
            pdf(each, pages)
    return len(drawn) / elapsed()


_BEYOND = text(
    "SELECT setval(pg_get_serial_sequence('orders', 'id'),"
    " (SELECT coalesce(max(reference), 0) + 1 FROM posting))"
)
"""Other parts of a run write postings of orders that were never placed; real ones come after them."""


def _sell(count: int) -> list[str]:
    """The numbers of `count` certificates of one buyer."""
    with transaction() as session:
        session.execute(_BEYOND)
    [code] = lots_of(1, KG * count)
    lot = find_lot(code)
    if lot is None:
        raise LookupError(code)
    with transaction():
        buyer = accounts.sign_in_wechat(f"printed-{random_code()}", None, "bench").holder_id
    codes = []
    for _ in range(count):
        with transaction():
            wish = Wish("personal", quantity_kg=KG, lot_code=code)
            order = orders.place_order(buyer, wish, timedelta(minutes=15))
        with transaction():
            word = PaidWord(order.code, f"T{order.code}", order.amount_fen, "CNY", clock.now())
            payments.record_payment(word)
        codes.append(order.code)
    with transaction():
        settlement.settle_lot(lot.id)
    return [get_order(buyer, each).certificate_number or "" for each in codes]
