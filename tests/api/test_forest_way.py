"""From forest to unit: a dossier's way with its four eyes, notice, objections and verified removals."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from builders import PASSWORD
from flask import Flask
from forestry import NOTICE, Desk, facts, plot
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.accounts import queries as accounts
from app.accounts import services as holders
from app.kit import clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.registry import queries, services
from app.registry.errors import SharesRegistered
from app.registry.errors import dossiers as errors
from app.registry.queries.serials import find_run
from app.registry.rules.dossiers import DossierStatus, Share
from app.registry.services import Offering, dossier_parts, dossiers, holdings, objections, parcels, removals

DAY = timedelta(days=1)


@pytest.fixture
def desk(app: Flask) -> Desk:
    return Desk(app)


def test_a_forest_becomes_units_in_four_steps(desk: Desk) -> None:
    code = desk.draft()
    assert desk.standing(code).dossier.status is DossierStatus.DRAFT
    desk.review(code)
    assert desk.standing(code).dossier.status is DossierStatus.NOTICE
    project = desk.register(code)
    assert project.area_m2 == sum(parcel.area_m2 for parcel in desk.standing(code).parcels)
    issued = desk.issue(code, 2021, 1000)
    found = queries.get_project(project.code)
    assert [each.units.issued_kg for each in found.issuances] == [1000]
    assert issued.serials.quantity_kg == 1000
    assert all(proof.holds for proof in queries.prove())


def test_nobody_reviews_what_they_wrote(desk: Desk) -> None:
    code = desk.draft()
    with pytest.raises(errors.OwnDossier), transaction():
        dossiers.review_dossier(desk.maker, code, desk.revision(code), NOTICE)
    # Whoever wrote a part is a maker too.
    with transaction():
        parcels.add_parcels(desk.checker, code, plot(117.7, 26.9))
    with pytest.raises(errors.OwnDossier), transaction():
        dossiers.review_dossier(desk.checker, code, desk.revision(code), NOTICE)


def test_the_database_itself_keeps_maker_and_checker_apart(desk: Desk) -> None:
    code = desk.draft()
    with transaction():
        dossier_parts.keep_document(desk.checker, code, "other", "x", b"%PDF-1.4 another")
    review = (
        "UPDATE dossier SET reviewed_by = :by, reviewed_at = now(), notice_until = now() WHERE code = :code"
    )
    for by in (desk.maker, desk.checker):
        with pytest.raises(IntegrityError), transaction() as session:
            session.execute(text(review), {"by": by, "code": code})


def changes(desk: Desk, code: str) -> None:
    """The checker's words, which the maker writes over."""
    dossier = desk.standing(code).dossier
    for operator in (desk.checker, desk.maker):
        with transaction():
            dossiers.change_dossier(operator, code, facts(dossier.project_code), dossier.holder_id)


def adds(desk: Desk, code: str) -> None:
    with transaction():
        parcels.add_parcels(desk.checker, code, plot(117.7, 26.9))


def drops(desk: Desk, code: str) -> None:
    with transaction():
        kept = dossier_parts.keep_document(desk.maker, code, "other", "x", b"%PDF-1.4 x")
    with transaction():
        dossier_parts.drop_part(desk.checker, code, "document", kept.id)


STEPS = (
    "UPDATE dossier SET reviewed_by = :by, reviewed_at = now(), notice_until = now() WHERE code = :code",
    "UPDATE dossier SET registered_by = :by, registered_at = now(),"
    " project_id = (SELECT max(id) FROM project) WHERE code = :code",
    "UPDATE objection SET answered_by = :by, answered_at = now(), answer = 'x', upheld = false",
    "UPDATE objection SET answered_by = :by, answered_at = now(), answer = 'x', upheld = true",
)


def refuses_in_the_database(step: int, by: int, code: str) -> None:
    with pytest.raises(IntegrityError, match="nobody"), transaction() as session:
        session.execute(text(STEPS[step]), {"by": by, "code": code})


