"""Why one buys. Each purpose answers the same questions; one unit serves one purpose."""

from app.offsets.purposes.drive import DRIVE
from app.offsets.purposes.event import EVENT
from app.offsets.purposes.gift import GIFT
from app.offsets.purposes.judicial import JUDICIAL
from app.offsets.purposes.organisation import ORGANISATION
from app.offsets.purposes.personal import PERSONAL
from app.offsets.purposes.planting import PLANTING
from app.offsets.purposes.purpose import Purpose
from app.offsets.purposes.tree_duty import TREE_DUTY

PURPOSES: dict[str, Purpose] = {
    purpose.name: purpose
    for purpose in (PERSONAL, ORGANISATION, EVENT, TREE_DUTY, JUDICIAL, GIFT, DRIVE, PLANTING)
}
SELF_SERVICE = tuple(name for name, purpose in PURPOSES.items() if purpose.self_service)

__all__ = ["PURPOSES", "SELF_SERVICE", "Purpose"]
