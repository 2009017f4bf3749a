"""Shares of one block: too much of it at once, a part of it, and the last of it."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from cases.ground import Ground, meet

POOL = 100
LAST_KG = 100
LAST_STEPS, STEP_KG, BUYERS = 20, 10, 25
WIN, LOSE = 201, 409


def retire_600_of_1000(ground: Ground) -> str:
    """Three retirements of 600 at one moment: one wins, and 400 are left."""
    owner, start = ground.owner(1000), Barrier(3)

    def retire(_: int) -> int:
        start.wait()
        return int(owner.act("retirements", quantity_kg=600, purpose="personal").status_code)

    with ThreadPoolExecutor(3) as pool:
        came = sorted(pool.map(retire, range(3)))
    meet(came, [WIN, LOSE, LOSE], "answers")
    meet(owner.held(), [("active", 400)], "held afterwards")
    return " ".join(map(str, came))


def split_250_of_1000(ground: Ground) -> str:
    """A split gives what was asked for and the rest, side by side, to the kilogram."""
    owner = ground.owner(1000)
    answer = owner.act("splits", quantity_kg=250)
    meet(answer.status_code, WIN, "answer")
    pieces = answer.json()["pieces"]
    sizes = [piece["quantity_kg"] for piece in pieces]
    meet(sizes, [250, 750], "pieces")
    ends = [tuple(map(int, piece["serial"].split("-")[-2:])) for piece in pieces]
    meet([last - first + 1 for first, last in ends], sizes, "serials of the pieces")
    meet(ends[1][0], ends[0][1] + 1, "where the second piece begins")
    meet(owner.held(), [("active", 250), ("active", 750)], "held afterwards")
    return f"{WIN} {' + '.join(map(str, sizes))}"


def race_for_the_last(ground: Ground) -> str:
    """Very many at once want one of the last units each: as many win as there are units."""
    owner = ground.owner(LAST_KG)

    def retire(_: int) -> int:
        return int(owner.act("retirements", quantity_kg=1, purpose="personal").status_code)

    came = _race(ground.racers, retire)
    meet(dict(came), {WIN: LAST_KG, LOSE: ground.racers - LAST_KG}, "answers")
    meet(owner.held(), [], "held afterwards")
    return _told(came)


def race_for_a_lot(ground: Ground) -> str:
    """Very many at once want to buy one of a lot's last steps each: as many orders as there are steps."""
    owner = ground.owner(LAST_STEPS * STEP_KG)
    lot = owner.act("offers", quantity_kg=LAST_STEPS * STEP_KG, price_fen_per_step=100).json()["lot"]
    buyers = [ground.person() for _ in range(BUYERS)]
    wish = {"purpose": "personal", "quantity_kg": STEP_KG, "lot": lot}

    def order(number: int) -> int:
        return int(buyers[number % BUYERS].ask("POST", "/v1/orders", wish).status_code)

    came = _race(ground.racers, order)
    meet(dict(came), {WIN: LAST_STEPS, LOSE: ground.racers - LAST_STEPS}, "answers")
    meet(ground.anyone().call("GET", f"/v1/lots/{lot}")["remaining_kg"], 0, "left in the lot")
    return _told(came)


def _race(racers: int, run: Callable[[int], int]) -> Counter[int]:
    """The answers to so many requests, a hundred at a time."""
    with ThreadPoolExecutor(POOL) as pool:
        return Counter(pool.map(run, range(racers)))


def _told(came: Counter[int]) -> str:
    return " ".join(f"{status}×{came[status]}" for status in sorted(came))
