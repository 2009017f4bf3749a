"""Content security: what WeChat thinks of words that people want shown to others.

Source: Weixin open documentation, "msgSecCheck", version 2. What it thinks here can be chosen by putting a
mark into the words; everything else passes.
"""

from flask import Blueprint, Response, request

from simulator.errors import MiniRefused
from simulator.gate import guard, new_request_id
from simulator.miniprogram import check_token, refusal, refused
from simulator.world import World, answer, json_object, world

VERSION = 2
SCENES = (1, 2, 3, 4)
MOST_CHARACTERS = 2500
SEEN_WITHIN_S = 2 * 3600
#: Mark in the words -> suggestion and label; without one it is PASS.
MARKS = {"【违规】": ("risky", 20001), "【复核】": ("review", 20003)}
PASS = ("pass", 100)

blueprint = Blueprint("words", __name__)
guard(blueprint, refusal)
blueprint.register_error_handler(MiniRefused, refused)


@blueprint.post("/wxa/msg_sec_check")
def msg_sec_check() -> Response:
    """Tell what is to be done with words: pass, review, risky."""
    check_token(request.args.get("access_token", ""))
    try:
        body = json_object(request.get_data())
    except ValueError:
        raise MiniRefused(47001) from None
    content = body.get("content")
    if body.get("version") != VERSION or body.get("scene") not in SCENES:
        raise MiniRefused(47001)
    if not isinstance(content, str) or not 0 < len(content) <= MOST_CHARACTERS:
        raise MiniRefused(47001)
    _require_seen(world(), body.get("openid"))
    suggest, label = next((said for mark, said in MARKS.items() if mark in content), PASS)
    result = {"suggest": suggest, "label": label}
    detail = [{"strategy": "content_model", "errcode": 0, "prob": 90, **result}]
    return answer(
        {"errcode": 0, "errmsg": "ok", "trace_id": new_request_id(), "result": result, "detail": detail}
    )


def _require_seen(here: World, openid: object) -> None:
    """Refuse words of somebody who was not in the mini-program within two hours."""
    account = here.state.accounts.get(openid) if isinstance(openid, str) else None
    if account is None:
        raise MiniRefused(40003)
    if here.clock.now() - account.seen_at > SEEN_WITHIN_S:
        raise MiniRefused(61010)
