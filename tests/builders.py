"""What tests build: people, tokens, villages with lots, orders in any state."""

from dataclasses import dataclass

import requests
from flask import Flask
from flask.testing import FlaskClient

from app.accounts import services as accounts
from app.kit.codes import random_code
from app.kit.identity import signer
from app.kit.transaction import transaction


@dataclass(frozen=True)
class Person:
    """A signed-in person with the header that proves it."""

    holder_id: int
    openid: str
    token: str

    @property
    def auth(self) -> dict[str, str]:
        """The Authorization header."""
        return {"Authorization": f"Bearer {self.token}"}


def person(app: Flask, openid: str | None = None) -> Person:
    """A new person, signed in without asking WeChat."""
    openid = openid or f"o{random_code(20)}"
    with transaction():
        signed = accounts.sign_in_wechat(openid, None, "tiihtNczf5v6AKRyjwEUhQ==")
    return Person(signed.holder_id, openid, signer().issue(signed.holder_id, signed.session_id, "api"))


def wechat_person(app: Flask, phone_url: str, account: str | None = None) -> Person:
    """A new person, signed in through the simulator's WeChat."""
    account = account or random_code(12)
    code = requests.post(f"{phone_url}/phone/api/login", json={"account": account}, timeout=5).json()["code"]
    client = app.test_client()
    answer = client.post("/v1/sessions", json={"code": code})
    assert answer.status_code == 201, answer.text
    from app.accounts import queries

    token = answer.json["access_token"]
    holder_id = signer().read(token, "api").holder_id
    return Person(holder_id, queries.find_openid(holder_id) or "", token)


PASSWORD = "a long enough password"


def operator(app: Flask, client: FlaskClient, *roles: str) -> int:
    """A new operator with these roles, whose console session `client` carries from now on; their id."""
    from app.web import console

    with transaction():
        enrolled, _ = accounts.operators.enrol(f"op-{random_code(8)}", PASSWORD, list(roles or ("finance",)))
        session = accounts.operators.open_session(enrolled.id)
    with app.test_request_context():
        token = signer().issue(enrolled.id, session.id, console.AUDIENCE)
        client.set_cookie(console.cookie_name(), token)
    return enrolled.id


def bare_project(code: str, region: str = "350721") -> int:
    """The id of a sample project that has no dossier, and so is issued whatever a test says; made once.

    Within a transaction of the caller's.
    """
    from app.registry import queries
    from app.registry import services as registry
    from app.registry.errors import ProjectUnknown

    try:
        return queries.get_project(code).project.id
    except ProjectUnknown:
        village = accounts.open_holder("village", "示例村集体", region)
    words = ("name", "county", "township", "village", "description")
    said = {f"{word}_{language}": f"{word} {code}" for word in words for language in ("zh", "en")}
    told = {"region": region, "forest_type": "bamboo", "methodology": "yiyuan", "area_m2": 10_000}
    return registry.register_project(
        registry.ProjectFacts(code=code, sample=True, **said, **told), village.id
    ).id


@dataclass(frozen=True)
class Forest:
    """A village with one lot on sale."""

    village_id: int
    project_code: str
    issuance_id: int
    block_id: int
    lot_id: int
    lot_code: str


def forest(quantity_kg: int = 1000, vintage: int = 2022, region: str = "350721", **terms: int) -> Forest:
    """A sample village that offers `quantity_kg` at 1 yuan for 10 kg; `terms` are its shares."""
    from datetime import date

    from app.registry import services as registry
    from app.registry.rules import Terms

    with transaction():
        village = accounts.open_holder("village", "示例村集体", region)
        facts = registry.ProjectFacts(
            code=f"T{random_code(6)}",
            name_zh="示例项目",
            name_en="Sample project",
            region=region,
            county_zh="顺昌县",
            county_en="Shunchang",
            township_zh="示例镇",
            township_en="Sample town",
            village_zh="示例村",
            village_en="Sample village",
            forest_type="bamboo",
            methodology="yiyuan",
            description_zh="示例",
            description_en="Sample",
            area_m2=10_000,
            sample=True,
        )
        project = registry.register_project(facts, village.id)
        issued = registry.issue(
            project.id,
            (date(vintage, 1, 1), date(vintage, 12, 31)),
            quantity_kg,
            vintage=vintage,
            verification="SAMPLE",
        )
        lot = registry.open_lot(issued.block_id, quantity_kg, Terms("yiyuan", 10, 100, **terms))
    return Forest(village.id, facts.code, issued.issuance_id, issued.block_id, lot.id, lot.code)
