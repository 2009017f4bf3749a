"""Why a document is not given."""

from typing import ClassVar

from app.kit.problems import NotFound, TooMany


class PressBusy(TooMany):
    """More is asked for at once than a process prints; the same request may be sent again."""

    message = "documents.busy"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "2"}


class Undrawable(NotFound):
    """Facts that lack what the drawing of their kind needs: the page shows what there is."""

    message = "documents.undrawable"
