"""Recognised programmes in the console: entered by one person, confirmed by another; their statements."""

from collections.abc import Mapping
from typing import Any

from flask import Response, make_response, redirect
from marshmallow import ValidationError

from app.accounts.queries.operators import OperatorFacts
from app.accounts.queries.operators import list_names as operator_names
from app.clients.programmes import is_address
from app.kit.fields import NewSchema, Shaped, Text
from app.kit.letters import LONGEST, read_key
from app.kit.messages import t
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.registry.queries.programmes import list_all_programmes, list_programmes, our_key
from app.registry.rules import REGISTRY
from app.registry.services import programmes
from app.registry.services.programmes import ProgrammeFacts
from app.web import session
from app.web.console import operated
from app.web.forms import Form, OnceSchema, once, read_form
from app.web.pages import page, web

MOST_KEYS = 5


class Address(Text):
    """A base URL that we may call: https, or http to this machine itself outside production."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        url = super()._deserialize(value, attr, data, **kwargs).rstrip("/")
        if not is_address(url, production=session.settings().production):
            raise ValidationError(t("web.field_address"))
        return url


class Keys(Text):
    """One to five public keys, each the `x` of a JWK, with spaces between."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:  # a list of strings, where other texts are one
        words = super()._deserialize(value, attr, data, **kwargs).split()
        try:
            keys = [read_key(word).x for word in words]
        except ValueError as error:
            raise ValidationError(t("web.field_keys")) from error
        if not 1 <= len(set(keys)) <= MOST_KEYS or len(set(keys)) < len(keys):
            raise ValidationError(t("web.field_keys"))
        return keys


class NewProgramme(OnceSchema):
    """A programme, or what has changed of it."""

    code = Shaped(REGISTRY, 12, required=True)
    name_zh = Text(60, required=True)
    name_en = Text(60, required=True)
    base_url = Address(200)
    keys = Keys(300, required=True)


class NewStatement(NewSchema):
    """A signed statement."""

    document = Text(LONGEST, required=True)


@web.get("/console/programmes")
@operated("registry.read")
def console_programme_list(operator: OperatorFacts) -> Response:
    """Every programme and every entry about it."""
    return _list_page(operator, Form())


@web.post("/console/programmes")
@operated("registry.write")
def enter_programme(operator: OperatorFacts) -> Response:
    """Enter a programme; another person confirms it."""
    form = read_form(NewProgramme)
    if not form.sound:
        return _list_page(operator, form)
    told = form.values
    facts = ProgrammeFacts(told["code"], told["name_zh"], told["name_en"], told.get("base_url"), told["keys"])
    try:
        with transaction():
            once(operator.id, form, lambda: str(programmes.enter_programme(operator.id, facts).id))
    except Problem as problem:
        return _list_page(operator, form.refuse(problem))
    return _back("programme_entered")


@web.post("/console/programmes/<int(max=9223372036854775807):row_id>/confirm")
@operated("registry.write")
def confirm_programme(operator: OperatorFacts, row_id: int) -> Response:
    """Believe a programme that another has entered. Raises `ProgrammeUnknown`."""
    return _act(operator, lambda: programmes.confirm_programme(operator.id, row_id), "programme_confirmed")


@web.post("/console/programmes/<int(max=9223372036854775807):row_id>/end")
@operated("registry.write")
def end_programme(operator: OperatorFacts, row_id: int) -> Response:
    """Believe a programme no more, or decline it. Raises `ProgrammeUnknown`."""
    return _act(operator, lambda: programmes.end_programme(operator.id, row_id), "programme_ended")


@web.post("/console/programmes/statements")
@operated("registry.write")
def import_statement(operator: OperatorFacts) -> Response:
    """Keep what a programme has signed of its own units."""
    form = read_form(NewStatement)
    if not form.sound:
        return _list_page(operator, form)
    try:
        with transaction():
            programmes.import_statement(form.values["document"], operator.id)
    except Problem as problem:
        return _list_page(operator, form.refuse(problem))
    return _back("statement_imported")


def _act(operator: OperatorFacts, act: Any, said: str) -> Response:
    try:
        with transaction():
            act()
    except Problem as problem:
        return _list_page(operator, Form().refuse(problem))
    return _back(said)


def _list_page(operator: OperatorFacts, form: Form) -> Response:
    return page(
        "console_programmes.html",
        form.status,
        standing=list_programmes(),
        entries=list_all_programmes(),
        form=form,
        names=operator_names(),
        me=operator.id,
        our_key=our_key(),
        may_write=operator.may("registry.write"),
    )


def _back(said: str) -> Response:
    return make_response(redirect(f"/console/programmes?said={said}", 303))
