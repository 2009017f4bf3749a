"""A thousand people at once for a hundred coupons, over HTTP: exactly a hundred get one, and nobody an error.

Every connection is open and every request sent before the first answer is read, so that all want the same
row at the same moment; each person has the points. What is counted are the answers, the stock and the books.
"""

import selectors
import socket
import time
from collections import Counter
from datetime import timedelta

from sqlalchemy import text

from app.accounts import services as accounts
from app.accounts.services import operators
from app.config import Settings
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.identity import signer
from app.kit.transaction import transaction
from app.rewards import queries
from app.rewards.rules.items import Kind, Supply
from app.rewards.services import grants, items, programmes
from app.rewards.services.items import NewItem
from bench.load import Refused
from bench.server import served

PEOPLE, COUPONS, POINTS = 1000, 100, 10
LONGEST_S = 60.0


def _people() -> list[str]:
    """A thousand signed-in people with points for one coupon each; their tokens."""
    tokens, thanks = [], []
    with transaction():
        sponsor = accounts.open_holder("organisation", "bench sponsor")
        since = clock.business_day() - timedelta(days=1)
        programme = programmes.open_programme(None, sponsor.id, "bench", since)
        programmes.announce_tariff(None, programme.holder_id, since + timedelta(days=1), 10)
        programmes.fund_sample(programme.holder_id, PEOPLE * POINTS)
        for place in range(PEOPLE):
            signed = accounts.sign_in_wechat(f"redeemer-{random_code()}", None, "bench")
            tokens.append(signer().issue(signed.holder_id, signed.session_id, "api", timedelta(hours=1)))
            thanks.append((place, signed.holder_id, POINTS))
        if len(grants.grant(programme.holder_id, "bench", thanks)) != PEOPLE:
            raise RuntimeError("not everybody has points")
    return tokens


def _item() -> str:
    """A coupon of ours, a hundred times."""
    with transaction():
        first, second = (
            operators.enrol(f"bench-{random_code(6)}", random_code(), ["rewards"])[0].id for _ in "12"
        )
        giver = accounts.open_organisation(first, f"bench shop {random_code(6)}")
        wish = NewItem(
            kind=Kind.COUPON,
            supply=Supply.OWN,
            giver=giver.code,
            title_zh="券",
            title_en="Coupon",
            terms_zh="券",
            terms_en="Coupon",
            points=POINTS,
            opens_on=clock.business_day(),
            stock=COUPONS,
            use_days=30,
        )
        facts = items.draft_item(first, wish, sample=True)
        items.publish_item(second, facts.item.code, facts.terms)
    return facts.item.code


def _request(token: str, item: str) -> bytes:
    head = (
        f"POST /v1/rewards/{item}/redemptions HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token}\r\nIdempotency-Key: {random_code()}\r\n"
        "Connection: close\r\nContent-Length: 2\r\n\r\n{}"
    )
    return head.encode()


def _all_at_once(port: int, requests: list[bytes]) -> tuple[Counter[int], float]:
    """How often each status was answered, and the seconds from the first byte sent to the last answer."""
    poll = selectors.DefaultSelector()
    lines = [socket.create_connection(("127.0.0.1", port), timeout=LONGEST_S) for _ in requests]
    answers, statuses = [b""] * len(lines), Counter[int]()
    start = time.perf_counter()
    for place, (line, request) in enumerate(zip(lines, requests, strict=True)):
        line.sendall(request)
        poll.register(line, selectors.EVENT_READ, place)
    while poll.get_map():
        ready = poll.select(LONGEST_S)
        if not ready:
            raise Refused(f"{len(poll.get_map())} of them got no answer")
        for key, _ in ready:
            answering = lines[key.data]
            received = answering.recv(65536)
            answers[key.data] += received
            if not received:
                statuses[int(answers[key.data].split(b" ", 2)[1])] += 1
                poll.unregister(answering)
                answering.close()
    return statuses, time.perf_counter() - start


def compare(settings: Settings) -> dict[str, float]:
    """How many got one, how many were refused or met an error, and how long it took them all.

    Raises `RuntimeError` when it was not exactly the stock, or anything else does not add up afterwards.
    """
    tokens, item = _people(), _item()
    with served("wsgi:app", settings) as port:
        statuses, seconds = _all_at_once(port, [_request(token, item) for token in tokens])
    db.session.rollback()
    remaining = queries.items.get_item(item).remaining
    held = db.session.scalar(text("SELECT count(*) FROM redemption WHERE returned_at IS NULL"))
    wrong = [proof.claim for proof in queries.prove() if not proof.holds]
    errors = sum(count for status, count in statuses.items() if status >= 500)
    told = f"{dict(statuses)}, {remaining} left, {held} redeemed, {wrong}"
    if (statuses[201], statuses[409], errors, remaining, held, wrong) != (
        COUPONS,
        PEOPLE - COUPONS,
        0,
        0,
        COUPONS,
        [],
    ):
        raise RuntimeError(f"a thousand at once for a hundred coupons: {told}")
    return {
        "redeem_race_got": statuses[201],
        "redeem_race_refused": statuses[409],
        "redeem_race_errors": errors,
        "redeem_race_s": seconds,
    }
