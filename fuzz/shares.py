"""What one process of a siege does."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from fuzz.scene import Scene
from fuzz.siege import Siege, Tally
from simulator import ensure_keys


@dataclass(frozen=True)
class Share:
    """One process's part of a siege."""

    simulator: Path
    scene: Scene
    seed: int
    attacks: int
    shown: bool


def attack(share: Share) -> Tally:
    """Besiege the application of this process's environment."""
    from app import create_app

    app = create_app()
    structlog.configure(processors=[_only_faults])
    siege = Siege(app, ensure_keys(share.simulator), share.scene, share.seed)
    return siege.run(share.attacks, _bar(share.attacks) if share.shown else _nothing)


def _only_faults(_logger: object, _method: str, line: structlog.typing.EventDict) -> str:
    """Keep the log to what no attack may cause."""
    if line["event"] != "unexpected fault":
        raise structlog.DropEvent
    return str(structlog.processors.format_exc_info(_logger, _method, line))


def _bar(attacks: int) -> Callable[[int], None]:
    def show(done: int) -> None:
        part = done * 40 // max(1, attacks)
        print(f"\r{'█' * part:░<40} {part * 100 // 40} %", end="", file=sys.stderr, flush=True)

    return show


def _nothing(_: int) -> None:
    """Nobody is watching."""
