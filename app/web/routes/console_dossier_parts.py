"""What is written into a dossier at the operators' desk: parcels, shares, documents, opinions."""

import codecs
from collections.abc import Callable

from flask import Response

from app.accounts.queries.operators import OperatorFacts
from app.kit import strict_json
from app.kit.fields import Code, Day, NewSchema, OneOf, Text
from app.kit.http import read_file
from app.kit.messages import t
from app.kit.problems import Problem, Unreadable
from app.kit.transaction import transaction
from app.registry import queries as registry
from app.registry.queries.receivers import find_receiver
from app.registry.rules.dossiers import (
    DOCUMENT_KINDS,
    LARGEST_DOCUMENT_BYTES,
    MEDIA_TYPES,
    ROLES,
    VERDICTS,
    Share,
)
from app.registry.services import dossier_parts, parcels
from app.registry.services.dossier_parts import NewOpinion
from app.web.console import operated
from app.web.forms import Form, Percent, Prose, read_form
from app.web.pages import web
from app.web.routes.console_dossiers import dossier_page, refused, to_dossier

LARGEST_GEOJSON_BYTES = 4 * 1024 * 1024


class ShareForm(NewSchema):
    """A right holder's share; `named` is ticked where they consent to be named in public."""

    role = OneOf(ROLES, required=True)
    holder = Code(26)
    share = Percent(required=True)
    named = OneOf(("yes",))


class DocumentForm(NewSchema):
    """What an uploaded file is; its title is public."""

    kind = OneOf(DOCUMENT_KINDS, required=True)
    title = Text(100, required=True)


class OpinionForm(NewSchema):
    """What an expert says."""

    expert = Text(100, required=True)
    verdict = OneOf(VERDICTS, required=True)
    words = Prose(2_000, required=True)
    given_on = Day(required=True)


def act(operator: OperatorFacts, code: str, form: Form, do: Callable[[], object], said: str) -> Response:
    """Do something to a dossier in one transaction; back to its page either way."""
    if not form.sound:
        return dossier_page(operator, code, form, 422)
    try:
        with transaction():
            do()
    except Problem as problem:
        return refused(operator, code, form, problem)
    return to_dossier(code, said)


@web.post("/console/dossiers/<code:code>/parcels")
@operated("registry.write")
def add_parcels(operator: OperatorFacts, code: str) -> Response:
    """Put the parcels of a GeoJSON file into a draft."""
    try:
        content = read_file("geojson", LARGEST_GEOJSON_BYTES)
        document = strict_json.loads(content.removeprefix(codecs.BOM_UTF8))
    except strict_json.Malformed as fault:
        told = Unreadable(errors=[{"pointer": "#", "detail": t(str(fault))}])
        return refused(operator, code, Form(), told)
    except Problem as problem:
        return refused(operator, code, Form(), problem)
    return act(
        operator, code, Form(), lambda: parcels.add_parcels(operator.id, code, document), "parcels_added"
    )


@web.post("/console/dossiers/<code:code>/parcels/<int(max=1000000):number>/drop")
@operated("registry.write")
def drop_parcel(operator: OperatorFacts, code: str, number: int) -> Response:
    """Take a parcel out."""
    return act(operator, code, Form(), lambda: parcels.drop_parcel(operator.id, code, number), "part_dropped")


@web.post("/console/dossiers/<code:code>/shares")
@operated("registry.write")
def add_share(operator: OperatorFacts, code: str) -> Response:
    """Give a right holder a share."""
    form = read_form(ShareForm)
    holder = find_receiver(form.values.get("holder", ""))
    if form.sound and holder is None and form.values["role"] != "fee":
        form.faults["holder"] = t("kit.field_required")

    def do() -> None:
        share = Share(holder.id if holder else 0, form.values["role"], form.values["share"])
        dossier_parts.add_share(operator.id, code, share, named="named" in form.values)

    return act(operator, code, form, do, "share_added")


@web.post("/console/dossiers/<code:code>/documents")
@operated("registry.write")
def keep_document(operator: OperatorFacts, code: str) -> Response:
    """Keep a file, before or after the registration."""
    try:
        content = read_file("document", LARGEST_DOCUMENT_BYTES)
    except Problem as problem:
        return refused(operator, code, Form(), problem)
    form = read_form(DocumentForm)

    def do() -> None:
        told = form.values
        dossier_parts.keep_document(operator.id, code, told["kind"], told["title"], content)

    return act(operator, code, form, do, "document_kept")


@web.get("/console/dossiers/<code:code>/documents/<int(max=9223372036854775807):document_id>")
@operated("registry.read")
def document(operator: OperatorFacts, code: str, document_id: int) -> Response:
    """A document as a file to keep: never shown inside a page of ours, since a stranger made it."""
    found, content = registry.dossiers.open_document(code, document_id)
    response = Response(content, content_type=MEDIA_TYPES[found.media])
    name = f"{code}-{found.sha256.hex()[:12]}.{found.media}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@web.post("/console/dossiers/<code:code>/opinions")
@operated("registry.write")
def add_opinion(operator: OperatorFacts, code: str) -> Response:
    """Attach what an expert says."""
    form = read_form(OpinionForm)
    return act(
        operator,
        code,
        form,
        lambda: dossier_parts.add_opinion(operator.id, code, NewOpinion(**form.values)),
        "opinion_added",
    )


@web.post("/console/dossiers/<code:code>/<code:part>/<int(max=9223372036854775807):part_id>/drop")
@operated("registry.write")
def drop_part(operator: OperatorFacts, code: str, part: str, part_id: int) -> Response:
    """Take a share, document or opinion out of a draft."""
    return act(
        operator,
        code,
        Form(),
        lambda: dossier_parts.drop_part(operator.id, code, part, part_id),
        "part_dropped",
    )
