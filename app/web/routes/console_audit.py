"""The operators' log as an auditor reads it."""

from flask import Response, request

from app.accounts import queries as accounts
from app.accounts.queries.operators import OperatorFacts
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.web.console import operated
from app.web.pages import page, web

PAGE = 50


@web.get("/console/audit")
@operated("audit.read")
def console_audit(operator: OperatorFacts) -> Response:
    """What operators did, newest first, each entry with its place in the chain."""
    subject = "".join(filter(str.isprintable, request.args.get("subject", "")))[:80].strip()
    before = read_cursor(request.args.get("after"))
    rows = accounts.audit.list_entries(PAGE + 1, before, subject or None)
    return page(
        "console_audit.html",
        listed=page_of(rows, PAGE, lambda entry: entry.id),
        subject=subject,
        head=accounts.audit.get_head(),
    )
