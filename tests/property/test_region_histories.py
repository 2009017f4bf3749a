"""Whatever people of regions do, withdraw and correct, and wherever they move meanwhile."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, time, timedelta

from crowding import FIRST, Act, avoid, emit, move, published, seal, shares, withdraw
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.accounts import services as accounts
from app.kit.database import db
from app.kit.transaction import transaction
from app.statements import services
from app.statements.queries import prove

HOMES = ("350721", "350702", "350721105")
SHOWN = ("", "35", "3507", *HOMES)
MONTHS = ("2026-08", "2026-09")
PEOPLE = 7

who = st.frozensets(st.integers(0, PEOPLE - 1), min_size=1)
ALL = frozenset(range(PEOPLE))
everybody = st.just(ALL)
crowds = st.sampled_from([everybody, everybody, everybody, who]).flatmap(lambda those: those)
steps = st.lists(
    st.tuples(
        st.sampled_from(["act", "withdraw", "withdraw", "emit", "emit", "move", "leave", "seal", "seal"]),
        crowds,
        st.integers(0, 2),
    ),
    min_size=10,
    max_size=24,
)


@dataclass
class Person:
    """What one person said, without a database: at home where, and what stands of what was said there."""

    home: str | None = None
    acts: dict[Act, bool] = field(default_factory=dict)
    """What stands, and whether it was recorded where they are at home now."""
    emitted: dict[str, tuple[int, bool]] = field(default_factory=dict)
    """A month's figure as it stands, and whether it was first recorded where they are at home now."""

    def change_home(self, home: str | None) -> None:
        """From now on nothing of before was recorded here."""
        self.home = home
        self.acts = dict.fromkeys(self.acts, False)
        self.emitted = {month: (grams, False) for month, (grams, _) in self.emitted.items()}

    def stands(self) -> dict[str, int]:
        """Grams that count where they are at home."""
        return {
            "avoided": sum(act.grams for act, here in self.acts.items() if here),
            "emitted": sum(grams for grams, here in self.emitted.values() if here),
        }


class History:
    """The same steps taken in the database and in a model of it, a minute a step."""

    def __init__(self) -> None:
        with transaction():
            self.people = {accounts.open_holder("person").id: Person() for _ in range(PEOPLE)}
        self.day: date = FIRST
        self.hour = time(1)

    def take(self, step: str, chosen: frozenset[int], number: int) -> None:
        self.hour = time(1, self.hour.minute + 1)
        ids = [each for place, each in enumerate(self.people) if place in chosen]
        getattr(self, step)(ids, number)

    def act(self, ids: list[int], number: int) -> None:
        for each in avoid(ids, 1045 + number, self.day, self.hour):
            person = self.people[each.person]
            person.acts[each] = person.home is not None

    def withdraw(self, ids: list[int], number: int) -> None:
        for each in ids:
            acts = self.people[each].acts
            if acts:
                taken = list(acts)[number % len(acts)]
                withdraw([taken], self.day, self.hour)
                del acts[taken]

    def emit(self, ids: list[int], number: int) -> None:
        month = MONTHS[number // 2]
        for each in ids:
            person = self.people[each]
            _, here = person.emitted.get(month, (0, person.home is not None))
            grams = emit([each], month, 60 - 20 * number, self.day, self.hour)
            person.emitted[month] = (grams, here)

    def move(self, ids: list[int], number: int) -> None:
        for each in ids:
            move(each, HOMES[number], self.day, self.hour)
            if self.people[each].home != HOMES[number]:
                self.people[each].change_home(HOMES[number])

    def leave(self, ids: list[int], _: int) -> None:
        for each in ids:
            with transaction():
                services.leave_home(each)
            self.people[each].change_home(None)

    def seal(self, _: list[int], number: int) -> None:
        if number == 2:
            self.day = (self.day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        assert seal(self.day, least=5)
        self.day += timedelta(days=1)
        self.hour = time(1)

    def agrees(self) -> None:
        """Shares that are still somebody's say what stands where they are at home, and where that is."""
        told: dict[tuple[int, str], int] = defaultdict(int)
        for row in shares("person > 0"):
            told[row.person, row.line] += row.grams
            home = self.people[row.person].home
            assert home is not None
            assert home.startswith(row.region)
        for each, person in self.people.items():
            for line, grams in person.stands().items():
                assert told[each, line] == grams, (each, line)


def forget_everything() -> None:
    """As if nobody had ever chosen a home."""
    db.session.rollback()
    with db.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for table in ("region_share", "region_release", "region_month", "region_snapshot", "home"):
            connection.exec_driver_sql(f"DELETE FROM {table}")


def test_a_region_counts_what_was_recorded_and_stands_while_its_people_are_at_home(
    app: Flask, client: FlaskClient
) -> None:
    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    @given(steps)
    @example([("act", ALL, 0), ("move", ALL, 1), ("withdraw", ALL, 0), ("seal", ALL, 0)])
    @example([("emit", ALL, 0), ("move", ALL, 1), ("emit", ALL, 0), ("emit", ALL, 1), ("seal", ALL, 0)])
    @example([("act", ALL, 0), ("seal", ALL, 0), ("withdraw", ALL, 0), ("seal", ALL, 0)])
    def holds(taken: list[tuple[str, frozenset[int], int]]) -> None:
        forget_everything()
        history = History()
        history.take("move", frozenset(range(PEOPLE - 1)), 0)
        for step in taken:
            history.take(*step)
            if step[0] == "seal":
                history.agrees()
                for region in SHOWN:
                    for line in ("avoided", "emitted"):
                        assert (published(client, region, line) or 0) >= 0, (region, line)
        history.take("seal", frozenset(), 0)
        history.agrees()
        db.session.rollback()
        assert all(proof.holds for proof in prove())

    holds()
