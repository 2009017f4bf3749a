"""Which pack counts. Figures against different baselines never stand in one sum."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from sqlalchemy import RowMapping, text

from app.footprint import rules
from app.footprint.queries import results
from app.footprint.queries.catalogue import FRESH, PackChoice, forget, read_choices
from app.footprint.rules import DEFAULT_PACK, MethodologyRefused
from app.footprint.services.factors import take_turn
from app.kit import clock
from app.kit.database import db

SETTLED = 2 * FRESH
"""After so long every process knows that nothing counts, and has written what it was writing."""

_PACKS = text("SELECT id, pack, document -> 'pack' ->> 'baseline' AS baseline FROM methodology ORDER BY id")
_CHOOSE = text(
    "INSERT INTO pack_choice (pack, effective_from, chosen_at) VALUES (:pack, :effective_from, :now)"
)


def choose_pack(pack: str, effective_from: date | None = None) -> date | None:
    """Let another pack count, from tomorrow or a later day where results exist; returns that day.

    Raises `MethodologyRefused` for a pack that is not loaded, and for one that is measured against
    something else than the results there are: their grams would stand in one sum. Nor may it be measured
    against something else than what counts now or will: another process might know that for another
    minute, so that nothing may count (`stop_counting`) for a while before.
    """
    take_turn()
    rows = db.session.execute(_PACKS).mappings().all()
    baselines: dict[str | None, str] = {row["pack"]: row["baseline"] for row in rows}
    if pack not in baselines:
        raise MethodologyRefused(f"no such pack: {pack}")
    _refuse_mixed(pack, baselines)
    _refuse_strangers(pack, baselines, rows)
    counted = results.exist_by_methodologies([row["id"] for row in rows if row["pack"] != pack])
    day = rules.effective_day(f"pack {pack}", effective_from, clock.business_day(), counted)
    write_choice(pack, day)
    return day


def stop_counting() -> None:
    """Let no pack count, at once, until one is chosen again; every process knows it within `SETTLED`."""
    take_turn()
    write_choice(None, None)


def choose_first() -> None:
    """Choose the default where nothing was ever chosen."""
    if not read_choices():
        write_choice(DEFAULT_PACK, None)


def write_choice(pack: str | None, day: date | None) -> None:
    """Write down what counts from a day on, None: from now on."""
    db.session.execute(_CHOOSE, {"pack": pack, "effective_from": day, "now": clock.now()})
    forget()


def _standing() -> list[PackChoice]:
    """What counts now, and what will by choices that came after it."""
    choices = read_choices()
    current = rules.current(choices, clock.business_day())
    return [each for each in choices if current is None or each.id >= current.id]


def _refuse_mixed(pack: str, baselines: Mapping[str | None, str]) -> None:
    """Refuse another baseline than that of what counts or will, or has until just now."""
    standing = _standing()
    known = [each.pack for each in standing] or [DEFAULT_PACK]
    if any(each and baselines.get(each) != baselines[pack] for each in known):
        raise MethodologyRefused(
            f"{pack}: results against another baseline could come in until then;"
            f" let nothing count first, for {SETTLED // timedelta(minutes=1)} minutes"
        )
    stopped = [each for each in standing if each.pack is None]
    if stopped and clock.now() < stopped[0].chosen_at + SETTLED:
        raise MethodologyRefused(
            f"{pack}: not every process knows yet that nothing counts;"
            f" choose again after {(stopped[0].chosen_at + SETTLED).astimezone(clock.SHANGHAI):%H:%M:%S}"
        )


def _refuse_strangers(pack: str, baselines: Mapping[str | None, str], rows: Sequence[RowMapping]) -> None:
    """Refuse another baseline than that of the results there are."""
    strangers = [row["id"] for row in rows if baselines[row["pack"]] != baselines[pack]]
    if results.exist_by_methodologies(strangers):
        raise MethodologyRefused(f"{pack}: its baseline does not go with the results there are")
