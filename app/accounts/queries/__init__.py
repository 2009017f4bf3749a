"""What can be known of holders, their books, and operators. The only readers of this room."""

from app.accounts.queries import (
    api_keys,
    audit,
    holders,
    homes,
    likeness,
    memberships,
    notices,
    operators,
    payables,
)
from app.accounts.queries.consents import lock_consents
from app.accounts.queries.holders import (
    StatementLine,
    balance_of,
    entries_relation,
    find_holder,
    find_openid,
    find_organisation,
    get_balance,
    get_balances,
    get_holder,
    get_wechat,
    is_named,
    is_of_kind,
    list_consents,
    list_holders,
    list_organisations,
    list_right_holders,
    list_statement,
    list_villages,
    lock_holders,
    openid_of,
    payer_of,
    require_consent,
    require_live_session,
    sum_boundary,
    sum_entries,
    units_relation,
)
from app.accounts.queries.places import places_from
from app.kit.proof import Proof

__all__ = [
    "StatementLine",
    "api_keys",
    "audit",
    "balance_of",
    "entries_relation",
    "find_holder",
    "find_openid",
    "find_organisation",
    "get_balance",
    "get_balances",
    "get_holder",
    "get_wechat",
    "homes",
    "is_named",
    "is_of_kind",
    "likeness",
    "list_consents",
    "list_holders",
    "list_organisations",
    "list_right_holders",
    "list_statement",
    "list_villages",
    "lock_consents",
    "lock_holders",
    "memberships",
    "notices",
    "openid_of",
    "operators",
    "payables",
    "payer_of",
    "places_from",
    "prove",
    "require_consent",
    "require_live_session",
    "sum_boundary",
    "sum_entries",
    "units_relation",
]


def prove() -> list[Proof]:
    """The books' invariants, who may act for whom, and that what operators did is sealed."""
    return [*holders.prove(), *memberships.prove(), *audit.prove()]
