"""What the pages refuse."""

from app.kit.problems import Problem


class ForeignForm(Problem):
    """A form that another site sent, or one that lost the mark it was given."""

    status = 403
    message = "web.foreign_form"


class FormUsed(Problem):
    """The form was sent before, filled in otherwise."""

    status = 409
    message = "web.form_used"


class ReturnUnknown(Problem):
    """Somebody came back from WeChat whom we did not send there, or too late."""

    status = 403
    message = "web.return_unknown"


class OnlyInWeChat(Problem):
    """This step happens in the WeChat mini-program; a plain browser cannot do it."""

    status = 409
    message = "web.only_in_wechat"
