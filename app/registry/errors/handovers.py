"""Handovers 移交 and the programmes they go to."""

from typing import Any

from app.kit.messages import t
from app.kit.problems import Problem


class ProgrammeUnknown(Problem):
    """No recognised programme has this code."""

    status = 404
    message = "registry.programme_unknown"


class ProgrammePending(Problem):
    """Other particulars of this programme wait for their second person."""

    status = 409
    message = "registry.programme_pending"


class ProgrammeEnded(Problem):
    """These particulars of the programme stand no more, or stand already."""

    status = 409
    message = "registry.programme_ended"


class LetterRefused(Problem):
    """A signed letter is forged, for somebody else, or does not fit what we know; `reason` says which.

    `reason` is a name in the message catalogue, told in the language of whoever reads the refusal.
    """

    status = 422
    message = "registry.letter_refused"

    def body(self, lang: str | None = None) -> dict[str, Any]:
        """The problem document, with the reason in words."""
        told = {**self.params, "reason": t(str(self.params["reason"]), lang, **self.params)}
        return {**super().body(lang), "detail": t(f"{self.message}_detail", lang, **told)}


class HandoverUnknown(Problem):
    """No handover has this number here."""

    status = 404
    message = "registry.handover_unknown"


class HandoverState(Problem):
    """The handover stands elsewhere than this step begins."""

    status = 409
    message = "registry.handover_state"


class ProgrammeKeyTaken(Problem):
    """The key is ours or belongs to another programme."""

    status = 409
    message = "registry.programme_key_taken"


class NoWholeSteps(Problem):
    """This is no whole number of the product's steps."""

    status = 409
    message = "registry.no_whole_steps"


class SharesDue(Problem):
    """Somebody else is to have a registered share of these units' first sale here, which would never be."""

    status = 409
    message = "registry.shares_due"


class HoldsNothing(Problem):
    """The one who is to receive has no books here."""

    status = 422
    message = "registry.recipient_unknown"


class SamplesStayOut(Problem):
    """Sample units of another instance do not enter one that serves real people."""

    status = 409
    message = "registry.samples_stay_out"
