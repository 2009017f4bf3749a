"""Facts of every kind of document, and what stands on a drawn page, for tests of how we print."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
from xml.etree import ElementTree

import zxingcpp
from PIL import Image

from app.web.documents import Document
from app.web.documents.typeface import Typeface, hei, song

NUMBER = "7K3M9QXW2DPT5RVH8"
URL = f"https://senhui.example/c/{NUMBER}"
NOTES = [
    {"zh": "仅供自愿抵消，不得用于碳市场履约。", "en": "For voluntary use only."},
    {"zh": "示例数据，非真实项目。", "en": "Sample data."},
]
FOREST = {"zh": "示例杉木林经营碳汇项目", "en": "Sample Fir Forest Management"}
RETIREMENT = {
    "certificate": NUMBER,
    "serial": "SH-350721-SC-YD-2021-1-1000",
    "quantity_kg": 1000,
    "project": "SC-YD",
    "project_name": FOREST,
    "seller": "示例村集体 B（洋墩乡）",
    "vintage": 2021,
    "product": "yiyuan",
    "product_name": {"zh": "一元碳汇", "en": "One-yuan forest carbon"},
    "retired_at": "2026-11-20T18:00:00+00:00",
}


def retirements(count: int) -> list[dict[str, Any]]:
    """Runs of a thousand serials, one after the other."""
    return [
        RETIREMENT | {"serial": f"SH-350721-SC-YD-2021-{first + 1}-{first + 1000}"}
        for first in range(0, count * 1000, 1000)
    ]


CERTIFICATE: dict[str, Any] = {
    "quantity_kg": 10,
    "serial": "SH-350721-SC-YD-2021-1-10",
    "beneficiary": "顺昌之友",
    "product_name": RETIREMENT["product_name"],
    "project": "SC-YD",
    "project_name": FOREST,
    "place": {"zh": "福建省南平市顺昌县洋墩乡", "en": "Yangdun Township, Shunchang, Fujian"},
    "seller": "示例村集体 B（洋墩乡）",
    "certifies": {"zh": "用于抵消个人生活排放，已一次性永久注销。", "en": "Retired once and for ever."},
    "monitoring_start": "2021-01-01",
    "monitoring_end": "2021-12-31",
    "vintage": 2021,
    "methodology": {"zh": "福建省林业碳汇方法学", "en": "Fujian forest carbon methodology"},
    "purpose_name": {"zh": "个人碳中和", "en": "A person's own emissions"},
    "retired_at": "2026-11-20T18:00:00+00:00",
    "notes": NOTES,
    "sample": True,
}


OURS = {"zh": "没有可引用的因子，是我们自己的取法", "en": "Our own choice"}


def event_line(place: int) -> dict[str, Any]:
    """One line of an event's inventory; ten kilometres for each of its persons."""
    return {
        "source": ("transport", "stay", "meals", "energy", "materials", "waste")[place % 6],
        "name": {"zh": f"第 {place} 批参会人员", "en": f"Group {place}"},
        "amount": str(1000 + place),
        "unit": "p.km",
        "inputs": [{"name": {"zh": "人数", "en": "Heads"}, "value": "100", "unit": "p"}],
        "factor": f"0.{351 + place % 7}",
        "factor_unit": "kgCO2/p.km",
        "factor_code": f"transport.rail.{place % 7}",
        "factor_version": "1",
        "factor_source": f"福建省实施指南附录 {place % 7}",
        "mark": "ABCDE"[place % 5],
        "evidence": "车票存根",
        "share": "1/2" if place % 3 else None,
        "assumption": {"zh": "没有可引用的因子，是我们自己的取法", "en": "Our own choice"}
        if place % 4
        else None,
        "emitted_g": 1000 * (1000 + place),
    }


