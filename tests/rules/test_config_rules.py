"""Production starts only on a whole and safe environment, and tells what is wrong with another."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app import create_app
from app.config import _REQUIRED, _WECHAT_FILES, Settings, UnsafeSettings


def pem(key: Ed25519PrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment that production takes."""
    folder: Path = tmp_path_factory.mktemp("secrets")
    merchant = rsa.generate_private_key(65537, 2048)
    public = merchant.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    files = {
        "TOKEN_KEY_FILE": pem(Ed25519PrivateKey.generate()),
        "CERTIFICATE_KEY_FILE": pem(Ed25519PrivateKey.generate()),
        "DATA_KEY_FILE": bytes(range(32)),
        "WECHAT_PAY_PRIVATE_KEY_FILE": pem(merchant),
        "WECHAT_PAY_PUBLIC_KEY_FILE": public,
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return {
        "SENHUI_ENV": "production",
        "DATABASE_URL": "postgres://senhui@db.example/senhui",
        "REDIS_URL": "redis://redis.example/0",
        "PUBLIC_URL": "https://senhui.example",
        "WECHAT_API_BASE": "https://api.weixin.qq.com",
        "WECHAT_PAY_BASE": "https://api.mch.weixin.qq.com",
        "WECHAT_APPID": "wx4f4bc4dec97d474b",
        "WECHAT_SECRET": "canary-secret",
        "WECHAT_PAY_MCHID": "1900000109",
        "WECHAT_PAY_MERCHANT_SERIAL": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
        "WECHAT_PAY_PUBLIC_KEY_ID": "PUB_KEY_ID_0000000000000024101100397200000006",
        **{name: str(folder / name) for name in files},
        "WECHAT_PAY_APIV3_KEY": "canary-apiv3-key-32-characters-x",
    }


def test_a_whole_environment_starts(whole: dict[str, str]) -> None:
    settings = Settings.from_env(whole)
    assert settings.production
    assert settings.phone_url is None
    app = create_app(settings)
    assert "wechat_pay" in app.extensions


def test_secrets_never_show(whole: dict[str, str]) -> None:
    shown = repr(Settings.from_env(whole))
    assert "canary" not in shown
    assert "PRIVATE KEY" not in shown
    assert "senhui@db" not in shown


@pytest.mark.parametrize("name", [*_REQUIRED, *_WECHAT_FILES])
@pytest.mark.parametrize("value", [None, ""])
def test_every_setting_is_needed(whole: dict[str, str], name: str, value: str | None) -> None:
    env = {key: text for key, text in whole.items() if key != name}
    if value is not None:
        env[name] = value
    with pytest.raises(UnsafeSettings, match=name):
        Settings.from_env(env)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUBLIC_URL", "http://senhui.example"),
        ("WECHAT_API_BASE", "http://127.0.0.1:8001"),
        ("WECHAT_PAY_BASE", "http://127.0.0.1:8001"),
        ("PHONE_URL", "http://127.0.0.1:8001"),
        ("WECHAT_PAY_APIV3_KEY", "short"),
        ("SENHUI_ENV", "prod"),
        ("TOKEN_KEY_FILE", "/nowhere/token_key"),
        ("DATA_KEY_FILE", "/nowhere/data_key"),
        ("RESERVATION_SECONDS", "soon"),
        ("POOL_SIZE", "-1"),
        ("MOST_UNPAID_ORDERS", "0"),
        ("PURCHASE_PLATFORMS", "iphone"),
        ("BANK_ACCOUNT_NAME", "only a name"),
        ("WECHAT_TRADE_MANAGED", "yes"),
    ],
)
def test_unsafe_values_stop_the_boot(whole: dict[str, str], name: str, value: str) -> None:
    with pytest.raises(UnsafeSettings, match=name):
        Settings.from_env({**whole, name: value})


def test_a_data_key_of_another_length_stops_the_boot(whole: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(b"123")
    with pytest.raises(UnsafeSettings, match="DATA_KEY_FILE"):
        Settings.from_env({**whole, "DATA_KEY_FILE": str(tmp_path / "short")})


def test_production_sells_nowhere_by_default_where_nobody_said_so(whole: dict[str, str]) -> None:
    settings = Settings.from_env(whole)
    assert not {"ios", "unknown"} & settings.purchase_platforms
    assert settings.bank_account is None
    assert not settings.trade_managed
    assert settings.most_unpaid_orders == 5


def test_what_an_operator_switches_on_is_on(whole: dict[str, str]) -> None:
    account = {"BANK_ACCOUNT_NAME": "森惠", "BANK_ACCOUNT_NUMBER": "6200", "BANK_ACCOUNT_BANK": "银行"}
    more = {"PURCHASE_PLATFORMS": "ios, web", "WECHAT_TRADE_MANAGED": "on", **account}
    settings = Settings.from_env(whole | more)
    assert settings.purchase_platforms == {"ios", "web"}
    assert settings.trade_managed
    assert settings.bank_account is not None
    assert settings.bank_account.number == "6200"
    assert Settings.from_env(whole | {"PURCHASE_PLATFORMS": ""}).purchase_platforms == frozenset()
