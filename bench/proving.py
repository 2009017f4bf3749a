"""The public log with a million retirements in it: appending, proving, and a stranger's checking.

One database, in which one lot was retired to the last kilogram and every ten kilograms have their line in
the log. What is timed: appending those lines through the sealing's own path, guards on; the proof of a leaf
drawn at random, read from the stored nodes; and checking certificates with the verifier, each signed for
itself and with a path of its own, one after another on one core.
"""

import json
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from app.config import Settings
from app.kit import clock
from app.kit.signing import seal
from app.kit.transaction import transaction
from app.registry import queries as registry
from app.registry import services
from app.registry.queries import log as queries
from app.registry.queries.log import Source
from app.registry.queries.logged import ISSUANCES
from app.registry.rules.log import Leaf, beneficiary_digest, certificate_digest, retirement_leaf, second
from app.registry.services import log
from bench.databases import another
from bench.forest import plant
from bench.rounds import ROUNDS, stopwatch
from senhui_verify import Keys, check_certificate

LEAVES = 1_000_000
KG = 10
PROOFS = 500
CERTIFICATES = 2_000
SALT = "bench"


class Proving:
    """A log of a million leaves, and its head."""

    def __init__(self) -> None:
        forest = plant(1, KG * LEAVES, 1)
        with transaction():
            services.reserve(forest.lot_id, KG * LEAVES)
            run = services.retire_run(forest.lot_id, [KG * LEAVES])
        self.first_serial, self.forest = run.firsts[0], registry.certificate_facts(run.issuance_id)
        self.at = clock.now()
        self.leaves_per_s = self._append()
        with transaction():
            head = log.seal(clock.now() + timedelta(minutes=1), None)
        assert head is not None
        self.size, self.document = head.size, head.document

    def _append(self) -> float:
        """Append everything in the sealing's own batches; leaves a second."""
        since, until = datetime(2000, 1, 1, tzinfo=UTC), clock.now() + timedelta(minutes=1)
        with stopwatch() as elapsed:
            with transaction():
                log.append_unlogged(ISSUANCES, since, until)
            leaves: Sequence[Leaf] = [self._leaf(0)]
            while leaves:
                first = leaves[-1].reference + 1
                source = Source("bench", _FACTS.format(first=first, last=first + log.BATCH - 1), self._leaves)
                with transaction():
                    leaves = log.append_unlogged(source, since, until) if first <= LEAVES else []
        return LEAVES / elapsed()

    def _leaves(self, rows: Sequence[Any]) -> list[Leaf]:
        return [self._leaf(row.reference) for row in rows]

    def _leaf(self, n: int) -> Leaf:
        claims = self.claims(n)
        return retirement_leaf(
            n,
            self.at,
            self._first(n),
            self._first(n) + KG - 1,
            serial=claims["serial"],
            purpose="personal",
            sample=True,
            certificate=certificate_digest(claims["number"]),
            beneficiary=beneficiary_digest(None, SALT),
        )

    def _first(self, n: int) -> int:
        return self.first_serial + (n - 1) * KG

    def claims(self, n: int) -> dict[str, Any]:
        """What the certificate of retirement `n` attests."""
        return {
            "number": f"{n:017d}",
            "quantity_kg": KG,
            "serial": self.forest.serial_text(self._first(n), self._first(n) + KG - 1),
            "purpose": "personal",
            "beneficiary": None,
            "retired_at": second(self.at),
            "seller": self.forest.seller,
            "sample": True,
            "compliance": False,
        }

    def certificate(self, n: int) -> str:
        """The file of retirement `n`."""
        path = [node.hex() for node in queries.prove_inclusion(n, self.size)]
        leaf = self._leaf(n).text
        proof = {"position": n, "leaf": leaf, "salt": SALT, "path": path, "head": self.document}
        signature = seal().sign(self.claims(n), "cert+jws")
        return json.dumps({"format": "senhui-certificate-1", "signature": signature, "log": proof})


_FACTS = "SELECT n AS reference, now() AS at FROM generate_series({first}, least({last}, 1000000)) n"


def compare(settings: Settings) -> dict[str, float]:
    """The rates, medians of five rounds."""
    with another(settings, "bench_log").app_context():
        data = Proving()
        drawn = random.Random(7)  # noqa: S311  any leaves will do
        places = [[drawn.randint(1, LEAVES) for _ in range(PROOFS)] for _ in range(ROUNDS)]
        files = [data.certificate(drawn.randint(1, LEAVES)) for _ in range(CERTIFICATES)]
        keys = Keys(json.dumps({"keys": seal().public_jwks()}))
        proof_s = median(_timed(lambda n: queries.prove_inclusion(n, data.size), each) for each in places)
        check_s = median(_timed(lambda file: check_certificate(keys, file), files) for _ in range(ROUNDS))
    return {
        "log_leaves_per_s": data.leaves_per_s,
        "proof_ms": 1000 * proof_s / PROOFS,
        "verify_per_s": CERTIFICATES / check_s,
    }


def _timed(act: Callable[[Any], object], over: Sequence[Any]) -> float:
    with stopwatch() as elapsed:
        for each in over:
            act(each)
    return elapsed()
