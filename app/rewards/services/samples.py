"""A sample programme, for machines that serve nobody."""

from sqlalchemy import select

from app.accounts.services import open_holder
from app.kit import clock
from app.kit.database import db
from app.rewards.models import Programme
from app.rewards.services.programmes import announce_tariff, fund_sample, open_programme

SAMPLE_NAME = "示例低碳出行计划"
SAMPLE_FEN = 10_000_000
"""A hundred thousand yuan that nobody has paid."""
SAMPLE_GRAMS_PER_POINT = 10
"""Of the order of the tariffs in use, 8 to 43 g a point (Luzhou, walking 8.2 g, clothes 42.7 g)."""


def load_samples() -> None:
    """Open a sponsor and a funded programme for everybody, once."""
    if db.session.scalar(select(Programme.holder_id).where(Programme.name == SAMPLE_NAME)):
        return
    sponsor = open_holder("organisation", "示例赞助方")
    since = clock.business_day().replace(month=1, day=1)
    programme = open_programme(None, sponsor.id, SAMPLE_NAME, since)
    announce_tariff(None, programme.holder_id, since, SAMPLE_GRAMS_PER_POINT)
    fund_sample(programme.holder_id, SAMPLE_FEN)
