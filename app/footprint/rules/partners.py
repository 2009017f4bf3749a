"""What is true of partners 数据伙伴, their keys and their signatures. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

PARTNER = "partner"
"""The key of a methodology's `sources` that stands for any partner."""
PARTNER_KINDS = ("metro", "bus", "bike", "ride_hailing", "charging", "recycling", "platform")
NO_PARTNER = frozenset({"self", "werun", "photo", PARTNER})
"""Sources of other kinds, which no partner may be called."""
SIGNATURE_SKEW = timedelta(minutes=5)
"""How far a partner's clock may be from ours. A copy of a letter does nothing twice: its batch is known."""
LONGEST_KEY_LIFE = timedelta(days=400)
"""Thirteen months: a year and the overlap in which a key and its successor are both good."""
MOST_DAILY_ITEMS = 5_000_000
COVERED = frozenset({"@method", "@authority", "@path"})
"""What every partner's signature covers; with a body, its digest too."""
DIGEST = "content-digest"

_CODE = re.compile(r"[a-z][a-z0-9_]{1,29}")
_CONTACT = re.compile(r"[A-Za-z0-9._+-]{1,64}@((?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24})")
_MAILBOXES = frozenset(
    [
        "qq.com",
        "vip.qq.com",
        "foxmail.com",
        "163.com",
        "126.com",
        "yeah.net",
        "139.com",
        "189.cn",
        "wo.cn",
        "sina.com",
        "sina.cn",
        "sohu.com",
        "aliyun.com",
        "21cn.com",
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "hotmail.com",
        "live.com",
        "msn.com",
        "yahoo.com",
        "icloud.com",
        "me.com",
        "proton.me",
        "protonmail.com",
    ]
)
"""Where people have mailboxes of their own: a partner's contact is an organisation's, never a person's."""


@dataclass(frozen=True, slots=True)
class PartnerFacts:
    """Who a partner is; never changes."""

    code: str
    kind: str
    name_zh: str
    name_en: str
    contact: str


@dataclass(frozen=True, slots=True)
class PartnerFault:
    """A field that cannot stand: its name, the message and what that takes."""

    where: str
    message: str
    params: Mapping[str, object] = field(default_factory=dict)


def is_partner_code(text: str) -> bool:
    """Whether a partner can be called so at all."""
    return _CODE.fullmatch(text) is not None and text not in NO_PARTNER


def partner_faults(facts: PartnerFacts) -> list[PartnerFault]:
    """What is wrong with a partner's code, kind or contact."""
    found = []
    if not is_partner_code(facts.code):
        found.append(PartnerFault("code", "footprint.field_partner_code"))
    if facts.kind not in PARTNER_KINDS:
        found.append(PartnerFault("kind", "footprint.field_partner_kind"))
    contact = _CONTACT.fullmatch(facts.contact)
    if contact is None or contact[1].lower() in _MAILBOXES:
        found.append(PartnerFault("contact", "footprint.field_partner_contact"))
    return found


def terms_faults(scenes: Mapping[str, int], reportable: Sequence[str]) -> list[PartnerFault]:
    """What is wrong with terms: the most items a day of each scene, of those a partner can report at all."""
    if not scenes:
        return [PartnerFault("scenes", "footprint.field_partner_scenes")]
    return [
        PartnerFault(f"scene_{scene}", "footprint.field_partner_scene", {"most": MOST_DAILY_ITEMS})
        for scene, most in scenes.items()
        if scene not in reportable or not 1 <= most <= MOST_DAILY_ITEMS
    ]


def key_life_fault(valid_from: datetime, valid_until: datetime, now: datetime) -> PartnerFault | None:
    """What is wrong with the time in which a key shall be good."""
    sound = valid_from < valid_until <= valid_from + LONGEST_KEY_LIFE and valid_until > now
    days = {"days": LONGEST_KEY_LIFE.days}
    return None if sound else PartnerFault("valid_until", "footprint.field_key_life", days)


def is_timely(created_s: int, expires_s: int | None, now: datetime) -> bool:
    """Whether a signature was made about now, and has not run out."""
    present = now.timestamp()
    near = abs(present - created_s) <= SIGNATURE_SKEW.total_seconds()
    return near and (expires_s is None or present <= expires_s)
