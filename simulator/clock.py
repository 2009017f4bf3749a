"""The simulator's time.

`now` is what lifetimes and payments live by: codes, tokens, prepay ids, deadlines, bill days. A test
moves it forward with `POST /control/clock`. `real` is the wall clock: signatures and WeRun watermarks
carry it, so that moving time forward does not make honest messages look forged. Waiting times of the
provider (retries, refunds) are divided by `speed`.
"""

import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

#: China keeps one time zone without summer time.
SHANGHAI = timezone(timedelta(hours=8))


@dataclass
class Clock:
    """Seconds since 1970, shifted by `offset_s`; waits shortened `speed` times."""

    speed: float = 60.0
    offset_s: float = 0.0

    def now(self) -> float:
        """Return the simulated time."""
        return time.time() + self.offset_s

    def real(self) -> float:
        """Return the wall clock."""
        return time.time()

    def wait_s(self, provider_s: float) -> float:
        """Return how long a wait of the real provider takes here."""
        return provider_s / self.speed


def rfc3339(epoch_s: float) -> str:
    """Write an instant as WeChat Pay does: `2026-11-21T10:00:00+08:00`."""
    return datetime.fromtimestamp(int(epoch_s), SHANGHAI).isoformat()


def local(epoch_s: float) -> datetime:
    """Return an instant in Shanghai's time."""
    return datetime.fromtimestamp(epoch_s, SHANGHAI)


def business_day(epoch_s: float) -> date:
    """Return the day an instant belongs to in Shanghai."""
    return local(epoch_s).date()
