"""A person's carbon account where ten million actions are, against where ten thousand are.

Two databases on one server, each behind a web server of its own, and in both the same people with the same
three years of acts. The rest belongs to others. Actions and the days they fill are written by INSERT from
generate_series with every index, CHECK and trigger of the tables on; what an account does not read of
others' is left out: their postings, announcements and holders. The requests are the account's four views,
each of another person in turn.
"""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import text

from app.accounts import services as accounts
from app.config import Settings
from app.kit import clock
from app.kit.database import allow_bulk, db, write
from app.kit.identity import signer
from app.kit.transaction import transaction
from bench.databases import another
from bench.load import rate
from bench.rounds import side_by_side
from bench.server import served

MANY, FEW = 10_000_000, 10_000
PEOPLE = 8
DAYS = 1095
OTHERS = 10**9
REQUESTS = 800
WARMING = 400

# Day after day, so that a person's rows lie as far apart in the tables as the others' make them lie.
_DAY = text(
    "WITH written AS ("
    " INSERT INTO action (holder_id, code, scene, occurred_on, source, grade, inputs, methodology_id,"
    "  factor_id, computed_g, before_g, avoided_g, recorded_at)"
    " SELECT holder, upper(substr(md5(holder::text || :day), 1, 26)), 'walking', current_date - :ago,"
    "  'werun', 'measured', '{\"steps\": 6000, \"steps_before\": 0}', m.id, m.factor_id, 120, 0, 120, now()"
    " FROM (SELECT generate_series(CAST(:first AS bigint), :first + :people - 1) AS holder"
    "  UNION ALL SELECT :others + (CAST(:day AS bigint) * :acts + n) % :crowd"
    "   FROM generate_series(1, :acts) n) told,"
    "  (SELECT id, factor_id FROM methodology WHERE scene = 'walking' ORDER BY id DESC LIMIT 1) m"
    " RETURNING holder_id, occurred_on, scene, avoided_g)"
    " INSERT INTO scene_day (holder_id, day, scene, credited_g, cap_g)"
    " SELECT holder_id, occurred_on, scene, avoided_g, 1000 FROM written"
)


class Place:
    """One database with so many actions in it, and the tokens of some people in it."""

    def __init__(self, settings: Settings, name: str, actions: int) -> None:
        self.app = another(settings, name)
        self.settings: Settings = self.app.extensions["settings"]
        with self.app.app_context():
            people = self._people()
            _fill(people[0], actions)
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")
                connection.exec_driver_sql("CHECKPOINT")

    def _people(self) -> list[int]:
        self.tokens, people = [], []
        with transaction():
            for number in range(PEOPLE):
                signed = accounts.sign_in_wechat(f"bench-account-{number}", None, "bench")
                people.append(signed.holder_id)
                token = signer().issue(signed.holder_id, signed.session_id, "api", timedelta(hours=6))
                self.tokens.append(token)
        return people

    def requests(self, count: int) -> list[bytes]:
        """`count` requests for views of accounts."""
        today = clock.business_day() - timedelta(days=1)
        views = (f"{today}", f"{today:%Y-%m}", f"{today:%Y}", "life")
        return [
            f"GET /v1/account/{views[number // PEOPLE % len(views)]} HTTP/1.1\r\nHost: bench\r\n"
            f"Authorization: Bearer {self.tokens[number % PEOPLE]}\r\n\r\n".encode()
            for number in range(count)
        ]


def _fill(first: int, actions: int) -> None:
    """Write so many actions of others, a hundred each, and between them three years of ours."""
    acts = actions // DAYS
    crowd = max(actions // 100, acts)
    told = {"first": first, "people": PEOPLE, "others": OTHERS, "acts": acts, "crowd": crowd}
    for day in range(DAYS):
        with transaction():
            allow_bulk(minutes=5)
            write(_DAY, {**told, "day": day, "ago": DAYS - day})


def compare(settings: Settings) -> dict[str, float]:
    """How many times as long an account takes in the large database, with the rates behind it."""
    many, few = Place(settings, "bench_acts_many", MANY), Place(settings, "bench_acts_few", FEW)
    with served("wsgi:app", many.settings) as large, served("wsgi:app", few.settings) as small:

        def at(port: int, place: Place, count: int = REQUESTS) -> Callable[[], float]:
            return lambda: rate(port, place.requests(count))

        for warm in (at(large, many, WARMING), at(small, few, WARMING)):
            warm()
        few_per_s, many_per_s, ratio = side_by_side(at(small, few), at(large, many))
    return {"account_10k_per_s": few_per_s, "account_10m_per_s": many_per_s, "account_page_10m": ratio}
