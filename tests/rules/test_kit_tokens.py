"""Access tokens: one way to write each, and nothing but what we would write is read."""

from random import Random
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app.kit.identity import Signer
from app.kit.problems import NotSignedIn
from fuzz.mint import MISSING, Mint
from fuzz.tokens import CLAIMS, NO_SESSION, Visitor

PEM = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
SOMEBODY = Visitor(1005, 6, 7, "")


@pytest.fixture
def signer() -> Signer:
    return Signer(PEM)


@pytest.fixture
def mint() -> Mint:
    return Mint(PEM, SOMEBODY.holder_id, SOMEBODY.session_id, Random(1))


def refuses(signer: Signer, token: str) -> None:
    with pytest.raises(NotSignedIn):
        signer.read(token, "api")


def test_a_token_of_ours_is_read(signer: Signer, mint: Mint) -> None:
    for token in (signer.issue(1005, 6, "api"), mint.own(mint.claims("api"))):
        found = signer.read(token, "api")
        assert (found.holder_id, found.session_id) == (1005, 6)


def test_the_same_signature_written_otherwise_is_refused(signer: Signer) -> None:
    """Base64 leaves four bits loose at the end of 64 bytes, and a reader may take or leave its padding."""
    token = signer.issue(1005, 6, "api")
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/!.\n %"
    others = [token[:-1] + letter for letter in letters if letter != token[-1]]
    others += [token + "=" * count for count in (1, 2, 3, 4)]
    others += [token[:-5] + letter + token[-5:] for letter in letters]
    for other in others:
        refuses(signer, other)


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_that_we_would_not_write_is_refused_even_under_our_signature(
    signer: Signer, mint: Mint, name: str
) -> None:
    claims = mint.claims("api")
    wrong: tuple[Any, ...] = CLAIMS[name](claims[name], SOMEBODY)
    for value in wrong:
        if value not in (SOMEBODY.ended_session_id, NO_SESSION):  # not the signer's to know
            refuses(signer, mint.own(claims | {name: value}))
    refuses(signer, mint.own({key: value for key, value in claims.items() if key != name}))


HEADERS = [{"typ": "JWT"}, {"kid": "0"}, {"kid": MISSING}, {"alg": "none"}, {"crit": ["exp"]}]


@pytest.mark.parametrize("header", HEADERS)
def test_a_header_that_we_would_not_write_is_refused_even_under_our_signature(
    signer: Signer, mint: Mint, header: Any
) -> None:
    refuses(signer, mint.own(mint.claims("api"), **header))


def test_a_forged_token_is_refused(signer: Signer, mint: Mint) -> None:
    claims = mint.claims("api")
    for _ in range(50):
        refuses(signer, mint.hashed(claims))
        refuses(signer, mint.unsigned(claims, "none"))
    refuses(signer, mint.strangers(claims))
    refuses(signer, mint.strangers(claims, jwk=mint.stranger_jwk))