@pytest.mark.parametrize("took_part", [changes, adds, drops])
def test_whoever_took_part_takes_no_step_that_is_anothers(
    desk: Desk, took_part: Callable[[Desk, str], None]
) -> None:
    desk.registered()
    code = desk.draft()
    took_part(desk, code)
    with pytest.raises(errors.OwnDossier), transaction():
        dossiers.review_dossier(desk.checker, code, desk.revision(code), NOTICE)
    refuses_in_the_database(0, desk.checker, code)
    with transaction():
        third = holders.operators.enrol("op-third", PASSWORD, ["registry"])[0].id
        dossiers.review_dossier(third, code, desk.revision(code), DAY)
    with transaction():
        raised = objections.raise_objection(code, "这片林子不是他们的。").code
    for upheld in (False, True):
        with pytest.raises(errors.OwnDossier), transaction():
            objections.answer_objection(desk.checker, code, raised, "不属实。", upheld=upheld)
    refuses_in_the_database(2, desk.checker, code)
    refuses_in_the_database(3, desk.checker, code)
    with transaction():
        objections.answer_objection(third, code, raised, "不属实。", upheld=False)
    with clock.frozen(clock.now() + DAY), pytest.raises(errors.OwnDossier), transaction():
        dossiers.register_dossier(desk.checker, code)
    refuses_in_the_database(1, desk.checker, code)
    with clock.frozen(clock.now() + DAY), transaction():
        assert dossiers.register_dossier(third, code)


def test_whoever_adds_a_document_after_the_review_is_a_maker_too(desk: Desk) -> None:
    code = desk.draft()
    desk.review(code, DAY)
    with transaction():
        raised = objections.raise_objection(code, "这片林子不是他们的。").code
        dossier_parts.keep_document(desk.checker, code, "other", "补充", b"%PDF-1.4 more")
    with pytest.raises(errors.OwnDossier), transaction():
        objections.answer_objection(desk.checker, code, raised, "不属实。", upheld=False)
    with transaction():
        third = holders.operators.enrol("op-third", PASSWORD, ["registry"])[0].id
        objections.answer_objection(third, code, raised, "不属实。", upheld=False)
    with clock.frozen(clock.now() + DAY):
        with pytest.raises(errors.OwnDossier), transaction():
            dossiers.register_dossier(desk.checker, code)
        with transaction():
            assert dossiers.register_dossier(third, code)


def test_who_took_part_is_never_forgotten(desk: Desk) -> None:
    desk.draft()
    with pytest.raises(Exception, match="append-only"), transaction() as session:
        session.execute(text("DELETE FROM dossier_maker"))


def test_a_review_speaks_of_the_revision_that_was_read(desk: Desk) -> None:
    code = desk.draft()
    read = desk.revision(code)
    with transaction():
        parcels.add_parcels(desk.maker, code, plot(117.7, 26.9))
    with pytest.raises(errors.DossierChanged), transaction():
        dossiers.review_dossier(desk.checker, code, read, NOTICE)


def test_a_review_names_everything_that_is_missing(desk: Desk) -> None:
    with transaction():
        code = dossiers.open_dossier(desk.maker, facts(), desk.village, sample=True).code
    with pytest.raises(errors.DossierNotReady) as refused, transaction():
        dossiers.review_dossier(desk.checker, code, 1, NOTICE)
    assert {error["pointer"] for error in refused.value.errors} == {
        "#/shares",
        "#/parcels",
        "#/opinions",
        "#/title",
        "#/design",
    }


def test_shares_never_pass_the_whole(desk: Desk) -> None:
    code = desk.draft()
    with pytest.raises(errors.DossierRefused), transaction():
        dossier_parts.add_share(desk.maker, code, Share(desk.village, "fee", 1), named=True)
    with transaction():
        share = desk.standing(code).shares[0]
        dossier_parts.drop_part(desk.maker, code, "share", share.id)
    with pytest.raises(errors.DossierNotReady), transaction():
        dossiers.review_dossier(desk.checker, code, desk.revision(code), NOTICE)


