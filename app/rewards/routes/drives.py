"""What can be asked of drives: seen by anyone, given to by who is signed in, thanks to be checked."""

from datetime import timedelta
from typing import Any

from flask import Response

from app.accounts import queries as accounts
from app.kit.http import Blueprint, public
from app.kit.idempotency import writes
from app.kit.identity import caller, signed_in
from app.kit.messages import language
from app.kit.paging import PageQuery, page, page_of, read_cursor
from app.kit.qr import qr_svg
from app.kit.signing import DIGEST, digest_of, pack, seal
from app.offsets.provider import settings
from app.offsets.queries import OrderFacts
from app.offsets.routes import require_open_shop
from app.offsets.services.orders import Wish
from app.rewards.queries import drive_gifts, drives
from app.rewards.queries.drive_gifts import GiftFacts
from app.rewards.queries.drives import DriveFacts
from app.rewards.schemas.drives import (
    DriveOrderView,
    DriveView,
    NewDrivePoints,
    NewDriveSteps,
    NewDriveUnits,
    ThanksFileView,
    ThanksView,
    WholeDriveView,
)
from app.rewards.services import drive_gifts as services

public_drives = Blueprint(
    "drives", __name__, url_prefix="/v1/drives", description="Giving to villages and projects 公益项目"
)
own = Blueprint("drive_gifts", __name__, url_prefix="/v1/me/drive-gifts", description="What I gave 我的支持")
thanks = Blueprint("thanks", __name__, url_prefix="/v1/thanks", description="Thanks for gifts 感谢状")
BLUEPRINTS = (public_drives, own, thanks)


def _me() -> int:
    accounts.require_live_session(caller())
    return caller().holder_id


@public_drives.route("", methods=["GET"])
@public
@public_drives.arguments(PageQuery, location="query")
@public_drives.response(200, page_of(DriveView))
def get_drives(wish: dict[str, Any]) -> dict[str, Any]:
    """Drives, the newest first."""
    rows = drives.list_drives(wish["limit"] + 1, read_cursor(wish.get("after")))
    answer = page(rows, wish["limit"], lambda each: each.id)
    return {**answer, "items": [drive_view(each) for each in answer["items"]]}


@public_drives.route("/<string:code>", methods=["GET"])
@public
@public_drives.response(200, WholeDriveView)
def get_drive(code: str) -> dict[str, Any]:
    """One drive with how it went on."""
    drive = drives.get_drive(code)
    reports = [
        {"happened_on": each.happened_on, "words": _own_words(each, "words"), "used_fen": each.used_fen}
        for each in drives.list_reports(drive.id)
    ]
    return {**drive_view(drive), "givers": drive.row.givers, "reports": reports}


@public_drives.route("/<string:code>/points", methods=["POST"])
@signed_in
@writes
@public_drives.arguments(NewDrivePoints)
@public_drives.response(201, ThanksView)
def post_points(wish: dict[str, Any], code: str) -> dict[str, Any]:
    """Give points; what they are worth to their sponsor goes to whoever the drive is for."""
    return thanks_view(services.give_points(_me(), code, wish["points"]))


@public_drives.route("/<string:code>/steps", methods=["POST"])
@signed_in
@writes
@public_drives.arguments(NewDriveSteps)
@public_drives.response(201, ThanksView)
def post_steps(wish: dict[str, Any], code: str) -> dict[str, Any]:
    """Give what a day's steps earned; an act is thanked once, so it is given once."""
    return thanks_view(services.give_steps(_me(), code, wish["day"]))


@public_drives.route("/<string:code>/orders", methods=["POST"])
@signed_in
@writes
@public_drives.arguments(NewDriveUnits)
@public_drives.response(201, DriveOrderView)
def post_units(wish: dict[str, Any], code: str) -> Any:
    """Order units of its forest, to be retired for the drive; pay as any order. Thanks follow the units."""
    require_open_shop()
    return place_units(_me(), code, wish)


def place_units(holder_id: int, code: str, wish: dict[str, Any]) -> OrderFacts:
    """Order units as `NewDriveUnits` takes it, on the shop's terms; inside a transaction."""
    asked = Wish(
        quantity_kg=wish.get("quantity_kg"), amount_fen=wish.get("amount_fen"), lot_code=wish.get("lot")
    )
    reservation = timedelta(seconds=settings().reservation_seconds)
    return services.order_units(holder_id, code, asked, reservation, settings().most_unpaid_orders)


