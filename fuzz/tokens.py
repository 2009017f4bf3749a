"""Mutated tokens: damaged, forged, unsigned, for another door, of another time, and plain nonsense."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from time import monotonic
from typing import Any

from werkzeug.http import parse_cookie

from fuzz.door import Attack
from fuzz.mint import MISSING, Mint
from fuzz.strokes import STRANGE, Positions, scarred, sprinkled
from fuzz.values import ODD, UNPLAIN

REFUSED = frozenset({400, 401})
LED_TO_SIGN_IN = frozenset({302, 400, 401})
NOT_REFRESHED = frozenset({400, 401, 422})
READING = (("GET", "/v1/me"), ("GET", "/v1/me/statement"), ("GET", "/v1/orders"), ("GET", "/v1/dues"))
WRITING = (
    ("POST", "/v1/orders"),
    ("POST", "/v1/orders/XXXXXXXX/payment"),
    ("POST", "/v1/dues"),
    ("DELETE", "/v1/sessions/current"),
)
PAGE = "/orders"
FRESH_S = 300.0
Made = tuple[str, str]


@dataclass(frozen=True)
class Visitor:
    """Somebody with a live session and one that they signed out of; `refresh` is never used up."""

    holder_id: int
    session_id: int
    ended_session_id: int
    refresh: str


class Tokens:
    """An endless supply of bad tokens of `visitor`, and true ones."""

    def __init__(self, pem: bytes, cookie: str, visitor: Visitor, dice: Random) -> None:
        self._mint = Mint(pem, visitor.holder_id, visitor.session_id, dice)
        self._cookie, self._visitor, self._dice = cookie, visitor, dice
        self._bits: dict[str, Positions] = defaultdict(Positions)
        self._cuts = Positions()
        self._good: dict[str, str] = {}
        self._written_at = float("-inf")

    def true(self) -> Attack:
        """The visitor's own token, at a door that must let them in."""
        if self._dice.random() < 0.3:
            carried = self._carried(self._base("web"))
            return Attack("cookie true", "GET", PAGE, carried, refused_with=LED_TO_SIGN_IN)
        return self._borne("true", f"Bearer {self._base('api')}", READING)

    def attacks(self) -> Iterator[Attack]:
        """Bad tokens without end."""
        makers: dict[Callable[[str], Made], int] = {
            self._flipped: 30,
            self._struck: 20,
            self._written_otherwise: 8,
            self._forged: 14,
            self._misheaded: 8,
            self._misclaimed: 12,
            self._of_another_door: 4,
            self._nonsense: 6,
        }
        while True:
            draw = self._dice.random()
            if draw < 0.03:
                yield self._unborne()
            elif draw < 0.05:
                yield self._refresh()
            else:
                (maker,) = self._dice.choices(list(makers), list(makers.values()))
                audience = "web" if self._dice.random() < 0.2 else "api"
                kind, token = maker(audience)
                if not self._is_good(token, audience):
                    yield self._presented(kind, token, audience)

    def _is_good(self, token: str, audience: str) -> bool:
        """Whether damage left a good token after all, once the header's own syntax is taken off."""
        if audience == "web":
            try:
                return parse_cookie(self._carried(token)["Cookie"]).get(self._cookie) == self._base("web")
            except UnicodeError:
                return False
        return token.strip() == self._base(audience)

    def _presented(self, kind: str, token: str, audience: str) -> Attack:
        if audience == "web":
            return Attack(f"cookie {kind}", "GET", PAGE, self._carried(token), refused_with=LED_TO_SIGN_IN)
        # A session that has ended may still be ended again: only reading shows that it is over.
        doors = READING if kind == "of other claims" else READING + WRITING
        return self._borne(kind, f"Bearer {token}", doors)

    def _borne(self, kind: str, value: str, doors: tuple[tuple[str, str], ...]) -> Attack:
        method, path = self._dice.choice(doors)
        return Attack(f"token {kind}", method, path, {"Authorization": value}, refused_with=REFUSED)

    def _carried(self, token: str) -> dict[str, str]:
        return {"Cookie": f"{self._cookie}={token}"}

    def _base(self, audience: str) -> str:
        if monotonic() - self._written_at > FRESH_S:
            self._good = {name: self._mint.own(self._mint.claims(name)) for name in ("api", "web", "console")}
            self._written_at = monotonic()
        return self._good[audience]

    def _flipped(self, audience: str) -> Made:
        token = self._bits[audience].flip(self._base(audience).encode())
        return "with a flipped bit", token.decode("latin-1")

    def _struck(self, audience: str) -> Made:
        dice, token = self._dice, self._base(audience)
        parts = token.split(".")
        made = dice.choice(
            (
                lambda: scarred(dice, token.encode()).decode("latin-1"),
                lambda: self._cuts.cut(token.encode()).decode(),
                lambda: sprinkled(dice, token),
                lambda: token + dice.choice(STRANGE) + token,
                lambda: ".".join(dice.sample(parts, 3)),
                lambda: ".".join([*parts, dice.choice(parts)]),
                lambda: ".".join(part if dice.random() < 0.6 else "" for part in parts),
                lambda: ".".join([*parts[:2], self._base("console").split(".")[2]]),
            )
        )()
        return "damaged", made

    def _written_otherwise(self, audience: str) -> Made:
        """The same bytes in base64 that is not canonical: padding, loose end bits, another alphabet."""
        dice = self._dice
        parts = self._base(audience).split(".")
        place = dice.randrange(3)
        part = parts[place]
        parts[place] = dice.choice(
            (
                f"{part}=",
                f"{part}==",
                part[:-1] + chr(ord(part[-1]) ^ dice.randrange(1, 16)),
                part.translate(str.maketrans("-_", "+/")),
                sprinkled(dice, part),
            )
        )
        return "written otherwise", ".".join(parts)

    def _forged(self, audience: str) -> Made:
        """The right claims under no signature, a stranger's, or our public key taken for a secret."""
        dice, mint, claims = self._dice, self._mint, self._mint.claims(audience)
        jwk = {"jwk": mint.stranger_jwk, "jku": "https://example.com/keys", "x5u": "https://example.com/x"}
        kids = ("../../../../dev/null", "' OR 1=1", "", None, MISSING, 0)
        made = dice.choice(
            (
                lambda: mint.unsigned(claims, dice.choice(("none", "None", "NONE", "nOnE", "", None, *ODD))),
                lambda: mint.hashed(claims),
                lambda: mint.strangers(claims),
                lambda: mint.strangers(claims, **jwk),
                lambda: mint.strangers(claims, kid=dice.choice(kids)),
            )
        )()
        return "forged", made

    def _misheaded(self, audience: str) -> Made:
        """Truly signed, under a header that must not be followed."""
        dice = self._dice
        header: dict[str, Any] = dice.choice(
            (
                {"typ": dice.choice(("JWT", "AT+JWT", "cert+jws", "", MISSING, *ODD))},
                {"kid": dice.choice(("0" * 16, "", MISSING, *ODD))},
                {"alg": dice.choice(("none", "HS256", "RS256", "ES256", "PS512", "Ed448", MISSING, *ODD))},
                {"crit": dice.choice((["exp"], ["b64"], *ODD))},
                {"b64": False, "crit": ["b64"]},
            )
        )
        if header.get("crit", True) is None:  # as good as left out
            header["kid"] = MISSING
        return "of another header", self._mint.own(self._mint.claims(audience), **header)

    def _misclaimed(self, audience: str) -> Made:
        """Truly signed, for another audience, time or session, or with claims of no sense."""
        name = self._dice.choice(list(CLAIMS))
        claims = self._mint.claims(audience)
        wrong = (*CLAIMS[name](claims[name], self._visitor), MISSING)
        value = self._dice.choice(wrong)
        claims = {key: old for key, old in claims.items() if key != name}
        return "of other claims", self._mint.own(claims if value is MISSING else claims | {name: value})

    def _of_another_door(self, audience: str) -> Made:
        others = [self._base(name) for name in ("api", "web", "console") if name != audience]
        return "of another door", self._dice.choice((*others, self._visitor.refresh))

    def _nonsense(self, _: str) -> Made:
        dice, mint = self._dice, self._mint
        made = dice.choice(
            (
                lambda: mint.own(dice.choice(UNPLAIN[:-2])),
                lambda: mint.own(dice.choice(ODD)),
                lambda: dice.choice(("", ".", "..", "...", "a.b.c", "null", "undefined", "Bearer", "{}")),
                lambda: dice.randbytes(dice.randrange(200)).decode("latin-1"),
                lambda: dice.choice(("A", "a.", "é")) * dice.choice((2000, 20_000)),
                lambda: mint.own(b"[" * 2500),
            )
        )()
        return "nonsense", made

    def _unborne(self) -> Attack:
        """A good token that is not presented as one."""
        token = self._base("api")
        values = (
            *(f"{token}", f"Basic {token}", f"Token {token}", f"Bearer,{token}", f"Bearer\t{token}"),
            *(f"Bearer {token} {token}", f"Bearer {token}, Bearer {token}", f"Bearer Bearer {token}"),
            *(f"BearerBearer {token}", f'Bearer token="{token}"', "Bearer", "Bearer ", "", "\x00"),
        )
        return self._borne("not presented as one", self._dice.choice(values), READING + WRITING)

    def _refresh(self) -> Attack:
        dice, refresh = self._dice, self._visitor.refresh
        made = (
            scarred(dice, refresh.encode()).decode("latin-1"),
            sprinkled(dice, refresh),
            self._bits["refresh"].flip(refresh.encode()).decode("latin-1"),
            self._base("api"),
            *ODD,
        )
        chosen = [value for value in made if value != refresh]
        body = json.dumps({"refresh_token": dice.choice(chosen)}).encode()
        headers = {"Content-Type": "application/json"}
        return Attack("refresh token", "POST", "/v1/sessions/refresh", headers, body, NOT_REFRESHED)


