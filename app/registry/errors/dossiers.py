"""What is refused on the way from a forest to units."""

from typing import Any, ClassVar

from app.kit.problems import Problem, TooMany


class DossierUnknown(Problem):
    """No dossier has this code, or none that this reader may see."""

    status = 404
    message = "registry.dossier_unknown"


class DossierMoved(Problem):
    """The dossier stands where this can no longer, or not yet, be done."""

    status = 409
    message = "registry.dossier_moved"


class DossierChanged(Problem):
    """The dossier was changed since the reviewer read it."""

    status = 409
    message = "registry.dossier_changed"


class DossierNotReady(Problem):
    """What the dossier still lacks for the next step; `errors` names each."""

    status = 409
    message = "registry.dossier_not_ready"


class OwnDossier(Problem):
    """Whoever wrote something may not be the one to approve it."""

    status = 409
    message = "registry.own_dossier"


class ProjectCodeTaken(Problem):
    """Another project or dossier has this code."""

    status = 409
    message = "registry.project_code_taken"


class DossierRefused(Problem):
    """Something in the dossier cannot be so; `errors` says what."""

    status = 422
    message = "registry.dossier_refused"


class PartUnknown(Problem):
    """The dossier has no such part."""

    status = 404
    message = "registry.part_unknown"


class DocumentRefused(Problem):
    """The file is no PDF, PNG or JPEG, or too large."""

    status = 422
    message = "registry.document_refused"


class TooManyDocuments(Problem):
    """The dossier has as many files as it may have."""

    status = 409
    message = "registry.too_many_documents"


class ParcelsRefused(Problem):
    """An outline is none, or lies where it cannot; `errors` says what is wrong and where."""

    status = 422
    message = "registry.parcels_refused"


class ParcelOverlaps(Problem):
    """A parcel shares land with another one at the same time; `errors` says how much and where.

    `overlaps` are GeoJSON Features of what is shared.
    """

    status = 409
    message = "registry.parcel_overlaps"

    def __init__(self, overlaps: list[dict[str, Any]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.overlaps = overlaps

    def body(self, lang: str | None = None) -> dict[str, Any]:
        """The document, with what is shared as a FeatureCollection."""
        shared = {"type": "FeatureCollection", "features": self.overlaps}
        return {**super().body(lang), "overlaps": shared}


class NotInNotice(Problem):
    """The dossier is not, or no longer, in public notice."""

    status = 409
    message = "registry.not_in_notice"


class TooManyObjections(TooMany):
    """More objections came within the hour than anyone could read; others are asked to come back."""

    message = "registry.too_many_objections"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "3600"}


class RemovalTaken(Problem):
    """This report, reference or period was put forward for issuance before."""

    status = 409
    message = "registry.removal_taken"
