"""Rankings in Redis: sorted sets that follow the database and are made anew from it when they are lost.

Redis keeps, beside the rankings, up to where they have followed (`position`). So nothing in the database
says what Redis knows: whoever empties Redis, or puts an old state of it back, takes the position along.

Who writes has the turn, a key of their own that lapses; every write asks for it in the same step as it
writes (a script), so that one who was away too long writes nothing. A ranking is made anew under another
generation, which readers see once it is whole.
"""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from redis import Redis, RedisError
from redis.client import Pipeline

from app.kit.queue import redis

_LIFE_MS = 30_000
_LINGERS_MS = 10_000
"""How long a generation stays behind another: whoever has begun to read it reads on."""
_MANY = 4_000
_SMALL = 100
_PIECE = 48_000
"""Letters of one write: Redis does nothing else meanwhile, a few milliseconds."""
_log = structlog.get_logger(__name__)

# A key, then who writes; then `score member,score member`, or members alone, in one text: Redis takes it
# apart far sooner than Python puts a million arguments together.
_TURN = "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end redis.call('PEXPIRE', KEYS[1], ARGV[2]) "
_PUT = (
    _TURN + "local found = {} for score, member in string.gmatch(ARGV[3], '(%d+) (%d+)') do"
    " found[#found + 1] = score found[#found + 1] = member"
    " if #found >= 1000 then redis.call('ZADD', KEYS[2], unpack(found)) found = {} end end"
    " if #found > 0 then redis.call('ZADD', KEYS[2], unpack(found)) end return 1"
)
_DROP = (
    _TURN + "for member in string.gmatch(ARGV[3], '%d+') do redis.call('ZREM', KEYS[2], member) end return 1"
)
_KEEP = (
    _TURN + "redis.call('HSET', KEYS[2], 'generation', ARGV[3], 'position', ARGV[4], 'scope', ARGV[5],"
    " 'as_of', ARGV[6]) return 1"
)
_FORGET = _TURN + "for place = 2, #KEYS do redis.call('PEXPIRE', KEYS[place], ARGV[3]) end return 1"
_END = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class TurnLost(RuntimeError):
    """Redis was emptied, or somebody else writes by now; what was written is made anew."""


class RankingsAway(RuntimeError):
    """Redis does not answer, or has nothing yet; the database knows all that it will have again."""


@dataclass(frozen=True)
class State:
    """What stands in Redis: which generation, up to which position, of what, and as of when (ISO 8601)."""

    generation: str
    position: int
    scope: str
    as_of: str


@dataclass(frozen=True)
class Placed:
    """A member's place: whoever has the same score has the same rank, and the next ranks are left out."""

    rank: int
    member: int
    score: int


@dataclass(frozen=True)
class Change:
    """What to write into one ranking: `score member,score member …` as one text, or `member,member …`."""

    ranking: str
    packed: str
    puts: bool

    @property
    def members(self) -> int:
        """How many members it is about."""
        return self.packed.count(",") + 1

    @property
    def pieces(self) -> Iterator[str]:
        """The text in pieces that are short enough for one write."""
        first = 0
        while len(self.packed) - first > _PIECE:
            cut = self.packed.rindex(",", first, first + _PIECE)
            yield self.packed[first:cut]
            first = cut + 1
        yield self.packed[first:]


