"""What time does to points: they become active, work off debts, expire, and programmes go on."""

from app.kit.transaction import transaction
from app.rewards.services import grants, programmes

_BATCH = 1000


def tend_points() -> int:
    """Do what is due; returns how many lots and debtors it touched. For the sweeper."""
    done = 0
    for each in (grants.activate_due, grants.expire_due):
        while True:
            with transaction():
                few = each(_BATCH)
            done += few
            if few < _BATCH:
                break
    for holder_id in grants.list_debtors():
        with transaction():
            grants.work_off(holder_id)
        done += 1
    with transaction():
        programmes.resume_covered()
    return done
