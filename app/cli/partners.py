"""The sandbox partner of a development instance: the simulator's key, agreed to by the sample operators."""

import base64
from datetime import timedelta

import requests

from app.accounts import queries as accounts
from app.accounts.services.operators import SAMPLES
from app.footprint.errors.partners import PartnerUnknown
from app.footprint.queries import partners as known
from app.footprint.rules import PartnerFacts
from app.footprint.services import partners as desk
from app.kit import clock
from app.kit.message_signatures import key_id
from app.kit.transaction import transaction

SANDBOX = PartnerFacts(
    "sandbox_metro", "metro", "示例地铁（沙盒）", "Sample metro (sandbox)", "data@metro.example.cn"
)
_DAILY = 100_000
_KEY_LIFE = timedelta(days=365)


def register_sandbox(phone_url: str) -> None:
    """Let the simulator's partner report; again when it has come back with another key."""
    public_key = base64.b64decode(
        requests.get(f"{phone_url}/control/partner", timeout=5).json()["public_key"], validate=True
    )
    ids = {name: operator_id for operator_id, name in accounts.operators.list_names().items()}
    first, second = (ids[name] for name, roles in SAMPLES.items() if "partners" in roles)
    now = clock.now()
    with transaction():
        try:
            known.find_partner(SANDBOX.code)
        except PartnerUnknown:
            terms = desk.propose_partner(first, SANDBOX, dict.fromkeys(known.reportable_scenes(), _DAILY))
            desk.decide_terms(second, SANDBOX.code, terms.id, True)
        kid = key_id(public_key)
        if known.find_key(kid) is None:
            desk.register_key(first, SANDBOX.code, public_key, now, now + _KEY_LIFE)
            desk.confirm_key(second, SANDBOX.code, kid)
