"""The part of the picture that shows payouts: what is stored, and what a world says is stored."""

from dataclasses import astuple
from hashlib import sha256
from typing import Any

from books.payouts import MINIMUM_FEN, Payouts

PARTS = {
    "accounts": (
        "code, holder_id, last_four, entered_by, confirmed_by, ended_at IS NOT NULL",
        "FROM payee_account",
    ),
    "runs": (
        "concat_ws(' ', month, round), minimum_fen, prepared_by, approved_by, withdrawn_by, exported_by,"
        " file_sha256",
        "FROM payout_run",
    ),
    "payouts": (
        "concat_ws(' ', month, round, payout.holder_id, source), number, code, amount_fen,"
        " payout.exported_at IS NOT NULL, paid_at IS NOT NULL, failed_at IS NOT NULL,"
        " returned_at IS NOT NULL, bank_reference, reported, reported_by, payout.confirmed_by",
        "FROM payout JOIN payout_run ON payout_run.id = run_id"
        " JOIN payee_account ON payee_account.id = payee_id",
    ),
    "skips": (
        "concat_ws(' ', month, round, holder_id, source), amount_fen, reason",
        "FROM payout_skip JOIN payout_run ON payout_run.id = run_id",
    ),
    # The lots' shares, the last figure, are the income once more.
    "statements": (
        "concat_ws(' ', holder_id, month), opening_fen, income_fen, paid_fen, returned_fen, closing_fen,"
        " (SELECT coalesce(sum(seller_fen + village_fen), 0) FROM statement_lot"
        "   WHERE statement_id = statement.id)",
        "FROM statement",
    ),
}


def predicted(world: Payouts) -> dict[str, dict[Any, Any]]:
    """What the database must hold of payouts."""
    return {
        "accounts": {
            each.code: (each.holder, each.digits[-4:], each.entered_by, each.confirmed_by, each.ended)
            for each in world.accounts.values()
        },
        "runs": {
            _key(key): (
                *(MINIMUM_FEN, run.prepared_by, run.approved_by, run.withdrawn_by, run.exported_by),
                None if run.file is None else sha256(run.file).hexdigest(),
            )
            for key, run in world.runs.items()
        },
        "payouts": {_key(key): astuple(payout) for key, payout in world.payouts.items()},
        "skips": {_key(key): tuple(skip) for key, skip in world.skips.items()},
        "statements": {
            _key(key): (*each, each.closing, each.income) for key, each in world.statements.items()
        },
    }


def _key(parts: tuple[object, ...]) -> str:
    return " ".join(map(str, parts))
