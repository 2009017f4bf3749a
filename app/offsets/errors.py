"""What offsets refuse."""

from app.kit.problems import Problem


class OrderUnknown(Problem):
    """No such order, or another's."""

    status = 404
    message = "offsets.order_unknown"


class OrderNotPayable(Problem):
    """The order is paid, expired or about to expire."""

    status = 409
    message = "offsets.order_not_payable"


class PaymentRefused(Problem):
    """The provider refuses to open this payment."""

    status = 409
    message = "offsets.payment_refused"


class CertificateUnknown(Problem):
    """No certificate has this number."""

    status = 404
    message = "offsets.certificate_unknown"


class DoubtUnknown(Problem):
    """No doubt has this number."""

    status = 404
    message = "offsets.doubt_unknown"


class DoubtResolved(Problem):
    """The doubt was explained before."""

    status = 409
    message = "offsets.doubt_resolved"


class RefundUnknown(Problem):
    """No refund has this number."""

    status = 404
    message = "offsets.refund_unknown"


class RefundMoved(Problem):
    """The refund, or the order, does not stand where this step begins."""

    status = 409
    message = "offsets.refund_moved"


class CourtesyBarred(Problem):
    """What was paid for such a purpose was attested, and does not go back."""

    status = 409
    message = "offsets.courtesy_barred"


class RefundBeyond(Problem):
    """All refunds of a payment together would be more than it."""

    status = 409
    message = "offsets.refund_beyond"


class RefundTooMany(Problem):
    """The provider takes no more refunds of this payment."""

    status = 409
    message = "offsets.refund_too_many"


class RefundTooSoon(Problem):
    """A call to the provider may still be under way, or the provider has not denied it since."""

    status = 409
    message = "offsets.refund_too_soon"


class FeesInsufficient(Problem):
    """The platform has not earned what it wants to give."""

    status = 409
    message = "offsets.fees_insufficient"


class NotTheRequester(Problem):
    """Who asked for it may not approve it."""

    status = 403
    message = "offsets.not_the_requester"


class BankReferenceUsed(Problem):
    """One transfer at the bank stands for one movement here."""

    status = 409
    message = "offsets.bank_reference_used"


class PurchaseClosed(Problem):
    """Buying is switched off on the caller's platform."""

    status = 403
    message = "offsets.purchase_closed"


class TooManyUnpaid(Problem):
    """The holder has as many unpaid orders as one may have."""

    status = 409
    message = "offsets.too_many_unpaid"


class TransferUnknown(Problem):
    """No order of the offline channel has this number or link."""

    status = 404
    message = "offsets.transfer_unknown"


class TransferMoved(Problem):
    """The order waits for no transfer any more."""

    status = 409
    message = "offsets.transfer_moved"


class TransferDay(Problem):
    """Money is not received tomorrow, nor long before it was asked for."""

    status = 422
    message = "offsets.transfer_day"


class TransferDiffers(Problem):
    """Two operators have read the bank's statement differently."""

    status = 409
    message = "offsets.transfer_differs"


class ProofRefused(Problem):
    """The file is no PDF, PNG or JPEG of at most 2 MB."""

    status = 422
    message = "offsets.proof_refused"


class TooManyProofs(Problem):
    """The organisation, or we for it, have sent as many files as an order may have."""

    status = 409
    message = "offsets.too_many_proofs"


class OfflineClosed(Problem):
    """This instance has no bank account to receive transfers."""

    status = 409
    message = "offsets.offline_closed"


class CauseUnknown(Problem):
    """There is no such event, duty, case or gift, or it is another's and not open to all."""

    status = 404
    message = "offsets.cause_unknown"


class CauseClosed(Problem):
    """Nothing is bought for it any more."""

    status = 409
    message = "offsets.cause_closed"


class CauseOther(Problem):
    """It is for another purpose than was asked for."""

    status = 409
    message = "offsets.cause_other"


class ProductNotForPurpose(Problem):
    """Units of this product do not serve this purpose."""

    status = 409
    message = "offsets.product_not_for_purpose"


class AttestationUnknown(Problem):
    """No attestation has this number."""

    status = 404
    message = "offsets.attestation_unknown"
