"""The picture of planting together: a wood of trees that fills as parts are bought. Pure."""

from dataclasses import dataclass

TREES = 24
PLANTED, TAKEN, PLEDGED, EMPTY = "planted", "taken", "pledged", "empty"
"""How a tree stands: retired, being bought, promised, still lacking."""
_ROWS = (7, 8, 9)
_WIDTH, _TOP, _STEP = 480, 62, 46


@dataclass(frozen=True)
class Tree:
    """One tree of the wood: where its foot is, how large it is drawn, how it stands."""

    x: int
    y: int
    size: float
    state: str


def grove(goal_kg: int, planted_kg: int, taken_kg: int, pledged_kg: int) -> tuple[Tree, ...]:
    """A wood of `TREES`, the front row last: one at least of what there is, all of them only at the goal.

    What is promised stands behind what is bought: `taken_kg` includes what is planted.
    """
    planted = _share(planted_kg, goal_kg)
    taken = max(planted, _share(taken_kg, goal_kg))
    pledged = max(taken, _share(pledged_kg, goal_kg))
    states = [PLANTED] * planted + [TAKEN] * (taken - planted) + [PLEDGED] * (pledged - taken)
    states += [EMPTY] * (TREES - pledged)
    trees, place = [], 0
    for row, many in enumerate(_ROWS):
        for column in range(many):
            x = round(_WIDTH * (2 * column + 1) / (2 * many))
            trees.append(Tree(x, _TOP + row * _STEP, 0.75 + row * 0.125, states[place]))
            place += 1
    return tuple(trees)


def _share(kg: int, goal_kg: int) -> int:
    if kg >= goal_kg:
        return TREES
    return max(1, kg * TREES // goal_kg) if kg > 0 else 0
