"""What an event refuses."""

from app.kit.problems import Problem


class EventSettled(Problem):
    """Its final figure is closed: only a correction tells it anew."""

    status = 409
    message = "causes.event_settled"


class EventCalledOff(Problem):
    """It does not take place any more."""

    status = 409
    message = "causes.event_called_off"


class EventAttested(Problem):
    """What was attested once is not hidden again."""

    status = 409
    message = "causes.event_attested"


class EventHidden(Problem):
    """An operator hid it, for a reason that its organiser reads."""

    status = 409
    message = "causes.event_hidden"


class NothingToCorrect(Problem):
    """Only a closed final figure is corrected, one correction at a time."""

    status = 409
    message = "causes.nothing_to_correct"


class InventoryTaken(Problem):
    """An inventory is of one event."""

    status = 409
    message = "causes.inventory_taken"


class NothingLeftOver(Problem):
    """Less than so much is left over, or it may still be needed."""

    status = 409
    message = "causes.nothing_left_over"


class TooManyReductions(Problem):
    """An event has so many reductions."""

    status = 409
    message = "causes.too_many_reductions"


class TooManyCorrections(Problem):
    """An event's figures are corrected so often."""

    status = 409
    message = "causes.too_many_corrections"


class ForestUnderProof(Problem):
    """What a proof speaks of does not change any more."""

    status = 409
    message = "causes.forest_under_proof"


class ProofDecided(Problem):
    """There is no such request that waits."""

    status = 409
    message = "causes.proof_decided"


class ProofNeedsAnother(Problem):
    """Who asked for it does not decide it."""

    status = 409
    message = "causes.proof_needs_another"


class ProofStands(Problem):
    """One proof a forest, and one forest a report."""

    status = 409
    message = "causes.proof_stands"


class ProofTooEarly(Problem):
    """What is put forward was measured before the forest was planted, or has not been measured yet."""

    status = 409
    message = "causes.proof_too_early"


class ProofTooLate(Problem):
    """The scheme's time for a planted forest is over."""

    status = 409
    message = "causes.proof_too_late"