NO_SESSION = 10**12
NAN, INFINITY = float("nan"), float("inf")
_NO_TIME: tuple[Any, ...] = (None, True, "", "x", "9999999999", [], {}, NAN, INFINITY, -INFINITY, 10**400)
CLAIMS: dict[str, Callable[[Any, Visitor], tuple[Any, ...]]] = {
    "iss": lambda true, _: (None, "", "Senhui", "senhui ", "https://example.com", [true], 7, {}),
    "aud": lambda true, _: (
        None,
        "",
        true.upper(),
        f"{true} ",
        "cert",
        "pay",
        "api-web",
        7,
        {},
        [],
        [true],
        [true, "web"],
    ),
    "exp": lambda true, _: (0, -1, true - 901, true - 86_400, *_NO_TIME),
    "nbf": lambda true, _: (true + 60, true + 86_400, 2**53, *_NO_TIME),
    "iat": lambda _true, _: _NO_TIME,
    "sub": lambda true, _: (
        *(None, "", "x", int(true), f" {true}", f"+{true}", f"0{true}", f"{true}.0", f"{true}_0", "-1", "0"),
        *("".join(chr(ord(digit) + 0xFEE0) for digit in true), "9" * 30, "9" * 5000, [true], {}, True),
    ),
    "sid": lambda true, visitor: (
        *(visitor.ended_session_id, None, str(true), float(true), true + 0.5, True, [true], {}, "x"),
        *(-true, 0, NO_SESSION, 2**63, 10**30, 10**400, NAN, INFINITY),
    ),
    "jti": lambda _true, _: (None, 7, [], {}),
}
"""What each claim must not be; given what is true of it."""
