"""What the outside can do to us, as types.

They carry no HTTP status of ours: that is for the room that answers a person.
"""

from typing import ClassVar


class OutsideError(Exception):
    """Something in the outside world did not go as asked. Its text never holds a secret."""


class Unreachable(OutsideError):
    """No answer that counts (time-out, reset, 5xx, a stranger's page). The outcome is unknown.

    Ask what happened, or repeat with the same numbers; never with new ones.
    """


class Busy(Unreachable):
    """The outside says it is busy at the moment (errcode -1)."""


class Unverified(OutsideError):
    """An answer or a notice without a valid signature, or signed but not as specified: not to be believed."""


class DecryptionFailed(OutsideError):
    """Data from a phone that is not what our key, our appid and this moment call for.

    One error with one text for every cause, so that nobody learns which check failed: AES-CBC without
    authentication would make that a padding oracle. Source: CWE-209 and CWE-354.
    """

    def __init__(self) -> None:
        super().__init__("the encrypted data was not accepted")


class Refused(OutsideError):
    """A definite no: nothing happened. `code` is the outside's own word for it, `request_id` its trace."""

    retryable: ClassVar[bool] = False

    def __init__(self, code: str, message: str = "", request_id: str = "") -> None:
        self.code, self.message, self.request_id = code[:64], message[:200], request_id[:64]
        super().__init__(f"{self.code}: {self.message} (request {self.request_id or 'unknown'})")


class CodeRefused(Refused):
    """The sign-in code is invalid, expired or already used: the phone asks WeChat for a new one."""


class UserBlocked(Refused):
    """WeChat holds this person for high-risk and lets them sign in nowhere."""


class RateLimited(Refused):
    """Asked too often; the same request is welcome later."""

    retryable = True


class NotReady(Refused):
    """Not there yet, such as a bill still being written; the same request is welcome later."""

    retryable = True


class OrderPaid(Refused):
    """The order is paid already, so it can be neither closed nor paid again: ask for the transaction."""


class Misconfigured(Refused):
    """The outside refuses us, not a person: a wrong id, secret or address, or a day's quota spent. Alarm."""


class TokenRefused(Misconfigured):
    """Our access token is not accepted, even when fresh."""
