"""A person neutralises what they still emit 个人碳中和.

A due arises from an emission the person records (month, kind, quantity, factor). Units are retired
at once and may not be kept; what a step gives beyond the due closes the next one.
"""

from app.accounts import chart
from app.offsets.purposes.purpose import Purpose

PERSONAL = Purpose(
    name="personal",
    due=chart.DUE_PERSONAL,
    carry=chart.CARRY_PERSONAL,
    open_due=chart.OPEN_DUE,
    retire=chart.RETIRE,
    retire_surplus=chart.RETIRE_SURPLUS,
    carry_over=chart.CARRY_OVER,
    reduce_due=chart.REDUCE_DUE,
    return_to_carry=chart.RETURN_TO_CARRY,
    certificate="offsets.certifies_personal",
)
