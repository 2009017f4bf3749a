"""Fairness over HTTP: what was decided of one's account and why, appeals, and the published rules."""

from typing import Any

from app.accounts import queries as accounts
from app.kit.http import Blueprint, public
from app.kit.idempotency import writes
from app.kit.identity import caller, signed_in
from app.rewards.queries import fairness as known
from app.rewards.queries import fairness_appeals, fairness_figures, fairness_rules
from app.rewards.queries.fairness_appeals import AppealFacts, read_appeal
from app.rewards.schemas.fairness import (
    FairnessAppealView,
    FairnessRulesView,
    FairnessView,
    NewFairnessAppeal,
)
from app.rewards.services import fairness_appeals as services

fairness = Blueprint(
    "fairness", __name__, url_prefix="/v1/fairness", description="Fairness of rewards 公平核查"
)


@fairness.route("", methods=["GET"])
@signed_in
@fairness.response(200, FairnessView)
def get_fairness() -> dict[str, Any]:
    """What was decided of the caller's account with the data used, and the last acts that earned nothing."""
    accounts.require_live_session(caller())
    holder_id = caller().holder_id
    return {
        "measures": known.list_measures(holder_id),
        "unthanked": fairness_appeals.list_unthanked(holder_id),
        "appeals": fairness_appeals.list_own_appeals(holder_id),
    }


@fairness.route("/measures/<string:code>/appeal", methods=["POST"])
@signed_in
@writes
@fairness.arguments(NewFairnessAppeal)
@fairness.response(201, FairnessAppealView)
def post_measure_appeal(wish: dict[str, Any], code: str) -> AppealFacts:
    """Appeal against a measure while it stands, once; whoever decided it does not answer."""
    accounts.require_live_session(caller())
    return read_appeal(services.appeal(caller().holder_id, code, wish["words"]))


@fairness.route("/acts/<string:code>/appeal", methods=["POST"])
@signed_in
@writes
@fairness.arguments(NewFairnessAppeal)
@fairness.response(201, FairnessAppealView)
def post_act_appeal(wish: dict[str, Any], code: str) -> AppealFacts:
    """Appeal against an act's having earned no points, once; `code` is the action's."""
    accounts.require_live_session(caller())
    return read_appeal(services.appeal_act(caller().holder_id, code, wish["words"]))


@fairness.route("/rules", methods=["GET"])
@public
@fairness.response(200, FairnessRulesView)
def get_fairness_rules() -> dict[str, Any]:
    """Every signal that makes somebody look at an account, every time limit, and what came of them."""
    return {
        "signals": list(fairness_rules.rules().values()),
        "limits": fairness_rules.limits(),
        "outcomes": fairness_figures.list_outcomes(),
        "last_look": fairness_figures.last_look(),
    }
