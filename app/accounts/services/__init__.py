"""What can be done with holders and operators. The only writers of this room."""

from app.accounts.services import api_keys, audit, homes, memberships, notices, operators, verifications
from app.accounts.services.holders import (
    SignedIn,
    grant_consent,
    open_holder,
    open_organisation,
    open_right_holder,
    refresh,
    sign_in_wechat,
    sign_out,
    withdraw_consent,
)

__all__ = [
    "SignedIn",
    "api_keys",
    "audit",
    "grant_consent",
    "homes",
    "memberships",
    "notices",
    "open_holder",
    "open_organisation",
    "open_right_holder",
    "operators",
    "refresh",
    "sign_in_wechat",
    "sign_out",
    "verifications",
    "withdraw_consent",
]