FROZEN = (
    "UPDATE dossier SET name_zh = 'x' WHERE code = :code",
    "UPDATE dossier SET reviewed_at = NULL, reviewed_by = NULL, notice_until = NULL WHERE code = :code",
    "DELETE FROM parcel WHERE dossier_id = (SELECT id FROM dossier WHERE code = :code)",
    "DELETE FROM right_share WHERE dossier_id = (SELECT id FROM dossier WHERE code = :code)",
    "DELETE FROM dossier_document WHERE dossier_id = (SELECT id FROM dossier WHERE code = :code)",
    "UPDATE parcel SET area_m2 = 1",
    "DELETE FROM dossier WHERE code = :code",
    "INSERT INTO right_share (dossier_id, holder_id, role, share_bp, named, added_by)"
    " SELECT id, 1, 'fee', 1, true, drafted_by FROM dossier WHERE code = :code",
)


@pytest.mark.parametrize("statement", FROZEN)
def test_what_was_reviewed_never_changes(desk: Desk, statement: str) -> None:
    code = desk.draft()
    desk.review(code)
    with pytest.raises(Exception, match=r"stand|append-only|never"), transaction() as session:
        session.execute(text(statement), {"code": code})


def test_parts_of_a_reviewed_dossier_are_refused_in_words(desk: Desk) -> None:
    code = desk.draft()
    desk.review(code)
    with pytest.raises(errors.DossierMoved), transaction():
        parcels.add_parcels(desk.maker, code, plot(117.7, 26.9))


def test_nothing_is_registered_before_its_notice_is_over(desk: Desk) -> None:
    code = desk.draft()
    desk.review(code, timedelta(days=20))
    with pytest.raises(errors.DossierNotReady, match="dossier_not_ready"), transaction():
        dossiers.register_dossier(desk.checker, code)
    with clock.frozen(clock.now() + timedelta(days=20, seconds=1)), transaction():
        assert dossiers.register_dossier(desk.checker, code).code == desk.standing(code).dossier.project_code


def test_an_objection_stops_the_registration_until_it_is_answered(desk: Desk) -> None:
    code = desk.draft()
    desk.review(code, DAY)
    with transaction():
        raised = objections.raise_objection(code, "这片林子不是他们的。")
        again = objections.raise_objection(code, " 这片林子不是他们的。 ")
    assert raised.code == again.code, "the same words twice are one objection"
    with clock.frozen(clock.now() + DAY), pytest.raises(errors.DossierNotReady), transaction():
        dossiers.register_dossier(desk.checker, code)
    desk.registered()
    with pytest.raises(IntegrityError, match="objection"), transaction() as session:
        session.execute(
            text(
                "UPDATE dossier SET registered_at = now(), registered_by = :by,"
                " project_id = (SELECT id FROM project LIMIT 1) WHERE code = :code"
            ),
            {"by": desk.checker, "code": code},
        )
    with transaction():
        objections.answer_objection(desk.checker, code, raised.code, "林权证在册，已核对。", upheld=False)
    with clock.frozen(clock.now() + DAY):
        assert desk.register(code).code == desk.standing(code).dossier.project_code
    with pytest.raises(errors.NotInNotice), transaction():
        objections.raise_objection(code, "太晚了")


def test_an_objection_that_is_upheld_ends_the_dossier(desk: Desk) -> None:
    code = desk.draft()
    desk.review(code, DAY)
    with transaction():
        raised = objections.raise_objection(code, "边界画到了邻村。")
    with transaction():
        objections.answer_objection(desk.checker, code, raised.code, "属实。", upheld=True)
    with clock.frozen(clock.now() + DAY), pytest.raises(errors.DossierNotReady), transaction():
        dossiers.register_dossier(desk.checker, code)
    with transaction():
        dossiers.withdraw_dossier(desk.maker, code, "边界有误")
    # The land and the code are free again.
    assert desk.draft(desk.standing(code).dossier.project_code) != code


