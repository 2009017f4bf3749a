"""What accounts refuse."""

from typing import ClassVar

from app.kit.problems import Problem


class Overdrawn(Problem):
    """An entry would take a balance past its floor or ceiling; nothing was written."""

    status = 409
    message = "accounts.overdrawn"


class CodeNotAccepted(Problem):
    """WeChat does not accept this login code: used, expired or never given."""

    status = 401
    message = "accounts.code_not_accepted"
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": "Bearer"}


class SignInBlocked(Problem):
    """WeChat blocks this user's sign-in (high risk)."""

    status = 403
    message = "accounts.sign_in_blocked"


class RefreshNotAccepted(Problem):
    """The refresh token is unknown, expired or revoked, or was used before: the whole family ends."""

    status = 401
    message = "accounts.refresh_not_accepted"
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": "Bearer"}


class ConsentMissing(Problem):
    """The holder has not consented to data of this scene from this source."""

    status = 403
    message = "accounts.consent_missing"


class OperatorRefused(Problem):
    """Name, password or code is not right, or too many tries went before; one answer for every cause."""

    status = 401
    message = "accounts.operator_refused"
