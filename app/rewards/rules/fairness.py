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
    """One fact of one account with its mark: accounts that tell the same mark tell the same thing.

    `told_on` is when it was told, where that is not its own day. What is not `fresh` was decided on before:
    others are compared with it, and nothing follows for whoever told it.
    """

    mark: Hashable
    holder_id: int
    fact: Fact
    told_on: date | None = None
    fresh: bool = True

    def since(self, decided_on: date | None) -> "Told":
        """The same, fresh if it was told after that day."""
        return self._replace(fresh=decided_on is None or (self.told_on or self.fact.on) > decided_on)


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

    Three of which each is like the next are one finding; `found` is the most that any two share. Two share
    what is fresh of either, and concerned is who tells at least `least` that is fresh.
    """
    tellers: dict[Hashable, dict[int, Told]] = defaultdict(dict)
    for each in told:
        tellers[each.mark].setdefault(each.holder_id, each)
    shared = Counter(
        (one, two)
        for by in tellers.values()
        for one, two in combinations(sorted(by), 2)
        if by[one].fresh or by[two].fresh
    )
    near = {pair: count for pair, count in shared.items() if count >= least}
    groups = _joined(near)
    group_of = {holder: place for place, group in enumerate(groups) for holder in group}
    facts: list[dict[int, list[Fact]]] = [defaultdict(list) for _ in groups]
    for by in tellers.values():
        here: dict[int, list[int]] = defaultdict(list)
        for holder in sorted(by.keys() & group_of.keys()):
            here[group_of[holder]].append(holder)
        for place, holders in here.items():
            if any(pair in near for pair in combinations(holders, 2)):
                for holder in holders:
                    facts[place][holder] += [by[holder].fact] if by[holder].fresh else []
    most = [0 for _ in groups]
    for (one, _), count in near.items():
        most[group_of[one]] = max(count, most[group_of[one]])
    return _concerned(zip(most, facts, strict=True), least)


def _concerned(found: Iterable[tuple[int, Mapping[int, list[Fact]]]], least: int) -> list[Finding]:
    """Findings about those who tell at least so much, in one order; none that is about nobody."""
    told = [
        Finding(count, {holder: facts for holder, facts in sorted(by.items()) if len(facts) >= least})
        for count, by in found
    ]
    return sorted((each for each in told if each.facts), key=lambda each: each.holder_ids)


def repeated(told: Iterable[Told], least: int) -> list[Finding]:
    """Accounts that tell one and the same mark at least `least` times, each a finding of its own."""
    by_holder: dict[int, dict[Hashable, list[Fact]]] = defaultdict(lambda: defaultdict(list))
    for each in told:
        if each.fresh:
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
        if each.fresh:
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
    """Marks that at least `least` accounts tell, each with those of them who tell it afresh."""
    tellers: dict[Hashable, dict[int, list[Told]]] = defaultdict(lambda: defaultdict(list))
    for each in told:
        tellers[each.mark][each.holder_id].append(each)
    many = [by for by in tellers.values() if len(by) >= least]
    return _concerned(
        (
            (len(by), {holder: [each.fact for each in rows if each.fresh] for holder, rows in by.items()})
            for by in many
        ),
        1,
    )


def bursts(told: Iterable[Told], least: int, within: timedelta) -> list[Finding]:
    """Accounts of one mark that were opened within such a time of one another, at least `least` of them.

    A fact's `value` is the second of the opening, since 1970. Concerned is who was not decided on before.
    """
    by_mark: dict[Hashable, list[Told]] = defaultdict(list)
    for each in told:
        by_mark[each.mark].append(each)
    found: list[tuple[int, dict[int, list[Fact]]]] = []
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
        facts = {holder: [each.fact._replace(value=1)] for holder, each in together.items() if each.fresh}
        found.append((most, facts))
    return _concerned(found, 1)


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
