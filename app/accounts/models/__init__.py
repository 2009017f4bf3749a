"""What accounts remember: holders and their books; operators and what they did."""

from app.accounts.models.audit import AuditEntry, AuditHead, AuditSeal
from app.accounts.models.holders import (
    HOLDER_KINDS,
    Account,
    Consent,
    Holder,
    PostingRow,
    RefreshToken,
    SignInSession,
    WeChatIdentity,
)
from app.accounts.models.homes import Home
from app.accounts.models.memberships import ApiKey, Invitation, Membership, Organisation, Verification
from app.accounts.models.notices import Notice
from app.accounts.models.operators import Operator, OperatorSession

__all__ = [
    "HOLDER_KINDS",
    "Account",
    "ApiKey",
    "AuditEntry",
    "AuditHead",
    "AuditSeal",
    "Consent",
    "Holder",
    "Home",
    "Invitation",
    "Membership",
    "Notice",
    "Operator",
    "OperatorSession",
    "Organisation",
    "PostingRow",
    "RefreshToken",
    "SignInSession",
    "Verification",
    "WeChatIdentity",
]
