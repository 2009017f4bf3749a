"""Groups that compete: who is in them, what they do on which day, and the days that go by."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from typing import Any

from builders import Person, person
from flask import Flask

from app.footprint import services as footprint
from app.footprint.queries import Action
from app.kit import clock
from app.kit.transaction import transaction
from app.rewards.jobs.challenges import tend_challenges
from app.rewards.queries.groups import GroupFacts
from app.rewards.services import groups


class Contest:
    """Groups, and the calls of a challenge between them; it begins tomorrow and lasts for seven days."""

    def __init__(self, app: Flask) -> None:
        self.app, self.client = app, app.test_client()
        self.today = clock.business_day()
        self.first_day = self.today + timedelta(days=1)
        self.last_day = self.today + timedelta(days=7)
        self.people: dict[str, list[Person]] = {}

    def group(self, size: int, kind: str = "office", *others: Person) -> GroupFacts:
        """A group of `size` people of its own, the first of whom looks after it, and of `others`."""
        people = [person(self.app) for _ in range(size)]
        with transaction():
            made = groups.make_group(people[0].holder_id, kind, "某组", listed=False)
        for each in (*people[1:], *others):
            with transaction():
                groups.join(each.holder_id, made.join_code)
        self.people[made.code] = people
        return made

    def owner(self, group: GroupFacts) -> Person:
        """Who looks after a group."""
        return self.people[group.code][0]

    def post(self, someone: Person, path: str, **body: Any) -> Any:
        """Ask something of the API."""
        return self.client.post(f"/v1/challenges{path}", json=body or None, headers=someone.auth)

    def call(self, group: GroupFacts, **wish: Any) -> Any:
        """Call a challenge of grams a member in all acts, unless asked otherwise."""
        told = {
            "group": group.code,
            "theme": "all",
            "measure": "per_member",
            "first_day": str(self.first_day),
            "last_day": str(self.last_day),
        }
        return self.post(self.owner(group), "", **{**told, **wish})

    def called(self, *those: GroupFacts, **wish: Any) -> str:
        """The code of a challenge that all these groups have entered."""
        answer = self.call(those[0], **wish)
        assert answer.status_code == 201, answer.text
        code = str(answer.json["code"])
        for each in those[1:]:
            entered = self.post(self.owner(each), f"/{code}/groups", group=each.code)
            assert entered.status_code == 201, entered.text
        return code

    def read(self, code: str) -> Any:
        """A challenge as anyone sees it."""
        answer = self.client.get(f"/v1/challenges/{code}")
        assert answer.status_code == 200, answer.text
        return answer.json

    @contextmanager
    def day(self, number: int) -> Iterator[None]:
        """Ten o'clock of a day, the first day being 1; the sweeper has been there since midnight."""
        when = datetime.combine(self.today + timedelta(days=number), time(10), clock.SHANGHAI)
        with clock.frozen(when.astimezone(clock.now().tzinfo)):
            tend_challenges()
            yield


def ride(someone: Person, distance_m: int = 10_000, source: str = "partner", minutes: int = 120) -> Action:
    """A ride by metro, so many minutes ago."""
    with transaction():
        started = clock.now() - timedelta(minutes=minutes)
        return footprint.record_action(someone.holder_id, "metro", started, distance_m, source=source).action
