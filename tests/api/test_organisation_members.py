"""Who may act for an organisation: founding, inviting, roles, leaving, verification, keys."""

from datetime import timedelta

import pytest
from builders import person
from flask import Flask
from offices import CREDIT_CODES, Office, at_once, hear
from paying import colleague
from shop import assert_books_prove
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.accounts import queries as accounts
from app.accounts.queries import memberships
from app.accounts.rules import MEMBER_ROLES, read_credit_code
from app.accounts.services import api_keys, open_organisation, verifications
from app.accounts.services import memberships as members
from app.kit import clock
from app.kit.database import db
from app.kit.problems import NotAllowed
from app.kit.transaction import transaction


def test_a_person_founds_invites_and_both_act_by_their_roles(app: Flask) -> None:
    office = Office(app)
    assert office.get("")["role"] == "owner"
    viewer = person(app)
    joined = office.accept(office.invite("viewer", "小王"), viewer)
    assert (joined.status_code, joined.json["role"], joined.json["permissions"]) == (201, "viewer", ["read"])
    listed = office.get("/members", viewer)["items"]
    assert [(each["role"], each["label"]) for each in listed] == [("owner", None), ("viewer", "小王")]
    assert office.ask("POST", "/invitations", {"role": "owner"}, viewer).status_code == 403
    assert office.ask("PUT", f"/members/{office.code_of(viewer)}", {"role": "buyer"}).json["role"] == "buyer"
    own = app.test_client().get("/v1/organisations", headers=viewer.auth).json["items"]
    assert [(each["code"], each["role"]) for each in own] == [(office.code, "buyer")]
    assert memberships.may_act(viewer.holder_id, office.id)
    assert not memberships.may_act(viewer.holder_id, office.id, "members")
    assert_books_prove()


def test_what_the_organisation_calls_somebody_is_sealed(app: Flask) -> None:
    office = Office(app)
    office.accept(office.invite("viewer", "财务王小明"), person(app))
    db.session.rollback()
    row = db.session.execute(text("SELECT label_sealed FROM membership WHERE label_sealed IS NOT NULL")).one()
    assert "王小明".encode() not in bytes(row[0])


@pytest.mark.parametrize("path", ["", "/members", "/orders", "/notices", "/holdings", "/years/2026", "/uses"])
def test_another_organisations_things_are_not_there(app: Flask, path: str) -> None:
    office, stranger = Office(app), Office(app)
    assert office.ask("GET", path, who=stranger.owner).status_code == 404
    assert office.ask("GET", path, who=stranger.key("read")).status_code == 404
    assert office.ask("GET", path, who=person(app)).status_code == 404
    assert app.test_client().get(f"{office.path}{path}").status_code == 401


def test_an_invitation_lets_one_of_twenty_in(app: Flask) -> None:
    office = Office(app)
    secret = office.invite("buyer")
    people = [person(app) for _ in range(20)]

    def come(who: int) -> int:
        return int(office.accept(secret, people[who]).status_code)

    answers = at_once([lambda who=who: come(who) for who in range(20)])
    assert sorted(answers) == [201] + [404] * 19
    db.session.rollback()
    assert len(memberships.list_members(office.id)) == 2


def test_an_invitation_ends_when_it_is_withdrawn_or_too_old(app: Flask) -> None:
    office, guest = Office(app), person(app)
    made = office.post("/invitations", {"role": "viewer"})
    assert office.ask("DELETE", f"/invitations/{made['code']}").status_code == 204
    assert office.ask("DELETE", f"/invitations/{made['code']}").status_code == 404
    assert office.accept(made["secret"], guest).status_code == 404
    late = office.invite("viewer")
    with clock.frozen(clock.now() + timedelta(days=7, seconds=1)):
        assert members.hash_of(late)
        with pytest.raises(members.InvitationUnknown), transaction():
            members.accept(guest.holder_id, late)
    assert office.accept("x" * 32, guest).json["code"] == "invitation_unknown"


def test_a_member_who_opens_another_invitation_does_not_use_it_up(app: Flask) -> None:
    office = Office(app)
    secret = office.invite("viewer")
    assert office.accept(secret, office.owner).json["code"] == "already_member"
    assert office.accept(secret, person(app)).status_code == 201


