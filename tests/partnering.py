"""Partners for tests: registered by two operators, with a key, and people linked to them."""

import base64
import hashlib
import importlib.util
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from builders import PASSWORD
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask.testing import FlaskClient

from app.accounts import services as accounts
from app.footprint.rules import PartnerFacts
from app.footprint.services import links
from app.footprint.services import partners as services
from app.kit import clock
from app.kit.codes import random_code
from app.kit.transaction import transaction

SCENES = {"metro": 100_000, "bus": 100_000, "shared_bike": 100_000}


@cache
def example() -> ModuleType:
    """The client that partners are given as an example."""
    found = importlib.util.spec_from_file_location(
        "partner_client", Path(__file__).parents[1] / "docs" / "partner_client.py"
    )
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def two_operators() -> tuple[int, int]:
    """The ids of two new operators who look after partners."""
    with transaction():
        first, second = (
            accounts.operators.enrol(f"op-{random_code(8)}", PASSWORD, ["partners"])[0].id for _ in range(2)
        )
    return first, second


@dataclass
class Reporter:
    """A partner's server: its code, key, operators, and what it sends with."""

    code: str
    key: Ed25519PrivateKey
    operators: tuple[int, int]
    base_url: str
    sent: int = 0
    client: Any = field(init=False)

    def __post_init__(self) -> None:
        """Make its client."""
        self.client = example().PartnerClient(self.base_url, self.key)

    def post(
        self,
        http: FlaskClient,
        items: Sequence[Any],
        batch_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send a batch through the test client; `headers` replace the signed ones."""
        self.sent += 1
        body = json.dumps({"batch_id": batch_id or f"batch-{self.sent}", "items": list(items)}).encode()
        signed = self.client.headers("POST", "/v1/partner/batches", body)
        return http.post("/v1/partner/batches", data=body, headers={**signed, **(headers or {})})


def register(
    base_url: str, code: str | None = None, scenes: Mapping[str, int] | None = None, kind: str = "metro"
) -> Reporter:
    """A partner that two operators agreed on, with one confirmed key."""
    first, second = operators = two_operators()
    code = code or f"p_{random_code(8).lower()}"
    key = Ed25519PrivateKey.generate()
    facts = PartnerFacts(code, kind, "示例伙伴", "Sample partner", "data@metro.example.cn")
    with transaction():
        terms = services.propose_partner(first, facts, scenes or SCENES)
        services.decide_terms(second, code, terms.id, True)
    add_key(operators, code, key)
    return Reporter(code, key, operators, base_url)


def add_key(operators: tuple[int, int], code: str, key: Ed25519PrivateKey, days: int = 365) -> str:
    """Register and confirm a key; its name."""
    now = clock.now()
    public = example().public_bytes(key)
    with transaction():
        kid = services.register_key(
            operators[0], code, public, now - timedelta(hours=1), now + timedelta(days=days)
        ).kid
        services.confirm_key(operators[1], code, kid)
    assert kid == hashlib.sha256(public).hexdigest()[:16]
    return kid


def link(holder_id: int, reporter: Reporter, *scenes: str) -> str:
    """The token of a holder who agreed to these scenes of a partner's, or to all."""
    with transaction():
        return links.link_partner(holder_id, reporter.code, scenes or tuple(SCENES), "2026-1").token


def yesterday(minutes: int = 480) -> datetime:
    """A moment of yesterday in Shanghai."""
    noon = clock.now().astimezone(clock.SHANGHAI) - timedelta(days=1)
    return noon.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(minutes=minutes)


def item(token: str, minutes: int = 480, **changes: Any) -> dict[str, Any]:
    """An item of a metro trip of yesterday."""
    told = {
        "id": f"t{random_code(12)}",
        "link": token,
        "scene": "metro",
        "started_at": yesterday(minutes).isoformat(),
        "distance_m": 8000,
        "duration_s": 1200,
    }
    return {name: value for name, value in {**told, **changes}.items() if value is not None}


def public_text(key: Ed25519PrivateKey) -> str:
    """A public key as it is registered."""
    return base64.b64encode(example().public_bytes(key)).decode()
