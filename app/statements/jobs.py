"""What happens by itself: every morning the day before is sealed for all regions."""

from datetime import UTC, datetime, time, timedelta

from flask import current_app

from app.kit import clock
from app.kit.transaction import transaction
from app.registry.rules.log import SAFE_AFTER
from app.registry.services.log import decided_until
from app.statements import services
from app.statements.queries import crowds


def seal_regions() -> int:
    """Seal every business day that is over, in order; returns how many. For the sweeper.

    The database says what is done, so any number of sweepers may look, and a day that was missed is made
    up for. A day is over when nothing that was begun in it can still become visible.
    """
    done = 0
    while True:
        with transaction():
            day, decided = crowds.find_day_to_seal(), decided_until()
        if day is None:
            return done
        midnight = datetime.combine(day + timedelta(days=1), time(), clock.SHANGHAI).astimezone(UTC)
        if clock.now() < midnight + SAFE_AFTER or decided < midnight:
            return done
        with transaction():
            sealed = services.seal_day(day, midnight, current_app.extensions["settings"].region_least_people)
        if sealed is None:  # another sweeper was faster
            return done
        done += 1
