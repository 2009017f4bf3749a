"""A forest that sells, nights that seal, and a stranger who takes everything home, for tests of the log."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from builders import Forest, person
from flask import Flask
from flask.testing import FlaskClient

from app.kit import clock
from app.kit.transaction import transaction
from app.offsets import queries
from app.offsets.services import orders, payments, settlement
from app.offsets.services.orders import Wish
from app.offsets.services.words import PaidWord
from senhui_verify.__main__ import main

MONDAY = datetime(2026, 11, 2, 4, tzinfo=UTC)
"""Noon in Shanghai."""
DAY = timedelta(days=1)
NIGHT = timedelta(hours=12, minutes=15)
"""From noon to after midnight, when the day may be sealed."""


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Hold the clock."""
    with clock.frozen(moment):
        yield


def sell(app: Flask, lot: Forest, *quantities_kg: int, beneficiary: str | None = None) -> list[str]:
    """Orders that are placed, paid and settled now; gives the numbers of their certificates."""
    buyer, codes = person(app), []
    for quantity_kg in quantities_kg:
        wish = Wish("personal", quantity_kg=quantity_kg, lot_code=lot.lot_code, beneficiary=beneficiary)
        with transaction():
            order = orders.place_order(buyer.holder_id, wish, timedelta(minutes=15))
        with transaction():
            word = PaidWord(order.code, f"T{order.code}", order.amount_fen, "CNY", clock.now())
            payments.record_payment(word)
        codes.append(order.code)
    with transaction():
        settlement.settle_lot(lot.lot_id)
    return [queries.get_order(buyer.holder_id, code).certificate_number or "" for code in codes]


class Stranger:
    """Somebody with a folder, the verifier, and nothing else of ours."""

    def __init__(self, client: FlaskClient, folder: Path, said: "pytest.CaptureFixture[str]") -> None:
        self.client, self.folder, self.said = client, folder, said

    def take(self, address: str, name: str) -> Path:
        """Download something."""
        with self.client.get(address) as answer:
            assert answer.status_code == 200, answer.text
            path = self.folder / name
            path.write_bytes(answer.data)
        return path

    def verify(self, command: str, *files: object, lang: str = "en", options: tuple[str, ...] = ()) -> int:
        """Run the verifier with the published keys."""
        keys = self.take("/v1/keys", "keys.json")
        self.said.readouterr()
        return main([command, *map(str, files), "--keys", str(keys), "--lang", lang, *options])

    def heard(self) -> str:
        """What the verifier said."""
        return self.said.readouterr().out
