"""What rooms above are told of those who may act for others."""

ORGANISATION_CHANGED = "accounts.organisation_changed"
"""What changed in an organisation: `{"organisation_id", "kind", "subject"}`; the subject is a public code."""
HOME_CHANGED = "accounts.home_changed"
"""Somebody is at home elsewhere, or nowhere: `{"holder_id", "left"}`, the region before or null."""
