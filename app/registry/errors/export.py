"""What is refused of the log's export."""

from app.kit.problems import Problem


class LogPartUnknown(Problem):
    """The log has fewer parts than that."""

    status = 404
    message = "registry.log_part_unknown"
