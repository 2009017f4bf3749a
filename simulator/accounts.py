"""Test persons and their logins.

An account is called into being by its name; its openid follows from the name and the app's secret, so the
same person keeps the same openid even when the snapshot is lost. Codes and session keys follow WeChat:
a code lives 5 minutes and works once, every login brings a new session key.
Source: Weixin open documentation, "wx.login", "code2Session", "checkSessionKey".
"""

import base64
import hashlib
import hmac
import secrets
from itertools import takewhile

from simulator.errors import MiniRefused, PhoneRefused
from simulator.state import Account, Code
from simulator.world import World

CODE_LIFE_S = 300
#: Used and expired codes are remembered this long, to tell "used" from "never seen".
CODE_MEMORY_S = 3600
LONGEST_NAME = 32
FIRST_NAMES = ("1", "2", "3")
_NUMERALS = "零一二三四五六七八九"


def display_name(name: str) -> str:
    """Return the Chinese name of an account: 测试账号 三 for "3", the name itself for any other."""
    if not name.isascii() or not name.isdigit() or not 0 < int(name) < 100:
        return name
    tens, ones = divmod(int(name), 10)
    ten = ("" if tens == 1 else _NUMERALS[tens]) + "十" if tens else ""
    return "测试账号 " + ten + (_NUMERALS[ones] if ones or not tens else "")


def account_named(world: World, name: object) -> Account:
    """Return the account of that name, created on first use; PhoneRefused for an unusable name."""
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise PhoneRefused("账号名称无效", f"an account's name is 1 to {LONGEST_NAME} printable characters")
    openid = openid_of(world, name)
    known = world.state.accounts.get(openid)
    if known is not None:
        return known
    with world.state.changing():
        made = Account(name, openid, new_session_key(), world.clock.now())
        # Another thread may have been quicker.
        return world.state.accounts.setdefault(openid, made)


def openid_of(world: World, name: str) -> str:
    """Derive a person's openid: 28 characters beginning with o."""
    digest = hmac.digest(world.keys.secret.encode(), name.encode(), hashlib.sha256)
    return "o" + base64.urlsafe_b64encode(digest).decode()[:27]


def new_session_key() -> str:
    """Draw a session key: 16 bytes in base64."""
    return base64.b64encode(secrets.token_bytes(16)).decode()


def log_in(world: World, account: Account) -> str:
    """Do what wx.login does: a new session key for the account and a code to fetch it with."""
    now = world.clock.now()
    code = Code("0" + secrets.token_hex(15) + "0w", account.openid, new_session_key(), now)
    with world.state.changing():
        codes = world.state.codes
        # Oldest first, so the first one young enough ends the search.
        for old in list(takewhile(lambda each: now - each.issued_at > CODE_MEMORY_S, codes.values())):
            del codes[old.code]
        account.session_key = code.session_key
        codes[code.code] = code
    return code.code


def redeem(world: World, text: str) -> Code:
    """Exchange a login code; MiniRefused 40029 when unknown or too old, 40163 when used before."""
    with world.state.changing():
        code = world.state.codes.get(text)
        if code is None:
            raise MiniRefused(40029)
        if code.used:
            raise MiniRefused(40163)
        if world.clock.now() - code.issued_at > CODE_LIFE_S:
            raise MiniRefused(40029)
        code.used = True
        world.state.accounts[code.openid].seen_at = world.clock.now()
    return code


def account_signed(world: World, openid: str, signature: str) -> Account:
    """Return the account whose session key signed the empty string; MiniRefused 40003 or 87009."""
    account = world.state.accounts.get(openid)
    if account is None:
        raise MiniRefused(40003)
    expected = hmac.new(account.session_key.encode(), b"", hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise MiniRefused(87009)
    return account