@own.route("", methods=["GET"])
@signed_in
@own.arguments(PageQuery, location="query")
@own.response(200, page_of(ThanksView))
def get_own(wish: dict[str, Any]) -> dict[str, Any]:
    """What the caller gave, the newest first."""
    rows = drive_gifts.list_own(_me(), wish["limit"] + 1, read_cursor(wish.get("after")))
    answer = page(rows, wish["limit"], lambda each: each[0])
    return {**answer, "items": [thanks_view(each) for _, each in answer["items"]]}


@thanks.route("/<string:number>", methods=["GET"])
@public
@thanks.response(200, ThanksView)
def get_thanks(number: str) -> dict[str, Any]:
    """Thanks by their number, with or without hyphens; for anyone. They name nobody."""
    return thanks_view(drive_gifts.get_thanks(number))


@thanks.route("/<string:number>/file", methods=["GET"])
@public
@thanks.response(200, ThanksFileView)
def get_thanks_file(number: str) -> dict[str, str]:
    """Thanks to keep: what `senhui-verify attestation` checks without asking anybody."""
    return _file(drive_gifts.get_thanks(number))


@thanks.route("/<string:number>/qr.svg", methods=["GET"])
@public
@thanks.doc(responses={"200": {"description": "SVG image", "content": {"image/svg+xml": {}}}})
def get_thanks_code(number: str) -> Response:
    """The QR code that leads to the public page of the thanks."""
    return Response(qr_svg(thanks_qr(drive_gifts.get_thanks(number))), content_type="image/svg+xml")


def drive_view(drive: DriveFacts) -> dict[str, Any]:
    """A drive in the caller's language."""
    row, forest = drive.row, drive.project.project if drive.project else None
    lang = language()
    return {
        "code": drive.code,
        "status": drive.status,
        "title": _own_words(row, "title"),
        "about": _own_words(row, "about"),
        "used_for": _own_words(row, "use"),
        "payee": drive.payee,
        "forest": forest
        and {
            "code": forest.code,
            "name": getattr(forest.name, lang),
            "place": getattr(forest.place, lang),
            "sample": forest.sample,
        },
        "charity": drive.charity,
        **{name: getattr(row, name) for name in _FIGURES},
    }


_FIGURES = (
    "goal_fen",
    "goal_kg",
    "points",
    "bought_kg",
    "paid_fen",
    "gifts",
    "starts_on",
    "ends_on",
    "closed_reason",
)


def _own_words(told: Any, name: str) -> str:
    return str(getattr(told, f"{name}_{language()}"))


def thanks_view(gift: GiftFacts) -> dict[str, Any]:
    """Thanks with their public address and their signature."""
    names = ("points", "step_day", "steps", "quantity_kg", "amount_fen")
    return {
        **gift.claims(),
        **{name: getattr(gift, name) for name in names},
        "given": gift.kind,
        "drive": gift.drive_code,
        "url": thanks_url(gift),
        "signature": sign_thanks(gift),
    }


def sign_thanks(gift: GiftFacts) -> str:
    """The signature of thanks, which holds what they say."""
    return seal().sign(gift.claims(), "attestation+jws")


def thanks_url(gift: GiftFacts) -> str:
    """Where anyone can check thanks."""
    return f"{settings().public_url}/thanks/{gift.number}"


def thanks_qr(gift: GiftFacts) -> str:
    """What their QR code holds: their address, and behind the # a signed digest of what they say."""
    claims = {name: value for name, value in gift.claims().items() if name != "facts"}
    signed = seal().sign({**claims, "facts_sha256": digest_of(gift.facts)}, "digest+jws")
    return f"{thanks_url(gift)}#{pack(signed, DIGEST)}"


def thanks_file(gift: GiftFacts) -> str:
    """The file of thanks as text, for a document to carry."""
    return str(ThanksFileView().dumps(_file(gift), ensure_ascii=False))


def _file(gift: GiftFacts) -> dict[str, str]:
    return {"format": "senhui-attestation-1", "signature": sign_thanks(gift)}