def test_the_last_owner_stays(app: Flask) -> None:
    office = Office(app)
    assert office.ask("DELETE", "/members/me").json["code"] == "last_owner"
    me = office.code_of(office.owner)
    assert office.ask("PUT", f"/members/{me}", {"role": "viewer"}).json["code"] == "last_owner"
    other = office.member("owner")
    assert office.ask("DELETE", "/members/me").status_code == 204
    assert office.ask("DELETE", "/members/me", who=other).status_code == 409
    assert office.ask("GET", "", who=office.owner).status_code == 404


def test_of_ten_owners_who_leave_at_once_one_stays(app: Flask) -> None:
    office = Office(app)
    owners = [office.owner, *(office.member("owner") for _ in range(9))]

    def leave(who: int) -> int:
        return int(office.ask("DELETE", "/members/me", who=owners[who]).status_code)

    answers = at_once([lambda who=who: leave(who) for who in range(10)], 10)
    assert sorted(answers) == [204] * 9 + [409]
    assert_books_prove()


def test_the_database_keeps_the_last_owner_whoever_writes(app: Flask) -> None:
    office = Office(app)
    with pytest.raises(IntegrityError, match="last owner"), transaction() as session:
        session.execute(text("UPDATE membership SET ended_at = now()"))
    with pytest.raises(IntegrityError, match="never changes"), transaction() as session:
        session.execute(text("UPDATE membership SET member_id = organisation_id"))
    assert office.get("")["role"] == "owner"


def test_whoever_is_removed_is_told_and_out_at_once(app: Flask) -> None:
    office = Office(app)
    buyer = office.member("buyer")
    assert office.ask("DELETE", f"/members/{office.code_of(buyer)}").status_code == 204
    assert office.ask("GET", "", who=buyer).status_code == 404
    told = app.test_client().get("/v1/me/notices", headers=buyer.auth).json["items"]
    assert "不再是组织" in told[0]["text"]["zh"]
    hear()
    kinds = [each["type"] for each in office.get("/notices")["items"]]
    assert kinds == ["member.joined", "member.joined", "member.left"]


def test_one_person_founds_five_that_nobody_verified(app: Flask) -> None:
    office = Office(app)
    found = [
        office.client.post("/v1/organisations", json={"name": "公司"}, headers=office.owner.auth).status_code
        for _ in range(5)
    ]
    assert found == [201] * 4 + [409]


@pytest.mark.parametrize("code", [*CREDIT_CODES, " 9135 0100 m000100y43 "])
def test_a_credit_code_is_read_in_its_one_form(code: str) -> None:
    assert read_credit_code(code) == code.replace(" ", "").upper()


@pytest.mark.parametrize(
    "code",
    ["91350100M000100Y44", "91350100M000100Y4", "91350100O000100Y43", "", "９1350100M000100Y43", "0" * 17],
)
def test_a_credit_code_with_a_wrong_check_character_is_none(code: str) -> None:
    assert read_credit_code(code) is None


def test_every_single_slip_in_a_credit_code_is_found() -> None:
    code = CREDIT_CODES[0]
    for place in range(17):
        for other in "0123456789ABCDEFGHJKLMNPQRTUWXY":
            if other != code[place]:
                assert read_credit_code(code[:place] + other + code[place + 1 :]) is None


def test_a_name_is_printed_only_when_an_operator_has_verified_it(app: Flask) -> None:
    office = Office(app, "国家林业总公司")
    assert accounts.list_holders([office.id])[office.id].name is None
    wrong = office.ask("POST", "/verifications", {"name": "某公司", "credit_code": "91350100M000100Y44"})
    assert wrong.status_code == 422
    office.post("/verifications", {"name": "某公司", "credit_code": CREDIT_CODES[0]})
    again = office.ask("POST", "/verifications", {"name": "某公司", "credit_code": CREDIT_CODES[0]})
    assert again.json["code"] == "verification_pending"
    db.session.rollback()
    wish, _ = memberships.list_open_verifications()[0]
    operator_id = colleague("partners")
    with transaction():
        verifications.decline(operator_id, wish.id, "名称与登记不符")
    with pytest.raises(verifications.VerificationDecided), transaction():
        verifications.approve(operator_id, wish.id)
    office.verify(name="示例有限公司")
    db.session.rollback()
    assert accounts.list_holders([office.id])[office.id].name == "示例有限公司"
    assert office.get("")["public_name"] == "示例有限公司"
    assert [each["approved"] for each in office.get("/verifications")["items"]] == [True, False]
    assert_books_prove()


