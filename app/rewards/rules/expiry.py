"""When holders are told that points expire 到期提醒. Pure."""

from collections.abc import Mapping
from datetime import date, timedelta

STAGES = (30, 7)
"""Days before the expiry at which a holder is told, the earliest first."""


def days_to_tell(today: date, told: Mapping[int, date]) -> list[tuple[int, date]]:
    """Of which days' expiry is to be told now, with the stage; `told` has the last day of each stage.

    Days that a sweeper slept through are made up for, as long as there is something left to tell: never a
    day that the next stage tells of anyway, nor one that is over.
    """
    due = []
    for place, stage in enumerate(STAGES):
        nearer = STAGES[place + 1] if place + 1 < len(STAGES) else -1
        earliest = today + timedelta(days=nearer + 1)
        day = max(earliest, told[stage] + timedelta(days=1)) if stage in told else earliest
        while day <= today + timedelta(days=stage):
            due.append((stage, day))
            day += timedelta(days=1)
    return due
