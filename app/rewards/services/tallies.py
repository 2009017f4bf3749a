"""Counting what all lots of each programme came to, so that nobody who looks has to."""

from sqlalchemy import text

from app.kit import clock
from app.kit.database import allow_bulk, write

MINUTES = 10
_COUNT = text(
    "INSERT INTO programme_tally (programme_id, granted, expired, taken_back, people, spent_on, counted_at)"
    " SELECT programme_id, granted, expired, taken_back, people, coalesce(spent_on, '{}'), :at"
    " FROM (SELECT programme_id, sum(points) AS granted, sum(expired_points) AS expired,"
    "   coalesce(sum(points - expired_points) FILTER (WHERE taken_back_at IS NOT NULL), 0) AS taken_back,"
    "   count(DISTINCT holder_id) AS people"
    "   FROM point_grant WHERE programme_id IS NOT NULL GROUP BY programme_id) lots"
    " LEFT JOIN (SELECT programme_id, jsonb_object_agg(kind, points) AS spent_on"
    "   FROM (SELECT programme_id, kind, sum(point_use.points) AS points FROM point_use"
    "     JOIN spending ON spending.id = spending_id JOIN point_grant ON point_grant.id = grant_id"
    "     WHERE spent_at IS NOT NULL GROUP BY programme_id, kind) parts GROUP BY programme_id) spent"
    "   USING (programme_id)"
    " ORDER BY programme_id ON CONFLICT (programme_id) DO UPDATE SET granted = excluded.granted,"
    "   expired = excluded.expired, taken_back = excluded.taken_back, people = excluded.people,"
    "   spent_on = excluded.spent_on, counted_at = excluded.counted_at"
)


def count_thanks() -> int:
    """Count every programme's lots and what they were spent on; returns how many programmes have any."""
    allow_bulk(MINUTES)
    return write(_COUNT, {"at": clock.now()})
