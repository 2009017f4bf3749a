"""What waits for its time need not be waited for: the harness lets that time pass at once.

An order is payable for minutes, a lease lasts one, and what failed is tried again after longer and longer
pauses. None of that may be shortened in the application for a test's sake, so the clock's part of it is
moved here, in the database, from outside. Settling waits for no such time.
"""

import psycopg

_OVER = (
    "UPDATE orders SET expires_at = now(), next_check_at = now()"
    " WHERE code = %s AND paid_at IS NULL AND expired_at IS NULL"
)
_DUE = (
    "UPDATE announcement SET available_at = now() WHERE done_at IS NULL AND available_at > now()",
    "UPDATE orders SET next_check_at = now() WHERE paid_at IS NULL AND expired_at IS NULL",
)
TIMELESS = "-c session_replication_role=replica -c lock_timeout=2s -c statement_timeout=10s"
"""Without the guards, one of which keeps an order's terms as they were; not a role of the application."""


def let_an_order_run_out(database_url: str, code: str) -> bool:
    """Let the time for paying an order pass; False when the database is away."""
    try:
        with psycopg.connect(database_url, autocommit=True, options=TIMELESS) as connection:
            connection.execute(_OVER, (code,))
    except psycopg.Error:
        return False
    return True


def let_everything_come_due(database_url: str) -> None:
    """Let every lease lapse, every pause end and every next question to the provider come."""
    with psycopg.connect(database_url, autocommit=True, options=TIMELESS) as connection:
        for statement in _DUE:
            connection.execute(statement)
