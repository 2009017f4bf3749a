"""What operators see and do at the console: what waits, the queue, the log, who is here."""

from datetime import timedelta
from typing import Any

import pytest
from builders import operator
from flask import Flask
from sqlalchemy import text
from visiting import at_console

from app.accounts import jobs, services
from app.kit import announcements, clock
from app.kit.database import db
from app.kit.transaction import transaction

LISTENER = "test_console_pages.fails"


class Broken(Exception):
    """What a listener of these tests meets."""


@pytest.fixture
def failing(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two announcements that nobody can hear: one failed eleven times, one once."""

    def hear(payload: dict[str, Any]) -> None:
        raise Broken

    monkeypatch.setitem(announcements._by_name, LISTENER, announcements.Listener(LISTENER, hear, False))
    with transaction() as session:
        session.execute(
            text(
                "INSERT INTO announcement"
                " (listener, payload, announced_at, available_at, attempts, last_error)"
                " VALUES (:name, '{\"order\": \"A1\"}', now(), now() + interval '1 h', 11, 'Timeout'),"
                " (:name, '{\"order\": \"B2\"}', now(), now() + interval '1 h', 1, 'Timeout')"
            ),
            {"name": LISTENER},
        )


def test_the_front_page_counts_what_waits_for_my_role(app: Flask, failing: None) -> None:
    page = at_console(app, "finance").speak("en").get("/console").text
    assert "1 in all need a person" in page
    assert "Tasks that failed again and again" in page
    assert "left unsealed" not in page, "not for finance"
    assert "left unsealed" in at_console(app, "auditor").speak("en").get("/console").text
    assert "Removals and liftings" in at_console(app, "registry").speak("en").get("/console").text
    assert "notices that are over" in at_console(app, "registry").speak("en").get("/console").text


def test_a_quiet_day_says_so(app: Flask) -> None:
    assert "没有需要处理的事" in at_console(app, "finance").get("/console").text


def test_the_queue_shows_what_failed_with_its_last_error(app: Flask, failing: None) -> None:
    page = at_console(app, "auditor").speak("en").get("/console/queue").text
    assert page.count("Tried ") == 2
    assert "Tried 11 times, last: Timeout" in page
    assert page.count('class="mark alarm"') == 1
    assert '{"order": "A1"}' in page
    assert "Try now" not in page, "an auditor only looks"


def test_every_listener_has_a_name_and_its_path_beside_it(app: Flask, failing: None) -> None:
    from app.kit.messages import exists

    ours = {name.rsplit(".", 1)[1] for name in announcements._by_name if name.startswith("app.")}
    assert [name for name in sorted(ours) if not exists(f"web.listener_{name}")] == []
    with transaction():
        announcements.announce("footprint.action_withdrawn", {"action": "A1"})
    page = at_console(app, "auditor").get("/console/queue").text
    assert "收回积分" in page
    assert "<code>app.rewards.jobs.recorded.take_back</code>" in page


def test_the_log_names_its_details_and_writes_money_in_yuan(app: Flask) -> None:
    with transaction():
        services.audit.record(None, "refund_requested", "R1", {"amount_fen": 123456, "odd": [1]})
    page = at_console(app, "auditor").get("/console/audit?subject=R1").text
    assert "¥1,234.56" in page
    assert "amount_fen" not in page
    assert "odd <code>[1]</code>" in page, "a name that the catalogue does not know is shown as it is"


def test_an_operator_hastens_a_task_and_the_log_says_who(app: Flask, failing: None) -> None:
    visitor = at_console(app, "finance").speak("en")
    row = db.session.scalar(text("SELECT min(id) FROM announcement"))
    assert announcements.deliver() == 0, "its pause is not over"
    assert "Try now" in visitor.get("/console/queue").text
    assert visitor.post(f"/console/queue/{row}/hasten").status_code == 303
    announcements.deliver()
    page = visitor.get("/console/queue").text
    assert "Tried 12 times, last: Broken" in page
    db.session.rollback()
    logged = db.session.execute(
        text("SELECT operator_id, subject FROM audit_entry WHERE action = 'announcement_hastened'")
    ).one()
    assert logged.subject == str(row)
    assert logged.operator_id is not None
    for unknown in (row + 99, 2**63 - 1, 2**63, 10**30):
        assert visitor.post(f"/console/queue/{unknown}/hasten").status_code == 404


def test_the_log_is_read_newest_first_page_by_page_and_by_subject(app: Flask) -> None:
    someone = operator(app, app.test_client(), "finance")
    with transaction():
        for number in range(60):
            services.audit.record(someone, "tested", f"order-{number}", {"reason": "<b>&", "fen": number})
    jobs.seal_audit()
    with transaction():
        services.audit.record(None, "tested", "order-7")
    visitor = at_console(app, "auditor").speak("en")
    first = visitor.get("/console/audit").text
    assert first.count("order-") >= 48
    assert "&lt;b&gt;&amp;" in first
    assert "<b>&" not in first
    assert "To be sealed" in first
    assert "Signed head: entry 61" in first
    older = first.split('href="/console/audit?after=')[1].split('"')[0]
    second = visitor.get(f"/console/audit?after={older}").text
    assert "order-0<" in second
    assert "order-59<" not in second
    of_one = visitor.get("/console/audit?subject=order-7").text
    assert of_one.count("<code>order-7</code>") == 2
    for odd in ("%00", "%ff", "x" * 500, "%27--", "😀"):
        assert "No entries" in visitor.get(f"/console/audit?subject=nothing{odd}").text
    assert visitor.get("/console/audit?after=zzz").status_code == 422


def test_the_list_of_operators_shows_who_left(app: Flask) -> None:
    with transaction():
        services.operators.enrol("left.long.ago", "a long enough password", ["finance"])
        services.operators.end("left.long.ago")
    page = at_console(app, "admin").speak("en").get("/console/operators").text
    assert "left.long.ago" in page
    assert "Ended " in page


def test_unsealed_entries_reach_the_front_page(app: Flask) -> None:
    visitor = at_console(app, "auditor").speak("en")
    with transaction() as session:
        session.execute(
            text(
                "INSERT INTO audit_entry (action, subject, details, acted_at, written_at)"
                " VALUES ('old', 'x', '{}', now(), now() - interval '2 min')"
            )
        )
    assert "1 in all need a person" in visitor.get("/console").text
    jobs.seal_audit()
    assert "Nothing needs a person" in visitor.get("/console").text


def test_times_on_the_console_are_shanghais(app: Flask) -> None:
    with clock.frozen(clock.now() - timedelta(days=1)), transaction():
        services.audit.record(None, "tested", "yesterday")
        at = clock.now()
    page = at_console(app, "auditor").get("/console/audit").text
    assert f"{at.astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M}" in page
