"""What is refused to partners, to those who link themselves to one, and to operators who look after them."""

from typing import ClassVar

from app.kit.problems import Problem

_CHALLENGE = {"Accept-Signature": 'sig1=("@method" "@authority" "@path" "content-digest");created;keyid'}


class SignatureMissing(Problem):
    """No signature of the form we take, or one that does not cover what it must."""

    status = 401
    message = "footprint.signature_missing"
    headers: ClassVar[dict[str, str]] = _CHALLENGE


class KeyNotAccepted(Problem):
    """The key is unknown, not confirmed yet, past its days, or revoked."""

    status = 401
    message = "footprint.key_not_accepted"


class SignatureStale(Problem):
    """Signed too long ago, in the future, or past its own end: one of the clocks is wrong."""

    status = 401
    message = "footprint.signature_stale"


class SignatureWrong(Problem):
    """The signature was not made by this key over this request."""

    status = 401
    message = "footprint.signature_wrong"


class DigestWrong(Problem):
    """The body is not the one whose digest was signed."""

    status = 401
    message = "footprint.digest_wrong"


class PartnerSuspended(Problem):
    """Nothing of this partner counts at present: not registered yet, or suspended."""

    status = 403
    message = "footprint.partner_suspended"


class BatchReused(Problem):
    """A batch's name came again with other bytes."""

    status = 409
    message = "footprint.batch_reused"


class PartnerUnknown(Problem):
    """There is no such partner, or none that people can link themselves to."""

    status = 404
    message = "footprint.partner_unknown"


class PartnerCodeTaken(Problem):
    """Codes of partners are given once."""

    status = 409
    message = "footprint.partner_code_taken"


class PartnerTermsWait(Problem):
    """Terms of this partner wait for another operator; one proposal at a time."""

    status = 409
    message = "footprint.partner_terms_wait"


class PartnerPastThis(Problem):
    """What the operator decides on has been decided."""

    status = 409
    message = "footprint.partner_past_this"


class PartnerNeedsAnother(Problem):
    """Whoever proposed it does not decide on it."""

    status = 403
    message = "footprint.partner_needs_another"


class KeyRegisteredBefore(Problem):
    """A key is registered once, for one partner."""

    status = 409
    message = "footprint.key_registered_before"
