"""What can be done with factors, actions, steps and emissions. The only writers of this room."""

from app.footprint.services.actions import Recorded, record_act, record_action, withdraw_action
from app.footprint.services.calculations import estimate_month, keep_month
from app.footprint.services.emissions import record_emission, record_figures
from app.footprint.services.factors import load_factors
from app.footprint.services.guides import load_guides
from app.footprint.services.inventories import (
    Facts,
    NewLine,
    add_line,
    change_stage,
    close_stage,
    create_inventory,
    estimate_event,
    open_final,
    remove_line,
    replace_line,
)
from app.footprint.services.inventory_copies import copy_final
from app.footprint.services.methodologies import load_methodologies
from app.footprint.services.packs import choose_pack, stop_counting
from app.footprint.services.reviews import appeal, attach_photo, decide
from app.footprint.services.steps import record_steps

__all__ = [
    "Facts",
    "NewLine",
    "Recorded",
    "add_line",
    "appeal",
    "attach_photo",
    "change_stage",
    "choose_pack",
    "close_stage",
    "copy_final",
    "create_inventory",
    "decide",
    "estimate_event",
    "estimate_month",
    "keep_month",
    "load_factors",
    "load_guides",
    "load_methodologies",
    "open_final",
    "record_act",
    "record_action",
    "record_emission",
    "record_figures",
    "record_steps",
    "remove_line",
    "replace_line",
    "stop_counting",
    "withdraw_action",
]
