"""What must always be true of regions' totals: they can be recomputed from what people did."""

from datetime import UTC, datetime

from sqlalchemy import TextClause, select, text

from app.accounts import queries as accounts
from app.kit import signing
from app.kit.database import db
from app.kit.proof import Proof, none
from app.statements.models import RegionSnapshot
from app.statements.queries import crowds
from app.statements.rules.crowds import Crowd, digest_of, publishable, published_g

_EVER = {"since": datetime(2015, 1, 1, tzinfo=UTC)}
# Everybody's days since they chose their home, from the facts themselves, against the shares of those whose
# shares are still theirs. Each is summed up: which day a fact was counted on is the snapshot's business.
_SHARES = text(
    f"SELECT count(*) FROM ({crowds.shares_sql()}) fact FULL JOIN"
    " (SELECT person, line, sum(grams)::bigint AS grams FROM region_share WHERE person > 0 GROUP BY 1, 2)"
    " share USING (person, line) WHERE coalesce(fact.grams, 0) <> coalesce(share.grams, 0)"
)
_STRANGERS = text(
    "SELECT count(DISTINCT person) FROM region_share WHERE person > 0"
    f" AND person NOT IN (SELECT holder_id FROM {accounts.homes.homes_from()} home)"
)
# Nobody takes off more than they gave where they are at home, and no region gave up more than it was given.
_TAKEN = text(
    "SELECT count(*) FROM (SELECT FROM region_share WHERE person > 0 GROUP BY person, line"
    " HAVING sum(grams) < 0) below"
)
_BELOW = text(
    "SELECT count(*) FROM (SELECT FROM region_month GROUP BY region, line HAVING sum(published_g) < 0) below"
)
_CROWDS = text(
    "SELECT r.line, r.people, r.grams, r.published_g, s.least_people, c.people AS seen, c.grams AS summed,"
    f" c.absolute_g, c.largest_g, c.second_g FROM region_release r LEFT JOIN ({crowds.RELEASED}) c"
    " ON c.release_id = r.id LEFT JOIN region_snapshot s ON s.day = r.day"
)
_ROLLED = text(
    f"SELECT count(*) FROM ({crowds.ROLLED.format(which='true')}) summed"
    " FULL JOIN region_month USING (region, month, line)"
    " WHERE summed.published_g IS DISTINCT FROM region_month.published_g"
)


def prove() -> list[Proof]:
    """The invariants of this room, each with its figures."""
    last = crowds.find_last_snapshot()
    differing = strangers = 0
    if last is not None:
        differing = _count(_SHARES, **_EVER, until=last.until)
        strangers = _count(_STRANGERS)
    return [
        none("statements.prove_shares", differing=differing, strangers=strangers),
        none("statements.prove_given", people=_count(_TAKEN), regions=_count(_BELOW)),
        none("statements.prove_crowds", unsafe=_unsafe()),
        none("statements.prove_rolled", differing=_count(_ROLLED)),
        none("statements.prove_seals", broken=_broken()),
    ]


def _count(statement: TextClause, **values: datetime) -> int:
    return int(db.session.scalar(statement, values) or 0)


def _unsafe() -> int:
    """How many releases are not what their shares say, or would not be released by their day's own terms."""
    return sum(not _holds(row) for row in db.session.execute(_CROWDS))


def _holds(row: object) -> bool:
    names = ("line", "people", "grams", "published_g", "least_people", "seen", "summed")
    line, people, grams, shown, least, seen, summed = (getattr(row, name) for name in names)
    if seen is None or least is None:
        return False
    spread = (getattr(row, name) for name in ("absolute_g", "largest_g", "second_g"))
    crowd = Crowd(seen, summed, *spread)
    same = (people, grams, shown) == (seen, summed, published_g(line, grams))
    return same and publishable(crowd, least)


def _broken() -> int:
    """How many snapshots are not what was signed on their day."""
    broken, before = 0, ""
    for snapshot in db.session.scalars(select(RegionSnapshot).order_by(RegionSnapshot.day)):
        digest = digest_of(crowds.list_releases(snapshot.day), before)
        try:
            signed = signing.seal().read(snapshot.document, crowds.SNAPSHOT_KIND)["digest"]
        except ValueError:
            signed = None
        broken += not digest == snapshot.digest == signed
        before = snapshot.digest
    return broken
