"""What happens by itself about fairness: looking once a day, and keeping every time limit."""

from app.kit.transaction import transaction
from app.rewards.queries.fairness_rules import rules
from app.rewards.services import fairness, fairness_appeals, inquiries


def look_for_signals() -> int:
    """Look for each signal that was not looked for today; returns how many inquiries were opened.

    For the sweeper. Each in a transaction of its own: the database says what is done.
    """
    opened = 0
    for key in rules():
        with transaction():
            opened += inquiries.look_once(key) or 0
    return opened


def keep_limits() -> int:
    """End, close, grant and take back what time says; returns how much. For the sweeper."""
    done = 0
    for each in (
        fairness_appeals.grant_late,
        fairness.end_due,
        inquiries.close_undecided,
        inquiries.forget_facts,
    ):
        with transaction():
            done += each()
    with transaction():
        takings = fairness.list_takings()
    for code in takings:
        with transaction():
            done += bool(fairness.carry_out(code))
    return done
