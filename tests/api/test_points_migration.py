"""Points from before there were sponsors keep their promise: migration 0034 gives each one behind it."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from builders import person
from flask import Flask
from rewarding import assert_covered, balances, giver, with_points
from shop import assert_books_prove
from sqlalchemy import text

from app.accounts import chart
from app.accounts import queries as books
from app.kit.database import db
from app.kit.transaction import transaction
from app.rewards.services import grants, spending

OLD = """
INSERT INTO point_grant (action_id, holder_id, points, tariff, granted_at, taken_back_at)
VALUES (1, :holder, 40, '2026-1', now(), NULL), (2, :holder, 25, '2026-1', now(), now()),
  (3, :holder, 0, '2026-1', now(), NULL), (4, :holder, 0, '2026-1', now(), now());
"""
BOOKS = """
INSERT INTO posting (kind, reference, source, target, amount, posted_at) VALUES
  (30, 1, 197, :holder * 100 + 60, 40, now()), (30, 2, 197, :holder * 100 + 60, 25, now()),
  (31, 2, :holder * 100 + 60, 197, 25, now());
"""


def test_points_from_before_are_covered_spent_and_taken_back_like_all_others(app: Flask) -> None:
    walker = person(app).holder_id
    config = Config(toml_file=Path(__file__).parents[2] / "pyproject.toml")
    db.session.remove()
    command.downgrade(config, "0033")
    with db.engine.begin() as connection:
        for statement in (OLD, BOOKS):
            connection.execute(text(statement), {"holder": walker})
    command.upgrade(config, "head")
    assert_covered()
    assert_books_prove()
    assert (balances(walker).active, balances(walker).taken_back) == (40, 25)
    assert books.sum_boundary(chart.FEES) == -40, "the platform stands for what it had promised"
    village = giver()
    with transaction():
        spending.spend(spending.reserve(walker, 30, "goods", village))
        assert grants.take_back(walker, grants.ACTION, 1)
        assert grants.take_back(walker, grants.ACTION, 2)
    assert (balances(walker).active, balances(walker).debt) == (0, 30)
    assert books.get_balance(village, chart.PAYABLE) == 30
    with_points(walker, 100)
    assert balances(walker).free == 70
    assert_covered()
