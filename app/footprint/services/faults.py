"""Faults of a request as its sender reads them."""

from collections.abc import Sequence

from app.footprint.rules import Fault
from app.kit.messages import t
from app.kit.problems import Unreadable


def unreadable(faults: Sequence[Fault]) -> Unreadable:
    """The refusal that names the field of every fault, in the caller's language."""
    return Unreadable(
        errors=[{"pointer": f"#/{each.where}", "detail": t(each.message, **each.params)} for each in faults]
    )
