"""The register of sanctions and the operators' desk for it, as browsers ask for them."""

from typing import Any

import pytest
from builders import Forest, forest
from flask import Flask
from paying import holder_code
from seeing import assert_sound
from visiting import Visitor, at_console
from werkzeug.test import TestResponse

from app.kit.codes import random_code

LIST = "/console/sanctions"


def lay(desk: Visitor, target: str, kind: str = "suspend", **form: Any) -> TestResponse:
    told = {"target": target, "kind": kind, "ground": "dispute", "reason": "权属未明 <b>", **form}
    return desk.post(LIST, {"form_key": random_code(20), **told})


def laid(desk: Visitor, target: str, kind: str = "suspend", **form: Any) -> str:
    """A sanction that was laid; its code."""
    answer = lay(desk, target, kind, **form)
    assert answer.status_code == 303, answer.text
    assert desk.get(answer.location).status_code == 200
    return answer.location.split("/")[-1].split("?")[0]


@pytest.fixture
def lot(app: Flask) -> Forest:
    return forest()


@pytest.fixture
def lin(app: Flask) -> Visitor:
    return at_console(app, "registry")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_is_safe_and_whole_in_both_languages(
    app: Flask, lot: Forest, lin: Visitor, language: str
) -> None:
    lin.speak(language)
    limit = laid(lin, f"project.{lot.project_code}", "limit", daily_kg="500", last_day="2099-12-31")
    removal = laid(lin, f"holder.{holder_code(lot.village_id)}", "remove")
    for path in (LIST, f"{LIST}/new", f"{LIST}/{limit}", f"{LIST}/{removal}", "/sanctions"):
        assert_sound(lin.get(path).text, language, path)
    assert at_console(app, "registry").post(f"{LIST}/{removal}/confirm").status_code == 303
    stranger = Visitor(app).speak(language)
    for path in (
        f"/sanctions/{removal}",
        "/sanctions?standing=true",
        f"/forest/{lot.lot_code}",
        "/regions/350721",
    ):
        page = stranger.get(path)
        assert page.status_code == 200, path
        assert_sound(page.text, language, path)
        assert f"/sanctions/{removal}" in page.text or path == f"/sanctions/{removal}"
    assert lot.lot_code not in stranger.get("/forest").text


def test_a_removal_waits_on_the_front_page_for_another_person(app: Flask, lot: Forest, lin: Visitor) -> None:
    code = laid(lin.speak("en"), f"project.{lot.project_code}", "remove")
    assert "1 in all need a person" in lin.get("/console").text
    own = lin.post(f"{LIST}/{code}/confirm")
    assert (own.status_code, "Another operator is needed" in own.text) == (403, True)
    assert "Waits for another operator" in lin.get(f"{LIST}/{code}").text
    zhang = at_console(app, "registry").speak("en")
    assert zhang.post(f"{LIST}/{code}/confirm").status_code == 303
    assert zhang.post(f"{LIST}/{code}/confirm").status_code == 409
    assert zhang.post(f"{LIST}/{code}/lift", {}).status_code == 422
    assert zhang.post(f"{LIST}/{code}/lift", {"note": "申诉成立"}).status_code == 303
    assert lin.post(f"{LIST}/{code}/decline").status_code == 303
    assert lin.post(f"{LIST}/{code}/lift", {"note": "再查无误"}).status_code == 303
    assert zhang.post(f"{LIST}/{code}/confirm").status_code == 303
    assert "再查无误" in Visitor(app).get(f"/sanctions/{code}").text


def test_the_same_form_sent_twice_lays_one(app: Flask, lot: Forest, lin: Visitor) -> None:
    form = {"form_key": random_code(20)}
    assert laid(lin, f"project.{lot.project_code}", **form) == laid(
        lin, f"project.{lot.project_code}", **form
    )


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"kind": "limit"}, 422),
        ({"kind": "limit", "daily_kg": "-5"}, 422),
        ({"kind": "limit", "daily_kg": "9" * 30}, 422),
        ({"kind": "banish"}, 422),
        ({"ground": "envy"}, 422),
        ({"reason": ""}, 422),
        ({"reason": "x" * 501}, 422),
        ({"last_day": "2026-02-30"}, 422),
        ({"last_day": "2020-01-01"}, 422),
        ({"kind": "remove", "last_day": "2099-01-01"}, 422),
        ({"target": "holder.PLATFORM"}, 404),
        ({"target": "project.NOSUCH"}, 404),
        ({"target": "\x00"}, 422),
        ({"surprise": "1"}, 422),
    ],
)
def test_a_faulty_form_comes_back_with_what_is_wrong(
    lot: Forest, lin: Visitor, form: dict[str, str], status: int
) -> None:
    told = {"target": f"project.{lot.project_code}", "kind": "suspend"} | form
    answer = lay(lin, told.pop("target"), told.pop("kind"), **told)
    assert answer.status_code == status, answer.text
    assert 'role="alert"' in answer.text


def test_the_desk_is_for_the_registry_only(app: Flask, lot: Forest, lin: Visitor) -> None:
    code = laid(lin, f"project.{lot.project_code}")
    for role in ("finance", "auditor"):
        other = at_console(app, role)
        assert other.get(LIST).status_code == (200 if role == "auditor" else 403)
        assert other.get(f"{LIST}/new").status_code == 403
        assert lay(other, f"project.{lot.project_code}").status_code == 403
        for act in ("confirm", "decline", "lift"):
            assert other.post(f"{LIST}/{code}/{act}", {"note": "x"}).status_code == 403
    assert Visitor(app).get(LIST).status_code == 302
    assert lin.get(f"{LIST}/nosuch").status_code == 404
    assert lin.post(f"{LIST}/nosuch/confirm").status_code == 404
