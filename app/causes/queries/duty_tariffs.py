"""Tariffs of the tree-planting duty as they were loaded; of each code the newest version counts."""

from collections.abc import Sequence
from dataclasses import fields

from sqlalchemy import select

from app.causes.errors.duties import DutyTariffRefused, DutyTariffUnknown
from app.causes.models.duties import DutyTariff
from app.causes.rules.duties import Basis, Tariff, Use, fitting_tariff
from app.kit.database import db
from app.kit.messages import language, t

_FIELDS = tuple(field.name for field in fields(Tariff))


def tariff_facts(row: DutyTariff) -> Tariff:
    """The facts in a row."""
    told = {name: getattr(row, name) for name in _FIELDS}
    return Tariff(**told | {"basis": Basis(row.basis), "use": Use(row.use)})


def list_tariffs() -> Sequence[Tariff]:
    """The newest version of every tariff: those that may be used first, then by region."""
    rows = db.session.scalars(select(DutyTariff).order_by(DutyTariff.code, DutyTariff.version))
    found = {row.code: tariff_facts(row) for row in rows}.values()
    return sorted(
        found, key=lambda each: (each.use is Use.REFUSED, each.basis is Basis.NONE, each.region, each.code)
    )


def get_tariff(tariff_id: int) -> Tariff:
    """The tariff of this id, whatever came after it."""
    return tariff_facts(db.session.get_one(DutyTariff, tariff_id))


def require_tariff(region: str, year: int) -> tuple[int, Tariff]:
    """The tariff by which somebody of `region` may buy for `year`, with its id.

    Raises `DutyTariffUnknown` where no source speaks of the region, `DutyTariffRefused` with the reason why
    what is told of it may not be used.
    """
    found = fitting_tariff(list_tariffs(), region, year)
    if found is None:
        raise DutyTariffUnknown()
    if found.use is Use.REFUSED:
        raise DutyTariffRefused(
            place=found.place_zh if language() == "zh" else found.place_en,
            why=t(f"causes.duty_reason_{found.reason}"),
        )
    tariff_id = db.session.scalar(
        select(DutyTariff.id).where(DutyTariff.code == found.code, DutyTariff.version == found.version)
    )
    assert tariff_id is not None
    return tariff_id, found
