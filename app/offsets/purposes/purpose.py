"""The questions that every purpose answers."""

from dataclasses import dataclass

from app.accounts.chart import AccountKind, EntryKind


@dataclass(frozen=True)
class Purpose:
    """One reason to retire units.

    `due` and `carry` are the accounts its dues stand on; `retire`, `retire_surplus` and `carry_over`
    the entries that move them; `reduce_due` and `return_to_carry` those
    that a correction downwards takes; `certificate` the message that says what the certificate attests;
    `self_service` whether buyers choose it themselves.
    """

    name: str
    due: AccountKind
    carry: AccountKind
    open_due: EntryKind
    retire: EntryKind
    retire_surplus: EntryKind
    carry_over: EntryKind
    reduce_due: EntryKind
    return_to_carry: EntryKind
    certificate: str
    self_service: bool = True
