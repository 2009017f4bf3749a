"""What stands in a page's address is a code or nothing: no value reaches the database that it cannot hold."""

import itertools
import re

import pytest
from builders import operator
from flask import Flask
from structlog.testing import capture_logs
from visiting import Visitor

NAMES = ["%00", "A%00B", "%ff", "%ud800", "😀", "ＡＢＣ", "..%2fetc", "x" * 70, "-1", "2026-09", "A1"]
NUMBERS = ["0", "1", "32766", "32767", "9223372036854775807", "9223372036854775808"]
PLACE = re.compile(r"<(?:(?P<kind>\w+)(?:\([^)]*\))?:)?\w+>")


def addresses(rule: str) -> list[str]:
    """Every filling of a rule's places: numbers where a number stands, else one name everywhere."""
    kinds = [match["kind"] for match in PLACE.finditer(rule)]
    numbers = itertools.product(*(NUMBERS if kind == "int" else [None] for kind in kinds))
    fillings = [
        [number or name for number in chosen]
        for chosen, name in itertools.product(numbers, NAMES if set(kinds) - {"int"} else [""])
    ]
    return [fill(rule, filling) for filling in fillings]


def fill(rule: str, filling: list[str]) -> str:
    left = iter(filling)
    return PLACE.sub(lambda _: next(left), rule)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_address_of_a_page_brings_a_fault(app: Flask, method: str) -> None:
    visitor = Visitor(app).sign_in()
    operator(app, visitor.client, "admin", "finance", "registry", "auditor")
    rules = sorted(
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("web.") and method in (rule.methods or ()) and "<" in rule.rule
    )
    assert len(rules) > 10
    asked = [address for rule in rules for address in addresses(rule)]
    with capture_logs() as logged:
        answers = {
            address: visitor.client.open(
                address,
                method=method,
                base_url=None if address.startswith("/console") else visitor.home,
                headers={"Origin": visitor.home},
            ).status_code
            for address in asked
        }
    assert {address: status for address, status in answers.items() if status >= 500} == {}
    assert [each for each in logged if each["log_level"] in ("error", "critical")] == []


def test_a_round_begins_at_one(app: Flask) -> None:
    visitor = Visitor(app)
    operator(app, visitor.client, "finance")
    for number in (0, 32767):
        assert (
            visitor.client.post(
                f"/console/payouts/2026-09/{number}/again", headers={"Origin": visitor.home}
            ).status_code
            == 404
        )