def event(lines: int = 12, runs: int = 2) -> dict[str, Any]:
    """What an event's neutrality statement says."""
    each = [event_line(place) for place in range(lines)]
    emitted_g = sum(line["emitted_g"] for line in each)
    return {
        "event": {
            "code": "EV7Q2K",
            "title": "第五届生态产品价值实现论坛暨绿色低碳发展大会",
            "organiser": "示例市人民政府、示例省林业局",
            "kind": {"zh": "论坛", "en": "Forum"},
            "starts_on": "2026-09-16",
            "ends_on": "2026-09-18",
            "place": "示例国际会展中心",
            "heads": 6500,
            "online_heads": 5300,
        },
        "guide": {"zh": "大型活动碳中和实施指南（试行）", "en": "Guide to carbon-neutral events (trial)"},
        "guide_version": 1,
        "scheme": {"zh": "福建省实施方案（试行）", "en": "Fujian’s scheme (trial)"},
        "stage": "final",
        "lines": each,
        "emitted_g": emitted_g,
        "due_g": emitted_g,
        "retired_kg": runs * 1000,
        "unverified_g": 1_888_000,
        "excluded": {"waste": "场馆自行处理，未取得数据"},
        "reductions": [{"name": "取消瓶装水", "avoided_g": 231_000, "evidence": "采购清单"}],
        "corrections": [{"reason": "酒店补报 12 间夜", "on": "2026-11-02"}],
        "kept": [{"event": "EV1", "title": "去年的论坛", "amount_g": 5000, "certificates": [NUMBER]}],
        "unit_order": [{"product": FOREST, "source": "公告 2019 年第 19 号", "ordered": False}],
        "deadlines": [{"name": {"zh": "完成期限", "en": "By"}, "on": "2027-09-18", "source": "公告"}],
        "neutral_on": "2026-11-20",
        "retirements": retirements(runs),
        "surplus_g": 1500,
        "replaces": NUMBER,
        "notes": NOTES,
        "sample": True,
    }


