"""Signals that one person may be thanked several times for one act 公平核查. Pure.

A signal is no verdict: it says what was found in which accounts, a person looks at it, and whoever is
concerned reads what was found and may appeal. Every threshold is published with its reason
(`data/fairness.toml`).
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import combinations
from typing import Any, NamedTuple


class Decision(StrEnum):
    """What an operator decides about one account."""

    NOTHING = "nothing"
    HOLD = "hold"
    TAKE_BACK = "take_back"


class Ended(StrEnum):
    """Why a measure stands no more."""

    NOTHING = "nothing"
    """There was none to begin with."""
    OVER = "over"
    """Its time was over."""
    DECIDED = "decided"
    """Somebody has decided, and another measure or none has taken its place."""
    LIFTED = "lifted"
    """An operator ended it early."""
    DECLINED = "declined"
    """Nobody else agreed with it in time."""
    APPEAL = "appeal"
    """An appeal was granted, or not answered in time."""
    TAKEN = "taken"
    """Its points were taken back."""


class Fact(NamedTuple):
    """One thing that a signal rests on, as the account that did it reads it; `acts` are its action ids."""

    on: date
    scene: str | None
    value: int
    unit: str
    acts: tuple[int, ...] = ()

    def document(self) -> dict[str, Any]:
        """The fact as it is kept."""
        return {**self._asdict(), "on": self.on.isoformat(), "acts": list(self.acts)}


class Told(NamedTuple):
    """One fact of one account with its mark: accounts that tell the same mark tell the same thing."""

    mark: Hashable
    holder_id: int
    fact: Fact


@dataclass(frozen=True)
class Finding:
    """What a signal found: how much, in which accounts, and what each of them told."""

    found: int
    facts: Mapping[int, list[Fact]]

    @property
    def holder_ids(self) -> tuple[int, ...]:
        """The accounts that are concerned, in one order."""
        return tuple(sorted(self.facts))


@dataclass(frozen=True)
class Rule:
    """One published signal: over how many days it looks (0: at any time), from how many facts on it speaks.

    `hold_days` says for how long redeeming waits by itself until somebody has looked; 0 for a signal that
    holds nothing. `bounds` are further numbers of its own.
    """

    key: str
    window_days: int
    least: int
    hold_days: int
    bounds: Mapping[str, int]
    texts: Mapping[str, str] = field(default_factory=dict)

    def since(self, day: date) -> date:
        """The first day it looks at on `day`."""
        return day - timedelta(days=max(self.window_days - 1, 0))


@dataclass(frozen=True)
class Limits:
    """How long anything of this may take; published, and kept by a chore."""

    hold_days: int
    confirm_days: int
    appeal_days: int
    act_appeal_days: int
    answer_days: int
    decide_days: int
    rest_days: int
    facts_kept_days: int

    def reach(self, name: str, at: datetime) -> datetime:
        """The moment when the limit `name` is reached, counted from `at`."""
        return at + timedelta(days=int(getattr(self, name)))


def alike(told: Iterable[Told], least: int) -> list[Finding]:
    """Accounts that tell the same marks at least `least` times two by two, with everything they share.

    Three of which each is like the next are one finding; `found` is the most that any two share.
    """
    tellers: dict[Hashable, dict[int, Fact]] = defaultdict(dict)
    for each in told:
        tellers[each.mark].setdefault(each.holder_id, each.fact)
    shared = Counter(pair for by in tellers.values() for pair in combinations(sorted(by), 2))
    near = {pair: count for pair, count in shared.items() if count >= least}
    found = []
    for group in _joined(near):
        facts: dict[int, list[Fact]] = {holder: [] for holder in sorted(group)}
        for by in tellers.values():
            here = sorted(group & by.keys())
            if any(pair in near for pair in combinations(here, 2)):
                for holder in here:
                    facts[holder].append(by[holder])
        found.append(Finding(max(near.get(pair, 0) for pair in combinations(sorted(group), 2)), facts))
    return sorted(found, key=lambda each: each.holder_ids)


def repeated(told: Iterable[Told], least: int) -> list[Finding]:
    """Accounts that tell one and the same mark at least `least` times, each a finding of its own."""
    by_holder: dict[int, dict[Hashable, list[Fact]]] = defaultdict(lambda: defaultdict(list))
    for each in told:
        by_holder[each.holder_id][each.mark].append(each.fact)
    found = []
    for holder, marks in sorted(by_holder.items()):
        facts = [fact for same in marks.values() if len(same) >= least for fact in same]
        if facts:
            found.append(Finding(max(map(len, marks.values())), {holder: facts}))
    return found


def adding_up(told: Iterable[Told], least: int) -> list[Finding]:
    """Accounts whose facts of one mark add up to at least `least`, each a finding of its own."""
    by_holder: dict[tuple[int, Hashable], list[Fact]] = defaultdict(list)
    for each in told:
        by_holder[each.holder_id, each.mark].append(each.fact)
    sums: dict[int, list[tuple[int, list[Fact]]]] = defaultdict(list)
    for (holder, _), facts in by_holder.items():
        total = sum(fact.value for fact in facts)
        if total >= least:
            sums[holder].append((total, facts))
    return [
        Finding(max(total for total, _ in parts), {holder: [fact for _, facts in parts for fact in facts]})
        for holder, parts in sorted(sums.items())
    ]


def crowded(told: Iterable[Told], least: int) -> list[Finding]:
    """Marks that at least `least` accounts tell, each with those who do."""
    tellers: dict[Hashable, dict[int, list[Fact]]] = defaultdict(lambda: defaultdict(list))
    for each in told:
        tellers[each.mark][each.holder_id].append(each.fact)
    found = [Finding(len(by), dict(by)) for by in tellers.values() if len(by) >= least]
    return sorted(found, key=lambda each: each.holder_ids)


def bursts(told: Iterable[Told], least: int, within: timedelta) -> list[Finding]:
    """Accounts of one mark that were opened within such a time of one another, at least `least` of them.

    A fact's `value` is the second of the opening, since 1970.
    """
    by_mark: dict[Hashable, list[Told]] = defaultdict(list)
    for each in told:
        by_mark[each.mark].append(each)
    found = []
    for members in by_mark.values():
        members.sort(key=lambda each: (each.fact.value, each.holder_id))
        together: dict[int, Told] = {}
        most, first = 0, 0
        for last, each in enumerate(members):
            while each.fact.value - members[first].fact.value > within.total_seconds():
                first += 1
            if last - first + 1 >= least:
                together |= {one.holder_id: one for one in members[first : last + 1]}
                most = max(most, last - first + 1)
        if together:
            facts = {holder: [each.fact._replace(value=1)] for holder, each in sorted(together.items())}
            found.append(Finding(most, facts))
    return sorted(found, key=lambda each: each.holder_ids)


def _joined(pairs: Iterable[tuple[int, int]]) -> list[set[int]]:
    """The groups that pairs hang together in."""
    group_of: dict[int, set[int]] = {}
    for one, other in pairs:
        joined = group_of.get(one, {one}) | group_of.get(other, {other})
        for each in joined:
            group_of[each] = joined
    return list({id(group): group for group in group_of.values()}.values())


LONGEST_REASON = 500
LONGEST_WORDS = 1_000
"""Characters of a decision's reason and of an appeal."""
PUBLISHED_IN = 5
"""What came of decisions and appeals is published in steps of so many, so that nobody is singled out."""


def published(count: int) -> int:
    """A count as the public may read it: rounded down to a step."""
    return count - count % PUBLISHED_IN
