"""By hand: `python -m devstack ROOT` starts the servers, prints their addresses, keeps them until Ctrl-C."""

import signal
import sys
from contextlib import suppress
from pathlib import Path

from devstack import ensure


def main(words: list[str]) -> None:
    """Hold the servers of the one folder among `words`. Raises StackError."""
    if len(words) != 1:
        sys.exit("python -m devstack ROOT")
    with suppress(KeyboardInterrupt):
        stack = ensure(Path(words[0]))
        print(f"DATABASE_URL={stack.database_url}\nREDIS_URL={stack.redis_url}", flush=True)
        signal.pause()


if __name__ == "__main__":
    main(sys.argv[1:])
