"""A siege: attacks on one application, with true words between them, and what the tables say in the end."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from flask import Flask
from sqlalchemy import text

from app.kit.database import db
from app.web.session import cookie_name
from fuzz.door import Attack, Door
from fuzz.letters import Pen
from fuzz.notices import Notices
from fuzz.scene import Scene
from fuzz.tokens import Tokens
from simulator import Keys

SHOWN = 20
"""How many failures are shown; one is enough to fail."""


@dataclass
class Tally:
    """What was sent and how it was answered."""

    notices: int = 0
    tokens: int = 0
    accepted: int = 0
    answered_5xx: int = 0
    controls: int = 0
    refused_controls: int = 0
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing bad was believed, nothing broke, and everything true was believed."""
        return not (self.accepted or self.answered_5xx or self.refused_controls) and self.controls > 0

    def __iadd__(self, other: "Tally") -> "Tally":
        for name in ("notices", "tokens", "accepted", "answered_5xx", "controls", "refused_controls"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.answers += other.answers
        self.failures += other.failures
        return self

    def fail(self, what: str, attack: Attack, status: int) -> None:
        """Remember enough of a failure to find it again."""
        if len(self.failures) < SHOWN:
            shown = f"{attack.method} {attack.path} {dict(attack.headers)!r} {attack.body!r}"
            self.failures.append(f"{what}: {attack.kind} -> {status}: {shown[:2000]}")


class Siege:
    """Attacks `app`: for every attack a bad notice or a bad token, and now and then a true one."""

    def __init__(self, app: Flask, keys: Keys, scene: Scene, seed: int) -> None:
        dice = Random(seed)  # noqa: S311 (what is drawn must be drawn again from the same seed)
        self._app, self._scene = app, scene
        self._door = Door(app)
        self._notices = Notices(Pen(keys), scene.victims, dice)
        with app.test_request_context():
            cookie = cookie_name()
        self._tokens = Tokens(app.extensions["settings"].token_key, cookie, scene.visitor, dice)
        self._payable = list(scene.payable)

    def run(self, attacks: int, progress: Callable[[int], None] = lambda _: None) -> Tally:
        """Send `attacks`, half notices and half tokens; every payable order is paid between them."""
        tally = Tally()
        bad_notices, bad_tokens = self._notices.attacks(), self._tokens.attacks()
        every = max(1, attacks // len(self._payable))
        for number in range(attacks):
            if number % every == 0:
                self._be_true(tally)
            is_notice = number % 2 == 0
            self._attack(tally, next(bad_notices if is_notice else bad_tokens))
            tally.notices += is_notice
            tally.tokens += not is_notice
            if number % 1000 == 0:
                progress(number)
        while self._payable:
            self._be_true(tally)
        self._count_payments(tally)
        return tally

    def _attack(self, tally: Tally, attack: Attack) -> None:
        status = self._door.knock(attack)
        tally.answers[attack.kind, status] += 1
        if status >= 500:
            tally.answered_5xx += 1
            tally.fail("answered 5xx", attack, status)
        elif status not in attack.refused_with:
            tally.accepted += 1
            tally.fail("accepted", attack, status)

    def _be_true(self, tally: Tally) -> None:
        """A true token and, while there are any left, the payment of an order."""
        true = [(self._tokens.true(), 200)]
        if self._payable:
            true.append((self._notices.true(self._payable.pop()), 204))
        for word, expected in true:
            tally.controls += 1
            status = self._door.knock(word)
            if status != expected:
                tally.refused_controls += 1
                tally.fail("a true word was refused", word, status)

    def _count_payments(self, tally: Tally) -> None:
        """What the tables say: every payable order is paid once, and no victim's is."""
        with self._app.app_context():
            paid_victims = _paid([order.code for order in self._scene.victims])
            paid = _paid([order.code for order in self._scene.payable])
        tally.accepted += paid_victims
        tally.refused_controls += len(self._scene.payable) - paid
        if paid_victims or paid != len(self._scene.payable):
            tally.failures.append(f"{paid_victims} victims' orders are paid, {paid} of the payable ones")


def _paid(codes: list[str]) -> int:
    counted = text(
        "SELECT count(*) FROM orders LEFT JOIN payment ON order_id = id"
        " WHERE code = ANY(:codes) AND (order_id IS NOT NULL OR orders.paid_at IS NOT NULL)"
    )
    return int(db.session.scalar(counted, {"codes": codes}) or 0)
