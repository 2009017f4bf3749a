"""Why one buys. Each purpose answers the same questions; one unit serves one purpose."""

from app.offsets.purposes.personal import PERSONAL
from app.offsets.purposes.purpose import Purpose

PURPOSES: dict[str, Purpose] = {purpose.name: purpose for purpose in (PERSONAL,)}

__all__ = ["PURPOSES", "Purpose"]
