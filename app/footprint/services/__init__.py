"""What can be done with factors, actions, steps and emissions. The only writers of this room."""

from app.footprint.services.actions import Recorded, record_act, record_action, withdraw_action
from app.footprint.services.emissions import record_emission
from app.footprint.services.factors import load_factors
from app.footprint.services.methodologies import load_methodologies
from app.footprint.services.reviews import appeal, attach_photo, decide
from app.footprint.services.steps import record_steps

__all__ = [
    "Recorded",
    "appeal",
    "attach_photo",
    "decide",
    "load_factors",
    "load_methodologies",
    "record_act",
    "record_action",
    "record_emission",
    "record_steps",
    "withdraw_action",
]
