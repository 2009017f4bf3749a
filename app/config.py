"""Settings: everything the process takes from its environment, read once and frozen.

In production a missing or unsafe value stops the boot (`UnsafeSettings`) before anything is served.
In development the missing parts are made on the spot in `SENHUI_VAR` (default `var/`): the embedded
servers of `devstack`, signing keys, and the simulator's WeChat account.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class UnsafeSettings(RuntimeError):
    """The environment lacks a value or holds one that production must not run with."""


@dataclass(frozen=True)
class WeChatSettings:
    """The mini-program and the merchant account that serve this instance.

    Base URLs are settings so that the simulator can stand in; production takes https only.
    """

    api_base: str
    pay_base: str
    appid: str
    secret: str = field(repr=False)
    mchid: str
    merchant_serial: str
    merchant_private_key: bytes = field(repr=False)
    platform_key_id: str
    platform_public_key: bytes = field(repr=False)
    apiv3_key: str = field(repr=False)


@dataclass(frozen=True)
class BankAccount:
    """Where organisations send their transfers."""

    name: str
    number: str
    bank: str


PURCHASE_PLATFORMS = frozenset({"android", "ohos", "windows", "mac", "devtools", "web"})
"""Where buying is on unless the environment says otherwise: not on iOS, nor for a client that does not
say what it is."""


@dataclass(frozen=True)
class Settings:
    """What one process needs to know. Secrets never appear in its repr."""

    environment: str
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    public_url: str
    token_key: bytes = field(repr=False)
    certificate_key: bytes = field(repr=False)
    data_key: bytes = field(repr=False)
    wechat: WeChatSettings
    var: Path
    phone_url: str | None = None
    reservation_seconds: int = 900
    pool_size: int = 4
    trusted_proxies: int = 0
    most_unpaid_orders: int = 5
    offline_reservation_days: int = 7
    notice_days: int = 20
    region_least_people: int = 11
    purchase_platforms: frozenset[str] = PURCHASE_PLATFORMS
    bank_account: "BankAccount | None" = None
    trade_managed: bool = False
    past_keys: bytes = b""

    @property
    def production(self) -> bool:
        """Whether this instance serves real people; the simulator and sample forests refuse to start then."""
        return self.environment == "production"

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> "Settings":
        """Read and check the environment. Raises `UnsafeSettings` naming every value that is wrong."""
        environment = env.get("SENHUI_ENV", "development")
        if environment not in ("production", "development", "test"):
            raise UnsafeSettings(f"SENHUI_ENV: unknown environment {environment!r}")
        return cls._production(env) if environment == "production" else cls._development(env, environment)

    @classmethod
    def _production(cls, env: Mapping[str, str]) -> "Settings":
        names = [*_REQUIRED, *_WECHAT_FILES]
        faults = [f"{name} is missing" for name in names if not env.get(name)]
        for name in (n for n in ("PUBLIC_URL", "WECHAT_API_BASE", "WECHAT_PAY_BASE") if env.get(n)):
            if urlsplit(env[name]).scheme != "https":
                faults.append(f"{name} must be https")
        if env.get("PHONE_URL"):
            faults.append("PHONE_URL belongs to the simulator and must not be set in production")
        if env.get("WECHAT_PAY_APIV3_KEY") and len(env["WECHAT_PAY_APIV3_KEY"]) != 32:
            faults.append("WECHAT_PAY_APIV3_KEY must be 32 characters")
        notice = env.get("NOTICE_DAYS", "")
        if notice.isdecimal() and int(notice) < _LEAST_NOTICE_DAYS:
            faults.append(f"NOTICE_DAYS must be at least {_LEAST_NOTICE_DAYS}")
        given_files = [name for name in (*_KEY_FILES, *_WECHAT_FILES) if env.get(name)]
        faults += [f"{name}: no such file" for name in given_files if not Path(env[name]).is_file()]
        if faults:
            raise UnsafeSettings("; ".join(faults))
        return cls._build(env, "production", _wechat(env), Path(env.get("SENHUI_VAR", "var")))

    @classmethod
    def _development(cls, env: Mapping[str, str], environment: str) -> "Settings":
        var = Path(env.get("SENHUI_VAR", "var")).resolve()
        values = {**_simulated_wechat(var / "simulator"), **env}
        for name in _KEY_FILES:
            values.setdefault(name, str(_ensure_key(var / "keys" / name.lower().removesuffix("_file"))))
        if not (values.get("DATABASE_URL") and values.get("REDIS_URL")):
            import devstack  # the embedded servers exist only where neither URL is given

            stack = devstack.ensure(var / "stack", durable=environment != "test")
            values["DATABASE_URL"] = values.get("DATABASE_URL") or stack.database_url
            values["REDIS_URL"] = values.get("REDIS_URL") or stack.redis_url
        port = values.get("PORT", "8000")
        values.setdefault("PUBLIC_URL", f"http://127.0.0.1:{port}")
        return cls._build(values, environment, _wechat(values), var)

    @classmethod
    def _build(
        cls, env: Mapping[str, str], environment: str, wechat: WeChatSettings, var: Path
    ) -> "Settings":
        data_key = Path(env["DATA_KEY_FILE"]).read_bytes()
        if len(data_key) != DATA_KEY_BYTES:
            raise UnsafeSettings(f"DATA_KEY_FILE must hold {DATA_KEY_BYTES} raw bytes")
        return cls(
            environment=environment,
            database_url=_psycopg(env["DATABASE_URL"]),
            redis_url=env["REDIS_URL"],
            public_url=env["PUBLIC_URL"].rstrip("/"),
            token_key=Path(env["TOKEN_KEY_FILE"]).read_bytes(),
            certificate_key=Path(env["CERTIFICATE_KEY_FILE"]).read_bytes(),
            data_key=data_key,
            wechat=wechat,
            var=var,
            phone_url=env.get("PHONE_URL"),
            purchase_platforms=_platforms(env, environment),
            bank_account=_bank_account(env, environment),
            trade_managed=_switch(env, "WECHAT_TRADE_MANAGED"),
            past_keys=_past_keys(env),
            **{name: _number(env, name) for name in _NUMBERS if env.get(name.upper())},
        )


DATA_KEY_BYTES = 32
"""AES-256."""
_LEAST_NOTICE_DAYS = 7
_NUMBERS = {
    "reservation_seconds": (120, 7 * 86_400),
    "offline_reservation_days": (1, 30),
    "notice_days": (0, 365),
    "region_least_people": (5, 100_000),
    "most_unpaid_orders": (1, 1000),
    "pool_size": (1, 100),
    "trusted_proxies": (0, 10),
}
"""Settings that are numbers, with their bounds; WeChat Pay closes an unpaid order after seven days."""
_KEY_FILES = ("TOKEN_KEY_FILE", "CERTIFICATE_KEY_FILE", "DATA_KEY_FILE")
_REQUIRED = (
    "DATABASE_URL",
    "REDIS_URL",
    "PUBLIC_URL",
    *_KEY_FILES,
    "WECHAT_API_BASE",
    "WECHAT_PAY_BASE",
    "WECHAT_APPID",
    "WECHAT_SECRET",
    "WECHAT_PAY_MCHID",
    "WECHAT_PAY_MERCHANT_SERIAL",
    "WECHAT_PAY_PUBLIC_KEY_ID",
    "WECHAT_PAY_APIV3_KEY",
)
_WECHAT_FILES = ("WECHAT_PAY_PRIVATE_KEY_FILE", "WECHAT_PAY_PUBLIC_KEY_FILE")


def _wechat(env: Mapping[str, str]) -> WeChatSettings:
    """The WeChat account; in development without a simulator every value is empty and calls are refused."""
    files = {n: Path(env[n]).read_bytes() if env.get(n) else b"" for n in _WECHAT_FILES}
    return WeChatSettings(
        api_base=env.get("WECHAT_API_BASE", "http://127.0.0.1:9"),
        pay_base=env.get("WECHAT_PAY_BASE", "http://127.0.0.1:9"),
        appid=env.get("WECHAT_APPID", ""),
        secret=env.get("WECHAT_SECRET", ""),
        mchid=env.get("WECHAT_PAY_MCHID", ""),
        merchant_serial=env.get("WECHAT_PAY_MERCHANT_SERIAL", ""),
        merchant_private_key=files["WECHAT_PAY_PRIVATE_KEY_FILE"],
        platform_key_id=env.get("WECHAT_PAY_PUBLIC_KEY_ID", ""),
        platform_public_key=files["WECHAT_PAY_PUBLIC_KEY_FILE"],
        apiv3_key=env.get("WECHAT_PAY_APIV3_KEY", ""),
    )


def isolated(var: Path, port: int) -> dict[str, str]:
    """This process's environment for an instance of its own: nothing of another one's settings in it.

    For demo, bench and journeys, which must never touch the database or merchant that a shell names.
    """
    ours = {*_REQUIRED, *_WECHAT_FILES, *(name.upper() for name in _NUMBERS), "PHONE_URL"}
    ours |= {*_BANK, "PURCHASE_PLATFORMS", "WECHAT_TRADE_MANAGED", "PAST_CERTIFICATE_KEYS_FILE"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    ground = {"SENHUI_ENV": "development", "SENHUI_VAR": str(var), "PORT": str(port)}
    # Here a program buys, and one of its buyers stands for many.
    return {**kept, **ground, "MOST_UNPAID_ORDERS": "1000"}


def _platforms(env: Mapping[str, str], environment: str) -> frozenset[str]:
    """Where buying is on. Development also serves clients that do not say what they are."""
    named = frozenset(filter(None, (word.strip() for word in env.get("PURCHASE_PLATFORMS", "").split(","))))
    known = PURCHASE_PLATFORMS | {"ios", "unknown"}
    if not named <= known:
        raise UnsafeSettings(f"PURCHASE_PLATFORMS takes {', '.join(sorted(known))}")
    if named or "PURCHASE_PLATFORMS" in env:
        return named
    return PURCHASE_PLATFORMS if environment == "production" else PURCHASE_PLATFORMS | {"unknown"}


def _bank_account(env: Mapping[str, str], environment: str) -> BankAccount | None:
    """Our account for transfers: all of it or nothing; in development an example."""
    given = [env.get(name, "").strip() for name in _BANK]
    if all(given):
        return BankAccount(*given)
    if any(given):
        raise UnsafeSettings(f"{', '.join(_BANK)} are set together or not at all")
    return None if environment == "production" else SAMPLE_ACCOUNT


_BANK = ("BANK_ACCOUNT_NAME", "BANK_ACCOUNT_NUMBER", "BANK_ACCOUNT_BANK")
SAMPLE_ACCOUNT = BankAccount("示例森惠平台（示例）", "6200 0000 0000 0000 000", "示例银行顺昌支行")


def _past_keys(env: Mapping[str, str]) -> bytes:
    """The public keys that signed before the present one: a JWK set, checked where it is read."""
    name = env.get("PAST_CERTIFICATE_KEYS_FILE")
    if not name:
        return b""
    if not Path(name).is_file():
        raise UnsafeSettings("PAST_CERTIFICATE_KEYS_FILE: no such file")
    return Path(name).read_bytes()


def _switch(env: Mapping[str, str], name: str) -> bool:
    word = env.get(name, "off").strip().lower()
    if word not in ("on", "off"):
        raise UnsafeSettings(f"{name} is on or off")
    return word == "on"


def _number(env: Mapping[str, str], name: str) -> int:
    least, most = _NUMBERS[name]
    text = env[name.upper()]
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise UnsafeSettings(f"{name.upper()} must be a whole number from {least} to {most}")
    return int(text)


def _psycopg(url: str) -> str:
    """SQLAlchemy's name for psycopg 3; `postgres://` is refused by it although many hosts hand it out."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def _simulated_wechat(folder: Path) -> dict[str, str]:
    """The account and address that the simulator wrote down; nothing when it never ran."""
    if not (folder / "wechat.env").exists():
        return {}
    lines = (folder / "wechat.env").read_text().splitlines()
    values = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    if (folder / "simulator.url").exists():
        address = (folder / "simulator.url").read_text().strip()
        values |= dict.fromkeys(("WECHAT_API_BASE", "WECHAT_PAY_BASE", "PHONE_URL"), address)
    return values


def _ensure_key(path: Path) -> Path:
    """Make a development key once: 32 raw bytes for `data_key`, an Ed25519 private key otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.name == "data_key":
        content = os.urandom(32)
    else:
        content = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    # Several processes may start at once: the first link wins, the others read its key.
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_bytes(content)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path
