"""What can happen to a notice on its way, or in the hands of somebody who has no key."""

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from random import Random

from fuzz.letters import Letter, written
from fuzz.strokes import STRANGE, Positions, scarred, sprinkled
from fuzz.values import ODD, UNPLAIN

SEAL = (
    "Wechatpay-Timestamp",
    "Wechatpay-Nonce",
    "Wechatpay-Serial",
    "Wechatpay-Signature-Type",
    "Wechatpay-Signature",
)
WORDS = (
    *("", " ", "0", "-1", "1e9", "٣", "9" * 400, "NaN", "x" * 9000, "null", "====", "AAAA", "\x00"),
    *("WECHATPAY2-SM2-WITH-SM3", "WECHATPAY2-SHA1-RSA2048", "wechatpay2-sha256-rsa2048", "none"),
    *("WECHATPAY/SIGNTEST/" + "A" * 325, "PUB_KEY_ID_0", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"),
)
LENGTHS = ("", "-1", "abc", "0", "10", "٣", "1e3", "99999", "999999999999999999999")
Struck = tuple[str, Letter, dict[str, str]]


class Damage:
    """Strikes letters, so that none of its results is a letter that WeChat Pay has signed."""

    def __init__(self, dice: Random) -> None:
        self._dice = dice
        self._bits, self._cuts = Positions(), Positions()
        self._seal_bits: dict[str, Positions] = defaultdict(Positions)
        self._blows: dict[Callable[[Letter, Letter], Struck], int] = {
            self._bit_of_body: 10,
            self._bit_of_seal: 10,
            self._shorter: 3,
            self._body: 4,
            self._seal: 8,
            self._exchange: 4,
            self._inside: 5,
            self._length: 1,
        }

    def strike(self, letter: Letter, other: Letter) -> Struck:
        """One blow: its name, what is left, and what a server would tell differently about the request.

        `other` is another letter, for parts to be taken from.
        """
        while True:
            (blow,) = self._dice.choices(list(self._blows), list(self._blows.values()))
            kind, struck, environ = blow(letter, other)
            if struck != letter or environ:
                return kind, struck, environ

    def _bit_of_body(self, letter: Letter, _: Letter) -> Struck:
        return "with a flipped bit", replace(letter, body=self._bits.flip(letter.body)), {}

    def _bit_of_seal(self, letter: Letter, _: Letter) -> Struck:
        name = self._dice.choice(SEAL)
        flipped = self._seal_bits[name].flip(letter.headers[name].encode())
        return "with a flipped bit in a header", _with(letter, name, flipped.decode("latin-1")), {}

    def _shorter(self, letter: Letter, _: Letter) -> Struck:
        return "cut short", replace(letter, body=self._cuts.cut(letter.body)), {}

    def _body(self, letter: Letter, _: Letter) -> Struck:
        dice, body = self._dice, letter.body
        made = dice.choice(
            (
                lambda: scarred(dice, body),
                lambda: json.dumps(json.loads(body), indent=1).encode(),
                lambda: b"\xef\xbb\xbf" + body,
                lambda: body.decode().encode("utf-16"),
                lambda: dice.choice(UNPLAIN),
                lambda: body + b" " * dice.choice((1, 64_000, 70_000)),
                lambda: dice.randbytes(dice.randrange(2000)),
            )
        )()
        return "with another body", replace(letter, body=made), {}

    def _seal(self, letter: Letter, other: Letter) -> Struck:
        dice, name = self._dice, self._dice.choice(SEAL)
        value = letter.headers[name]
        if dice.random() < 0.15:
            kept = {header: text for header, text in letter.headers.items() if header != name}
            return "without a header", replace(letter, headers=kept), {}
        made = dice.choice(
            (
                dice.choice(WORDS),
                sprinkled(dice, value),
                f"{value}, {value}",
                f"{value},{other.headers[name]}",
                f" {value}",
                f"{value}{dice.choice(STRANGE)}",
                value.swapcase(),
                value[: dice.randrange(len(value))],
                value + value,
            )
        )
        return "with another header", _with(letter, name, made), {}

    def _exchange(self, letter: Letter, other: Letter) -> Struck:
        """Parts of two good letters put together."""
        names = [name for name in SEAL if self._dice.random() < 0.5]
        headers = letter.headers | {name: other.headers[name] for name in names}
        body = self._dice.choice((letter.body, other.body))
        if Letter(headers, body) == other or (headers == letter.headers and body == letter.body):
            body = letter.body + other.body
        return "of two halves", Letter(headers, body), {}

    def _inside(self, letter: Letter, other: Letter) -> Struck:
        """The ciphertext's parts exchanged or replaced, which a signature covers as well."""
        dice = self._dice
        told, foreign = json.loads(letter.body), json.loads(other.body)
        place, donor = dice.choice(((told, foreign), (told["resource"], foreign["resource"])))
        name = dice.choice(list(place))
        place[name] = dice.choice((donor[name], dice.choice(ODD)))
        return "with another inside", replace(letter, body=written(told)), {}

    def _length(self, letter: Letter, _: Letter) -> Struck:
        return "of a false length", letter, {"CONTENT_LENGTH": self._dice.choice(LENGTHS)}


def _with(letter: Letter, name: str, value: str) -> Letter:
    return replace(letter, headers=letter.headers | {name: value})