PLANTED: dict[str, Any] = event() | {
    "method": "forest",
    "retired_kg": 0,
    "retirements": [],
    "forest": {
        "place": "顺昌县洋墩乡",
        "longitude": "117.8",
        "latitude": "26.8",
        "species": ["杉木", "木荷"],
        "area_m2": 20_000,
        "years": "2026–2045",
        "expected_g": 48_000_000,
        "planting": "2026 年春植苗",
        "monitoring": "每五年一次",
        "uptake_g": 1_000_000,
        "proof": "示例核查机构 · R-1",
    },
}
DUTY: dict[str, Any] = {
    "person": {"name": "张䶮"},
    "year": 2026,
    "region": {"zh": "福建省", "en": "Fujian"},
    "tariff": {
        "name": {"zh": "15 元折 1 棵", "en": "15 yuan are one tree"},
        "basis": "fen_per_tree",
        "fen_per_tree": 1500,
        "source": "福建省绿化委员会办公室公告（2022）",
        "grade": "C",
        "note": {"zh": "样例", "en": "sample"},
    },
    "paid_fen": 4500,
    "quantity_kg": 450,
    "trees": 3,
    "duty_trees": 3,
    "surplus_trees": 1,
    "trees_needed": 3,
    "rest": {"zh": "余 0 元", "en": "0 yuan left"},
    "retirements": [RETIREMENT | {"quantity_kg": 450}],
    "notes": NOTES,
}
VOUCHER: dict[str, Any] = DUTY | {
    "payer": "示例食品有限公司",
    "person": None,
    "persons": 1,
    "retirements": retirements(2),
}
RULING: dict[str, Any] = {
    "court": "示例县人民法院",
    "court_kind": "court",
    "case_number": "（2022）闽0627刑初123号",
    "stage": "trial",
    "parties": "王某某、李某某",
    "ruled_on": "2022-10-12",
    "legal_basis": "《关于审理森林资源民事纠纷案件的解释》第二十条",
    "measure": "grams",
    "loss_g": 47_070_000,
    "multiplier": "2",
    "rounding": "loss_tonne",
    "amount_fen": None,
    "price_fen_per_t": 2000,
    "price_source": "福建海峡资源环境交易中心",
    "priced_on": "2022-10-11",
    "ordered_g": 96_000_000,
    "paid_fen": 192_000,
    "retired_g": 96_000_000,
    "instalments": [{"due_on": "2022-10-31", "part": 48_000_000}],
    "retirements": [each | {"quantity_kg": 48_000, "product_name": None} for each in retirements(2)],
    "papers": [{"kind": "undertaking", "state": "present"}, {"kind": "opinion", "state": "waived"}],
    "fulfilled_at": "2022-11-10T03:00:00+00:00",
}
PENALTY: dict[str, Any] = RULING | {
    "stage": "administrative",
    "measure": "fen",
    "loss_g": None,
    "multiplier": None,
    "amount_fen": 100_000,
    "instalments": [{"due_on": "2022-10-31", "part": 100_000}],
}
CARD: dict[str, Any] = {
    "occasion": {"zh": "生日快乐", "en": "Happy birthday"},
    "quantity_kg": 100,
    "from_name": "爸爸妈妈",
    "to_name": "小满",
    "message": "愿你像这片杉木林一样，一年一圈，慢慢长大。",
    "project_name": FOREST,
    "seller": "示例村集体 B（洋墩乡）",
    "place": CERTIFICATE["place"],
    "given_on": "2026-11-26",
    "drawing": '<path d="M14 82h68" stroke="#14513c" stroke-width="3"/><circle cx="37" cy="58" r="20"/>',
    "claim_code": "senhui.example/g/Vb3kPq0xTz7LmN4cRw2sYd8eJf6hAg1u",
    "notes": NOTES[:1],
}
YEAR: dict[str, Any] = {
    "name": "示例食品股份有限公司",
    "credit_code": "91350700MA2XXXXX1A",
    "year": 2026,
    "paid_fen": 1_234_500,
    "retired_kg": 12_000,
    "held_kg": 3000,
    "as_of": "2026-11-26T01:00:00+00:00",
    "purposes": [
        {"use": "办公用电", "period": "2025", "quantity_kg": 11_000},
        {"use": None, "period": None, "quantity_kg": 1000},
    ],
    "lines": [
        each | {"number": NUMBER, "retired_on": "2026-05-01", "use": "办公用电", "period": "2025"}
        for each in retirements(12)
    ],
}
REVIEW = {
    "year": 2026,
    "over": False,
    "shown": True,
    "avoided_g": 128_413,
    "by_month": [3000, 5200, 9000, 12_000, 15_800, 14_000, 9000, 8000, 12_500, 18_000, 21_913, 0],
    "parts": [{"zh": "步行", "en": "Walking"}],
    "emitted_g": 2_103_400,
    "recorded_months": 8,
    "retired_g": 210_000,
    "active_days": 243,
    "longest_streak": 61,
    "level": {"zh": "青树", "en": "Young tree", "drawing": '<circle cx="48" cy="28" r="16" fill="#4c9878"/>'},
    "badges": [{"zh": "一千个日子", "en": "A thousand and one days", "drawing": ""}] * 9,
}
THANKS = {
    "drive": {"code": "D", "title": {"zh": "修一条护林小路", "en": "A path for the wardens"}},
    "payee": "示例村集体 B（洋墩乡）",
    "use": {"zh": "石料和工钱", "en": "Stones and wages"},
    "manner": "charity",
    "given": "steps",
    "given_on": "2026-11-21",
    "points": 28,
    "steps": 14_161,
    "step_day": "2026-11-20",
    "amount_fen": 28,
    "charity": {
        "name": "示例绿化基金会",
        "credit_code": "53990000MJ0000001R",
        "fundraising_number": "53990000MJ0000001RA26007",
    },
    "notes": NOTES,
}
SHEET = {
    **{name: THANKS[name] for name in ("payee", "use", "charity", "notes")},
    "title": {"zh": "修一条护林小路", "en": "A path for the wardens"},
    "goal_fen": 300_000,
    "points": 123_456,
    "bought_kg": 70,
    "paid_fen": 700,
    "gifts": 42,
    "starts_on": "2026-10-01",
    "ends_on": "2026-12-31",
    "as_of": "2026-11-20T18:00:00+00:00",
    "months": [
        {"month": "2026-11", "gifts": 40, "points": 123_000, "quantity_kg": 20},
        {"month": "2026-10", "gifts": 2, "points": 456, "quantity_kg": 50},
    ],
    "reports": [
        {
            "happened_on": "2026-11-19",
            "words": {"zh": "路基已平。", "en": "The bed is level."},
            "used_fen": 40_000,
        }
    ],
}
THANKS_UNITS = RETIREMENT | {
    **{name: THANKS[name] for name in ("drive", "payee", "use", "given_on", "notes")},
    "manner": "plain",
    "given": "units",
    "amount_fen": 10_000,
    "sample": True,
}
PLANTING: dict[str, Any] = {
    "group": "6AJ8NBEFY9M2",
    "group_kind": "class",
    "goal_kg": 60_000,
    "planted_kg": 60_000,
    "reached": True,
    "people": 40,
    "way": "together",
    "begun_on": "2026-11-01",
    "ended_on": "2026-11-26",
    "retirements": retirements(40),
    "sample": True,
    "notes": NOTES,
}
FACTS: dict[str, tuple[str, dict[str, Any]]] = {
    "certificate": ("certificate", CERTIFICATE),
    "bare certificate": ("certificate", CERTIFICATE | {"beneficiary": None, "sample": False, "notes": []}),
    "event": ("event_neutral", event()),
    "planted event": ("event_neutral", PLANTED),
    "duty": ("duty_equivalence", DUTY),
    "voucher": ("duty_voucher", VOUCHER),
    "ruling": ("ruling_fulfilled", RULING),
    "penalty": ("ruling_fulfilled", PENALTY),
    "card": ("gift_card", CARD),
    "claimed card": ("gift_card", CARD | {"claim_code": None, "certificate": NUMBER}),
    "planted together": ("planting", PLANTING),
    "planted in part": ("planting", PLANTING | {"reached": False, "retirements": retirements(1)}),
    "year": ("organisation_year", YEAR),
    "thanks": ("drive_thanks", THANKS),
    "sheet": ("drive_sheet", SHEET),
    "sheet of units": ("drive_sheet", SHEET | {"goal_fen": None, "goal_kg": 5000, "charity": None}),
    "thanks for units": ("drive_thanks", THANKS_UNITS),
    "review": ("year_review", REVIEW),
    "empty review": (
        "year_review",
        REVIEW | {"over": True, "shown": False, "avoided_g": 0, "by_month": [0] * 12, "badges": []},
    ),
}


