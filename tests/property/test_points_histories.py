"""Whatever happens to points, in whatever order: every proof holds after every step."""

from datetime import timedelta
from typing import Any

from builders import person
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rewarding import act, assert_covered, balances, giver, sponsor
from sqlalchemy import text

from app.kit import clock
from app.kit.database import db
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.rewards.jobs.points import tend_points
from app.rewards.services import grants, programmes, spending

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["thank", "thank", "withdraw", "reserve", "reserve", "spend", "give_back", "give", "wait", "fund"]
        ),
        st.integers(0, 5),
        st.integers(1, 120),
    ),
    min_size=12,
    max_size=30,
)


class History:
    """Two people, two programmes with small funds, one giver; steps that may be refused."""

    def __init__(self, app: Flask) -> None:
        self.people = [person(app).holder_id for _ in range(2)]
        self.funds = [
            sponsor(fen=150, life_months=1, region=None),
            sponsor(fen=80, life_months=2, pays_for=["goods"]),
        ]
        self.village = giver()
        self.acts: list[Any] = []
        self.spendings: list[int] = []
        self.at = clock.now()

    def play(self, name: str, place: int, amount: int) -> None:
        """One step in a transaction of its own; a refusal changes nothing."""
        with clock.frozen(self.at):
            if name == "wait":
                self.at += timedelta(days=amount // 4)
                tend_points()
                return
            try:
                with transaction():
                    getattr(self, name)(place, amount)
            except Problem:
                pass

    def thank(self, place: int, amount: int) -> None:
        self.acts.append(act(self.people[place % 2], amount * 7))
        grants.thank([self.acts[-1]])

    def withdraw(self, place: int, amount: int) -> None:
        told = self.acts[amount % len(self.acts)] if self.acts else act(self.people[0], 50)
        grants.take_back(told.holder_id, grants.ACTION, told.action_id)

    def reserve(self, place: int, amount: int) -> None:
        kind = "goods" if place % 3 else "ticket"
        self.spendings.append(spending.reserve(self.people[place % 2], amount, kind, self.village))

    def spend(self, place: int, amount: int) -> None:
        spending.spend(self.spendings[amount % len(self.spendings)] if self.spendings else 0)

    def give_back(self, place: int, amount: int) -> None:
        spending.give_back(self.spendings[amount % len(self.spendings)] if self.spendings else 0)

    def give(self, place: int, amount: int) -> None:
        told = self.acts[amount % len(self.acts)] if self.acts else act(self.people[0], 50)
        spending.spend_grant(told.holder_id, grants.ACTION, told.action_id, "village", self.village)

    def fund(self, place: int, amount: int) -> None:
        programmes.fund_sample(self.funds[place % 2], amount)


@given(steps=STEPS)
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_points_always_add_up_and_are_always_covered(app: Flask, steps: list[tuple[str, int, int]]) -> None:
    # Programmes of the history before would thank in this one.
    db.session.execute(text("UPDATE reward_programme SET closed_at = now() WHERE closed_at IS NULL"))
    db.session.commit()
    history = History(app)
    for step in steps:
        history.play(*step)
        assert_covered()
        for now in map(balances, history.people):
            held = now.active + now.pending + now.reserved - now.debt
            assert now.earned - now.spent - now.expired - now.taken_back == held
