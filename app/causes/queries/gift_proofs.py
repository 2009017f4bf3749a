"""What must always be true of gifts."""

from sqlalchemy import TextClause, text

from app.accounts import chart
from app.kit.database import db
from app.kit.proof import Proof, none

_DIFFERING = text(
    "SELECT count(*) FROM gift g JOIN orders o ON o.id = g.order_id"
    " WHERE o.cause_id <> g.cause_id OR o.holder_id <> g.giver_id OR o.quantity_kg <> g.cards * g.card_kg"
    " OR (SELECT count(*) FROM gift_card WHERE gift_id = g.cause_id) <> g.cards"
)
_NAMED = text("SELECT count(*) FROM orders WHERE purpose = 'gift' AND beneficiary IS NOT NULL")
_OPEN = text(
    "SELECT count(*) FROM gift g JOIN due d ON d.holder_id = g.cause_id"
    " JOIN account a ON a.id IN (g.cause_id * :codes + :due, g.cause_id * :codes + :carry)"
    " WHERE a.balance <> 0"
)
_EARLY = text(
    "SELECT count(*) FROM gift_card c JOIN gift g ON g.cause_id = c.gift_id"
    " LEFT JOIN retirement r ON r.order_id = g.order_id"
    " WHERE c.claimed_at IS NOT NULL AND (r.order_id IS NULL OR c.claimed_by = g.giver_id)"
)
_STRANGE = text(
    "SELECT count(*) FROM inscription i JOIN gift g ON g.cause_id = i.gift_id"
    " LEFT JOIN gift_card c ON c.id = i.card_id"
    " WHERE i.withdrawn_at IS NULL AND i.author_id IS DISTINCT FROM"
    "   CASE WHEN i.kind = 'gift' THEN g.giver_id ELSE c.claimed_by END"
)


def prove_gifts() -> list[Proof]:
    """Gifts are what their orders bought, and nobody is named in another's words."""
    accounts = {"codes": chart.CODES, "due": chart.DUE.code, "carry": chart.CARRY.code}
    return [
        none(
            "causes.prove_gifts",
            differing=_count(_DIFFERING),
            named_by_order=_count(_NAMED),
            carried=int(db.session.scalar(_OPEN, accounts) or 0),
        ),
        none("causes.prove_cards", claimed_early=_count(_EARLY), foreign_words=_count(_STRANGE)),
    ]


def _count(statement: TextClause) -> int:
    return int(db.session.scalar(statement) or 0)