def document(kind: str, facts: dict[str, Any], language: str = "zh", **more: Any) -> Document:
    """A document of these facts."""
    issued_at = datetime(2026, 11, 20, 18, tzinfo=UTC)
    return Document(kind, NUMBER, facts, URL, issued_at, language, **more)


class Printed(NamedTuple):
    """A line of text on a page: where its own anchor stands, in which face and size, and how wide it is."""

    text: str
    face: Typeface
    size: float
    x: float
    y: float
    anchor: str
    width: float

    @property
    def left(self) -> float:
        """Its left edge."""
        return self.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[self.anchor] * self.width

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.left + self.width


def printed(svg: str) -> Iterator[Printed]:
    """Every line of text that stands on the page itself, not in the seal nor across it."""
    root = ElementTree.fromstring(svg)
    for node in root.findall("{http://www.w3.org/2000/svg}text"):
        x, y = (float(node.attrib[name]) for name in ("x", "y"))
        size, face = float(node.attrib["font-size"]), _face(node, hei())
        text = "".join(node.itertext())
        yield Printed(text, face, size, x, y, node.get("text-anchor", "start"), _width(node, size, face))


def _face(node: ElementTree.Element, inherited: Typeface) -> Typeface:
    family = node.get("font-family")
    return inherited if family is None else song() if "Senhui Song" in family else hei()


def _width(node: ElementTree.Element, size: float, face: Typeface) -> float:
    """How wide a text is with whatever is set smaller in it."""
    given = node.get("font-size", str(size))
    size = size * float(given[:-1]) / 100 if given.endswith("%") else float(given)
    face = _face(node, face)
    width = float(node.get("dx", 0)) + face.width(node.text or "", size)
    assert face.covers(node.text or "")
    return width + sum(_width(each, size, face) + face.width(each.tail or "", size) for each in node)


def read_qr(png: bytes) -> str:
    """What the QR code on a picture says."""
    [code] = zxingcpp.read_barcodes(Image.open(io.BytesIO(png)).convert("L"))
    return str(code.text)