def test_objections_are_bounded_an_hour(desk: Desk) -> None:
    code = desk.draft()
    desk.review(code, DAY)
    with transaction():
        for number in range(20):
            objections.raise_objection(code, f"异议 {number}")
    with pytest.raises(errors.TooManyObjections), transaction():
        objections.raise_objection(code, "异议 20")
    with clock.frozen(clock.now() + timedelta(minutes=61)), transaction():
        objections.raise_objection(code, "异议 20")


def test_no_objection_comes_after_the_notice(desk: Desk) -> None:
    code = desk.draft()
    desk.review(code, DAY)
    with clock.frozen(clock.now() + DAY):
        with pytest.raises(errors.NotInNotice), transaction():
            objections.raise_objection(code, "太晚了")
        assert desk.register(code)
    later = desk.draft()
    desk.review(later)
    insert = (
        "INSERT INTO objection (code, dossier_id, digest, words_sealed, raised_at)"
        " SELECT 'LATE', id, 'x', 'x', notice_until FROM dossier WHERE code = :code"
    )
    with pytest.raises(IntegrityError, match="notice"), transaction() as session:
        session.execute(text(insert), {"code": later})


def test_nobody_outside_knows_of_a_draft(desk: Desk) -> None:
    code = desk.draft()
    with pytest.raises(errors.DossierUnknown):
        queries.dossiers.get_dossier(code, public=True)
    with pytest.raises(errors.DossierUnknown), transaction():
        objections.raise_objection(code, "?")


@pytest.mark.parametrize("same", ["report", "reference", "period"])
def test_one_verified_removal_is_issued_once(desk: Desk, same: str) -> None:
    code = desk.registered()
    first = desk.removal(code, 2021, 1000)
    second: dict[str, Any] = {"report": b"%PDF-1.4 second", "verification": "V-2", "year": 2022}
    second |= {"report": {"report": first.content}, "reference": {"verification": "V-2021"}}.get(same, {})
    if same == "period":
        second["year"] = 2021
    with transaction():
        removals.request_issuance(desk.maker, code, first.wanted)
    again = desk.removal(code, second["year"], 10, second["verification"], second["report"])
    with pytest.raises(errors.RemovalTaken), transaction():
        removals.request_issuance(desk.maker, code, again.wanted)


def test_a_refused_removal_may_come_again_corrected(desk: Desk) -> None:
    code = desk.registered()
    wanted = desk.removal(code, 2021, 1000).wanted
    with transaction():
        first = removals.request_issuance(desk.maker, code, wanted)
    with transaction():
        removals.refuse_issuance(desk.checker, code, first.code, "数量有误")
    with pytest.raises(errors.DossierMoved), transaction():
        removals.approve_issuance(desk.checker, code, first.code)
    with transaction():
        second = removals.request_issuance(desk.maker, code, wanted)
    with pytest.raises(errors.OwnDossier), transaction():
        removals.approve_issuance(desk.maker, code, second.code)
    with transaction():
        assert removals.approve_issuance(desk.checker, code, second.code).serials.quantity_kg == 1000


def test_whoever_uploaded_a_report_does_not_approve_it(desk: Desk) -> None:
    code = desk.registered()
    wanted = desk.removal(code, 2021, 1000).wanted
    with transaction():
        requested = removals.request_issuance(desk.checker, code, wanted)
    with pytest.raises(errors.OwnDossier), transaction():
        removals.approve_issuance(desk.maker, code, requested.code)


