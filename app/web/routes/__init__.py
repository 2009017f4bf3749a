"""What people can see and do. One module a subject; this one puts them together."""

from flask import Flask
from flask_smorest import Api

from app.kit import platforms
from app.kit.http import render_problem_pages_with
from app.kit.messages import exists, t
from app.web import console as console_frame
from app.web import forms, guard, pages, words
from app.web.routes import (
    account,
    actions,
    attestations,
    books,
    calculator,
    certificates,
    console,
    console_audit,
    console_courts,
    console_docket_parts,
    console_dockets,
    console_dossier_parts,
    console_dossier_steps,
    console_dossiers,
    console_doubts,
    console_handovers,
    console_market,
    console_origins,
    console_partners,
    console_payees,
    console_payouts,
    console_programmes,
    console_reconciliation,
    console_refunds,
    console_regions,
    console_registry,
    console_reviews,
    console_sanctions,
    console_sign_in,
    console_transfers,
    dockets,
    docs,
    documents,
    factors,
    footprint,
    forest,
    gifts,
    holdings,
    home,
    log,
    market,
    me,
    my_lots,
    my_partners,
    my_wishes,
    orders,
    problems,
    projects,
    regions,
    reviews,
    sanctions,
    serials,
    sign_in,
    statements,
    steps,
    tickets,
    transfers,
)

__all__ = [
    "account",
    "actions",
    "attestations",
    "books",
    "calculator",
    "certificates",
    "connect",
    "console",
    "console_audit",
    "console_courts",
    "console_docket_parts",
    "console_dockets",
    "console_dossier_parts",
    "console_dossier_steps",
    "console_dossiers",
    "console_doubts",
    "console_handovers",
    "console_market",
    "console_origins",
    "console_partners",
    "console_payees",
    "console_payouts",
    "console_programmes",
    "console_reconciliation",
    "console_refunds",
    "console_regions",
    "console_registry",
    "console_reviews",
    "console_sanctions",
    "console_sign_in",
    "console_transfers",
    "dockets",
    "docs",
    "documents",
    "factors",
    "footprint",
    "forest",
    "gifts",
    "holdings",
    "home",
    "log",
    "market",
    "me",
    "my_lots",
    "my_partners",
    "my_wishes",
    "orders",
    "problems",
    "projects",
    "regions",
    "reviews",
    "sanctions",
    "serials",
    "sign_in",
    "statements",
    "steps",
    "tickets",
    "transfers",
]

pages.web.before_request(guard.refuse_foreign_forms)
pages.web.after_request(pages.keep_assets)


def connect(app: Flask, api: Api) -> None:
    """Register this room's pages, what protects them, and what their templates know."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        t=t,
        asset=pages.asset,
        word=pages.word,
        told=told,
        bilingual=words.in_language,
        console_frame=console_frame.frame,
        may_buy=platforms.may_buy,
        form_key=forms.form_key,
    )
    app.jinja_env.filters.update(words.FILTERS)
    app.url_map.converters["code"] = pages.CodeConverter
    app.after_request(guard.add_page_headers)
    app.register_blueprint(pages.web)
    render_problem_pages_with(problems.draw_problem)


def told(name: str) -> str:
    """The message of any room whose name is a value, or its last part where no catalogue has it."""
    return t(name) if exists(name) else name.rsplit(".", 1)[-1]
