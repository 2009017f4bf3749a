"""Shares of one block: too much of it at once, a part of it, and the last of it."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from cases.ground import Ground, meet

POOL = 100
LAST_KG = 100
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

    with ThreadPoolExecutor(POOL) as pool:
        came = Counter(pool.map(retire, range(ground.racers)))
    meet(dict(came), {WIN: LAST_KG, LOSE: ground.racers - LAST_KG}, "answers")
    meet(owner.held(), [], "held afterwards")
    return " ".join(f"{status}×{came[status]}" for status in sorted(came))
