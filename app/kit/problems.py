"""Refusals as RFC 9457 `application/problem+json`, one class a refusal, in the caller's language."""

from typing import Any, ClassVar

from app.kit.messages import t


class Problem(Exception):
    """A refusal that a client can act on.

    A subclass gives its HTTP `status` and a `message` name; the catalogue holds `<message>` as the
    title and `<message>.detail`-like text in `<message>_detail`. `code` is the stable word machines read.
    """

    status: ClassVar[int] = 400
    message: ClassVar[str] = "kit.bad_request"
    headers: ClassVar[dict[str, str]] = {}

    def __init__(self, *, errors: list[dict[str, str]] | None = None, **params: object) -> None:
        super().__init__(self.code, params)
        self.params = params
        self.errors = errors or []

    @property
    def code(self) -> str:
        """The stable machine word: the message's key without its room."""
        return self.message.split(".", 1)[1]

    def body(self, lang: str | None = None) -> dict[str, Any]:
        """The problem document's members that do not depend on the request."""
        document: dict[str, Any] = {
            "type": f"/problems/{self.code}",
            "title": t(self.message, lang, **self.params),
            "status": self.status,
            "detail": t(f"{self.message}_detail", lang, **self.params),
            "code": self.code,
        }
        if self.errors:
            document["errors"] = self.errors
        return document


class BadRequest(Problem):
    """The request cannot be read at all: not JSON, not UTF-8, nested without end."""


class Unreadable(Problem):
    """The body is readable but says something the operation does not take; `errors` names each field."""

    status = 422
    message = "kit.unprocessable"


class NotSignedIn(Problem):
    """No access token, or one that is expired, forged or revoked."""

    status = 401
    message = "kit.not_signed_in"
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": "Bearer"}


class NotAllowed(Problem):
    """Signed in, but not for this."""

    status = 403
    message = "kit.not_allowed"


class NotFound(Problem):
    """It does not exist, or belongs to another, which must look the same."""

    status = 404
    message = "kit.not_found"


class Conflict(Problem):
    """The stored state forbids it."""

    status = 409
    message = "kit.conflict"


class TooLarge(Problem):
    """The body is larger than any operation takes."""

    status = 413
    message = "kit.too_large"


class UnsupportedMedia(Problem):
    """A body that is not `application/json`."""

    status = 415
    message = "kit.unsupported_media"


class TooMany(Problem):
    """Too many requests of this kind in this time."""

    status = 429
    message = "kit.too_many"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "60"}


class OutsideUnavailable(Problem):
    """A party we depend on does not answer; nothing was changed."""

    status = 503
    message = "kit.outside_unavailable"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "5"}


class Busy(Problem):
    """Another request holds what this one needs; it may be sent again unchanged."""

    status = 503
    message = "kit.busy"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "1"}


class KeyReused(Problem):
    """An Idempotency-Key came back with another body."""

    status = 409
    message = "kit.key_reused"