def test_no_forest_grows_beyond_all_plausibility(desk: Desk) -> None:
    code = desk.registered()
    # 60 t a hectare and year are 6 kg a square metre; 2021 has 365 days.
    most_kg = 6 * desk.standing(code).area_m2
    too_much, most = (desk.removal(code, 2021, quantity_kg).wanted for quantity_kg in (most_kg + 1, most_kg))
    with pytest.raises(errors.DossierRefused), transaction():
        removals.request_issuance(desk.maker, code, too_much)
    with transaction():
        removals.request_issuance(desk.maker, code, most)


def test_a_project_with_a_dossier_is_issued_nothing_beside_its_removals(desk: Desk) -> None:
    from app.registry.services import issue

    code = desk.registered()
    project_id = desk.standing(code).dossier.project_id
    assert project_id is not None
    with pytest.raises(IntegrityError, match="verified removal"), transaction():
        issue(project_id, (date(2021, 1, 1), date(2021, 12, 31)), 10, vintage=2021, verification="X")


@pytest.mark.parametrize(
    ("year", "verified_on"), [(2015, date(2016, 1, 1)), (2021, date(2021, 6, 1)), (2050, date(2051, 1, 1))]
)
def test_removals_lie_in_the_crediting_period_and_in_the_past(
    desk: Desk, year: int, verified_on: date
) -> None:
    code = desk.registered()
    wanted = desk.removal(code, year, 10, verified_on=verified_on).wanted
    with pytest.raises(errors.DossierRefused), transaction():
        removals.request_issuance(desk.maker, code, wanted)


def test_a_document_is_judged_by_its_content(desk: Desk) -> None:
    code = desk.draft()
    with pytest.raises(errors.DocumentRefused), transaction():
        dossier_parts.keep_document(desk.maker, code, "title", "x", b"<html>")
    with transaction():
        one = dossier_parts.keep_document(desk.maker, code, "other", "x", b"%PDF-1.4 same")
        two = dossier_parts.keep_document(desk.maker, code, "other", "y", b"%PDF-1.4 same")
    assert one.id == two.id
    stored = db.session.scalar(text("SELECT content_sealed FROM dossier_document ORDER BY id DESC LIMIT 1"))
    assert b"same" not in bytes(stored)
    assert queries.dossiers.open_document(code, one.id)[1] == b"%PDF-1.4 same"


def test_shares_become_the_terms_of_a_lot(desk: Desk) -> None:
    code = desk.registered()
    project_id = desk.standing(code).dossier.project_id
    assert project_id is not None
    found = queries.dossiers.list_sharings([project_id])[project_id]
    assert (found.seller_holder_id, found.village_bp, found.fee_bp) == (desk.village, 0, 1000)


def test_a_villages_registered_share_is_in_every_first_sale_though_the_seller_leaves_it_out(
    desk: Desk,
) -> None:
    village = desk.village
    with transaction():
        other = holders.open_holder("village", "另一村", "350721").code
        desk.village = holders.open_holder("household", "示例农户", "350721").id
    code = desk.empty()
    desk.complete(code, ((desk.village, "household", 6000), (village, "village", 3200), (0, "fee", 800)))
    desk.review(code)
    project = desk.register(code)
    desk.issue(code, 2021, 1000)
    plain = Offering(project.code, 2021, 100, 100)
    named = replace(plain, village=accounts.get_holder(village).code, village_bp=3200)
    for offering in (plain, named):
        with transaction():
            terms = services.sell(desk.village, offering).terms
        assert (terms.village_holder_id, terms.village_bp, terms.fee_bp) == (village, 3200, 800)
    with transaction():
        run = find_run(f"SH-350721-{project.code}-2021-1-1000")
        terms = holdings.offer_units(desk.village, run, 100, 100).terms
    assert (terms.village_holder_id, terms.village_bp, terms.fee_bp) == (village, 3200, 800), "by every door"
    for changes in ({"village_bp": 1}, {"village": other}):
        with pytest.raises(SharesRegistered), transaction():
            services.sell(desk.village, replace(named, **changes))
