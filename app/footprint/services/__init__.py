"""What can be done with factors, actions, steps and emissions. The only writers of this room."""

from app.footprint.services.actions import Recorded, record_action, withdraw_action
from app.footprint.services.emissions import record_emission
from app.footprint.services.factors import load_factors
from app.footprint.services.methodologies import choose_pack, load_methodologies
from app.footprint.services.steps import record_steps

__all__ = [
    "Recorded",
    "choose_pack",
    "load_factors",
    "load_methodologies",
    "record_action",
    "record_emission",
    "record_steps",
    "withdraw_action",
]
