"""Events: registered, described, taken stock of, shown, corrected; another's is 404 until it is published."""

from typing import Any

from app.accounts import queries as accounts
from app.causes.models.events import EventReduction, EventSurplus
from app.causes.queries import events as known
from app.causes.queries.event_details import EventDetail, detail_of
from app.causes.queries.events import EventFacts
from app.causes.queries.schemes import schemes
from app.causes.schemas import events as said
from app.causes.services import event_corrections, event_forests
from app.causes.services import events as services
from app.causes.services.event_forests import Planting
from app.causes.services.events import Beginning, Description, Reduction
from app.footprint import queries as footprint
from app.footprint.services import Facts
from app.kit.http import Blueprint, public
from app.kit.idempotency import writes
from app.kit.identity import caller, signed_in
from app.kit.paging import PageQuery, page, page_of, read_cursor
from app.kit.problems import NotFound
from app.offsets.queries import causes

events = Blueprint("events", __name__, url_prefix="/v1/events", description="Carbon-neutral events 大型活动")
public_events = Blueprint(
    "public_events", __name__, url_prefix="/v1/public-events", description="Published events 公开活动"
)
event_schemes = Blueprint(
    "event_schemes", __name__, url_prefix="/v1/event-schemes", description="Schemes for events 活动碳中和规则"
)


@event_schemes.route("", methods=["GET"])
@public
@event_schemes.response(200, said.EventSchemesView)
def get_schemes() -> dict[str, Any]:
    """Kinds of events, schemes with their deadlines, and kinds of units in their order."""
    told = schemes()
    return {
        "kinds": list(told.kinds.values()),
        "schemes": [
            dict(each.told) | _deadlines(each.deadline, each.forest_deadline)
            for each in told.schemes.values()
        ],
        "units": list(told.units),
        "forest": dict(told.forest),
    }


def _deadlines(*keys: str) -> dict[str, Any]:
    found = [footprint.get_factor(key) for key in keys]
    return {
        "deadlines": [
            {
                "factor": each.key,
                "version": each.version,
                "months": int(each.value),
                "source": each.source_title,
                "url": each.source_url,
                "verified": each.verified,
            }
            for each in found
        ]
    }


@events.route("", methods=["POST"])
@signed_in
@writes
@events.arguments(said.NewEvent)
@events.response(201, said.EventView)
def post_event(wish: dict[str, Any]) -> EventDetail:
    """Register an event: its books, and its inventory under /v1/inventories."""
    accounts.require_live_session(caller())
    inventory, stage = wish.pop("inventory", None), wish.pop("stage")
    facts = {name: wish.pop(name) for name in _FACTS if name in wish}
    region = wish.pop("region", None)
    begin = Beginning(region, Facts(**{"online_heads": 0, **facts}) if facts else None, inventory, stage)
    return _own(services.register_event(caller().holder_id, Description(**wish), begin))


_FACTS = ("starts_on", "ends_on", "onsite_heads", "online_heads")


@events.route("", methods=["GET"])
@signed_in
@events.arguments(PageQuery, location="query")
@events.response(200, page_of(said.EventBriefView))
def get_events(wish: dict[str, Any]) -> dict[str, Any]:
    """The caller's events, the last registered first."""
    accounts.require_live_session(caller())
    rows = known.list_events(caller().holder_id, wish["limit"] + 1, read_cursor(wish.get("after")))
    return page(rows, wish["limit"], lambda each: each.id)


@events.route("/<string:code>", methods=["GET"])
@signed_in
@events.response(200, said.EventView)
def get_event(code: str) -> EventDetail:
    """One of the caller's events, with the inventory that is worked on."""
    accounts.require_live_session(caller())
    return _own(known.get_own_event(caller().holder_id, code))


@events.route("/<string:code>", methods=["PUT"])
@signed_in
@writes
@events.arguments(said.EventChange)
@events.response(200, said.EventView)
def put_event(wish: dict[str, Any], code: str) -> EventDetail:
    """Tell anew what an event is, until its final figure is closed."""
    accounts.require_live_session(caller())
    return _own(services.describe_event(caller().holder_id, code, Description(**wish)))


@events.route("/<string:code>/visibility", methods=["PUT"])
@signed_in
@writes
@events.arguments(said.EventVisibility)
@events.response(200, said.EventView)
def put_visibility(wish: dict[str, Any], code: str) -> EventDetail:
    """Private, public, or shared: then anyone may buy for it, with a certificate of their own."""
    accounts.require_live_session(caller())
    return _own(services.show_event(caller().holder_id, code, wish["visibility"]))


@events.route("/<string:code>/final", methods=["POST"])
@signed_in
@writes
@events.arguments(said.NewEventFinal)
@events.response(201, said.EventView)
def post_final(wish: dict[str, Any], code: str) -> EventDetail:
    """Begin the final figure, with who really took part; the estimate has to be closed."""
    accounts.require_live_session(caller())
    return _own(services.open_final(caller().holder_id, code, Facts(**wish)))