class Rankings:
    """The rankings of one `name`."""

    def __init__(self, name: str) -> None:
        self._root = f"senhui:ranking:{name}"

    def state(self) -> State:
        """What stands in Redis. Raises `RankingsAway` when nothing does."""
        with _answering():
            told: dict[Any, Any] = redis().hgetall(self._root)
        found = {key.decode(): value.decode() for key, value in told.items()}
        try:
            return State(found["generation"], int(found["position"]), found["scope"], found["as_of"])
        except KeyError as error:
            raise RankingsAway() from error

    def find(self, state: State, ranking: str, member: int) -> Placed | None:
        """Where a member stands; None for one that is not in it."""
        with _answering():
            key = self._key(state, ranking)
            score = redis().zscore(key, member)
            return None if score is None else self._placed(key, 0, [(member, score)])[0]

    def count(self, state: State, ranking: str) -> int:
        """How many stand in a ranking."""
        with _answering():
            return int(redis().zcard(self._key(state, ranking)))

    def list_counts(self, state: State, rankings: Iterable[str]) -> list[int]:
        """How many stand in each of these, asked for at once."""
        with _answering():
            pipe = redis().pipeline(transaction=False)
            for each in rankings:
                pipe.zcard(self._key(state, each))
            return [int(each) for each in pipe.execute()]

    def list_from(self, state: State, ranking: str, first: int, limit: int) -> list[Placed]:
        """So many from the `first` place on, counted from 0, the highest score first."""
        with _answering():
            key = self._key(state, ranking)
            found: Any = redis().zrevrange(key, first, first + limit - 1, withscores=True)
            return self._placed(key, first, found)

    def place_of(self, state: State, ranking: str, member: int) -> int | None:
        """At which place of the list a member stands, counted from 0; those of one rank follow each other."""
        with _answering():
            found: Any = redis().zrevrank(self._key(state, ranking), member)
            return None if found is None else int(found)

    def take_turn(self) -> "Turn | None":
        """The right to write, None where somebody has it. Raises `RankingsAway`."""
        token = secrets.token_hex(8)
        with _answering():
            taken = redis().set(f"{self._root}:turn", token, nx=True, px=_LIFE_MS)
        return Turn(self._root, token) if taken else None

    def _placed(self, key: str, first: int, found: Sequence[tuple[Any, float]]) -> list[Placed]:
        """Members with their ranks: one more than there are with a higher score."""
        placed: list[Placed] = []
        for place, (member, told) in enumerate(found, first):
            score = int(told)
            if not placed:
                rank = int(redis().zcount(key, f"({score}", "+inf")) + 1
            elif placed[-1].score != score:
                rank = place + 1
            placed.append(Placed(rank, int(member), score))
        return placed

    def _key(self, state: State, ranking: str) -> str:
        return f"{self._root}:{state.generation}:{ranking}"


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        _log.warning("rankings are away", reason=type(error).__name__)
        raise RankingsAway() from error


class Turn:
    """The right to write rankings, as long as nobody else has it. Every step raises `TurnLost` without it."""

    def __init__(self, root: str, token: str) -> None:
        self._root, self._token = root, token
        self._client: Redis = redis()

    def new_generation(self) -> str:
        """Where rankings are made anew; nobody reads them before `keep`."""
        return secrets.token_hex(4)

    def write(self, generation: str, changes: Iterable[Change]) -> None:
        """Write into rankings of a generation; the order is kept, and again does nothing more."""
        pipe, waiting = self._client.pipeline(transaction=False), 0
        for change in changes:
            script = _PUT if change.puts else _DROP
            key = f"{self._root}:{generation}:{change.ranking}"
            for piece in change.pieces:
                pipe.eval(script, 2, f"{self._root}:turn", key, self._token, _LIFE_MS, piece)
                waiting += len(piece) + _SMALL
                if waiting > _PIECE:
                    self._sure(pipe)
                    waiting = 0
        self._sure(pipe)

    def keep(self, state: State) -> None:
        """Let readers read this generation, which has followed up to this position."""
        told = (state.generation, state.position, state.scope, state.as_of)
        pipe = self._client.pipeline(transaction=False)
        pipe.eval(_KEEP, 2, f"{self._root}:turn", self._root, self._token, _LIFE_MS, *told)
        self._sure(pipe)

    def forget_others(self, generation: str) -> None:
        """Let go of what other generations have left, once nobody is reading there any more."""
        mine, turn = f"{self._root}:{generation}:".encode(), f"{self._root}:turn"
        with _answering():
            keys = self._client.scan_iter(match=f"{self._root}:????????:*", count=_MANY)
            others = [key for key in keys if not key.startswith(mine)]
        for first in range(0, len(others), _MANY):
            some = others[first : first + _MANY]
            pipe = self._client.pipeline(transaction=False)
            pipe.eval(_FORGET, 1 + len(some), turn, *some, self._token, _LIFE_MS, _LINGERS_MS)
            self._sure(pipe)

    def end(self) -> None:
        """Let the next one write."""
        with _answering():
            self._client.eval(_END, 1, f"{self._root}:turn", self._token)

    @staticmethod
    def _sure(pipe: Pipeline) -> None:
        with _answering():
            if not all(pipe.execute()):
                raise TurnLost()
