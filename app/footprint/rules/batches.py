"""What is true of a partner's batch: how an item is read, and why one does not count. Pure.

Each item stands alone: whatever is wrong with one, the others are judged as if it were not there. What
counts takes its minutes and its ride at once, so that a later item of the same batch meets it.
"""

import re
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from app.footprint.rules.faults import CLOCK_SKEW, trip_minutes
from app.footprint.rules.methods import TRIP, Method

MOST_ITEMS = 10_000
ACCEPTED, REPEATED, REFUSED = "accepted", "repeated", "refused"
DISTANCE = "distance_m"
"""The measure of trips; what is counted otherwise comes as `quantity` and takes no minutes."""
MOST_SECONDS = 172_800
REASONS = (
    "unreadable",
    "twice",
    "item_reused",
    "scene_not_allowed",
    "number_missing",
    "fractional",
    "negative",
    "too_little",
    "absurd",
    "too_fast",
    "too_slow",
    "future",
    "ancient",
    "stranger",
    "consent_missing",
    "over_daily_limit",
    "overlaps",
    "trip_counted",
)
"""Why an item does not count; `footprint.refused_<reason>` says it in words."""

_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_LINK = re.compile(r"[0-9A-Z]{26}")
_MOMENT = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_RIDE = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_NEEDED = frozenset({"id", "link", "scene", "started_at"})
_KNOWN = _NEEDED | {DISTANCE, "quantity", "duration_s", "ride"}


class Refusal(NamedTuple):
    """Why an item does not count, and the field that is to blame where there is one."""

    reason: str
    field: str | None = None


class Digests(NamedTuple):
    """Digests that need our key: of an item's content, and of a ride's number at its carrier."""

    content: Callable[[str], bytes]
    ride: Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One act as a partner tells it; `ride_key` finds the same ride or receipt told by another."""

    id: str
    link: str
    scene: str
    started_at: datetime
    measure: str
    amount: int
    duration_s: int | None
    fingerprint: bytes
    ride_key: bytes | None


def read_item(raw: Any, digests: Digests) -> BatchItem | Refusal:
    """An item from its JSON, or what cannot be read of it."""
    if not isinstance(raw, dict):
        return Refusal("unreadable", "item")
    strange = _NEEDED - raw.keys() or raw.keys() - _KNOWN
    if strange:
        return Refusal("unreadable", min(strange)[:64])
    started_at = _moment(raw["started_at"])
    measure = "quantity" if "quantity" in raw else DISTANCE
    amount, duration_s, ride = raw.get(measure), raw.get("duration_s"), raw.get("ride")
    unreadable = {
        "id": not _matches(_ID, raw["id"]),
        "link": not _matches(_LINK, raw["link"]),
        "scene": not isinstance(raw["scene"], str),
        "started_at": started_at is None,
        measure: type(amount) not in (int, float) or (measure == "quantity" and DISTANCE in raw),
        "duration_s": duration_s is not None
        and not (type(duration_s) is int and 1 <= duration_s <= MOST_SECONDS),
        "ride": ride is not None and _ride(ride) is None,
    }
    wrong = next((name for name, is_wrong in unreadable.items() if is_wrong), None)
    if wrong is not None or started_at is None:
        return Refusal("unreadable", wrong)
    if type(amount) is float:
        return Refusal("fractional", measure)
    number = None if ride is None else _ride(ride)
    told = (raw["link"], raw["scene"], started_at, measure, amount, duration_s, number)
    return BatchItem(
        raw["id"],
        raw["link"],
        raw["scene"],
        started_at,
        measure,
        int(amount or 0),
        duration_s,
        digests.content("\x1f".join(map(str, told)))[:16],
        None if number is None else digests.ride(_numbered(raw["scene"], measure, number)),
    )


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _moment(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value).astimezone(UTC) if _matches(_MOMENT, value) else None
    except (ValueError, OverflowError):
        return None


def _ride(value: Any) -> str | None:
    """The one form of a number at whoever gave it out; None for what is none."""
    if not isinstance(value, dict) or value.keys() != {"carrier", "number"}:
        return None
    carrier, number = value["carrier"], value["number"]
    if not (_matches(_RIDE, carrier) and _matches(_RIDE, number)):
        return None
    return f"{carrier}\x1f{number}".lower()


def _numbered(scene: str, measure: str, number: str) -> str:
    """What a key is made of.

    Neither scene nor time belongs to a ride: two platforms may name and time the same one differently.
    What is no trip has its scene, since whoever gives out receipts numbers each kind on its own.
    """
    return number if measure == DISTANCE else f"{scene}\x1f{number}"


def _plausible(method: Method, item: BatchItem, now: datetime) -> Refusal | None:
    """Why an act cannot have been as it is told."""
    bounds, amount, seconds = method.bounds, item.amount, item.duration_s or 0
    fastest, slowest = bounds.fastest_kmh, bounds.slowest_kmh
    faults = (
        (amount < 0, "negative", item.measure),
        (amount < max(bounds.least, 1), "too_little", item.measure),
        (amount > bounds.most, "absurd", item.measure),
        (bool(seconds and fastest) and amount * 36 > (fastest or 0) * seconds * 10, "too_fast", "duration_s"),
        (bool(seconds and slowest) and amount * 36 < (slowest or 0) * seconds * 10, "too_slow", "duration_s"),
        (item.started_at > now + CLOCK_SKEW, "future", "started_at"),
        (item.started_at < now - timedelta(days=method.window_days), "ancient", "started_at"),
    )
    return next((Refusal(reason, name) for wrong, reason, name in faults if wrong), None)


def spans_of(
    items: Iterable[BatchItem], methods: Mapping[str, Method], links: Mapping[str, int], now: datetime
) -> dict[int, tuple[int, int]]:
    """For each holder the stretch from their first to their last minute in a batch.

    Of what can have been only: one row with a wrong clock must not have us read a holder's whole life.
    """
    spans: dict[int, tuple[int, int]] = {}
    for each in items:
        holder, method = links.get(each.link), methods.get(each.scene)
        if holder is None or method is None or method.kind != TRIP or each.measure != DISTANCE:
            continue
        if _plausible(method, each, now):
            continue
        begins, ends = trip_minutes(method, holder, each.started_at, each.amount, each.duration_s)
        known_begins, known_ends = spans.get(holder, (begins, ends))
        spans[holder] = min(known_begins, begins), max(known_ends, ends)
    return spans


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one item; `holder` and `minutes` of one that counts."""

    status: str
    refusal: Refusal | None = None
    holder: int = 0
    minutes: tuple[int, int] = (0, 0)