def test_one_credit_code_is_one_organisation(app: Flask) -> None:
    first, second = Office(app), Office(app)
    wish = {"name": "某公司", "credit_code": CREDIT_CODES[0]}
    first.post("/verifications", wish)
    second.post("/verifications", wish)
    db.session.rollback()
    waiting = [each.id for each, _ in memberships.list_open_verifications()]
    operator_id = colleague("partners")
    with transaction():
        verifications.approve(operator_id, waiting[1])
    with pytest.raises(verifications.CreditCodeTaken), transaction():
        verifications.approve(operator_id, waiting[0])
    assert first.get("")["verified"] is False
    third = Office(app)
    assert third.ask("POST", "/verifications", wish).json["code"] == "credit_code_taken"


def test_an_organisation_that_operators_opened_gets_its_first_owner_by_their_link(app: Flask) -> None:
    operator_id = colleague("finance")
    with transaction():
        holder = open_organisation(operator_id, "顺昌县人民法院（示例）")
    with transaction():
        secret = members.invite_owner(operator_id, holder.id).secret
    clerk = person(app)
    client = app.test_client()
    body = {"secret": secret}
    joined = client.post("/v1/invitations/acceptance", json=body, headers=clerk.auth)
    assert (joined.json["role"], joined.json["public_name"]) == ("owner", "顺昌县人民法院（示例）")
    with pytest.raises(members.OwnerThere), transaction():
        members.invite_owner(operator_id, holder.id)
    founded = Office(app).id
    db.session.rollback()
    with pytest.raises(members.OwnerThere), transaction():
        members.invite_owner(operator_id, founded)


def test_a_key_does_what_it_was_given_and_nothing_else(app: Flask) -> None:
    office = Office(app)
    key = office.key("read")
    assert office.get("", key)["role"] == "key"
    assert office.ask("POST", "/orders", {"amount_fen": 100}, key).status_code == 403
    assert office.ask("POST", "/invitations", {"role": "viewer"}, key).status_code == 401
    assert office.ask("GET", "/keys", who=key).status_code == 401, "a key makes no keys"
    assert app.test_client().get("/v1/me", headers={"Authorization": f"Bearer {key}"}).status_code == 401
    listed = office.get("/keys")["items"][0]
    assert listed["last_used_at"] is not None
    assert key not in str(listed)
    stored = db.session.execute(text("SELECT secret_hash FROM api_key")).scalar_one()
    assert key.rpartition("_")[2].encode() not in bytes(stored)


@pytest.mark.parametrize("wrong", ["shk_", "shk_x", "shk_0000000000_" + "0" * 40, "shk_é_x"])
def test_a_wrong_key_is_no_key(app: Flask, wrong: str) -> None:
    office = Office(app)
    assert office.ask("GET", "", who=wrong.encode().decode("latin-1")).status_code == 401
    right = office.key("read")
    assert office.ask("GET", "", who=right[:-1] + ("0" if right[-1] != "0" else "1")).status_code == 401


def test_a_key_is_replaced_with_an_overlap_and_revoked_at_once(app: Flask) -> None:
    office = Office(app)
    first = office.key("read")
    prefix = first.split("_")[1]
    second = office.post(f"/keys/{prefix}/replacement", {"overlap_hours": 1})["key"]
    assert office.ask("POST", f"/keys/{prefix}/replacement", {}).json["code"] == "key_replaced"
    assert office.get("", first)["role"] == office.get("", second)["role"] == "key"
    with clock.frozen(clock.now() + timedelta(hours=2)):
        assert office.ask("GET", "", who=first).status_code == 401
        assert office.ask("GET", "", who=second).status_code == 200
    assert office.ask("DELETE", f"/keys/{second.split('_')[1]}").status_code == 204
    assert office.ask("GET", "", who=second).status_code == 401
    third = office.key("read", days=90)
    with clock.frozen(clock.now() + timedelta(days=91)):
        assert office.ask("GET", "", who=third).status_code == 401


