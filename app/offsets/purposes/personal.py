"""A person neutralises what they still emit 个人碳中和.

A due arises from an emission the person records (month, kind, quantity, factor). Units are retired
at once and may not be kept; what a step gives beyond the due closes the next one.
"""

from app.offsets.purposes.purpose import Purpose

PERSONAL = Purpose("personal", "offsets.certifies_personal", self_service=True)
