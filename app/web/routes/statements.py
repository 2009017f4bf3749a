"""A seller's month 对账单, for whoever holds its address: kilograms to fen, and whether the money arrived.

Nothing of any buyer stands on it. The address cannot be guessed and is not for search engines.
"""

from collections.abc import Iterator

from flask import Response, request, stream_with_context

from app.kit.http import public
from app.kit.messages import t
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.rewards.queries import sponsoring
from app.treasury.queries import statements
from app.treasury.queries.statements import Line, LotPart, RewardLine, StatementFacts
from app.treasury.rules.bank_files import plain_cell, write_csv, yuan_text
from app.web.pages import page, web
from app.web.words import in_language, percent, second

PAGE = 200
_FIGURES = ("opening", "income", "paid", "returned", "closing")
_COLUMNS = (
    "settled_at",
    "lot",
    "project",
    "serial",
    "kg",
    "price",
    "seller_share",
    "village_share",
    "fee_share",
    "as_seller",
    "as_village",
    "ours",
)


@web.get("/statements/<code:code>")
@public
def seller_statement(code: str) -> Response:
    """One seller's month. Raises `StatementUnknown`."""
    facts = statements.get_statement(code)
    after = read_cursor(request.args.get("after"))
    rows = statements.list_lines(facts, PAGE + 1, after)
    paid = statements.list_reward_lines(facts, PAGE + 1, read_cursor(request.args.get("rewards")))
    response = page(
        "seller_statement.html",
        facts=facts,
        s=facts.statement,
        listed=page_of(rows, PAGE, lambda line: line.entry_id),
        rewarded=page_of(paid, PAGE, lambda line: line.entry_id),
        sponsors=_sponsors(facts),
        further=after is not None,
        lots={part.sold.lot_id: part for part in facts.lots},
    )
    return _unlisted(response)


@web.get("/statements/<code:code>.csv")
@public
def seller_statement_csv(code: str) -> Response:
    """The same with every line, for a spreadsheet. Raises `StatementUnknown`."""
    facts = statements.get_statement(code)
    name = f"senhui-statement-{facts.statement.month}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    # With a byte order mark every spreadsheet, on phones too, reads the Chinese right.
    body = (part.encode() for part in _csv(facts))
    return _unlisted(
        Response(stream_with_context(body), headers=headers, content_type="text/csv; charset=utf-8")
    )


def _unlisted(response: Response) -> Response:
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _csv(facts: StatementFacts) -> Iterator[str]:
    s = facts.statement
    figures = [(t(f"web.seller_{name}"), yuan_text(getattr(s, f"{name}_fen"))) for name in _FIGURES]
    head = [(t("web.seller_title"), plain_cell(facts.holder_name), s.month), *figures, ()]
    yield "\ufeff" + write_csv([*head, [t(f"web.column_{name}") for name in _COLUMNS]])
    lots = {part.sold.lot_id: part for part in facts.lots}
    for line in statements.all_lines(facts):
        yield write_csv([_row(line, lots[line.lot_id])])
    total = [""] * len(_COLUMNS)
    total[0], total[4], total[-1] = t("web.total"), str(facts.quantity_kg), yuan_text(facts.sales_fen)
    yield write_csv([total])
    if facts.rewards:
        yield from _csv_rewards(facts)


def _csv_rewards(facts: StatementFacts) -> Iterator[str]:
    head = [t("web.seller_rewards"), *(t(f"web.seller_rewards_{name}") for name in ("fund", "reference"))]
    yield write_csv([(), [*head, t("web.column_ours")]])
    names = _sponsors(facts)
    for line in statements.all_reward_lines(facts):
        yield write_csv([_reward_row(line, names[line.fund_id])])
    yield write_csv([[t("web.total"), "", "", yuan_text(facts.rewards_fen)]])


def _reward_row(line: RewardLine, sponsor: str) -> list[str]:
    return [second(line.posted_at), plain_cell(sponsor), str(line.reference), yuan_text(line.amount_fen)]


def _sponsors(facts: StatementFacts) -> dict[int, str]:
    """What the sponsors' programmes are called."""
    return sponsoring.list_names(each.fund_id for each in facts.rewards)


def _row(line: Line, part: LotPart) -> list[str]:
    terms = part.terms
    return [
        second(line.posted_at),
        part.lot_code,
        plain_cell(in_language(part.forest.name.zh, part.forest.name.en)),
        line.serial,
        str(line.quantity_kg),
        yuan_text(line.price_fen),
        percent(terms.seller_bp),
        percent(terms.village_bp),
        percent(terms.fee_bp),
        yuan_text(line.seller_fen),
        yuan_text(line.village_fen),
        yuan_text(line.seller_fen + line.village_fen),
    ]
