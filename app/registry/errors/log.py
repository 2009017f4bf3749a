"""The public log: heads and proofs that are not there."""

from app.kit.problems import Problem


class HeadUnknown(Problem):
    """The log has no head with this number, or none at all yet."""

    status = 404
    message = "registry.head_unknown"


class ProofUnknown(Problem):
    """The proof asks for more leaves than are sealed, or for none."""

    status = 404
    message = "registry.proof_unknown"


class LogGap(RuntimeError):
    """What was logged is not what the blocks say: a head over it would be false, so none is signed."""
