"""Pages of an organisation: who looks at them in whose name, and what stands around them."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, make_response, redirect
from marshmallow import ValidationError

from app.accounts.queries import memberships
from app.accounts.queries.memberships import Acting
from app.accounts.rules import read_credit_code
from app.causes.routes.acting import Actor
from app.causes.rules.organisations import is_period
from app.kit.fields import Text
from app.kit.messages import t
from app.web.forms import Form
from app.web.pages import page
from app.web.session import personal

PARTS: tuple[tuple[str, str, str], ...] = (
    ("home", "", "read"),
    ("orders", "/orders", "read"),
    ("units", "/units", "read"),
    ("vouchers", "/vouchers", "vouchers"),
    ("year", "/years", "read"),
    ("money", "/money", "money"),
    ("sponsoring", "/sponsoring", "read"),
    ("members", "/members", "read"),
    ("programs", "/programs", "keys"),
)
"""The parts of an organisation's pages: name (`org_<name>` in the catalogue), path, permission."""


def organisational(permission: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let only a member who may do this see a page; the view gets whom they act for.

    The organisation stands in the address (`code`). Raises `NotFound`, `NotAllowed`.
    """

    def guard(view: Callable[..., Any]) -> Callable[..., Any]:
        @personal
        @functools.wraps(view)
        def guarded(holder_id: int, code: str, *args: Any, **kwargs: Any) -> Any:
            found = memberships.require_role(holder_id, code, permission)
            return view(_actor(found, holder_id), *args, **kwargs)

        guarded.policy = f"organisation:{permission}"  # type: ignore[attr-defined]
        return guarded

    return guard


def _actor(found: Acting, holder_id: int) -> Actor:
    return Actor(found.organisation, holder_id, found.role, found.permissions)


def org_page(
    template: str, actor: Actor, part: str, form: Form | None = None, status: int = 200, **values: Any
) -> Response:
    """A page of an organisation, with its parts and the others that the visitor may act for."""
    form = form or Form()
    return page(
        template,
        form.status if status == 200 else status,
        tab="me",
        actor=actor,
        org=actor.organisation,
        base=f"/organisations/{actor.organisation.code}",
        parts=[(name, path, name == part) for name, path, asked in PARTS if asked in actor.permissions],
        others=memberships.acting_for(actor.member_id),
        form=form,
        **values,
    )


def to(actor: Actor, path: str, said: str = "") -> Response:
    """On to another page of the organisation."""
    query = f"?said={said}" if said else ""
    return make_response(redirect(f"/organisations/{actor.organisation.code}{path}{query}", 303))


class CreditCode(Text):
    """A unified social credit code, checked by its check character."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        code = read_credit_code(super()._deserialize(value, attr, data, **kwargs))
        if code is None:
            raise ValidationError(t("accounts.field_credit_code"))
        return code


class Period(Text):
    """A year, quarter or month."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        period = super()._deserialize(value, attr, data, **kwargs).upper()
        if not is_period(period):
            raise ValidationError(t("causes.field_period"))
        return period
