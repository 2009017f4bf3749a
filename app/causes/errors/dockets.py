"""What is refused of courts and dockets."""

from app.kit.problems import Problem


class DocketUnknown(Problem):
    """No docket has this code or link, or it is another court's."""

    status = 404
    message = "causes.docket_unknown"


class CourtUnknown(Problem):
    """No court has this code, or it is not this clerk's."""

    status = 404
    message = "causes.court_unknown"


class CourtNameTaken(Problem):
    """A court of this name is here already."""

    status = 409
    message = "causes.court_name_taken"


class ClerkRefused(Problem):
    """This operator cannot be a court's clerk; `errors` says why."""

    status = 422
    message = "causes.clerk_refused"


class CaseNumberTaken(Problem):
    """The court has a docket of this number."""

    status = 409
    message = "causes.case_number_taken"


class DocketRefused(Problem):
    """Something in the docket or its ruling cannot be so; `errors` says what."""

    status = 422
    message = "causes.docket_refused"


class DocketMoved(Problem):
    """The docket stands where this can no longer, or not yet, be done."""

    status = 409
    message = "causes.docket_moved"


class OwnRuling(Problem):
    """Whoever recorded a ruling may not be the one to confirm it."""

    status = 409
    message = "causes.own_ruling"


class PapersLacking(Problem):
    """Papers that are needed by now are missing; `errors` names each."""

    status = 409
    message = "causes.papers_lacking"


class PaperRefused(Problem):
    """The file is no PDF, PNG or JPEG, or too large."""

    status = 422
    message = "causes.paper_refused"


class TooManyPapers(Problem):
    """The docket holds as many files as it may."""

    status = 409
    message = "causes.too_many_papers"


class BeyondRuling(Problem):
    """More would be bought than the ruling still asks for."""

    status = 409
    message = "causes.beyond_ruling"


class LotUnfit(Problem):
    """The ruling asks for units of another product or region."""

    status = 409
    message = "causes.lot_unfit"


class NotFulfilled(Problem):
    """Less was retired than was ordered: no letter says otherwise."""

    status = 409
    message = "causes.not_fulfilled"
