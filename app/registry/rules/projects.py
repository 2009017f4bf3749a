"""What is true of projects: their names, where they lie, what must be said of them. Pure."""

import re
from typing import NamedTuple

FOREST_TYPES = ("chinese_fir", "mixed_broadleaf", "bamboo", "other")
OWN_METHODOLOGIES = ("yiyuan", "sample_forest_management")
"""By which a removal may be verified here; foreign units bring the one of their origin."""
METHODOLOGIES = (*OWN_METHODOLOGIES, "origin")
"""Names in the message catalogue; a project with another could not be shown."""

PROJECT_CODE = re.compile(r"[A-Z0-9]+(?:-[A-Z0-9]+)*")
REGION = re.compile(r"[0-9]{6}")
"""A county's code. Source: GB/T 2260, administrative division codes of China."""


class Both(NamedTuple):
    """A text in both languages."""

    zh: str
    en: str
