"""A sample catalogue and sample thanks, for machines that serve nobody."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from app.accounts import queries as accounts
from app.accounts.services import open_organisation
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db
from app.rewards.errors import ProgrammeUnknown
from app.rewards.models import Programme, RewardItem, VoucherPartner
from app.rewards.rules.items import Kind, Period, Supply
from app.rewards.services import grants
from app.rewards.services.items import NewItem, draft_item, publish_item, upload_codes, withdraw_item
from app.rewards.services.samples import SAMPLE_NAME
from app.rewards.services.voucher_partners import add_partner, confirm_partner, end_partner

ITEMS: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "示例慈善基金会",
        {
            "kind": Kind.CHARITY,
            "supply": Supply.GIVEN,
            "points": 100,
            "title_zh": "山村图书角",
            "title_en": "Books for village schools",
            "terms_zh": "为示例村小学的图书角添一本书。",
            "terms_en": "A book more for the schools of sample villages.",
            "charity_code": "SAMPLE000000000000",
            "appeal_number": "SAMPLE000000000000A26001",
        },
    ),
    (
        "示例村镇银行",
        {
            "kind": Kind.INTEREST,
            "supply": Supply.UPLOADED,
            "points": 500,
            "most_each": 1,
            "period": Period.YEAR,
            "title_zh": "贷款利息抵扣券 5 元",
            "title_en": "5 yuan off a loan's interest",
            "terms_zh": "在手机银行还款时填写券码。",
            "terms_en": "Enter the code when you pay an instalment in the bank's app.",
        },
    ),
    (
        "示例县博物馆",
        {
            "kind": Kind.TICKET,
            "supply": Supply.OWN,
            "points": 300,
            "stock": 200,
            "use_days": 60,
            "title_zh": "特展门票一张",
            "title_en": "A ticket to the special exhibition",
            "terms_zh": "周二至周日可用，入口出示二维码。",
            "terms_en": "Tuesdays to Sundays; show the code at the entrance.",
        },
    ),
    (
        "示例竹业合作社",
        {
            "kind": Kind.GOODS,
            "supply": Supply.DELIVERY,
            "points": 1200,
            "stock": 50,
            "most_each": 1,
            "period": Period.MONTH,
            "title_zh": "竹纤维毛巾两条",
            "title_en": "Two towels of bamboo fibre",
            "terms_zh": "顺昌毛竹制，寄到家。",
            "terms_en": "Of Shunchang bamboo, sent to your home.",
        },
    ),
    (
        "示例咖啡有限公司",
        {
            "kind": Kind.COUPON,
            "supply": Supply.OWN,
            "points": 200,
            "stock": 300,
            "use_days": 30,
            "most_each": 2,
            "period": Period.MONTH,
            "title_zh": "自带杯拿铁立减 2 元",
            "title_en": "2 yuan off a latte in your own cup",
            "terms_zh": "自带杯点单时出示，由店员扫码核销。",
            "terms_en": "Show it when you order with your own cup; the shop scans it.",
        },
    ),
)
"""What is on offer on a sample instance: by whom, and what."""
PARTNER_ITEM: dict[str, Any] = {
    "kind": Kind.COUPON,
    "supply": Supply.PARTNER,
    "points": 150,
    "stock": 500,
    "product": "latte-150",
    "title_zh": "线上点单券 1.5 元",
    "title_en": "1.5 yuan off an order online",
    "terms_zh": "由示例咖啡实时发券，在其小程序使用。",
    "terms_en": "Issued by the sample café's server, for its own mini-program.",
}
_CODES, _CODE_DAYS = 100, 300


def load_sample_items(first: int, second: int, partner_url: str, partner_key: bytes) -> None:
    """Put the sample catalogue on offer, once, drafted by one operator and published by another.

    The pretended shop has another address at each start: what it issued is then offered anew.
    """
    if db.session.scalar(select(RewardItem.id).where(RewardItem.sample).limit(1)) is None:
        for name, told in ITEMS:
            _offer(first, second, open_organisation(first, name).code, told)
    giver_id = db.session.scalars(
        select(RewardItem.giver_id).where(RewardItem.sample, RewardItem.title_zh == ITEMS[-1][1]["title_zh"])
    ).one()
    standing = select(VoucherPartner).where(
        VoucherPartner.holder_id == giver_id, VoucherPartner.ended_at.is_(None)
    )
    known = db.session.scalars(standing).all()
    if [(each.base_url, bytes(each.public_key)) for each in known] == [(partner_url, partner_key)]:
        return
    for each in known:
        end_partner(first, each.code)
        offered = select(RewardItem.code).where(
            RewardItem.partner_id == each.id, RewardItem.withdrawn_at.is_(None)
        )
        for code in db.session.scalars(offered).all():
            withdraw_item(first, code, "示例服务器换了地址 The sample server has moved")
    giver = accounts.get_holder(giver_id).code
    partner = add_partner(first, giver, partner_url, partner_key)
    confirm_partner(second, partner.code)
    _offer(first, second, giver, PARTNER_ITEM | {"partner": partner.code})


def _offer(first: int, second: int, giver: str, told: dict[str, Any]) -> None:
    today = clock.business_day()
    wish = NewItem(giver=giver, opens_on=today, closes_on=today + timedelta(days=365), **told)
    facts = draft_item(first, wish, sample=True)
    publish_item(second, facts.item.code, facts.terms)
    if wish.supply is Supply.UPLOADED:
        last_day = today + timedelta(days=_CODE_DAYS)
        lines = "\n".join(f"SAMPLE{random_code(10)},{last_day}" for _ in range(_CODES))
        upload_codes(first, facts.item.code, lines)


def thank_sample(holder_id: int, points: int) -> bool:
    """Give points of the sample programme for nothing; False when its fund does not cover them.

    Raises `ProgrammeUnknown` where no samples are loaded.
    """
    programme_id = db.session.scalar(select(Programme.holder_id).where(Programme.name == SAMPLE_NAME))
    if programme_id is None:
        raise ProgrammeUnknown()
    number = int(clock.now().timestamp() * 1_000_000)
    return bool(grants.grant(programme_id, "sample", [(number, holder_id, points)]))
