"""The identities of a pretended merchant and of the pretended platform: made once, kept in `var`.

`wechat.env` is the file for the application under development: plain KEY=value lines with what a
merchant would copy from WeChat's consoles. The platform's private key stays out of it.

Shapes. Source: WeChat Pay API v3, "开发必要参数说明" (32-character APIv3 key, 40-hex certificate serial,
`PUB_KEY_ID_` and digits) and the mini-program console (appid `wx` + 16 hex, secret 32 hex).
"""

import secrets
import string
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from simulator.files import PRIVATE_DIRECTORY, locked, write_private

ENV_FILE = "wechat.env"
MERCHANT_KEY_FILE = "merchant_private_key.pem"
PLATFORM_KEY_FILE = "platform_private_key.pem"
PLATFORM_PUBLIC_FILE = "platform_public_key.pem"


@dataclass(frozen=True, repr=False)
class Keys:
    """Everything two sides need to sign, verify and decrypt; its repr shows no secret."""

    appid: str
    secret: str
    mchid: str
    merchant_serial: str
    merchant_key: rsa.RSAPrivateKey
    platform_key: rsa.RSAPrivateKey
    public_key_id: str
    apiv3_key: str
    env_file: Path

    def __repr__(self) -> str:
        """Name the merchant only."""
        return f"Keys(appid={self.appid!r}, mchid={self.mchid!r})"


def ensure_keys(var: Path) -> Keys:
    """Return the keys kept in `var`, making them the first time; safe to call from two processes.

    Raises ValueError when a file of an earlier run is damaged.
    """
    var = var.resolve()
    var.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    with locked(var / "keys.lock"):
        # Written last, so that its presence means that every key file is complete.
        if not (var / ENV_FILE).exists():
            _make_key_files(var)
            _write_env(var, _new_identity())
        identity = _read_env(var)
        # The paths in the file are absolute: they are refreshed in case `var` was moved.
        _write_env(var, identity)
    return _load(var, identity)


def _make_key_files(var: Path) -> None:
    """Write both RSA pairs; the merchant's public half is derived when it is needed."""
    for name in (MERCHANT_KEY_FILE, PLATFORM_KEY_FILE):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        write_private(
            var / name,
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
        )
    write_private(
        var / PLATFORM_PUBLIC_FILE,
        _read_key(var / PLATFORM_KEY_FILE)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
    )


def _new_identity() -> dict[str, str]:
    """Draw the names and shared secrets of a merchant."""
    alphanumeric = string.ascii_letters + string.digits
    return {
        "WECHAT_APPID": "wx" + secrets.token_hex(8),
        "WECHAT_SECRET": secrets.token_hex(16),
        "WECHAT_PAY_MCHID": "1900" + _digits(6),
        "WECHAT_PAY_MERCHANT_SERIAL": secrets.token_hex(20).upper(),
        "WECHAT_PAY_PUBLIC_KEY_ID": "PUB_KEY_ID_" + _digits(30),
        "WECHAT_PAY_APIV3_KEY": "".join(secrets.choice(alphanumeric) for _ in range(32)),
    }


def _digits(count: int) -> str:
    """Return `count` random decimal digits."""
    return "".join(secrets.choice(string.digits) for _ in range(count))


def _write_env(var: Path, identity: dict[str, str]) -> None:
    """Write `wechat.env`: the identity and where the key files lie."""
    lines = identity | {
        "WECHAT_PAY_PRIVATE_KEY_FILE": str(var / MERCHANT_KEY_FILE),
        "WECHAT_PAY_PUBLIC_KEY_FILE": str(var / PLATFORM_PUBLIC_FILE),
    }
    text = "".join(f"{name}={value}\n" for name, value in lines.items()).encode()
    path = var / ENV_FILE
    if not path.exists() or path.read_bytes() != text:
        write_private(path, text)


def _read_env(var: Path) -> dict[str, str]:
    """Read back the KEY=value lines."""
    lines = (var / ENV_FILE).read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _read_key(path: Path) -> rsa.RSAPrivateKey:
    """Load one RSA private key."""
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError(f"{path.name} is not an RSA key")
    return key


def _load(var: Path, identity: dict[str, str]) -> Keys:
    """Put the files and the identity together."""
    try:
        return Keys(
            appid=identity["WECHAT_APPID"],
            secret=identity["WECHAT_SECRET"],
            mchid=identity["WECHAT_PAY_MCHID"],
            merchant_serial=identity["WECHAT_PAY_MERCHANT_SERIAL"],
            merchant_key=_read_key(var / MERCHANT_KEY_FILE),
            platform_key=_read_key(var / PLATFORM_KEY_FILE),
            public_key_id=identity["WECHAT_PAY_PUBLIC_KEY_ID"],
            apiv3_key=identity["WECHAT_PAY_APIV3_KEY"],
            env_file=var / ENV_FILE,
        )
    except KeyError as missing:
        raise ValueError(f"{ENV_FILE} has lost {missing}; remove {var} to start anew") from None
