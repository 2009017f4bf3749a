"""senhui_verify: what a stranger needs to check Senhui without trusting it.

Certificates from a file or from their QR code, signed heads of the public log, proofs between two heads,
and the whole log taken home: each is checked offline, with the published public keys alone. It knows
nothing of the application, asks no network and no database, and needs only `cryptography`.
"""

from senhui_verify.certificate import check_certificate
from senhui_verify.heads import check_consistency, check_head
from senhui_verify.jws import Keys
from senhui_verify.log import check_log
from senhui_verify.qr import check_qr
from senhui_verify.refusals import Unreadable, Wrong

__all__ = [
    "Keys",
    "Unreadable",
    "Wrong",
    "check_certificate",
    "check_consistency",
    "check_head",
    "check_log",
    "check_qr",
]
