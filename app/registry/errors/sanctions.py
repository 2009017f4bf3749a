"""Sanctions 处分: what they stop, and who may lay or lift them."""

from app.kit.problems import Problem


class Sanctioned(Problem):
    """The holder or the project is suspended or removed; the register says why."""

    status = 409
    message = "registry.sanctioned"


class NewLotsBarred(Problem):
    """A limit in force bars this holder or project from opening lots."""

    status = 409
    message = "registry.new_lots_barred"


class LotHalted(Problem):
    """The lot's seller or project is suspended or removed: nothing can be ordered from it."""

    status = 409
    message = "registry.lot_halted"


class DailyLimitReached(Problem):
    """A limit in force lets no more be sold today from this lot."""

    status = 409
    message = "registry.daily_limit_reached"


class SanctionUnknown(Problem):
    """No sanction has this code."""

    status = 404
    message = "registry.sanction_unknown"


class SanctionPastThis(Problem):
    """The sanction does not stand where this step begins."""

    status = 409
    message = "registry.sanction_past_this"


class SanctionStands(Problem):
    """The same stands against this holder or project already."""

    status = 409
    message = "registry.sanction_stands"


class OtherOperatorNeeded(Problem):
    """Whoever proposed this cannot agree to it."""

    status = 403
    message = "registry.other_operator_needed"


class TargetUnknown(Problem):
    """No such holder, or one that no sanction can be laid upon."""

    status = 404
    message = "registry.target_unknown"
