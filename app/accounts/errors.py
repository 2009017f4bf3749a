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


class LastOwner(Problem):
    """An organisation never stands without somebody who may let others in."""

    status = 409
    message = "accounts.last_owner"


class InvitationUnknown(Problem):
    """No such invitation, or it was withdrawn, accepted, or its time is over; one answer for every cause."""

    status = 404
    message = "accounts.invitation_unknown"


class TooManyInvitations(Problem):
    """As many invitations wait, or members are in, as an organisation may have."""

    status = 409
    message = "accounts.too_many_invitations"


class TooManyOrganisations(Problem):
    """One person founds only so many organisations that nobody has verified."""

    status = 409
    message = "accounts.too_many_organisations"


class OwnerThere(Problem):
    """Operators invite the first owner of what they opened themselves, and nobody else."""

    status = 409
    message = "accounts.owner_there"


class AlreadyMember(Problem):
    """Whoever accepts is a member already."""

    status = 409
    message = "accounts.already_member"


class CreditCodeTaken(Problem):
    """Another organisation is verified under this unified social credit code."""

    status = 409
    message = "accounts.credit_code_taken"


class VerificationPending(Problem):
    """A wish to be verified waits for an operator already."""

    status = 409
    message = "accounts.verification_pending"


class VerificationDecided(Problem):
    """Another operator has decided it meanwhile."""

    status = 409
    message = "accounts.verification_decided"


class KeyScopes(Problem):
    """Nobody gives a key what they may not do themselves."""

    status = 403
    message = "accounts.key_scopes"


class TooManyKeys(Problem):
    """An organisation has as many keys as it may have."""

    status = 409
    message = "accounts.too_many_keys"


class KeyReplaced(Problem):
    """The key was replaced before, or does not work any more."""

    status = 409
    message = "accounts.key_replaced"
