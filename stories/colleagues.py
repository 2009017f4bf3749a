"""Three colleagues in a group: what they avoid since they came, their boards, and Redis made anew."""

from datetime import datetime, timedelta
from typing import Any

from cases.instance import wait
from cases.people import Unexpected
from stories.teller import SHANGHAI, Story

WITHIN_S = 30.0
TRIPS_M = (12_000, 8_000, 8_000)


def play(story: Story) -> None:
    """Play the story."""
    story.sign_in("colleague-1")
    people = [story, story.another("colleague-2"), story.another("colleague-3")]
    _ride(people[2], 9_000, 4)
    wait(lambda: people[2].call("GET", "/v1/boards/all")["own"], WITHIN_S)
    group = story.call("POST", "/v1/groups", {"kind": "office", "name": "三楼步行队", "listed": True})
    story.tell(f"a group of the office, joined by {group['join_code']}")
    for each in people[1:]:
        each.call("POST", "/v1/groups/joined", {"code": group["join_code"]})
    for each, metres in zip(people, TRIPS_M, strict=True):
        _ride(each, metres, 2)
    _befriend(people)
    path = f"/v1/boards/groups/{group['code']}"
    board = wait(lambda: _whole(people[2], path, len(people)), WITHIN_S)
    story.tell(
        "in the group: " + ", ".join(f"{each['rank']}. {each['avoided_g']} g" for each in board["items"])
    )
    if [each["rank"] for each in board["items"]] != [1, 2, 2]:
        raise Unexpected(f"the same ride is not the same rank: {board['items']}")
    own = people[2].call("GET", "/v1/boards/all")["own"]
    if own["avoided_g"] <= board["own"]["avoided_g"]:
        raise Unexpected("what was avoided before somebody came counted for the group")
    story.tell(
        f"the third rode before they came: {own['avoided_g']} g in all, rank {own['rank']} of everybody"
    )
    [line] = [each for each in story.call("GET", "/v1/boards/groups")["items"] if each["own"]]
    story.tell(f"among groups: {line['name']}, {line['avoided_g']} g a member")
    _away(people[1], path)
    _anew(story, path)


def _ride(person: Story, metres: int, hours_ago: int) -> None:
    at = (datetime.now(SHANGHAI) - timedelta(hours=hours_ago)).isoformat(timespec="seconds")
    person.call("POST", "/v1/actions", {"scene": "metro", "started_at": at, "distance_m": metres})


def _befriend(people: list[Story]) -> None:
    code = people[0].call("POST", "/v1/friends/code", {})["code"]
    people[1].call("POST", "/v1/friends", {"code": code, "label": "小森"})
    board = wait(lambda: _whole(people[1], "/v1/boards/friends", 2), WITHIN_S)
    first = board["items"][0]
    people[0].tell(f"two are friends by a code; one sees {first['name']} at {first['avoided_g']} g")


def _away(person: Story, path: str) -> None:
    person.call("PUT", "/v1/boards/wish", {"away": True})
    wait(lambda: _whole(person, path, 2), WITHIN_S)
    person.tell("one stands on no board any more; the others are there")


def _anew(story: Story, path: str) -> None:
    before = story.call("GET", path)["items"]
    told = story.instance.flask("boards", "rebuild")
    if told.returncode or story.call("GET", path)["items"] != before:
        raise Unexpected(f"the boards are others when they are made anew: {told.stdout}{told.stderr}")
    story.tell(told.stdout.strip().splitlines()[-1])


def _whole(person: Story, path: str, count: int) -> Any:
    board = person.call("GET", path)
    return board if board["ready"] and board["counted"] == count else None