def test_keys_end_with_the_membership_of_whoever_made_them(app: Flask) -> None:
    office = Office(app)
    other = office.member("owner")
    keys = [office.post("/keys", {"name": "x", "scopes": ["read"]}, other)["key"] for _ in range(2)]
    mine = office.key("read")
    assert office.ask("PUT", f"/members/{office.code_of(other)}", {"role": "buyer"}).status_code == 200
    assert {office.ask("GET", "", who=key).status_code for key in keys} == {401}
    assert office.ask("GET", "", who=mine).status_code == 200
    hear()
    kinds = [each["type"] for each in office.get("/notices")["items"]]
    assert kinds.count("key.revoked") == 2


def test_no_secret_is_kept_for_a_repeated_request(app: Flask) -> None:
    office = Office(app)
    headers = {**office.owner.auth, "Idempotency-Key": "k-1"}
    made = office.client.post(
        f"{office.path}/keys", json={"name": "x", "scopes": ["read"]}, headers=headers
    ).json["key"]
    kept = db.session.scalars(text("SELECT convert_from(body, 'UTF8') FROM idempotency_key")).all()
    assert all(made.rpartition("_")[2] not in body for body in kept if body)


def test_nobody_gives_a_key_what_they_may_not_do(app: Flask) -> None:
    office = Office(app)
    buyer = office.member("buyer")
    assert office.ask("POST", "/keys", {"name": "x", "scopes": ["read"]}, buyer).status_code == 403
    for scopes in (["members"], ["keys"], [], ["read", "nothing"]):
        assert office.ask("POST", "/keys", {"name": "x", "scopes": scopes}).status_code == 422
    assert "members" not in MEMBER_ROLES["buyer"]
    made = [office.ask("POST", "/keys", {"name": "x", "scopes": ["read"]}).status_code for _ in range(11)]
    assert made == [201] * 10 + [409]


@pytest.mark.parametrize("how", ["removed", "left", "demoted"])
def test_who_is_owner_no_more_has_left_no_door_open(app: Flask, how: str) -> None:
    office = Office(app)
    other = office.member("owner")
    made = office.post("/invitations", {"role": "owner"}, other)
    path = "/members/me" if how == "left" else f"/members/{office.code_of(other)}"
    if how == "demoted":
        assert office.ask("PUT", path, {"role": "viewer"}).status_code == 200
    else:
        assert office.ask("DELETE", path, who=other if how == "left" else office.owner).status_code == 204
    assert office.get("/invitations")["items"] == []
    assert office.accept(made["secret"], person(app)).json["code"] == "invitation_unknown"
    mine = office.invite("viewer")
    assert office.accept(mine, person(app)).status_code == 201, "others' links stay"


def test_who_was_let_go_while_asking_makes_no_link_and_no_key(app: Flask) -> None:
    office = Office(app)
    other = office.member("owner")
    assert office.ask("DELETE", f"/members/{office.code_of(other)}").status_code == 204
    organisation_id, ends = office.id, clock.now() + timedelta(days=1)
    db.session.rollback()
    with pytest.raises(NotAllowed), transaction():
        members.invite(organisation_id, other.holder_id, "owner")
    with pytest.raises(NotAllowed), transaction():
        api_keys.make_key(organisation_id, other.holder_id, "ERP", ["read"], ends)


def test_an_operators_link_brings_the_first_owner_only(app: Flask) -> None:
    operator_id = colleague("partners")
    with transaction():
        code = open_organisation(operator_id, "示例法院").code
    found = memberships.get_organisation_by_code(code)
    with transaction():
        first, second = (members.invite_owner(operator_id, found.id).secret for _ in range(2))
    one, another = person(app), person(app)
    with transaction():
        members.accept(one.holder_id, first)
    with pytest.raises(members.InvitationUnknown), transaction():
        members.accept(another.holder_id, second)


def test_a_key_that_is_revoked_is_told(app: Flask) -> None:
    office = Office(app)
    prefix = office.key("read").split("_")[1]
    for _ in range(2):
        assert office.ask("DELETE", f"/keys/{prefix}").status_code == 204
    hear()
    kinds = [each["type"] for each in office.get("/notices")["items"]]
    assert kinds.count("key.revoked") == 1
