"""Mutated notices: damaged on the way, forged, stale, replayed, and authentic ones that are wrong."""

import json
import time
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

from fuzz.damage import Damage
from fuzz.door import Attack
from fuzz.letters import JSON, Fields, Letter, Pen, Target, written
from fuzz.strokes import scarred
from fuzz.values import ODD, UNPLAIN, changed
from simulator.notices import signature_headers

PATH = "/v1/wechat-pay/notices"
FRESH_S = 60.0
"""A base is written anew after this long, so that it is never its age that has it refused."""
REFUSED = frozenset({400, 401, 413})
HEARD = REFUSED | {204, 404}
"""An authentic word that does not fit is heard; whether it paid for anything, the tables say."""
HOURS_OFF = (1, 24, 24 * 400, -1, -24)


class Notices:
    """An endless supply of bad notices about `victims`, and true ones about other orders."""

    def __init__(self, pen: Pen, victims: list[Target], dice: Random) -> None:
        self._pen, self._victims, self._dice = pen, victims, dice
        self._damage = Damage(dice)
        self._stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._stale = [pen.sign(self._body(), 3600.0 * hours) for hours in HOURS_OFF]
        self._bases: list[Letter] = []
        self._written_at = float("-inf")
        self._true: list[tuple[Target, Fields, Letter]] = []

    def true(self, order: Target) -> Attack:
        """The one notice that pays `order`; it will be replayed and quoted."""
        told = self._pen.paid(order)
        letter = self._pen.write(told)
        self._true = [*self._true[-49:], (order, told, letter)]
        return self._attack("true", letter, REFUSED)

    def attacks(self) -> Iterator[Attack]:
        """Bad notices without end."""
        makers: dict[Callable[[], Attack], int] = {
            self._damaged: 60,
            self._forged: 5,
            self._too_old: 2,
            self._unplain: 6,
            self._unshaped: 12,
            self._unframed: 4,
            self._misfit: 6,
            self._retold: 2,
            self._refund: 2,
            self._replayed: 1,
        }
        while True:
            (maker,) = self._dice.choices(list(makers), list(makers.values()))
            yield maker()

    def _attack(self, kind: str, letter: Letter, refused: frozenset[int], **environ: str) -> Attack:
        return Attack(f"notice {kind}", "POST", PATH, letter.headers, letter.body, refused, environ)

    def _body(self) -> bytes:
        return self._pen.envelope(self._pen.paid(self._dice.choice(self._victims)))

    def _base(self) -> tuple[Letter, Letter]:
        """Two notices that would each pay a victim's order if they arrived as they are."""
        if time.monotonic() - self._written_at > FRESH_S:
            self._bases = [self._pen.sign(self._body()) for _ in range(16)]
            self._written_at = time.monotonic()
        first, second = self._dice.sample(self._bases, 2)
        return first, second

    def _damaged(self) -> Attack:
        kind, letter, environ = self._damage.strike(*self._base())
        return self._attack(kind, letter, REFUSED, **environ)

    def _forged(self) -> Attack:
        """Somebody else's signature, under the platform's serial and under others."""
        body, keys, dice = self._body(), self._pen.keys, self._dice
        key = dice.choice((self._stranger, keys.merchant_key))
        serials = (keys.public_key_id, keys.merchant_serial, f"PUB_KEY_ID_{dice.randrange(10**30):030d}")
        return self._attack(
            "forged", Letter(signature_headers(key, dice.choice(serials), body) | JSON, body), REFUSED
        )

    def _too_old(self) -> Attack:
        return self._attack("too old or too new", self._dice.choice(self._stale), REFUSED)

    def _unplain(self) -> Attack:
        """Authentic bytes that are no plain JSON object, as the body or inside the cipher."""
        dice = self._dice
        told = self._pen.paid(dice.choice(self._victims)) | {"appid": "wx0000000000000000"}
        plain = json.dumps(told, ensure_ascii=False).encode()
        raw = dice.choice((dice.choice(UNPLAIN), scarred(dice, plain), dice.randbytes(dice.randrange(300))))
        if dice.random() < 0.3:
            return self._attack("authentic, no JSON", self._pen.sign(raw), REFUSED)
        return self._attack("authentic, no JSON inside", self._pen.write(raw), HEARD)

    def _unshaped(self) -> Attack:
        """An authentic payment that does not fit, and has fields of wrong type, size or name besides."""
        told = self._wrong(self._dice.choice(("amount", "currency", "appid", "mchid", "unknown_order")))
        for _ in range(self._dice.randrange(1, 4)):
            told = changed(self._dice, told, self._dice.choice(ODD))
        return self._attack("authentic, odd fields", self._pen.write(told), HEARD)

    def _unframed(self) -> Attack:
        """An authentic envelope with odd fields around a payment that does not fit."""
        frame = json.loads(self._pen.envelope(self._wrong("amount")))
        frame = changed(self._dice, frame, self._dice.choice(ODD))
        return self._attack("authentic, odd envelope", self._pen.sign(written(frame)), HEARD)

    def _misfit(self) -> Attack:
        """An authentic payment, whole, that is not the order's."""
        names = self._dice.choice(tuple(MISFITS))
        return self._attack(f"of another {names}", self._pen.write(self._wrong(names)), HEARD)

    def _wrong(self, name: str) -> dict[str, Any]:
        order = self._dice.choice(self._victims)
        return self._pen.paid(order) | MISFITS[name](self._dice, order)

    def _retold(self) -> Attack:
        """What was paid is told again otherwise: a second transaction, another order, another amount."""
        if not self._true:
            return self._damaged()
        dice = self._dice
        order, told, _ = dice.choice(self._true)
        kind, words = dice.choice(
            (
                ("paid a second time", self._pen.paid(order)),
                ("of a transaction used before", {**told, "out_trade_no": dice.choice(self._victims).code}),
                ("retold with another amount", {**told, **MISFITS["amount"](dice, order)}),
            )
        )
        return self._attack(kind, self._pen.write(words), HEARD)

    def _refund(self) -> Attack:
        """Refunds that we never asked for, and payments in a state that says nothing."""
        dice = self._dice
        told = self._pen.paid(dice.choice(self._victims))
        if dice.random() < 0.3:
            state = dice.choice(("NOTPAY", "CLOSED", "REFUND", "USERPAYING", "PAYERROR"))
            letter = self._pen.write(told | {"trade_state": state}, f"TRANSACTION.{state}")
            return self._attack("of no payment", letter, HEARD)
        state = dice.choice(("SUCCESS", "CLOSED", "ABNORMAL", "PROCESSING"))
        refund = {
            "mchid": dice.choice((told["mchid"], "1900009999")),
            "out_trade_no": told["out_trade_no"],
            "transaction_id": told["transaction_id"],
            "out_refund_no": f"R{dice.randrange(10**20)}",
            "refund_id": f"50{dice.randrange(10**26)}",
            "refund_status": state,
            "user_received_account": "支付用户零钱",
            "amount": {"total": 100, "refund": dice.choice((1, 100, 101)), "payer_total": 100},
        }
        if dice.random() < 0.5:
            refund = changed(dice, refund, dice.choice(ODD))
        return self._attack("of a strange refund", self._pen.write(refund, f"REFUND.{state}"), HEARD)

    def _replayed(self) -> Attack:
        if not self._true:
            return self._damaged()
        return self._attack("replayed", self._dice.choice(self._true)[2], HEARD)


def _amount(total: int, currency: str) -> dict[str, Any]:
    return {"amount": {"total": total, "currency": currency}}


MISFITS: dict[str, Callable[[Random, Target], dict[str, Any]]] = {
    "amount": lambda dice, order: _amount(
        dice.choice((order.amount_fen - 1, order.amount_fen + 1, order.amount_fen * 100, 1, 10**12)), "CNY"
    ),
    "currency": lambda dice, order: _amount(
        order.amount_fen, dice.choice(("USD", "HKD", "cny", "CNY ", "¥"))
    ),
    "appid": lambda dice, _: {"appid": f"wx{dice.randrange(16**16):016x}"},
    "mchid": lambda dice, _: {"mchid": str(dice.randrange(10**9))},
    "payer": lambda dice, _: {"payer": {"openid": f"o{dice.randrange(16**20):020x}"}},
    "unknown_order": lambda dice, _: {"out_trade_no": f"X{dice.randrange(36**12)}"},
}
"""The changes that make a payment another's; each is a doubt with this name."""