@dataclass
class Sieve:
    """Judges a batch's items in their order, with what is known of each and of those before it.

    `methods` are the scenes that the partner may report, `room` how many more items of each it may today;
    `links` lead from its pseudonyms to holders, `consents` are the (holder, scene) that agreed; `earlier`
    the fingerprints of items that counted before; `rides` and `standing` what is counted already.
    """

    now: datetime
    methods: Mapping[str, Method]
    room: dict[str, int]
    links: Mapping[str, int]
    consents: frozenset[tuple[int, str]]
    earlier: Mapping[str, bytes]
    rides: frozenset[bytes]
    standing: Mapping[int, Sequence[tuple[int, int]]]
    _seen: set[str] = field(default_factory=set)
    _rides: set[bytes] = field(default_factory=set)
    _taken: dict[int, list[tuple[int, int]]] = field(default_factory=dict)

    def judge(self, item: BatchItem) -> Verdict:
        """The verdict on the next item."""
        twice = item.id in self._seen
        self._seen.add(item.id)
        earlier = self.earlier.get(item.id)
        if earlier == item.fingerprint:
            return Verdict(REPEATED)
        if twice or earlier is not None:
            return _refused("twice" if twice else "item_reused", "id")
        method, holder = self.methods.get(item.scene), self.links.get(item.link)
        if method is None or (item.measure == DISTANCE) != (method.kind == TRIP):
            return _refused("scene_not_allowed", "scene")
        # Without minutes nothing but its number tells an act from the same one told again.
        if method.kind != TRIP and item.ride_key is None:
            return _refused("number_missing", "ride")
        implausible = _plausible(method, item, self.now)
        if implausible:
            return Verdict(REFUSED, implausible)
        if holder is None:
            return _refused("stranger", "link")
        if (holder, item.scene) not in self.consents:
            return Verdict(REFUSED, Refusal("consent_missing"), holder)
        return self._count(item, method, holder)

    def _count(self, item: BatchItem, method: Method, holder: int) -> Verdict:
        """Let a sound item count if its minutes, its ride and the day's limit are free."""
        minutes = (0, 0)
        if method.kind == TRIP:
            minutes = trip_minutes(method, holder, item.started_at, item.amount, item.duration_s)
        taken = self._taken.setdefault(holder, [])
        if item.ride_key in self._rides or _meets(taken, minutes):
            return _refused("overlaps")
        if item.ride_key in self.rides or _meets(self.standing.get(holder, ()), minutes):
            return _refused("trip_counted")
        if self.room.get(item.scene, 0) < 1:
            return _refused("over_daily_limit")
        self.room[item.scene] -= 1
        if item.ride_key:
            self._rides.add(item.ride_key)
        if minutes[1]:
            insort(taken, minutes)
        return Verdict(ACCEPTED, None, holder, minutes)


def _refused(reason: str, name: str | None = None) -> Verdict:
    return Verdict(REFUSED, Refusal(reason, name))


def _meets(stretches: Sequence[tuple[int, int]], minutes: tuple[int, int]) -> bool:
    """Whether a half-open stretch overlaps one of these, which are sorted and do not overlap."""
    begins, ends = minutes
    if not ends:
        return False
    place = bisect_left(stretches, (begins, begins))
    before = place > 0 and stretches[place - 1][1] > begins
    return before or (place < len(stretches) and stretches[place][0] < ends)