@events.route("/<string:code>/<string:stage>/close", methods=["POST"])
@signed_in
@writes
@events.response(200, said.EventView)
def post_close(code: str, stage: str) -> EventDetail:
    """Close the estimate, the final figure or a correction for ever: the event owes it from now on."""
    accounts.require_live_session(caller())
    return _own(services.close_stage(caller().holder_id, code, stage))


@events.route("/<string:code>/corrections", methods=["POST"])
@signed_in
@writes
@events.arguments(said.NewEventCorrection)
@events.response(201, said.EventView)
def post_correction(wish: dict[str, Any], code: str) -> EventDetail:
    """Begin to tell a closed final figure anew, from a copy of its lines; the old one counts meanwhile."""
    accounts.require_live_session(caller())
    return _own(event_corrections.open_correction(caller().holder_id, code, wish["reason"]))


@events.route("/<string:code>/call-off", methods=["POST"])
@signed_in
@writes
@events.response(200, said.EventView)
def post_call_off(code: str) -> EventDetail:
    """Say that it does not take place; what was bought may be kept for another event."""
    accounts.require_live_session(caller())
    return _own(services.call_off(caller().holder_id, code))


@events.route("/<string:code>/surplus", methods=["POST"])
@signed_in
@writes
@events.arguments(said.NewEventSurplus)
@events.response(201, said.EventSurplusView)
def post_surplus(wish: dict[str, Any], code: str) -> EventSurplus:
    """Keep what was retired beyond the final figure for another event of one's own."""
    accounts.require_live_session(caller())
    return event_corrections.keep_surplus(caller().holder_id, code, wish["event"], wish.get("amount_g"))


@events.route("/<string:code>/reductions", methods=["POST"])
@signed_in
@writes
@events.arguments(said.NewEventReduction)
@events.response(201, said.EventReductionView)
def post_reduction(wish: dict[str, Any], code: str) -> EventReduction:
    """Tell one thing that is done to emit less."""
    accounts.require_live_session(caller())
    return services.add_reduction(caller().holder_id, code, Reduction(**wish))


@events.route("/<string:code>/reductions/<string:number>", methods=["PUT"])
@signed_in
@writes
@events.arguments(said.NewEventReduction)
@events.response(200, said.EventReductionView)
def put_reduction(wish: dict[str, Any], code: str, number: str) -> EventReduction:
    """Tell a reduction anew, such as with what came of it."""
    accounts.require_live_session(caller())
    return services.change_reduction(caller().holder_id, code, _id(number), Reduction(**wish))


@events.route("/<string:code>/reductions/<string:number>", methods=["DELETE"])
@signed_in
@writes
@events.response(204)
def delete_reduction(code: str, number: str) -> None:
    """Take a reduction back."""
    accounts.require_live_session(caller())
    services.drop_reduction(caller().holder_id, code, _id(number))


@events.route("/<string:code>/forest", methods=["PUT"])
@signed_in
@writes
@events.arguments(said.NewEventForest)
@events.response(200, said.EventView)
def put_forest(wish: dict[str, Any], code: str) -> EventDetail:
    """Plant a forest for it instead of units; it stays owed until the forest's proof is accepted."""
    accounts.require_live_session(caller())
    return _own(event_forests.choose_forest(caller().holder_id, code, Planting(**wish)))


@events.route("/<string:code>/forest", methods=["DELETE"])
@signed_in
@writes
@events.response(204)
def delete_forest(code: str) -> None:
    """Become neutral by units after all."""
    accounts.require_live_session(caller())
    event_forests.choose_units(caller().holder_id, code)


@events.route("/<string:code>/retirements", methods=["GET"])
@signed_in
@events.response(200, said.EventRetirementsView)
def get_retirements(code: str) -> dict[str, Any]:
    """Everything that was retired for it, by whomever: certificates, serials, whose forest."""
    accounts.require_live_session(caller())
    return {"items": causes.list_retirements(known.get_own_event(caller().holder_id, code).id)}


@public_events.route("", methods=["GET"])
@public
@public_events.arguments(PageQuery, location="query")
@public_events.response(200, page_of(said.EventBriefView))
def get_public_events(wish: dict[str, Any]) -> dict[str, Any]:
    """Published events, the last registered first."""
    rows = known.list_published(wish["limit"] + 1, read_cursor(wish.get("after")))
    return page(rows, wish["limit"], lambda each: each.id)


@public_events.route("/<string:code>", methods=["GET"])
@public
@public_events.response(200, said.EventView)
def get_public_event(code: str) -> EventDetail:
    """A published event as anyone may see it: where it stands, and its closed figures."""
    return detail_of(known.get_published_event(code), own=False)


@public_events.route("/<string:code>/retirements", methods=["GET"])
@public
@public_events.response(200, said.EventRetirementsView)
def get_public_retirements(code: str) -> dict[str, Any]:
    """Everything that was retired for a published event."""
    return {"items": causes.list_retirements(known.get_published_event(code).id)}


def _own(event: EventFacts) -> EventDetail:
    return detail_of(event, own=True)


def _id(written: str) -> int:
    """A reduction's number as an address has it. Raises `NotFound` for what none can have."""
    if not (written.isascii() and written.isdigit() and len(written) <= 18):
        raise NotFound()
    return int(written)
